"""The FastAGI server: where the dialplan asks what to do with an agent who picked up, and tells that a queue gave up."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from ari_app.asterisk.agi_connection import LONGEST_LINE, AgiConnection, AgiRequest, BadAgiPeer
from ari_app.asterisk.agi_pickup import HeldAgent
from ari_app.asterisk.system_errors import in_words
from ari_app.errors import AriAppError, NotReachable
from ari_app.session.ports import AgentAtPickUp, QueueLeft

log = structlog.get_logger(__name__)

PickUpHandler = Callable[[AgentAtPickUp], Awaitable[None]]
QueueLeftHandler = Callable[[QueueLeft], Awaitable[None]]

_MOST_CONNECTIONS = 500


class FastAgiServer:
    """Serves two routes:

    agi://HOST:PORT/whisper,CALL_ID,MODE       holds the agent's channel while `on_pick_up` runs, at most `hold_limit` seconds
    agi://HOST:PORT/queue-left,CALL_ID,STATUS  tells `on_queue_left`

    Everything else is logged and closed at once, so that the dialplan goes on whatever it asked.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        on_pick_up: PickUpHandler,
        on_queue_left: QueueLeftHandler,
        timeout: float = 5.0,
        hold_limit: float = 60.0,
    ) -> None:
        self._host = host
        self._port = port
        self._on_pick_up = on_pick_up
        self._on_queue_left = on_queue_left
        self._timeout = timeout
        self._hold_limit = hold_limit
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._handlers: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port that is served: the one asked for, or the operating system's choice for 0."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server is not None else self._port

    async def start(self) -> None:
        """Listen. Raises NotReachable when the port is taken or the address is not this machine's."""
        try:
            self._server = await asyncio.start_server(self._accept, self._host, self._port, limit=LONGEST_LINE)
        except OSError as error:
            raise NotReachable(
                f"the FastAGI server cannot listen on {self._host}:{self._port}: {in_words(error)}",
                "is another copy of this program running? Else set asterisk.agi_port (and ARI_APP_AGI in the dialplan) to a "
                "free fastagi port, and asterisk.agi_host to an address of this machine",
            ) from error

    async def close(self) -> None:
        """Stop listening and let every held agent go to the queue's bridge."""
        if self._server is not None:
            self._server.close()
        for task in [*self._connections, *self._handlers]:
            task.cancel()
        for task in [*self._connections, *self._handlers]:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= _MOST_CONNECTIONS:
            log.error("too many FastAGI connections, refusing one", limit=_MOST_CONNECTIONS)
            writer.close()
            return
        task = asyncio.create_task(self._serve(AgiConnection(reader, writer)), name="fastagi")
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, connection: AgiConnection) -> None:
        try:
            await self._route(connection, await connection.read_request(self._timeout))
        except BadAgiPeer as error:
            log.info("FastAGI connection ignored", reason=str(error))
        except Exception:  # the top of a task
            log.exception("FastAGI request failed")
        finally:
            connection.close()
            await connection.wait_closed()

    async def _route(self, connection: AgiConnection, request: AgiRequest) -> None:
        match request.route, request.args:
            case "whisper", (call_id, mode, *_) if call_id and request.channel_id:
                await self._hold(HeldAgent(connection, call_id, mode, request.channel_id, request.channel_name))
            case "queue-left", (call_id, status, *_) if call_id:
                await self._on_queue_left(QueueLeft(call_id, status))
            case "whisper" | "queue-left", _:
                log.warning("FastAGI route called without its arguments", route=request.route, arguments=len(request.args))
            case _:
                log.warning("FastAGI route unknown", route=request.route)

    async def _hold(self, agent: HeldAgent) -> None:
        """Until released, hung up, the handler's end, or the limit. The handler is never cut off: it knows more than we do."""
        holding = asyncio.create_task(agent.hold(), name="fastagi hold")
        handling = asyncio.create_task(self._handle(agent), name="fastagi pick-up")
        self._handlers.add(handling)
        handling.add_done_callback(self._handlers.discard)
        try:
            done, _ = await asyncio.wait({holding, handling}, timeout=self._hold_limit, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                log.error("agent was held too long, released", call_id=agent.call_id, limit_seconds=self._hold_limit)
            if not agent.hung_up:
                await agent.release()
        finally:
            holding.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await holding

    async def _handle(self, agent: HeldAgent) -> None:
        try:
            await self._on_pick_up(agent)
        except AriAppError as error:
            log.warning("whisper not given, agent released", call_id=agent.call_id, reason=error.message)
        except Exception:  # the top of a task: whatever fails, the agent gets the caller
            log.exception("whisper failed, agent released", call_id=agent.call_id)
