"""AMI for the running application: what app_queue does, as events, over a connection that heals itself."""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncIterator, Mapping

import structlog

from ari_app.asterisk.ami_events import AgentChannels, QueueStatus, queue_names, read_queue_status, translate
from ari_app.asterisk.ami_session import AmiSession
from ari_app.errors import NotReachable
from ari_app.session.ports import PbxConnection, PbxEvent

log = structlog.get_logger(__name__)

_EVENT_CLASSES = "agent"
"""app_queue's events only: everything else about channels comes by ARI."""


class Ami:
    """The queue monitor. `start` once, `close` once; in between the connection is kept, and remade with growing pauses.

    timeout: seconds for one answer. ping_interval: a peer that is silent is noticed after at most ping_interval + timeout.
    backoff: the first and the longest pause between attempts, in seconds. queue_limit: events that may wait for the reader.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        *,
        timeout: float = 5.0,
        ping_interval: float = 10.0,
        backoff: tuple[float, float] = (0.5, 15.0),
        queue_limit: int = 2000,
    ) -> None:
        self._host, self._port = host, port
        self._username, self._secret = username, secret
        self._timeout = timeout
        self._ping_interval = ping_interval
        self._backoff = backoff
        self._queue_limit = queue_limit
        self._session: AmiSession | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._events: deque[PbxEvent] = deque()
        self._wake = asyncio.Event()
        self._agents = AgentChannels()
        self._closed = False
        self.dropped_events = 0

    @property
    def up(self) -> bool:
        return self._session is not None and not self._session.ended.is_set()

    async def start(self) -> None:
        """Connect and log in. Raises NotReachable when that fails the first time; later losses are mended quietly."""
        self._session = await self._open()
        self._keeper = asyncio.create_task(self._keep(self._session), name="ami")

    async def close(self) -> None:
        """Log off for good: no reconnect is left behind, `events` ends. Idempotent."""
        self._closed = True
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        if self._session is not None:
            self._session.close()
        self._wake.set()

    async def events(self) -> AsyncIterator[PbxEvent]:
        """AgentRinging, AgentDeclined, AgentJoined, AgentFinished, PbxConnection, for one reader; ends on close."""
        while True:
            while self._events:
                yield self._events.popleft()
            if self._closed:
                return
            self._wake.clear()
            await self._wake.wait()

    async def action(self, name: str, **headers: str) -> list[Mapping[str, str]]:
        """Perform an AMI action; returns the response and the events of its list. Raises NotReachable.

        Values are sent as one line each, whatever they contain.
        """
        if self._session is None:
            raise NotReachable("AMI is not connected yet", "call start first")
        return await self._session.act(name, **headers)

    async def queue_status(self, queue: str) -> QueueStatus:
        """Members and waiting callers of one queue; `exists` False for a queue that app_queue does not know."""
        return read_queue_status(queue, await self.action("QueueStatus", Queue=queue))

    async def queues(self) -> list[str]:
        """The names of all queues, sorted."""
        return queue_names(await self.action("QueueSummary"))

    async def _open(self) -> AmiSession:
        session = AmiSession(self._received, self._timeout)
        await session.open(self._host, self._port, self._username, self._secret, _EVENT_CLASSES)
        return session

    async def _keep(self, session: AmiSession) -> None:
        while True:
            await self._watch(session)
            log.warning("AMI connection lost, trying again", host=self._host, port=self._port)
            self._put(PbxConnection("ami", up=False))
            session = self._session = await self._reopen()
            log.info("AMI connection is back", host=self._host, port=self._port)
            self._put(PbxConnection("ami", up=True))

    async def _watch(self, session: AmiSession) -> None:
        """Returns when the session is over. TCP does not tell of a peer that is gone without a word; a ping does."""
        while not session.ended.is_set():
            try:
                async with asyncio.timeout(self._ping_interval):
                    await session.ended.wait()
            except TimeoutError:
                try:
                    await session.act("Ping")
                except NotReachable:
                    session.close()

    async def _reopen(self) -> AmiSession:
        pause, longest = self._backoff
        reason = ""
        while True:
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))
            try:
                return await self._open()
            except NotReachable as error:
                if error.message != reason:  # said once, and again when the cause changes
                    reason = error.message
                    log.warning("AMI cannot be reached", reason=reason, remedy=error.remedy)
            pause = min(longest, pause * 2)

    def _received(self, headers: Mapping[str, str]) -> None:
        event = translate(self._agents.complete(headers))
        if event is not None:
            self._put(event)

    def _put(self, event: PbxEvent) -> None:
        if len(self._events) >= self._queue_limit:
            dropped = self._events.popleft()
            if not self.dropped_events:
                log.error("AMI events are not read, dropping the oldest", limit=self._queue_limit, dropped=type(dropped).__name__)
            self.dropped_events += 1
        self._events.append(event)
        self._wake.set()
