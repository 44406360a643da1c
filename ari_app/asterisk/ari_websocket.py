"""Keeps one WebSocket with ARI's events alive: notices every way of losing it, comes back, and says both once."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import msgspec
import structlog

from ari_app.asterisk import ari_models as ari
from ari_app.asterisk.ari_client import AriClient
from ari_app.asterisk.ari_events import AriMessage, decode
from ari_app.asterisk.ari_http import NotLetIn
from ari_app.errors import AriAppError, ChannelGone, NotReachable

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reconnect:
    """When to try again and how to notice a loss; all in seconds.

    `settle`: Asterisk may let the teardown of an earlier connection destroy the application that a new one has just
    registered, so a connection counts only when the application is still there after this long. `check_every`: and is looked
    for again this often. `heartbeat`: a peer that leaves a ping unanswered for half of it is dead.
    """

    first_delay: float = 0.25
    longest_delay: float = 15.0
    jitter: float = 0.3  # share of the delay, either way: many applications must not come back at one instant
    settle: float = 0.1
    check_every: float = 5.0
    heartbeat: float = 10.0
    connect_timeout: float = 5.0

    def delay(self, attempt: int) -> float:
        """How long to wait before attempt 1, 2, …"""
        plain = min(self.longest_delay, self.first_delay * 2.0 ** min(attempt - 1, 30))
        return plain * (1 + random.uniform(-self.jitter, self.jitter))


class AriWebSocket:
    """The application's registration in Asterisk and its stream of events.

    `handle` gets every message in order and must return at once. `lost` is called when a working connection goes, `back`
    when it works again (events of the gap are lost: resynchronise there); neither is called for the first connection.
    """

    def __init__(
        self,
        client: AriClient,
        *,
        handle: Callable[[AriMessage], None],
        lost: Callable[[], None],
        back: Callable[[], Awaitable[None]],
        reconnect: Reconnect | None = None,
    ) -> None:
        self._client = client
        self._handle = handle
        self._lost = lost
        self._back = back
        self._reconnect = reconnect or Reconnect()
        self._task: asyncio.Task[None] | None = None
        self._first: asyncio.Future[None] | None = None
        self._up = asyncio.Event()
        self._down_since = 0.0
        self._attempt = 0
        self._replaced = False
        self._reason = ""

    @property
    def up(self) -> bool:
        return self._up.is_set()

    async def wait_until_up(self, within: float) -> None:
        """Returns when events flow (mostly at once), or after `within` seconds without them."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._up.wait()

    async def start(self, within: float) -> None:
        """Returns when the application is registered; NotReachable after `within` seconds, or at once when not let in."""
        self._first = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(), name="ari-websocket")
        try:
            async with asyncio.timeout(within):
                await asyncio.shield(self._first)
        except TimeoutError as error:
            await self.close()
            reason = self._reason.rpartition(" cannot be reached: ")[2] or "no answer"
            raise NotReachable(
                f"Asterisk's ARI at {self._client.http.access.base} was not reached within {within:g} s: {reason}",
                "Is Asterisk running, with enabled=yes in http.conf and ari.conf? Is res_stasis.so loaded?",
            ) from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Leave Asterisk. Calls that are in the application stay there."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._first is not None:
            self._first.cancel()
        self._up.clear()

    async def _run(self) -> None:
        while True:
            try:
                self._reason = await self._hold_connection()
            except NotLetIn as error:
                self._reason = error.message
                if self._first is not None and not self._first.done():
                    self._first.set_exception(error)
                    return
            except AriAppError as error:
                self._reason = error.message
            except Exception as error:
                log.exception("ari_socket_failed")
                self._reason = repr(error)
            self._mark_lost()
            await asyncio.sleep(self._next_delay())

    def _next_delay(self) -> float:
        self._attempt += 1
        if self._replaced:  # two applications of one name must not take the calls from each other many times a second
            self._replaced = False
            return self._reconnect.longest_delay
        return self._reconnect.delay(self._attempt)

    async def _hold_connection(self) -> str:
        """Connect and stay connected; returns why it ended."""
        socket = await self._client.http.open_socket(heartbeat=self._reconnect.heartbeat, timeout=self._reconnect.connect_timeout)
        tasks = [asyncio.create_task(self._read(socket)), asyncio.create_task(self._watch())]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(ended)).result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await socket.close()

    async def _read(self, socket: "aiohttp.ClientWebSocketResponse[bool]") -> str:
        """Hand on every message until the socket ends; Asterisk cuts off whoever reads slowly, so nothing here waits."""
        async for message in socket:
            if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                continue
            try:
                event = decode(message.data)
            except msgspec.DecodeError:
                log.warning("ari_message_unreadable", bytes=len(message.data))
                continue
            if isinstance(event, ari.ApplicationReplaced):
                self._replaced = True
                return "another program has registered the same application name; run only one with this name"
            self._handle(event)
        broken = socket.exception()
        return f"the event socket broke: {broken!r}" if broken else f"Asterisk closed the event socket ({socket.close_code})"

    async def _watch(self) -> str:
        """See that the application stays registered; returns when it does not."""
        await asyncio.sleep(self._reconnect.settle)
        if not await self._registered():
            return "Asterisk forgot the application while it registered"
        await self._mark_up()
        unanswered = 0
        while unanswered < 2:
            await asyncio.sleep(self._reconnect.check_every)
            try:
                if not await self._registered():
                    return "Asterisk has forgotten the application"
                unanswered = 0
            except AriAppError:
                unanswered += 1
        return "Asterisk no longer answers requests"

    async def _registered(self) -> bool:
        try:
            await self._client.application()
        except ChannelGone:
            return False
        return True

    async def _mark_up(self) -> None:
        if self._first is not None and not self._first.done():
            self._first.set_result(None)
        else:
            await self._back()
            log.info("ari_connection_back", seconds_away=round(time.monotonic() - self._down_since, 1), attempts=self._attempt)
        self._attempt = 0
        self._up.set()

    def _mark_lost(self) -> None:
        if not self._up.is_set():
            return
        self._up.clear()
        self._down_since = time.monotonic()
        log.warning("ari_connection_lost", reason=self._reason, remedy="retrying; calls stay in Asterisk meanwhile")
        self._lost()
