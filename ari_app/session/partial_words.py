"""Has the words that are being said looked at, one look at a time, and tells when they are enough to act upon."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

import structlog

from ari_app.call.model import Carried, Score
from ari_app.session.ports import WordTriggers

log = structlog.get_logger()


class PartialWords:
    """One per call. `weigh(text, at)` runs off the event loop; `enough(text, score)` is called once per utterance at most.

    `open_triggers` makes the judge of one utterance; whatever looks at an earlier utterance is of no account any more.
    """

    def __init__(
        self,
        open_triggers: Callable[[], WordTriggers],
        weigh: Callable[[str, float], Carried],
        enough: Callable[[str, Score], None],
        pool: Executor,
        now: Callable[[], float],
    ) -> None:
        self._open, self._weigh, self._enough, self._pool, self._now = open_triggers, weigh, enough, pool, now
        self._triggers: WordTriggers | None = None
        self._over = False  # this utterance has decided
        self._carried: tuple[str, Carried] = ("", Carried())
        self._changed = asyncio.Event()

    def heard(self, text: str) -> None:
        """The words so far have changed."""
        if self._over:
            return
        if self._triggers is None:
            self._triggers = self._open()
        self._triggers.heard(text, self._now())
        self._changed.set()

    def restart(self) -> None:
        """The caller has paused, finished or begun: what was heard up to here is weighed as a whole, by others."""
        self._triggers, self._over = None, False

    async def run(self) -> None:
        """The task; ends when it is cancelled. A look that fails is left out: the whole utterance is scored all the same."""
        while True:
            try:
                await self._look(await self._wait())
            except Exception:  # top of the task: the sentence's end decides as well
                log.exception("partial words not weighed")
                self.restart()

    async def _wait(self) -> float:
        """Until something is due; when that was."""
        while True:
            now = self._now()
            due = self._triggers.next_at(now) if self._triggers else None
            if due is not None and due <= now:
                return now
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), None if due is None else due - now)
            except TimeoutError:
                if due is not None:
                    return max(due, self._now())  # a timer may be early by a rounding error

    async def _look(self, at: float) -> None:
        triggers = self._triggers
        if triggers is None:
            return
        text = triggers.to_preview(at)
        if text is None:
            self._act(bool(triggers.settled(at)))
            return
        carried = await asyncio.get_running_loop().run_in_executor(self._pool, self._weigh, text, at)
        confirmed = triggers.previewed(carried.rules)
        if triggers is self._triggers:
            self._carried = (text, carried)
            self._act(bool(confirmed))

    def _act(self, confirmed: bool) -> None:
        text, carried = self._carried
        if confirmed and carried.score is not None:
            self._triggers, self._over = None, True
            self._enough(text, carried.score)
