"""A SIP telephone in pure asyncio: it registers, dials, rings, and shows the card, like the desk phone of an agent."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

import structlog

from ari_app.rehearsal import sdp
from ari_app.rehearsal.dialog import Dialog, acknowledge_failure
from ari_app.rehearsal.digest import answer as digest_answer
from ari_app.rehearsal.digest import parse_challenge
from ari_app.rehearsal.errors import PhoneError
from ari_app.rehearsal.phone_call import ALLOW, CallState, PhoneCall, Synthesise
from ari_app.rehearsal.rtp import NOISE_DBFS
from ari_app.rehearsal.sip_message import (
    Request,
    Response,
    format_address,
    new_branch,
    new_tag,
    parameter,
    parse_address,
    respond,
)
from ari_app.rehearsal.transactions import ClientTransaction, Peer, SipEndpoint

log = structlog.get_logger(__name__)

_FIRST_ANSWER_TIMEOUT: Final = 8.0
_RING_TIMEOUT: Final = 180.0
_NOT_THIS_IDENTITY: Final = (401, 403, 404, 407)


@dataclass(frozen=True, slots=True)
class Account:
    """Where and as whom a phone registers."""

    username: str
    password: str
    host: str
    port: int = 5060


@dataclass(frozen=True, slots=True)
class CallerId:
    number: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A text that arrived as SIP MESSAGE, and when (monotonic seconds)."""

    at: float
    text: str
    sender: str


class Phone:
    """One SIP phone with one line: a second call while it is busy gets 486.

    `async with Phone(account) as phone: await phone.register(); call = await phone.dial("100")`. Only loopback servers
    unless `allow_remote`. `on_call` is told of every incoming call (which rings already), `on_card` of every MESSAGE.
    """

    def __init__(
        self,
        account: Account,
        *,
        synthesise: Synthesise | None = None,
        noise_dbfs: float | None = NOISE_DBFS,
        seed: int = 1,
        allow_remote: bool = False,
    ) -> None:
        self.account = account
        self.cards: list[Card] = []
        self.calls: list[PhoneCall] = []
        self.on_call: Callable[[PhoneCall], None] = lambda call: None
        self.on_card: Callable[[Card], None] = lambda card: None
        self._synthesise = synthesise
        self._noise_dbfs = noise_dbfs
        self._seed = seed
        self._allow_remote = allow_remote
        self._endpoint = SipEndpoint(self._on_request, self._on_late_response)
        self._peer: Peer = (account.host, account.port)
        self._by_call_id: dict[str, PhoneCall] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._refresher: asyncio.Task[None] | None = None
        self._registration = (f"{new_tag()}@rehearsal", new_tag())
        self._register_cseq = 0
        self._expires = 120

    async def __aenter__(self) -> Phone:
        await self.open()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def open(self) -> None:
        """Binds the SIP port. Raises `PhoneError` for an unknown or (without `allow_remote`) a remote host."""
        try:
            address = await asyncio.get_running_loop().getaddrinfo(
                self.account.host, self.account.port, family=socket.AF_INET, type=socket.SOCK_DGRAM
            )
        except socket.gaierror as error:
            raise PhoneError(f"unknown SIP host {self.account.host!r}", "check the target's host name") from error
        self._peer = (str(address[0][4][0]), self.account.port)
        if not self._allow_remote and not ipaddress.ip_address(self._peer[0]).is_loopback:
            raise PhoneError(
                f"{self.account.host} is not this machine",
                "rehearsals stay on loopback unless a remote PBX is allowed explicitly",
            )
        await self._endpoint.open(_local_address_towards(self._peer))

    async def close(self) -> None:
        """Hangs up, unregisters, closes every socket. Recordings of the calls stay readable."""
        for call in self.calls:
            await call.hang_up()
        if self._refresher is not None:
            self._refresher.cancel()
            self._refresher = None
            try:
                await self._send_register(0)
            except PhoneError as error:
                log.warning("unregister_failed", error=error.message)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for call in self.calls:
            await call.rtp.close()
        self._endpoint.close()

    @property
    def address(self) -> Peer:
        return self._endpoint.address

    # Registering -----------------------------------------------------------------------------------------------

    async def register(self, expires: int = 120) -> None:
        """Registers and keeps the registration fresh. Raises `PhoneError` with what the server said."""
        self._expires = expires
        granted = await self._send_register(expires)
        if self._refresher is None:
            self._refresher = asyncio.create_task(self._refresh(granted), name=f"refresh-{self.account.username}")

    async def _refresh(self, granted: int) -> None:
        while True:
            await asyncio.sleep(max(granted * 0.8, 1.0))
            try:
                granted = await self._send_register(self._expires)
            except PhoneError as error:
                log.warning("register_refresh_failed", error=error.message)
                granted = 5

    async def _send_register(self, expires: int) -> int:
        account, (call_id, tag) = self.account, self._registration
        own = f"sip:{account.username}@{account.host}"

        def build(extra: tuple[tuple[str, str], ...]) -> Request:
            self._register_cseq += 1
            headers = (
                ("Via", self._via()),
                ("Max-Forwards", "70"),
                ("From", format_address("", own, tag)),
                ("To", format_address("", own)),
                ("Call-ID", call_id),
                ("CSeq", f"{self._register_cseq} REGISTER"),
                ("Contact", f"<{self._contact}>"),
                ("Expires", str(expires)),
                ("User-Agent", "ari-app rehearsal"),
                *extra,
            )
            return Request(headers, b"", "REGISTER", f"sip:{account.host}:{account.port}")

        response = await self._exchange(build)
        if response.status != 200:
            raise PhoneError(
                f"{account.username} could not register at {account.host}:{account.port}: {response.status} {response.reason}",
                "check user name and password, and that this endpoint has an AOR with max_contacts > 0",
            )
        mine = next((value for value in response.get_all("Contact") if str(self.address[1]) in value), "")
        granted = parameter(mine, "expires") or response.get("Expires")
        return int(granted) if granted.isdigit() and int(granted) > 0 else max(expires, 1)

    async def _exchange(self, build: Callable[[tuple[tuple[str, str], ...]], Request]) -> Response:
        """Sends a request, answers one challenge (two when the nonce was stale), gives the final response."""
        request = build(())
        for _ in range(3):
            transaction = self._endpoint.start(request, self._peer)
            try:
                response = await transaction.final(_FIRST_ANSWER_TIMEOUT)
            except TimeoutError as error:
                raise self._nobody_answers() from error
            finally:
                transaction.close()
            authorised = self._authorisation(request, response)
            if authorised is None:
                return response
            request = build(authorised)
        return response

    # Calling ---------------------------------------------------------------------------------------------------

    async def dial(self, number: str, *, caller_id: CallerId | None = None) -> PhoneCall:
        """Sends the INVITE and returns at once; `call.answered` is set when the call is up or over.

        With a `caller_id` the From header carries that number, as a trunk's does; when the server refuses that, the
        account stands in From and the number in P-Asserted-Identity. Raises `PhoneError` when nobody answers at all.
        """
        dialog, invite = self._new_invite(number, caller_id, asserted=False)
        call = self._new_call(dialog, invite, incoming=False)
        self._spawn(self._see_through(call, number, dialog, invite, caller_id), f"invite-{self.account.username}")
        return call

    def _new_invite(self, number: str, caller_id: CallerId | None, *, asserted: bool) -> tuple[Dialog, Request]:
        account = self.account
        from_number = account.username if caller_id is None or asserted else caller_id.number
        target = f"sip:{number}@{account.host}:{account.port}"
        name = caller_id.name if caller_id else ""
        dialog = Dialog(
            call_id=f"{new_tag()}{new_tag()}",
            local=format_address(name, f"sip:{from_number}@{account.host}", new_tag()),
            remote=format_address("", target),
            target=target,
            contact=self._contact,
            peer=self._peer,
        )
        return dialog, self._invite(dialog, caller_id if asserted else None, b"", ())

    def _invite(self, dialog: Dialog, asserted: CallerId | None, body: bytes, extra: tuple[tuple[str, str], ...]) -> Request:
        identity: tuple[tuple[str, str], ...] = ()
        if asserted is not None:
            shown = format_address(asserted.name, f"sip:{asserted.number}@{self.account.host}")
            identity = (("P-Asserted-Identity", shown),)
        content = (("Content-Type", "application/sdp"),)
        return dialog.request(
            "INVITE",
            local_address=self.address,
            extra=(("Allow", ALLOW), *identity, *content, *extra),
            body=body,
        )

    async def _see_through(
        self, call: PhoneCall, number: str, dialog: Dialog, invite: Request, caller_id: CallerId | None
    ) -> None:
        """Carries an INVITE from the first packet to its final answer, challenges and a second identity included."""
        host, port = call.rtp.address
        offer = sdp.AudioLine(host, port, ("ulaw", "alaw"), sdp.DEFAULT_DTMF_PAYLOAD_TYPE)
        body = sdp.build(offer, session=1, version=1)
        authorised: tuple[tuple[str, str], ...] = ()
        asserted: CallerId | None = None
        attempts = 0
        while True:
            invite = self._invite(dialog, asserted, body, authorised)
            call.reinvited(dialog, invite)
            response = await self._final_to_invite(call, invite)
            if response is None:
                call.finish("them", 408)
                return
            attempts += 1
            if response.status < 300:
                await self._accept(call, response)
                return
            self._endpoint.send(acknowledge_failure(invite, response), self._peer)
            again = self._authorisation(invite, response) if attempts < 4 else None
            if call.state is CallState.ENDED:
                return
            if again is not None:
                authorised = again
            elif caller_id is not None and asserted is None and response.status in _NOT_THIS_IDENTITY:
                asserted, authorised = caller_id, ()
                dialog, _ = self._new_invite(number, caller_id, asserted=True)
                self._by_call_id[dialog.call_id] = call
            else:
                call.finish("them", response.status)
                return

    async def _final_to_invite(self, call: PhoneCall, invite: Request) -> Response | None:
        transaction: ClientTransaction = self._endpoint.start(invite, self._peer)
        timeout = _FIRST_ANSWER_TIMEOUT
        try:
            while True:
                response = await transaction.response(timeout)
                timeout = _RING_TIMEOUT
                if response.status >= 200:
                    return response
                if response.status > 100:
                    call.provisional(response)
        except TimeoutError:
            log.warning("invite_not_answered", host=self.account.host, port=self.account.port)
            return None
        finally:
            transaction.close()

    async def _accept(self, call: PhoneCall, response: Response) -> None:
        if call.state is CallState.ENDED:
            await call.drop_late_answer(response)
        else:
            call.accepted(response)

    def _new_call(self, dialog: Dialog, invite: Request, *, incoming: bool) -> PhoneCall:
        call = PhoneCall(
            self._endpoint,
            dialog,
            invite,
            host=self.address[0],
            incoming=incoming,
            synthesise=self._synthesise,
            noise_dbfs=self._noise_dbfs,
            seed=self._seed + len(self.calls),
        )
        call.on_ended = lambda ended: self._spawn(ended.rtp.close(), "rtp-close")
        self.calls.append(call)
        self._by_call_id[dialog.call_id] = call
        return call

    # What arrives ----------------------------------------------------------------------------------------------

    def _on_request(self, request: Request, peer: Peer) -> None:
        call = self._by_call_id.get(request.call_id)
        if call is not None:
            call.in_dialog(request)
        elif request.method == "INVITE":
            self._ring(request, peer)
        elif request.method == "MESSAGE":
            self._endpoint.answer(request, respond(request, 200, to_tag=new_tag()), peer)
            card = Card(time.monotonic(), request.body.decode(errors="replace"), parse_address(request.get("From")).user)
            self.cards.append(card)
            self.on_card(card)
        elif request.method in ("OPTIONS", "NOTIFY"):
            extra = (("Allow", ALLOW), ("Accept", "application/sdp, text/plain"))
            self._endpoint.answer(request, respond(request, 200, to_tag=new_tag(), extra=extra), peer)
        elif request.method != "ACK":
            status = 481 if request.method in ("BYE", "CANCEL", "INFO", "UPDATE") else 405
            self._endpoint.answer(request, respond(request, status, to_tag=new_tag()), peer)

    def _ring(self, request: Request, peer: Peer) -> None:
        tag = new_tag()
        if any(call.state is not CallState.ENDED for call in self.calls):
            self._endpoint.answer(request, respond(request, 486, to_tag=tag), peer)
            return
        dialog = Dialog.from_invite(request, peer, self._contact, tag)
        call = self._new_call(dialog, request, incoming=True)
        call.ring()
        self.on_call(call)

    def _on_late_response(self, response: Response) -> None:
        call = self._by_call_id.get(response.call_id)
        if call is not None and response.cseq[1] == "INVITE" and 200 <= response.status < 300:
            call.accepted(response)  # our ACK was lost

    # ------------------------------------------------------------------------------------------------------------

    @property
    def _contact(self) -> str:
        host, port = self.address
        return f"sip:{self.account.username}@{host}:{port}"

    def _via(self) -> str:
        host, port = self.address
        return f"SIP/2.0/UDP {host}:{port};rport;branch={new_branch()}"

    def _authorisation(self, request: Request, response: Response) -> tuple[tuple[str, str], ...] | None:
        """The header that answers a challenge; `None` when there is none or it refuses an answer that we gave."""
        header, ours = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}.get(
            response.status, ("", "")
        )
        challenges = [parse_challenge(value) for value in response.get_all(header)] if header else []
        challenge = next((found for found in challenges if found is not None), None)
        if challenge is None or (request.get(ours) and not challenge.stale):
            return None
        value = digest_answer(
            challenge,
            username=self.account.username,
            password=self.account.password,
            method=request.method,
            uri=request.uri,
        )
        return ((ours, value),)

    def _nobody_answers(self) -> PhoneError:
        where = f"{self.account.host}:{self.account.port}"
        return PhoneError(
            f"no SIP server answers at udp {where}",
            "is Asterisk running, and does its PJSIP transport listen there?",
        )

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _local_address_towards(peer: Peer) -> str:
    """The own address from which the peer is reached."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(peer)
        return str(probe.getsockname()[0])
