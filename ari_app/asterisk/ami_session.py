"""One AMI connection by panoramisk with its traps removed: it never reconnects, resends or dies on its own."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping

import structlog
from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from ari_app.asterisk.system_errors import in_words
from ari_app.errors import NotReachable

log = structlog.get_logger(__name__)

_LONGEST_MESSAGE = 1 << 20
_WIRE = "latin-1"
"""panoramisk decodes each TCP segment on its own and drops characters that are cut in two, so it is given bytes as Latin-1."""

Headers = Mapping[str, str]


class _Protocol(AMIProtocol):  # type: ignore[misc] # panoramisk has no type information
    """AMIProtocol that does not collect an endless message."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.queue and len(self.queue[0]) > _LONGEST_MESSAGE:
            log.error("AMI sent a message without an end, closing")
            self.transport.abort()


class _Manager(Manager):  # type: ignore[misc]
    """Manager whose events and end go to the session, and nowhere else."""

    def __init__(self, on_event: Callable[[Headers], None], on_lost: Callable[[], None]) -> None:
        super().__init__(loop=asyncio.get_running_loop(), encoding=_WIRE)
        self._hand_over = on_event
        self._say_lost = on_lost

    def dispatch(self, event: Message) -> list[str]:
        """An exception here would end in the transport and close the connection."""
        try:
            self._hand_over(to_headers(event))
        except Exception:  # the top of what the socket calls
            log.exception("AMI event could not be handled")
        return []

    def connection_lost(self, exc: object) -> None:
        """The original would schedule a reconnect that close() cannot cancel."""
        self._say_lost()


class AmiSession:
    """One logged-in connection. When it is over it stays over: `ended` is set, actions raise NotReachable."""

    def __init__(self, on_event: Callable[[Headers], None], timeout: float) -> None:
        self._timeout = timeout
        self._manager = _Manager(on_event, self._on_lost)
        self._answers: set[asyncio.Future[object]] = set()
        self.ended = asyncio.Event()

    async def open(self, host: str, port: int, username: str, secret: str, events: str) -> None:
        """Connect and log in. Raises NotReachable, with a remedy that tells wrong credentials from a server that is away."""
        where = f"{host}:{port}"
        loop = asyncio.get_running_loop()
        made: asyncio.Future[object] = loop.create_future()
        try:
            async with asyncio.timeout(self._timeout):
                made.set_result(await loop.create_connection(_Protocol, host, port))
        except (OSError, TimeoutError) as error:
            raise NotReachable(
                f"AMI does not answer at {where}: {in_words(error)}",
                "start Asterisk, set enabled = yes, bindaddr and port in manager.conf, and compare them with the settings",
            ) from error
        self._manager.connection_made(made)
        self._stop_pinger()
        try:
            await self._log_in(where, username, secret, events)
        except NotReachable:
            self.close()
            raise

    async def _log_in(self, where: str, username: str, secret: str, events: str) -> None:
        # not "Events" in the login: there it may only be on or off on old versions, and Events accepts a mask on all
        try:
            answers = await self.act("Login", Username=username, Secret=secret, Events="off")
        except NotReachable as error:
            raise NotReachable(
                f"what answers at {where} is no AMI, or hangs: {error.message}",
                "compare asterisk.ami_port in the settings with port in manager.conf (5038), not with http.conf",
            ) from error
        if answers[0].get("Response") != "Success":
            raise NotReachable(
                f"AMI at {where} refuses user {username!r}: {answers[0].get('Message', 'no reason given')}",
                f"give user [{username}] in manager.conf the secret of the settings, permit this address, then: manager reload",
            )
        await self.act("Events", EventMask=events)

    async def act(self, action: str, **headers: str) -> list[Headers]:
        """Perform `action`; returns the response and, for a list, its events. Raises NotReachable when no answer comes."""
        if self.ended.is_set():
            raise _lost()
        fields = {name: to_wire(value) for name, value in headers.items()}
        future: asyncio.Future[object] = self._manager.send_action({"Action": to_wire(action), **fields})
        self._answers.add(future)
        try:
            async with asyncio.timeout(self._timeout):
                result = await future
        except TimeoutError as error:
            raise NotReachable(
                f"AMI did not answer the action {action}", "see whether Asterisk hangs: asterisk -rx 'core show channels'"
            ) from error
        finally:
            self._answers.discard(future)
            self._forget(future)
        messages = result if isinstance(result, list) else [result]
        return [to_headers(message) for message in messages]

    def close(self) -> None:
        """Close the connection for good; actions under way raise NotReachable."""
        self._stop_pinger()
        self._manager.close()
        self._on_lost()

    def _stop_pinger(self) -> None:
        """panoramisk's ping does not look at the answer; the owner of the session pings by `act`."""
        if self._manager.pinger is not None:
            self._manager.pinger.cancel()
            self._manager.pinger = None

    def _forget(self, future: object) -> None:
        """panoramisk keeps an action for ever when no answer comes."""
        responses = self._manager.responses
        for key in [key for key, action in responses.items() if action.future is future]:
            del responses[key]

    def _on_lost(self) -> None:
        if self.ended.is_set():
            return
        self.ended.set()
        self._manager.awaiting_actions.clear()  # a queue that would be sent again after a reconnect, whoever still waits
        for future in list(self._answers):
            with contextlib.suppress(asyncio.InvalidStateError):
                future.set_exception(_lost())


def _lost() -> NotReachable:
    return NotReachable("the AMI connection is lost", "it is made again by itself; see that Asterisk runs")


def to_wire(value: str) -> str:
    """A header's value that is one line: CR or LF would begin a header, or a whole action, of the sender's choice."""
    return " ".join(value.replace("\0", " ").splitlines()).encode("utf-8", "replace").decode(_WIRE)


def to_headers(message: Message) -> Headers:
    """A message as plain headers: names as sent, values as text, the last one where a header is repeated."""
    return {str(name): _text(message[name]) for name in message if name != "content"}


def _text(value: object) -> str:
    last = value[-1] if isinstance(value, list) and value else value
    return str(last).encode(_WIRE, "replace").decode("utf-8", "replace")
