"""How the event socket is lost and comes back, with an ARI that misbehaves."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from ari_app.asterisk.ari_http import NotLetIn
from ari_app.asterisk.ari_websocket import Reconnect
from ari_app.asterisk.pbx import AriPbx
from ari_app.errors import NotReachable
from ari_app.session.ports import ChannelEntered, ChannelLeft, DigitReceived, PbxConnection, PbxEvent
from tests.contract.fake_ari import FakeAri, channel, event, stasis_start

QUICK = Reconnect(first_delay=0.005, longest_delay=0.05, settle=0.005, check_every=0.02, heartbeat=5.0, connect_timeout=1.0)


@pytest.fixture
async def fake() -> AsyncIterator[FakeAri]:
    fake = FakeAri()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def pbx(fake: FakeAri) -> AsyncIterator[AriPbx]:
    pbx = AriPbx(fake.access(), reconnect=QUICK)
    await pbx.start(within=2)
    yield pbx
    await pbx.close()


async def next_event(pbx: AriPbx) -> PbxEvent:
    async with asyncio.timeout(3):
        return await anext(pbx.events())


async def test_events_come_in_asterisks_order(fake: FakeAri, pbx: AriPbx) -> None:
    await fake.send(
        stasis_start("caller-1"),
        event("ChannelVarset", channel=channel("caller-1"), variable="A", value="1"),
        event("ChannelDtmfReceived", channel=channel("caller-1"), digit="5", duration_ms=80),
        event("StasisEnd", channel=channel("caller-1")),
        event("ChannelDestroyed", channel=channel("caller-1"), cause=16, cause_txt="Normal Clearing"),
    )
    assert [await next_event(pbx) for _ in range(4)] == [
        ChannelEntered("caller-1", "PJSIP/caller-00000001", (), "200", "David", "100"),
        DigitReceived("caller-1", "5"),
        ChannelLeft("caller-1", destroyed=False),
        ChannelLeft("caller-1", destroyed=True, cause=16),
    ]


async def test_an_event_type_nobody_knows_and_broken_json_do_not_end_the_stream(fake: FakeAri, pbx: AriPbx) -> None:
    await fake.send(event("ChannelTeleported", where="Mars"))
    await fake.send_text("{ this is no json")
    await fake.send_text("[]")
    await fake.send(stasis_start("caller-1"))
    entered = await next_event(pbx)
    assert isinstance(entered, ChannelEntered) and entered.channel_id == "caller-1"


async def test_asterisk_restarts_then_channels_that_went_are_told_before_the_connection(fake: FakeAri, pbx: AriPbx) -> None:
    fake.channels = {name: channel(name) for name in ("stays", "goes")}
    await fake.send(stasis_start("stays"), stasis_start("goes"))
    await next_event(pbx), await next_event(pbx)
    await fake.stop()
    assert await next_event(pbx) == PbxConnection("ari", up=False)
    assert not pbx.connected
    del fake.channels["goes"]
    await fake.start()
    assert await next_event(pbx) == ChannelLeft("goes", destroyed=True)
    assert await next_event(pbx) == PbxConnection("ari", up=True)
    assert fake.subscribed == ["stays"]
    await fake.send(stasis_start("new"))
    assert isinstance(await next_event(pbx), ChannelEntered)


async def test_a_lost_connection_is_logged_once_and_once_when_it_is_back(fake: FakeAri, pbx: AriPbx) -> None:
    with capture_logs() as logs:
        await fake.stop()
        assert await next_event(pbx) == PbxConnection("ari", up=False)
        await asyncio.sleep(0.1)  # many failed attempts
        await fake.start()
        assert await next_event(pbx) == PbxConnection("ari", up=True)
        await fake.until(lambda: len(fake.asked("GET", "applications/ari-app")) > 1)
    lines = [line["event"] for line in logs]
    assert lines == ["ari_connection_lost", "ari_connection_back"]
    assert next(line for line in logs if line["event"] == "ari_connection_back")["attempts"] > 1


async def test_asterisk_forgets_the_application_while_it_registers_then_it_connects_again(fake: FakeAri) -> None:
    fake.register_on_connect = [False, False, True]
    pbx = AriPbx(fake.access(), reconnect=QUICK)
    await pbx.start(within=2)
    assert fake.connections == 3
    await pbx.close()


async def test_asterisk_forgets_the_application_later_then_it_registers_again(fake: FakeAri, pbx: AriPbx) -> None:
    fake.registered = False  # the socket lives on: trap 2
    assert await next_event(pbx) == PbxConnection("ari", up=False)
    assert await next_event(pbx) == PbxConnection("ari", up=True)
    assert fake.connections == 2


async def test_a_peer_that_no_longer_answers_pings_is_noticed(fake: FakeAri) -> None:
    fake.answers_pings = False
    quick = Reconnect(first_delay=0.005, settle=0.005, check_every=5.0, heartbeat=0.05, connect_timeout=1.0)
    pbx = AriPbx(fake.access(), reconnect=quick)
    await pbx.start(within=2)
    assert await next_event(pbx) == PbxConnection("ari", up=False)
    fake.answers_pings = True
    assert await next_event(pbx) == PbxConnection("ari", up=True)
    await pbx.close()


async def test_requests_that_are_no_longer_answered_count_as_a_loss(fake: FakeAri, pbx: AriPbx) -> None:
    fake.answers["GET", "applications/ari-app"] = lambda _: web.json_response({"message": "busy"}, status=503)
    assert await next_event(pbx) == PbxConnection("ari", up=False)
    del fake.answers["GET", "applications/ari-app"]
    assert await next_event(pbx) == PbxConnection("ari", up=True)


async def test_another_program_takes_the_name_then_we_wait_our_longest_delay(fake: FakeAri, pbx: AriPbx) -> None:
    with capture_logs() as logs:
        began = asyncio.get_running_loop().time()
        await fake.send({"type": "ApplicationReplaced", "application": "ari-app", "timestamp": ""})
        assert await next_event(pbx) == PbxConnection("ari", up=False)
        assert await next_event(pbx) == PbxConnection("ari", up=True)
    assert asyncio.get_running_loop().time() - began >= QUICK.longest_delay
    assert "another program" in logs[0]["reason"]


async def test_wrong_credentials_at_start_are_told_at_once_and_not_retried(fake: FakeAri) -> None:
    pbx = AriPbx(fake.access(password="guessed"), reconnect=QUICK)
    async with asyncio.timeout(2):
        with pytest.raises(NotLetIn, match="does not let the user 'ari-app' in"):
            await pbx.start(within=60)
    assert fake.connections == 0


async def test_an_asterisk_that_does_not_run_is_told_after_the_given_time(fake: FakeAri) -> None:
    await fake.stop()
    pbx = AriPbx(fake.access(), reconnect=QUICK)
    with pytest.raises(NotReachable, match=r"was not reached within 0\.2 s") as caught:
        await pbx.start(within=0.2)
    assert not isinstance(caught.value, NotLetIn) and "Is Asterisk running" in caught.value.remedy


async def test_an_asterisk_that_comes_up_late_is_waited_for(fake: FakeAri) -> None:
    await fake.stop()
    pbx = AriPbx(fake.access(), reconnect=QUICK)
    starting = asyncio.create_task(pbx.start(within=3))
    await asyncio.sleep(0.05)
    await fake.start()
    assert await starting == (22, 10, 1)
    await pbx.close()


async def test_closing_ends_the_stream_of_events(fake: FakeAri, pbx: AriPbx) -> None:
    await pbx.close()
    assert [event async for event in pbx.events()] == []


def test_delays_grow_to_the_longest_and_differ() -> None:
    plain = Reconnect(first_delay=0.25, longest_delay=15.0, jitter=0.0)
    assert [plain.delay(attempt) for attempt in (1, 2, 3, 7, 5000)] == [0.25, 0.5, 1.0, 15.0, 15.0]
    assert len({Reconnect().delay(3) for _ in range(20)}) > 1
