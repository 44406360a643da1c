"""What a call asks of the PBX and hears from it, against an ARI that answers early, late, or not at all."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from ari_app.asterisk.ari_websocket import Reconnect
from ari_app.asterisk.pbx import AriPbx
from ari_app.errors import ChannelGone, NotReachable
from ari_app.session.ports import AgentJoined, ChannelEntered, ChannelLeft, DigitReceived, PbxConnection, PbxEvent
from tests.contract.fake_ari import FakeAri, channel, event, stasis_start

QUICK = Reconnect(first_delay=0.005, longest_delay=0.05, settle=0.005, check_every=1.0)


class RtpLeg:
    """A media leg whose far end is an RTP port of the application's."""

    rate = 8000
    external_host = "127.0.0.1:40000"
    format = "ulaw"
    transport = "udp"
    encapsulation = "rtp"
    connection_type = "client"
    direction = "both"
    played_seconds = 0.0

    def __init__(self) -> None:
        self.told: list[dict[str, str]] = []

    async def connected(self, variables: Mapping[str, str]) -> None:
        self.told.append(dict(variables))

    async def frames(self) -> AsyncIterator[bytes]:
        yield b""

    async def play(self, pcm: bytes) -> None: ...
    def stop(self) -> None: ...
    async def close(self) -> None: ...


class WebSocketLeg(RtpLeg):
    external_host = "INCOMING"
    transport = "websocket"
    encapsulation = "none"
    connection_type = "server"

    def __init__(self, dial: Any) -> None:
        super().__init__()
        self._dial = dial

    async def connected(self, variables: Mapping[str, str]) -> None:
        await super().connected(variables)
        await self._dial()


@pytest.fixture
async def fake() -> AsyncIterator[FakeAri]:
    fake = FakeAri()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def pbx(fake: FakeAri) -> AsyncIterator[AriPbx]:
    pbx = AriPbx(fake.access(), reconnect=QUICK, entry_timeout=0.5)
    await pbx.start(within=2)
    yield pbx
    await pbx.close()


async def next_event(pbx: AriPbx) -> PbxEvent:
    async with asyncio.timeout(3):
        return await anext(pbx.events())


def creates(fake: FakeAri, path: str, channel_id: str, *, enters: bool = True, before_answer: bool = False) -> None:
    """POST `path` makes the channel, and StasisStart comes before or after the answer."""

    async def answer(_: web.Request) -> web.Response:
        fake.channels[channel_id] = channel(channel_id)
        if enters and before_answer:
            await fake.send(stasis_start(channel_id))
            await asyncio.sleep(0.02)
        elif enters:
            asyncio.get_running_loop().call_later(0.02, lambda: asyncio.ensure_future(fake.send(stasis_start(channel_id))))
        return web.json_response(channel(channel_id))

    fake.answers["POST", path] = answer


@pytest.mark.parametrize("before_answer", [True, False])
async def test_a_snoop_is_ready_when_snoop_returns_whichever_comes_first(fake: FakeAri, pbx: AriPbx, before_answer: bool) -> None:
    creates(fake, "channels/caller-1/snoop/snoop-1", "snoop-1", before_answer=before_answer)
    await pbx.snoop("caller-1", snoop_id="snoop-1", spy="in")
    assert fake.asked("POST", "channels/caller-1/snoop/snoop-1")[0]["spy"] == "in"
    await fake.send(stasis_start("caller-2"))
    entered = await next_event(pbx)
    assert isinstance(entered, ChannelEntered) and entered.channel_id == "caller-2"  # and not the snoop


async def test_a_snoop_that_never_enters_is_not_reachable_and_hung_up(fake: FakeAri, pbx: AriPbx) -> None:
    creates(fake, "channels/caller-1/snoop/snoop-1", "snoop-1", enters=False)
    with pytest.raises(NotReachable, match="snoop-1 but it did not enter"):
        await pbx.snoop("caller-1", snoop_id="snoop-1", spy="in")
    await fake.until(lambda: len(fake.asked("DELETE", "channels/snoop-1")) == 1)
    await fake.send(stasis_start("snoop-1"), stasis_start("caller-2"))  # later than anyone waited
    await fake.until(lambda: len(fake.asked("DELETE", "channels/snoop-1")) == 2)
    entered = await next_event(pbx)
    assert isinstance(entered, ChannelEntered) and entered.channel_id == "caller-2"


async def test_a_snoop_of_a_caller_who_hung_up_is_channel_gone(fake: FakeAri, pbx: AriPbx) -> None:
    with pytest.raises(ChannelGone):
        await pbx.snoop("caller-1", snoop_id="snoop-1", spy="in")


async def test_a_helper_that_dies_before_it_entered_is_channel_gone(fake: FakeAri, pbx: AriPbx) -> None:
    creates(fake, "channels/externalMedia", "media-1", enters=False)
    work = asyncio.create_task(pbx.external_media("media-1", RtpLeg()))
    await fake.until(lambda: "media-1" in fake.channels)
    await fake.send(event("ChannelDestroyed", channel=channel("media-1"), cause=34, cause_txt=""))
    with pytest.raises(ChannelGone):
        await work


async def test_a_call_that_ends_while_it_waits_for_its_media_leaves_no_channel(fake: FakeAri, pbx: AriPbx) -> None:
    creates(fake, "channels/externalMedia", "media-1", enters=False)
    work = asyncio.create_task(pbx.external_media("media-1", RtpLeg()))
    await fake.until(lambda: "media-1" in fake.channels)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    await fake.until(lambda: len(fake.asked("DELETE", "channels/media-1")) == 1)


async def test_an_rtp_leg_learns_asterisks_port_and_external_media_asks_in_aris_words(fake: FakeAri, pbx: AriPbx) -> None:
    creates(fake, "channels/externalMedia", "media-1")
    values = {"UNICASTRTP_LOCAL_ADDRESS": "127.0.0.1", "UNICASTRTP_LOCAL_PORT": "26500"}
    fake.answers["GET", "channels/media-1/variable"] = lambda request: web.json_response(
        {"value": values[request.query["variable"]]}
    )
    leg = RtpLeg()
    await pbx.external_media("media-1", leg)
    assert leg.told == [values]
    asked = fake.asked("POST", "channels/externalMedia")[0]
    assert asked == {
        "external_host": "127.0.0.1:40000",
        "format": "ulaw",
        "transport": "udp",
        "encapsulation": "rtp",
        "connection_type": "client",
        "direction": "both",
        "app": "ari-app",
        "channelId": "media-1",
    }


async def test_a_websocket_leg_dials_before_its_channel_enters(fake: FakeAri, pbx: AriPbx) -> None:
    creates(fake, "channels/externalMedia", "media-1", enters=False)
    fake.answers["GET", "channels/media-1/variable"] = lambda _: web.json_response({"value": "f00"})
    leg = WebSocketLeg(lambda: fake.send(stasis_start("media-1")))
    await pbx.external_media("media-1", leg)
    assert leg.told == [{"MEDIA_WEBSOCKET_CONNECTION_ID": "f00"}]


async def test_a_leg_that_ari_cannot_connect_is_a_type_error(pbx: AriPbx) -> None:
    with pytest.raises(TypeError):
        await pbx.external_media("media-1", object())  # type: ignore[arg-type]


async def test_a_caller_who_hangs_up_is_gone_with_the_cause_though_asterisk_tells_no_channel_destroyed(
    fake: FakeAri, pbx: AriPbx
) -> None:
    await fake.send(
        event("ChannelHangupRequest", channel=channel("caller-1"), cause=16),
        event("StasisEnd", channel=channel("caller-1")),
        event("ChannelHangupRequest", channel=channel("caller-2"), cause=32, soft=True),
        event("StasisEnd", channel=channel("caller-2")),
        event("StasisEnd", channel=channel("caller-3")),
    )
    assert [await next_event(pbx) for _ in range(3)] == [
        ChannelLeft("caller-1", destroyed=True, cause=16),
        ChannelLeft("caller-2", destroyed=True),
        ChannelLeft("caller-3", destroyed=False),
    ]


async def test_the_hang_up_extension_entering_stasis_is_no_new_caller(fake: FakeAri, pbx: AriPbx) -> None:
    await fake.send(event("StasisStart", args=[], channel=channel("dead", exten="h")), stasis_start("caller-1"))
    entered = await next_event(pbx)
    assert isinstance(entered, ChannelEntered) and entered.channel_id == "caller-1"


async def test_a_queue_leg_is_originated_with_its_id_as_argument(fake: FakeAri, pbx: AriPbx) -> None:
    fake.answers["POST", "channels/leg-1"] = lambda _: web.json_response(channel("leg-1"))
    await pbx.originate("leg-1", "Local/support@ari-app-queue/n", caller_id='"D" <1>', variables={"__A": "1"}, timeout=0.2)
    asked = fake.asked("POST", "channels/leg-1")[0]
    assert (asked["app"], asked["appArgs"], asked["timeout"]) == ("ari-app", "queue-leg,leg-1", "1")
    assert asked["formats"] == "ulaw"


async def test_an_originated_leg_that_ends_during_a_gap_is_told(fake: FakeAri, pbx: AriPbx) -> None:
    fake.answers["POST", "channels/leg-1"] = lambda _: web.json_response(channel("leg-1"))
    await pbx.originate("leg-1", "Local/support@ari-app-queue/n", caller_id="1", variables={}, timeout=30)
    await fake.drop_sockets()
    assert await next_event(pbx) == PbxConnection("ari", up=False)
    assert await next_event(pbx) == ChannelLeft("leg-1", destroyed=True)


async def test_a_leg_that_ended_before_its_originate_was_answered_is_told_once(fake: FakeAri, pbx: AriPbx) -> None:
    async def answer(_: web.Request) -> web.Response:
        await fake.send(event("ChannelDestroyed", channel=channel("leg-1"), cause=3, cause_txt=""))
        await asyncio.sleep(0.02)
        return web.json_response(channel("leg-1"))

    fake.answers["POST", "channels/leg-1"] = answer
    await pbx.originate("leg-1", "Local/nowhere@x/n", caller_id="1", variables={}, timeout=30)
    await fake.drop_sockets()
    assert await next_event(pbx) == ChannelLeft("leg-1", destroyed=True, cause=3)
    assert await next_event(pbx) == PbxConnection("ari", up=False)
    assert await next_event(pbx) == PbxConnection("ari", up=True)


async def test_a_full_queue_drops_the_newest_says_so_and_sends_callers_on_to_the_dialplan(fake: FakeAri) -> None:
    pbx = AriPbx(fake.access(), reconnect=QUICK, queue_size=2)
    await pbx.start(within=2)
    fake.channels["caller-1"] = channel("caller-1")
    digit = event("ChannelDtmfReceived", channel=channel("caller-1"), digit="1", duration_ms=80)
    with capture_logs() as logs:
        await fake.send(stasis_start("caller-1"), digit, digit, stasis_start("caller-2"))
        await fake.until(lambda: len(fake.asked("POST", "channels/caller-2/continue")) == 1)
        stream = pbx.events()
        assert isinstance(await anext(stream), ChannelEntered)
        assert await anext(stream) == DigitReceived("caller-1", "1")
        assert await anext(stream) == ChannelLeft("caller-2", destroyed=True)  # resynchronised after the drop
    assert {"event": "pbx_events_were_dropped", "count": 2, "log_level": "error"} in logs
    await pbx.close()


async def test_other_adapters_events_come_out_of_the_same_stream(pbx: AriPbx) -> None:
    joined = AgentJoined("leg-1", "support", "PJSIP/agent1", "agent-1")

    async def ami() -> AsyncIterator[PbxEvent]:
        yield joined

    pbx.feed(ami(), name="ami")
    assert await next_event(pbx) == joined


async def test_missing_modules_are_those_not_loaded_or_not_running(fake: FakeAri, pbx: AriPbx) -> None:
    def module(name: str, status: str) -> dict[str, Any]:
        return {"name": name, "description": "", "use_count": 0, "status": status, "support_level": "core"}

    fake.answers["GET", "asterisk/modules"] = lambda _: web.json_response(
        [module("res_stasis.so", "Running"), module("chan_rtp.so", "Not Running")]
    )
    assert await pbx.missing_modules(["res_stasis", "chan_rtp", "app_queue.so"]) == ["chan_rtp", "app_queue.so"]


async def test_slow_kept_alive_connections_are_given_up_when_fresh_ones_are_faster(fake: FakeAri) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("Connection") != "close":
            await asyncio.sleep(0.05)  # as Asterisk 16 on some kernels
        return web.json_response({"system": {"version": "16.28.0~dfsg", "entity_id": ""}})

    fake.answers["GET", "asterisk/info"] = answer
    pbx = AriPbx(fake.access(), reconnect=QUICK)
    assert await pbx.start(within=2) == (16, 28, 0)
    await pbx.channels()
    assert fake.headers[-1].get("Connection") == "close"
    await pbx.close()


async def test_a_far_asterisk_keeps_its_connections(fake: FakeAri) -> None:
    async def answer(_: web.Request) -> web.Response:
        await asyncio.sleep(0.05)
        return web.json_response({"system": {"version": "22.10.1", "entity_id": ""}})

    fake.answers["GET", "asterisk/info"] = answer
    pbx = AriPbx(fake.access(), reconnect=QUICK)
    await pbx.start(within=2)
    kept, fresh = (sum(headers.get("Connection") == how for headers in fake.headers) for how in (None, "close"))
    assert kept > 0 and fresh == 3
    await pbx.close()
