"""An event loop whose clock jumps to the next thing that is due, so that a minute of conversation takes milliseconds."""

import asyncio
import selectors
from concurrent.futures import Executor, Future


class _JumpingSelector(selectors.SelectSelector):
    """Never waits: what would be waited for is added to the loop's time instead."""

    loop: "VirtualTimeLoop"

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout:
            self.loop.advance(timeout)
        if not ready and timeout is None:
            raise AssertionError("deadlock: nothing is due and nothing can happen any more")
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)
        self._virtual = 1000.0

    def time(self) -> float:
        return self._virtual

    def advance(self, seconds: float) -> None:
        self._virtual += seconds


class InlineExecutor(Executor):
    """Runs the work at once in the calling thread."""

    def submit(self, fn, /, *args, **kwargs):
        future: Future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as an executor does: the error belongs to whoever waits for the result
            future.set_exception(error)
        return future


def run(scenario, limit: float = 3600.0):
    """Run a coroutine in virtual time; a scenario that would take longer than `limit` virtual seconds fails."""
    loop = VirtualTimeLoop()
    try:
        return loop.run_until_complete(asyncio.wait_for(scenario, limit))
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(_ended(left))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _ended(tasks) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)
