"""What the store's tests share."""

import asyncio
from collections.abc import Callable
from typing import Any

from redis import Redis

PATIENCE = 15.0


async def eventually(holds: Callable[[], Any]) -> None:
    """Returns as soon as `holds()` is true; fails after PATIENCE seconds."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.01)


def write_through(client: Redis) -> None:
    """From now on every write is on the disk before it is answered, so that a test may kill the server at once."""
    client.config_set("appendfsync", "always")


def call(identity: str, started_at: float, **more: Any) -> dict[str, Any]:
    return {"call_id": identity, "started_at": started_at, **more}


def handover(identity: str, started_at: float, **more: Any) -> dict[str, Any]:
    return {"handover_id": identity, "started_at": started_at, **more}
