"""The ears of one call: feeds what the caller's tap hears to the listener, off the event loop, and posts what was said."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import structlog

from ari_app.errors import AriAppError
from ari_app.session.ports import HeardEvent, Listener, MediaLeg

log = structlog.get_logger()

BATCH_SECONDS = 0.04  # how much audio is gathered before the listener is asked
LATEST = 4.0  # seconds that recognition may fall behind before the ears count as failed


class ListeningStopped(AriAppError):
    """The tap ended, the recogniser failed, or it fell behind the conversation."""


class Ears:
    """One per tap. `heard(event, offset)` gets every event of the listener; `offset` is the call time of its audio second 0."""

    def __init__(self, leg: MediaLeg, listener: Listener, pool: Executor, clock: Callable[[], float]) -> None:
        self._leg, self._listener, self._pool, self._clock = leg, listener, pool, clock
        self._buffer = bytearray()
        self._arrived = asyncio.Event()
        self._over = False
        self._work: asyncio.Future[Sequence[HeardEvent]] | None = None
        self._bytes_per_second = leg.rate * 2

    async def run(self, heard: Callable[[HeardEvent, float], None]) -> None:
        """Until the tap ends or the ears fail: both raise ListeningStopped. Cancel it to stop listening."""
        reader = asyncio.ensure_future(self._read())
        try:
            await self._process(heard)
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
            await self._close()

    async def _read(self) -> None:
        try:
            async for frame in self._leg.frames():
                self._buffer += frame
                self._arrived.set()
        finally:
            self._over = True
            self._arrived.set()

    async def _process(self, heard: Callable[[HeardEvent, float], None]) -> None:
        loop = asyncio.get_running_loop()
        opened_at: float | None = None
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            if self._over:
                raise ListeningStopped("The tap of the caller's voice has ended.")
            behind = len(self._buffer) / self._bytes_per_second
            if behind > LATEST:
                raise ListeningStopped(f"Recognition is {behind:.1f} s behind the conversation.")
            if behind < BATCH_SECONDS:
                continue
            if opened_at is None:
                opened_at = self._clock() - behind
            audio = bytes(self._buffer)
            self._buffer.clear()
            self._work = loop.run_in_executor(self._pool, self._listener.process, audio)
            for event in await asyncio.shield(self._work):
                heard(event, opened_at)

    async def _close(self) -> None:
        """Not before the listener has come back from its thread: it is used by one at a time."""
        if self._work is not None:
            await asyncio.wait({self._work})
        try:
            await asyncio.get_running_loop().run_in_executor(self._pool, self._listener.close)
        except AriAppError as error:
            log.info("listener closed with an error", error=str(error))
