"""Recordings of synthesised callers as they come over the telephone, and how they are fed to a listener."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ari_app.session.ports import HeardEvent, Listener

RECORDINGS = Path(__file__).parent / "recordings"
FRAME_BYTES = 320  # 20 ms


def recording(name: str) -> bytes:
    """8 kHz PCM of recordings/NAME.ulaw, trimmed speech without any quiet around it."""
    codes = ~np.frombuffer((RECORDINGS / f"{name}.ulaw").read_bytes(), dtype=np.uint8)
    magnitude = (((codes & 0x0F).astype(np.int32) << 3) + 0x84 << ((codes & 0x70) >> 4)) - 0x84
    return bytes(np.where(codes & 0x80, -magnitude, magnitude).astype("<i2").tobytes())


def quiet(seconds: float) -> bytes:
    return bytes(2 * round(8000 * seconds))


def noise(seconds: float, dbfs: float, seed: int = 1) -> bytes:
    samples = np.random.default_rng(seed).normal(0.0, 32768 * 10 ** (dbfs / 20), round(8000 * seconds))
    return bytes(np.clip(samples, -32768, 32767).astype("<i2").tobytes())


def mixed(one: bytes, other: bytes) -> bytes:
    """Both at once, as long as the first."""
    first = np.frombuffer(one, "<i2").astype(np.int32)
    second: NDArray[np.int32] = np.frombuffer(other, "<i2").astype(np.int32)[: len(first)]
    return bytes(np.clip(first + second, -32768, 32767).astype("<i2").tobytes())


def seconds(pcm: bytes) -> float:
    return len(pcm) / 16000


def listen(listener: Listener, pcm: bytes, frame_bytes: int = FRAME_BYTES) -> Sequence[HeardEvent]:
    """Everything the listener notices in `pcm`, fed frame by frame, and at its closing."""
    events: list[HeardEvent] = []
    for at in range(0, len(pcm), frame_bytes):
        events += listener.process(pcm[at : at + frame_bytes])
    return [*events, *listener.close()]
