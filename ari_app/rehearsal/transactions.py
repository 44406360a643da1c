"""SIP transactions over UDP: retransmission, matching and repeated answers, so that a lost packet does no harm."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, cast

import structlog

from ari_app.rehearsal.sip_message import Request, Response, SipParseError, parse

log = structlog.get_logger(__name__)

T1: Final = 0.5
T2: Final = 4.0
_REMEMBERED_ANSWERS: Final = 256

Peer = tuple[str, int]
RequestHandler = Callable[[Request, Peer], None]
ResponseHandler = Callable[[Response], None]


class SipTimeout(TimeoutError):
    """The peer did not answer within the time allowed."""


class ClientTransaction:
    """One request on its way, with every response that came to it."""

    def __init__(self, endpoint: SipEndpoint, request: Request, peer: Peer, t1: float) -> None:
        self.request = request
        self._endpoint = endpoint
        self._peer = peer
        self._interval = t1
        self._responses: asyncio.Queue[Response] = asyncio.Queue(maxsize=64)
        self._timer: asyncio.TimerHandle | None = None
        self._send()

    async def response(self, timeout: float) -> Response:
        """The next response, provisional or final. Raises `SipTimeout` after `timeout` seconds without one."""
        try:
            return await asyncio.wait_for(self._responses.get(), timeout)
        except TimeoutError as error:
            self.close()
            raise SipTimeout(f"{self.request.method} was not answered within {timeout:g} s") from error

    async def final(self, timeout: float) -> Response:
        """The final response. `timeout` counts anew after a provisional one."""
        while (response := await self.response(timeout)).status < 200:
            pass
        return response

    def received(self, response: Response) -> None:
        if response.status >= 200 or self.request.method == "INVITE":
            self._stop()
        if not self._responses.full():
            self._responses.put_nowait(response)

    def close(self) -> None:
        self._stop()
        self._endpoint.forget(self)

    def _send(self) -> None:
        self._endpoint.send(self.request, self._peer)
        self._timer = asyncio.get_running_loop().call_later(self._interval, self._send)
        doubled = self._interval * 2
        self._interval = doubled if self.request.method == "INVITE" else min(doubled, T2)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class SipEndpoint(asyncio.DatagramProtocol):
    """One UDP socket that speaks SIP.

    `on_request` sees every request once (a repeated one gets the answer it got before); `on_late_response` sees
    responses that no open transaction waits for, such as a 200 to INVITE whose ACK was lost.
    """

    def __init__(self, on_request: RequestHandler, on_late_response: ResponseHandler, *, t1: float = T1) -> None:
        self._on_request = on_request
        self._on_late_response = on_late_response
        self._t1 = t1
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[tuple[str, str], ClientTransaction] = {}
        self._answered: OrderedDict[tuple[str, str, str], tuple[Response, Peer] | None] = OrderedDict()

    async def open(self, host: str, port: int = 0) -> None:
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=(host, port))

    @property
    def address(self) -> Peer:
        assert self._transport is not None, "open() first"
        host, port = self._transport.get_extra_info("sockname")[:2]
        return host, port

    def close(self) -> None:
        for transaction in list(self._waiting.values()):
            transaction.close()
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def start(self, request: Request, peer: Peer) -> ClientTransaction:
        """Sends a request and repeats it until an answer comes."""
        transaction = ClientTransaction(self, request, peer, self._t1)
        self._waiting[request.branch, request.method] = transaction
        return transaction

    def forget(self, transaction: ClientTransaction) -> None:
        self._waiting.pop((transaction.request.branch, transaction.request.method), None)

    def answer(self, request: Request, response: Response, peer: Peer) -> None:
        """Sends a response and keeps it for repetitions of its request."""
        self._answered[_identity(request)] = (response, peer)
        self.send(response, peer)

    def repeat_answer(self, request: Request) -> None:
        """Sends the last answer to this request once more."""
        before = self._answered.get(_identity(request))
        if before is not None:
            self.send(*before)

    def send(self, message: Request | Response, peer: Peer) -> None:
        if self._transport is not None:
            self._transport.sendto(message.to_bytes(), peer)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own datagram transport does not derive from DatagramTransport on 3.11, so this cannot be asserted.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def error_received(self, exc: Exception) -> None:
        # An ICMP "port unreachable": the retransmission goes on and the time-out reports it.
        log.debug("sip_socket_error", error=str(exc))

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        if not data.strip():
            return  # a keep-alive
        try:
            message = parse(data)
        except SipParseError as error:
            log.warning("sip_unreadable", error=str(error))
            return
        peer = str(addr[0]), addr[1]
        if isinstance(message, Response):
            self._route_response(message)
        else:
            self._route_request(message, peer)

    def _route_response(self, response: Response) -> None:
        transaction = self._waiting.get((response.branch, response.cseq[1]))
        if transaction is None:
            self._on_late_response(response)
        else:
            transaction.received(response)

    def _route_request(self, request: Request, peer: Peer) -> None:
        if request.method == "ACK":
            self._on_request(request, peer)
            return
        identity = _identity(request)
        if identity in self._answered:
            before = self._answered[identity]
            if before is not None:
                self.send(*before)
            return
        self._answered[identity] = None
        while len(self._answered) > _REMEMBERED_ANSWERS:
            self._answered.popitem(last=False)
        self._on_request(request, peer)


def _identity(request: Request) -> tuple[str, str, str]:
    return request.branch, request.method, request.call_id
