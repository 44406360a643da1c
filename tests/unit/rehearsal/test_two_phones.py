"""Two phones that call each other without a PBX: signalling, audio, keys and recordings over loopback."""

import asyncio
import time

import numpy as np
import pytest

from ari_app.rehearsal import sdp
from ari_app.rehearsal.correlation import first_heard
from ari_app.rehearsal.errors import PhoneError
from ari_app.rehearsal.phone import Account, CallerId, Phone
from ari_app.rehearsal.phone_call import CallState, Display
from ari_app.rehearsal.rtp import RtpSession
from ari_app.rehearsal.sip_message import Request, parse_address, respond
from ari_app.rehearsal.transactions import SipEndpoint


async def synthesise(text, voice):
    """A second of tone: 440 Hz, or 660 Hz for the voice `high`."""
    moments = np.arange(8000) / 8000
    return (8000 * np.sin(2 * np.pi * (660 if voice == "high" else 440) * moments)).astype("<i2").tobytes()


class Pair:
    def __init__(self):
        self.rang = asyncio.Queue()

    async def open(self):
        self.callee = Phone(Account("bob", "", "127.0.0.1", 9), synthesise=synthesise, seed=7)
        self.callee.on_call = self.rang.put_nowait
        await self.callee.open()
        self.caller = Phone(Account("alice", "", *self.callee.address), synthesise=synthesise, seed=3)
        await self.caller.open()

    async def ringing(self):
        call = await self.caller.dial("bob", caller_id=CallerId("+15551234567", "David Miller"))
        return call, await asyncio.wait_for(self.rang.get(), 2)

    async def talking(self):
        call, incoming = await self.ringing()
        await incoming.answer()
        await asyncio.wait_for(call.answered.wait(), 2)
        return call, incoming


@pytest.fixture
async def pair():
    both = Pair()
    await both.open()
    yield both
    await both.caller.close()
    await both.callee.close()


async def until(condition):
    async with asyncio.timeout(2):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in code without events
            await asyncio.sleep(0.01)


async def test_the_caller_is_shown_with_number_and_name(pair):
    _, incoming = await pair.ringing()
    assert incoming.display == Display("+15551234567", "David Miller", "From")


async def test_speech_is_heard_where_it_was_said_and_recorded_to_the_millisecond(pair):
    origin = time.monotonic()
    call, incoming = await pair.talking()
    spoken = await call.say("hello")
    await asyncio.sleep(0.5)
    assert spoken.complete
    assert spoken.end - spoken.start == pytest.approx(1.0, abs=0.001)
    (heard,) = incoming.hearing.spans(origin, time.monotonic())
    assert heard.start == pytest.approx(spoken.start, abs=0.03)
    assert heard.end == pytest.approx(spoken.end, abs=0.04)
    await call.hang_up()
    end = time.monotonic()
    path = first_heard(call.rtp.sent(origin, end), incoming.rtp.heard(origin, end), origin, end)
    assert path.delay == pytest.approx(0.0, abs=0.005)
    assert path.at == pytest.approx(call.answered_at, abs=0.03)


async def test_a_quiet_phone_still_sends_its_room(pair):
    call, incoming = await pair.talking()
    await until(lambda: incoming.hearing.alive_for(time.monotonic()) > 0.2)
    assert call.hearing.spans(0.0, time.monotonic()) == []


async def test_speaking_can_be_cut_off(pair):
    call, _ = await pair.talking()
    saying = asyncio.create_task(call.say("hello"))
    await asyncio.sleep(0.3)
    call.stop_speaking()
    spoken = await asyncio.wait_for(saying, 1)
    assert not spoken.complete
    assert 0.2 < spoken.end - spoken.start < 0.5


async def test_keys_arrive_once_in_both_directions(pair):
    call, incoming = await pair.talking()
    call.press("12#")
    incoming.press("*9")
    await until(lambda: len(incoming.digits) == 3 and len(call.digits) == 2)
    await asyncio.sleep(0.3)
    assert [each.digit for each in incoming.digits] == ["1", "2", "#"]
    assert [each.digit for each in call.digits] == ["*", "9"]


async def test_the_caller_hangs_up(pair):
    call, incoming = await pair.talking()
    await call.hang_up()
    await asyncio.wait_for(incoming.ended.wait(), 1)
    assert (call.ended_by, incoming.ended_by) == ("us", "them")
    await call.hang_up()  # once more does no harm


async def test_the_callee_hangs_up(pair):
    call, incoming = await pair.talking()
    await incoming.hang_up()
    await asyncio.wait_for(call.ended.wait(), 1)
    assert (call.ended_by, incoming.ended_by) == ("them", "us")


async def test_declining_is_busy_to_the_caller(pair):
    call, incoming = await pair.ringing()
    incoming.decline()
    await asyncio.wait_for(call.ended.wait(), 1)
    assert (call.state, call.status) == (CallState.ENDED, 486)


async def test_the_caller_gives_up_while_it_rings(pair):
    call, incoming = await pair.ringing()
    await call.hang_up()
    await asyncio.wait_for(incoming.ended.wait(), 1)
    assert (incoming.ended_by, incoming.status) == ("them", 487)
    with pytest.raises(PhoneError, match="cannot pick up: the call is ended"):
        await incoming.answer()


async def test_a_second_call_finds_the_line_busy(pair):
    await pair.talking()
    second = await pair.caller.dial("bob")
    await asyncio.wait_for(second.ended.wait(), 1)
    assert second.status == 486
    assert pair.rang.empty()


async def test_two_calls_one_after_the_other(pair):
    first, _ = await pair.talking()
    await first.hang_up()
    await asyncio.sleep(0.05)
    second, incoming = await pair.talking()
    await second.say("again")
    assert incoming.rtp.packets_heard > 40


async def test_pacing_does_not_drift(pair):
    call, _ = await pair.talking()
    await asyncio.sleep(1.0)
    sent = call.rtp._sent
    assert sent[-1].at - sent[0].at == pytest.approx((len(sent) - 1) * 0.02, abs=1e-6)


async def test_a_re_invite_moves_the_audio_and_changes_the_display(pair):
    call, incoming = await pair.talking()
    shown = []
    incoming.on_display = shown.append
    other = RtpSession("127.0.0.1", noise_dbfs=None)
    line = sdp.AudioLine(*other.address, ("alaw",), 101)
    extra = (("Content-Type", "application/sdp"), ("P-Asserted-Identity", '"Somebody" <sip:42@h>'))
    request = call._dialog.request(
        "INVITE", local_address=pair.caller.address, extra=extra, body=sdp.build(line, session=1, version=2)
    )
    transaction = pair.caller._endpoint.start(request, call._dialog.peer)
    response = await transaction.final(1)
    answer = sdp.parse(response.body)
    assert (response.status, answer.codec, answer.port) == (200, "alaw", incoming.rtp.address[1])
    await until(lambda: other.packets_heard > 5)
    assert incoming.display == Display("42", "Somebody", "P-Asserted-Identity")
    assert shown == [incoming.display]
    transaction.close()
    await other.close()


async def test_an_answer_whose_ack_was_lost_is_repeated_and_acknowledged(pair):
    call, incoming = await pair.ringing()
    send, dropped = pair.caller._endpoint.send, []

    def lossy(message, peer):
        if isinstance(message, Request) and message.method == "ACK" and not dropped:
            dropped.append(message)
        else:
            send(message, peer)

    pair.caller._endpoint.send = lossy
    await incoming.answer()
    await until(lambda: dropped and incoming._answer_repeater.done())
    assert (call.state, incoming.state) == (CallState.UP, CallState.UP)


async def test_a_number_that_the_server_refuses_in_from_goes_into_the_asserted_identity():
    """The server here knows users by their From header only, as Asterisk does without `auth_username`."""
    invites = []

    def answer(request, peer):
        if request.method == "INVITE":
            invites.append(request)
            status = 486 if parse_address(request.get("From")).user == "alice" else 403
            server.answer(request, respond(request, status, to_tag="t"), peer)

    server = SipEndpoint(answer, lambda response: None)
    await server.open("127.0.0.1")
    async with Phone(Account("alice", "", *server.address)) as phone:
        call = await phone.dial("100", caller_id=CallerId("+15551234567", "David Miller"))
        await asyncio.wait_for(call.ended.wait(), 2)
    server.close()
    assert call.status == 486
    assert invites[0].get("P-Asserted-Identity") == ""
    assert invites[1].get("P-Asserted-Identity") == '"David Miller" <sip:+15551234567@127.0.0.1>'


async def test_a_challenge_is_answered_once_and_a_wrong_password_ends_the_call():
    invites = []

    def answer(request, peer):
        if request.method == "INVITE":
            invites.append(request)
            challenge = (("WWW-Authenticate", 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"'),)
            server.answer(request, respond(request, 401, to_tag="t", extra=challenge), peer)

    server = SipEndpoint(answer, lambda response: None)
    await server.open("127.0.0.1")
    async with Phone(Account("alice", "wrong", *server.address)) as phone:
        call = await phone.dial("100")
        await asyncio.wait_for(call.ended.wait(), 2)
    server.close()
    assert call.status == 401
    assert [bool(request.get("Authorization")) for request in invites] == [False, True]


async def test_a_phone_stays_on_this_machine_unless_told_otherwise():
    with pytest.raises(PhoneError, match=r"192\.0\.2\.1 is not this machine"):
        await Phone(Account("a", "b", "192.0.2.1")).open()


async def test_a_server_that_is_not_there_is_named():
    async with Phone(Account("a", "b", "127.0.0.1", 9)) as phone:
        phone._endpoint._t1 = 0.05
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("ari_app.rehearsal.phone._FIRST_ANSWER_TIMEOUT", 0.2)
            with pytest.raises(PhoneError, match=r"no SIP server answers at udp 127\.0\.0\.1:9"):
                await phone.register()
