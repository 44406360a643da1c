"""The frames a leg has heard and nobody has fetched yet: bounded, so that a slow listener costs words and never memory."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import structlog

log = structlog.get_logger(__name__)


class Inbox:
    """A bounded queue of frames for one reader; when it is full the oldest frame goes, and is counted."""

    def __init__(self, leg_id: str, limit: int = 500) -> None:
        self._leg_id = leg_id
        self._frames: deque[bytes] = deque()
        self._limit = limit
        self._wake = asyncio.Event()
        self._closed = False
        self.dropped = 0

    def put(self, frames: list[bytes]) -> None:
        if not frames or self._closed:
            return
        self._frames.extend(frames)
        surplus = len(self._frames) - self._limit
        if surplus > 0:
            if not self.dropped:
                log.warning("listener too slow, dropping the oldest sound", leg_id=self._leg_id, limit_frames=self._limit)
            self.dropped += surplus
            for _ in range(surplus):
                self._frames.popleft()
        self._wake.set()

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    async def frames(self) -> AsyncIterator[bytes]:
        """All frames in order; ends when the inbox is closed and empty."""
        while True:
            while self._frames:
                yield self._frames.popleft()
            if self._closed:
                return
            self._wake.clear()
            await self._wake.wait()
