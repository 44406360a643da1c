"""A bounded queue of PBX events between Asterisk and the calls, which says what it drops."""

import asyncio
from collections import deque

import structlog

from ari_app.session.ports import PbxEvent

log = structlog.get_logger(__name__)


class EventQueue:
    """Many writers, one reader. A full queue refuses the newest event: what is in it stays in order."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._events: deque[PbxEvent] = deque()
        self._filled = asyncio.Event()
        self._closed = False
        self._refused = 0

    def put(self, event: PbxEvent) -> bool:
        """False when the queue is full (or closed) and the event is dropped."""
        if self._closed:
            return False
        if len(self._events) >= self._size:
            self._refused += 1
            if self._refused == 1:
                log.error("pbx_events_dropped", size=self._size, first=type(event).__name__)
            return False
        self._events.append(event)
        self._filled.set()
        return True

    async def get(self) -> PbxEvent | None:
        """The next event; None when the queue was closed and is empty."""
        while not self._events:
            if self._closed:
                return None
            self._filled.clear()
            await self._filled.wait()
        return self._events.popleft()

    def recovered(self) -> int:
        """How many events were dropped, told once, when the reader has caught up with the rest; else 0."""
        if not self._refused or self._events:
            return 0
        dropped, self._refused = self._refused, 0
        log.error("pbx_events_were_dropped", count=dropped)
        return dropped

    def drain(self) -> list[PbxEvent]:
        """Take out what nobody has read."""
        events = list(self._events)
        self._events.clear()
        return events

    def close(self) -> None:
        self._closed = True
        self._filled.set()
