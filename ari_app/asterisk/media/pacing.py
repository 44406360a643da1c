"""One clock for all legs: a timer per leg would drift apart and cost a task each."""

import asyncio
import contextlib
from typing import Protocol

import structlog

from ari_app.asterisk.media.timeline import FRAME_SECONDS

log = structlog.get_logger(__name__)

_HOPELESS_SECONDS = 0.1
"""A tick later than this is not caught up with: a burst would lie in Asterisk's buffers where stop() cannot reach it."""


class Paced(Protocol):
    """Something that wants to be called every 20 ms."""

    def tick(self, now: float) -> None:
        """20 ms have passed; `now` is the event loop's clock. Must not block."""
        ...


class Pacer:
    """Ticks every leg each 20 ms, on deadlines counted from the start so that lateness never adds up. Idle without legs."""

    def __init__(self) -> None:
        self._legs: dict[int, Paced] = {}
        self._task: asyncio.Task[None] | None = None
        self.skipped_ticks = 0

    def add(self, leg: Paced) -> None:
        self._legs[id(leg)] = leg
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="media pacer")

    def remove(self, leg: Paced) -> None:
        self._legs.pop(id(leg), None)

    async def close(self) -> None:
        self._legs.clear()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time()
        while self._legs:
            deadline += FRAME_SECONDS
            late = loop.time() - deadline
            if late > _HOPELESS_SECONDS:
                missed = int(late / FRAME_SECONDS)
                self.skipped_ticks += missed
                deadline += missed * FRAME_SECONDS
            await asyncio.sleep(max(0.0, deadline - loop.time()))
            now = loop.time()
            for leg in list(self._legs.values()):
                self._tick(leg, now)

    @staticmethod
    def _tick(leg: Paced, now: float) -> None:
        try:
            leg.tick(now)
        except Exception:  # the top of the shared task: one leg's fault must not silence the others
            log.exception("media leg failed")
