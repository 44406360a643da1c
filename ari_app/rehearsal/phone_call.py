"""One call on one phone: its signalling from INVITE to BYE, and the audio that belongs to it."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
import structlog

from ari_app.rehearsal import sdp
from ari_app.rehearsal.dialog import Dialog, cancel_of
from ari_app.rehearsal.errors import PhoneError
from ari_app.rehearsal.g711 import Samples
from ari_app.rehearsal.hearing import Hearing, level_dbfs
from ari_app.rehearsal.rtp import NOISE_DBFS, Played, RtpSession
from ari_app.rehearsal.sip_message import Request, Response, parse_address, respond
from ari_app.rehearsal.transactions import SipEndpoint

log = structlog.get_logger(__name__)

ALLOW: Final = "INVITE, ACK, CANCEL, BYE, MESSAGE, OPTIONS, INFO, UPDATE, NOTIFY"
_ANSWER_REPEAT: Final = 0.5
_ANSWER_GIVEN_UP: Final = 16.0
_GOODBYE_TIMEOUT: Final = 4.0

Synthesise = Callable[[str, "str | None"], Awaitable[bytes]]
"""Text and voice (`None`: the default one) → 8 kHz, 16-bit little-endian mono PCM."""


class CallState(Enum):
    RINGING = "ringing"
    UP = "up"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Display:
    """What a desk phone shows about the other side, and from which header it took it."""

    number: str
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Digit:
    at: float
    digit: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """Something this phone said: its words, and when their first and last sample were on the wire."""

    text: str
    start: float
    end: float
    complete: bool


class PhoneCall:
    """`ended` is set when the call is over, `ended_by` then says `us` or `them`. All times are monotonic seconds."""

    def __init__(
        self,
        endpoint: SipEndpoint,
        dialog: Dialog,
        invite: Request,
        *,
        host: str,
        incoming: bool,
        synthesise: Synthesise | None = None,
        noise_dbfs: float | None = NOISE_DBFS,
        seed: int = 1,
    ) -> None:
        self._endpoint = endpoint
        self._dialog = dialog
        self._invite = invite
        self._synthesise = synthesise
        self.incoming = incoming
        self._ack: Request | None = None
        self._answer_repeater: asyncio.Task[None] | None = None
        self._session, self._version = secrets.randbits(31), 0
        self.rtp = RtpSession(host, noise_dbfs=noise_dbfs, seed=seed, on_frame=self.heard_frame, on_digit=self.heard_digit)
        self.hearing = Hearing()
        self.state = CallState.RINGING
        self.display = display_of(invite)
        self.started_at = time.monotonic()
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.ended_by = ""
        self.status = 0
        self.digits: list[Digit] = []
        self.spoken: list[Spoken] = []
        self.answered = asyncio.Event()
        self.ended = asyncio.Event()
        self.on_digit: Callable[[Digit], None] = lambda digit: None
        self.on_display: Callable[[Display], None] = lambda display: None
        self.on_ended: Callable[[PhoneCall], None] = lambda call: None

    @property
    def call_id(self) -> str:
        return self._dialog.call_id

    # What the person at the phone does -------------------------------------------------------------------------

    async def say(self, text: str, *, voice: str | None = None, gain_db: float = 0.0) -> Spoken:
        """Speaks and returns when the last sample is on the wire. Cancelling it falls silent at once."""
        if self._synthesise is None:
            raise PhoneError("this phone has no voice", "give Phone(synthesise=…) a synthesiser")
        pcm = await self._synthesise(text, voice)
        samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.int16)
        if gain_db:
            samples = np.clip(samples * 10 ** (gain_db / 20), -32768, 32767).astype(np.int16)
        return await self.play(samples, text=text)

    async def play(self, samples: Samples, *, text: str = "") -> Spoken:
        """Sends 8 kHz audio as speech."""
        if self.state is not CallState.UP:
            raise PhoneError(f"cannot speak: the call is {self.state.value}", "wait for the call to be answered")
        done = self.rtp.play(samples)
        try:
            played: Played = await done
        except asyncio.CancelledError:
            self.rtp.stop_playing()
            raise
        spoken = Spoken(text, played.start, played.end, played.complete)
        self.spoken.append(spoken)
        return spoken

    def stop_speaking(self) -> None:
        self.rtp.stop_playing()

    def press(self, digits: str) -> None:
        """Presses keys (0–9, *, #, A–D)."""
        try:
            self.rtp.press(digits)
        except ValueError as error:
            raise PhoneError(f"cannot press {digits!r}: {error}", "use 0-9 * # A-D, and dtmf_mode=rfc4733") from error

    def ring(self) -> None:
        """Tells the caller that this phone rings."""
        self._answer(respond(self._invite, 180, to_tag=self._tag, extra=self._contact))

    async def answer(self) -> None:
        """Picks up an incoming call. Raises `PhoneError` when it is over already or offers no G.711."""
        if self.state is not CallState.RINGING:
            raise PhoneError(f"cannot pick up: the call is {self.state.value}", "it was cancelled meanwhile")
        try:
            offer = sdp.parse(self._invite.body) if self._invite.body else None
        except sdp.SdpError as error:
            self._answer(respond(self._invite, 488, to_tag=self._tag))
            self.finish("us", 488)
            raise PhoneError(f"cannot pick up: {error}", "allow=ulaw on this endpoint") from error
        self._came_up()
        self._answer(self._ok(self._invite, self._own_line(offer)))
        if offer is not None:
            self.rtp.point_at(offer)
        self._answer_repeater = asyncio.create_task(self._repeat_answer(), name="sip-200-repeater")

    def decline(self, status: int = 486) -> None:
        """Presses the red button while it rings: 486 by default, 603 for “do not try elsewhere”."""
        if self.state is CallState.RINGING:
            self._answer(respond(self._invite, status, to_tag=self._tag))
            self.finish("us", status)

    async def hang_up(self) -> None:
        """Ends the call in whatever state it is; harmless when it has ended."""
        if self.state is CallState.ENDED:
            return
        if self.state is CallState.RINGING and self.incoming:
            self.decline()
        elif self.state is CallState.RINGING:
            self.finish("us", 487)
            await self._send_and_wait(cancel_of(self._invite))
        else:
            self.finish("us", 200)
            await self._send_and_wait(self._dialog.request("BYE", local_address=self._endpoint.address))

    # What arrives ----------------------------------------------------------------------------------------------

    def heard_frame(self, at: float, samples: Samples) -> None:
        self.hearing.frame(at, level_dbfs(samples))

    def heard_digit(self, at: float, digit: str) -> None:
        self.digits.append(Digit(at, digit))
        self.on_digit(self.digits[-1])

    def reinvited(self, dialog: Dialog, invite: Request) -> None:
        """Our INVITE was challenged (or refused with this identity) and goes out again."""
        self._dialog, self._invite = dialog, invite

    def provisional(self, response: Response) -> None:
        """A 18x to our INVITE. Early media is listened to and answered with our own."""
        self._dialog.confirm(response)
        if response.body:
            self._take_answer(response)

    def accepted(self, response: Response) -> None:
        """The first or a repeated 200 to our INVITE."""
        if self._ack is None:
            self._dialog.confirm(response)
            self._ack = self._dialog.request("ACK", local_address=self._endpoint.address, cseq=self._invite.cseq[0])
            if self.state is CallState.RINGING:
                self._take_answer(response)
                self._came_up()
        self._endpoint.send(self._ack, self._dialog.peer)

    async def drop_late_answer(self, response: Response) -> None:
        """The call was answered in the instant in which we gave up: acknowledge, then hang up."""
        self.accepted(response)
        await self._send_and_wait(self._dialog.request("BYE", local_address=self._endpoint.address))

    def in_dialog(self, request: Request) -> None:
        """Any request that Asterisk sends within this call."""
        if request.method == "ACK":
            if self._answer_repeater is not None:
                self._answer_repeater.cancel()
            if request.body and self._invite.body == b"":
                self._point_at(request.body)
        elif request.method == "BYE":
            self._answer(respond(request, 200), request)
            self.finish("them", 200)
        elif request.method == "CANCEL":
            self._answer(respond(request, 200, to_tag=self._tag), request)
            if self.state is CallState.RINGING:
                self._answer(respond(self._invite, 487, to_tag=self._tag))
                self.finish("them", 487)
        elif request.method in ("INVITE", "UPDATE"):
            self._renegotiate(request)
        elif request.method in ("INFO", "OPTIONS", "NOTIFY"):
            self._answer(respond(request, 200, extra=(("Allow", ALLOW),)), request)
        else:
            self._answer(respond(request, 405, extra=(("Allow", ALLOW),)), request)

    def finish(self, by: str, status: int) -> None:
        """The call is over; what was recorded stays readable."""
        if self.state is CallState.ENDED:
            return
        self.state, self.ended_by, self.status = CallState.ENDED, by, status
        self.ended_at = time.monotonic()
        if self._answer_repeater is not None:
            self._answer_repeater.cancel()
        self.rtp.stop_playing()
        self.ended.set()
        self.answered.set()
        self.on_ended(self)

    # ------------------------------------------------------------------------------------------------------------

    @property
    def _tag(self) -> str:
        return parse_address(self._dialog.local).tag

    @property
    def _contact(self) -> tuple[tuple[str, str], ...]:
        return (("Contact", f"<{self._dialog.contact}>"), ("Allow", ALLOW))

    async def _send_and_wait(self, request: Request) -> None:
        transaction = self._endpoint.start(request, self._dialog.peer)
        try:
            await transaction.final(_GOODBYE_TIMEOUT)
        except TimeoutError:
            log.warning("goodbye_not_answered", method=request.method)
        finally:
            transaction.close()

    def _came_up(self) -> None:
        self.state = CallState.UP
        self.answered_at = time.monotonic()
        self.answered.set()

    def _answer(self, response: Response, request: Request | None = None) -> None:
        self._endpoint.answer(request or self._invite, response, self._dialog.peer)

    def _own_line(self, offer: sdp.AudioLine | None) -> sdp.AudioLine:
        host, port = self.rtp.address
        if offer is None:
            return sdp.AudioLine(host, port, ("ulaw", "alaw"), sdp.DEFAULT_DTMF_PAYLOAD_TYPE)
        return sdp.AudioLine(host, port, (offer.codec,), offer.dtmf, sdp.answer_direction(offer.direction))

    def _ok(self, request: Request, line: sdp.AudioLine) -> Response:
        self._version += 1
        body = sdp.build(line, session=self._session, version=self._version)
        extra = (*self._contact, ("Content-Type", "application/sdp"))
        return respond(request, 200, to_tag=self._tag, extra=extra, body=body)

    def _take_answer(self, response: Response) -> None:
        if response.body:
            self._point_at(response.body)

    def _point_at(self, body: bytes) -> None:
        try:
            self.rtp.point_at(sdp.parse(body))
        except sdp.SdpError as error:
            log.warning("sdp_answer_unusable", error=str(error))

    def _renegotiate(self, request: Request) -> None:
        """A re-INVITE or UPDATE: Asterisk moves the media, changes the displayed name, or only refreshes the session."""
        shown = display_of(request)
        if shown.number and shown != self.display:
            self.display = shown
            self.on_display(shown)
        if not request.body and request.method == "UPDATE":
            self._answer(respond(request, 200, extra=self._contact), request)
            return
        try:
            offer = sdp.parse(request.body) if request.body else None
        except sdp.SdpError:
            self._answer(respond(request, 488), request)
            return
        self._answer(self._ok(request, self._own_line(offer)), request)
        if offer is not None:
            self.rtp.point_at(offer)

    async def _repeat_answer(self) -> None:
        """A 200 to INVITE is repeated until its ACK comes, because no transaction layer does it (RFC 3261, 13.3.1.4)."""
        interval, waited = _ANSWER_REPEAT, 0.0
        while waited < _ANSWER_GIVEN_UP:
            await asyncio.sleep(interval)
            waited += interval
            interval = min(interval * 2, 4.0)
            self._endpoint.repeat_answer(self._invite)
        log.warning("answer_never_acknowledged")
        await self.hang_up()


def display_of(request: Request) -> Display:
    """Number and name as a desk phone shows them: P-Asserted-Identity before Remote-Party-ID before From."""
    for header in ("P-Asserted-Identity", "Remote-Party-ID", "From"):
        value = request.get(header)
        if value:
            address = parse_address(value)
            return Display(address.user, address.name, header)
    return Display("", "", "")
