"""A small process beside the application: when that dies and does not come back, its callers go to the dialplan's queue.

The application holds the other end of this process's standard input. A line `stop` before the end means that it left in order;
an end without it means that it died, however it died.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from ari_app import logs
from ari_app.asterisk.ari_client import AriClient
from ari_app.asterisk.ari_http import AriAccess, AriHttp
from ari_app.errors import AriAppError
from ari_app.session.router import CALL_PREFIX

log = structlog.get_logger()

CHECK = 0.25
STARTING = 30.0  # seconds that a successor which has begun to start may take
RESCUE = 20.0  # seconds in which callers are looked for that could not be moved at once


class Guard:
    """Post beside one run of the application. `orders`: what `orders_for` made of the settings."""

    def __init__(self, orders: Mapping[str, Any]) -> None:
        self._orders = orders
        access = AriAccess(orders["ari_url"], orders["ari_username"], orders["ari_password"], orders["app"])
        self._client = AriClient(AriHttp(access))

    async def take_over(self) -> None:
        """After the application's death: wait for a successor; without one, move the callers who hear nobody."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + float(self._orders["patience"])
        seen = False
        while loop.time() < deadline:
            if self._successor():
                if self._ready():
                    log.info("the application is back")
                    return
                if not seen:
                    seen, deadline = True, loop.time() + STARTING
            await asyncio.sleep(CHECK)
        log.warning("the application died and did not come back: its callers go to the queue")
        until = loop.time() + RESCUE
        while loop.time() < until and not (self._successor() and self._ready()):
            await self._rescue()
            await asyncio.sleep(1.0)

    async def close(self) -> None:
        await self._client.http.close()

    def _successor(self) -> bool:
        """Another run of the application has begun on the same data."""
        try:
            run = Path(self._orders["run_file"]).read_text(encoding="utf-8").strip()
        except OSError:
            return False
        return bool(run) and run != self._orders["run"] and Path(f"/proc/{run.partition(' ')[0]}").exists()

    def _ready(self) -> bool:
        """The successor has adopted its calls."""
        return Path(self._orders["run_file"] + ".ready").exists()

    async def _rescue(self) -> None:
        """Whoever is alone with our dead assistant is moved; caller and agent who share a bridge are left alone."""
        try:
            application = await self._client.application()
            present = {channel.id for channel in await self._client.channels()}
            with_agent = {
                one for bridge in await self._client.bridges() if _has_agent(bridge.channels) for one in bridge.channels
            }
            for channel_id in application.channel_ids:
                if channel_id in present and not channel_id.startswith(CALL_PREFIX) and channel_id not in with_agent:
                    log.warning("caller moved to the fallback queue", channel_id=channel_id)
                    await self._client.continue_in_dialplan(channel_id, self._orders["fallback"], "s", 1)
        except (AriAppError, TimeoutError) as error:
            log.warning("the guard cannot reach Asterisk", error=str(error))


def _has_agent(members: list[str]) -> bool:
    """The bridge holds a queue leg: its near half is called `<call>.leg…`."""
    return any(member.startswith(CALL_PREFIX) and member.partition(".")[2].startswith("leg") for member in members)


async def _stand() -> None:
    lines = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    orders = json.loads(await lines.readline())
    logs.configure(orders["log_level"], orders["log_format"])
    guard = Guard(orders)
    try:
        if (await lines.readline()).strip() != b"stop":
            await guard.take_over()
    finally:
        await guard.close()


if __name__ == "__main__":
    asyncio.run(_stand())
