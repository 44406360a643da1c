"""Proves that sound gets into Asterisk and back: a sweep through one bridge, found again by correlation."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ari_app.asterisk.media.timeline import FRAME_SECONDS
from ari_app.session.ports import MediaDirection, MediaFactory, MediaLeg, Pbx

_SWEEP_SECONDS = 0.6
_PATIENCE_SECONDS = 0.6
_FOUND = 0.6


@dataclass(frozen=True, slots=True)
class LoopbackResult:
    """What the check found.

    `likeness`: correlation of what came back with what was sent, 0–1. `delay`: seconds until it was heard, None: not found.
    """

    likeness: float
    delay: float | None

    @property
    def found(self) -> bool:
        return self.delay is not None


async def loopback_check(pbx: Pbx, factory: MediaFactory) -> LoopbackResult:
    """One sweep of 0.6 s through a bridge of Asterisk; leaves nothing behind.

    Raises what `pbx` and `factory` raise (AriAppError with a remedy) when channels, bridge or sockets cannot be had.
    """
    async with _bridged_legs(pbx, factory) as (speak, listen):
        loop = asyncio.get_running_loop()
        heard = bytearray()
        frame_at: list[float] = []

        async def collect() -> None:
            async for frame in listen.frames():
                frame_at.append(loop.time())
                heard.extend(frame)

        collecting = asyncio.create_task(collect(), name="media loopback")
        try:
            await asyncio.sleep(_PATIENCE_SECONDS / 2)
            began = loop.time()
            await speak.play(sweep(_SWEEP_SECONDS, 8000))
            await asyncio.sleep(_PATIENCE_SECONDS)
        finally:
            collecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await collecting
        likeness, at = locate(sweep(_SWEEP_SECONDS, listen.rate), bytes(heard), listen.rate)
        if likeness < _FOUND:
            return LoopbackResult(likeness, None)
        return LoopbackResult(likeness, frame_at[int(at / FRAME_SECONDS)] - began)


def sweep(seconds: float, rate: int) -> bytes:
    """A sine that rises from 400 to 2800 Hz: unlike speech, unlike itself a moment later. 16-bit little-endian PCM."""
    time = np.arange(round(seconds * rate)) / rate
    return (8000 * np.sin(2 * np.pi * (400 + 1200 * time / seconds) * time)).astype("<i2").tobytes()


def locate(needle: bytes, hay: bytes, rate: int) -> tuple[float, float]:
    """The best normalised correlation (0–1) of `needle` in `hay`, and where it begins, in seconds."""
    wanted, sound = _samples(needle), _samples(hay)
    if len(sound) < len(wanted):
        return 0.0, 0.0
    size = 1 << (len(sound) + len(wanted)).bit_length()
    product = np.fft.irfft(np.fft.rfft(sound, size) * np.conj(np.fft.rfft(wanted, size)), size)[: len(sound) - len(wanted) + 1]
    energy = np.concatenate([[0.0], np.cumsum(sound * sound)])
    energy = energy[len(wanted) :] - energy[: len(energy) - len(wanted)]
    likeness = product / np.sqrt(np.maximum(energy, 1.0) * float(np.sum(wanted * wanted)))
    best = int(np.argmax(likeness))
    return max(0.0, float(likeness[best])), best / rate


@asynccontextmanager
async def _bridged_legs(pbx: Pbx, factory: MediaFactory) -> AsyncIterator[tuple[MediaLeg, MediaLeg]]:
    name = f"media-check-{uuid.uuid4().hex[:8]}"
    legs: list[MediaLeg] = []
    try:
        await pbx.create_bridge(name, name)
        for direction in (MediaDirection.SPEAK, MediaDirection.LISTEN):
            leg = await factory.open(f"{name}-{direction}", direction)
            legs.append(leg)
            await pbx.external_media(f"{name}-{direction}", leg)
            await pbx.add_channel(name, f"{name}-{direction}")
        yield legs[0], legs[1]
    finally:
        for direction in MediaDirection:
            await pbx.hang_up(f"{name}-{direction}")
        await pbx.destroy_bridge(name)
        for leg in legs:
            await leg.close()


def _samples(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm, "<i2").astype(np.float64)
