"""Ends background tasks for certain: one cancellation may be swallowed when it meets a timeout that expires with it."""

import asyncio


async def cancelled(task: asyncio.Task[None]) -> None:
    """Cancel `task` until it has ended."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=1.0)
