"""The ARI half against a real Asterisk: what recorded traffic and fakes cannot prove."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ari_app.asterisk.ari_http import AriAccess, AriRefused, NotLetIn
from ari_app.asterisk.ari_websocket import Reconnect
from ari_app.asterisk.pbx import AriPbx
from ari_app.errors import ChannelGone
from ari_app.session.ports import ChannelEntered, ChannelLeft, DigitReceived, PbxConnection, PbxEvent

SANDBOX = str(Path(__file__).parents[2] / "scripts" / "sandbox")
DIALPLAN = (
    "7,1,Answer()",
    "7,2,Wait(0.3)",
    "7,3,SendDTMF(5)",
    "7,4,Wait(60)",
)


def sandbox(*arguments: str) -> str:
    return subprocess.run([SANDBOX, *arguments], check=True, capture_output=True, text=True, timeout=600).stdout


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A private Asterisk of this file's own, with a caller in extension 7 who presses a key."""
    folder = str(tmp_path_factory.mktemp("ari") / "sb")
    facts = json.loads(sandbox("up", "--no-app", "--json", "--dir", folder))
    yield facts
    sandbox("down", "--dir", folder)


@pytest.fixture
def access(running: dict[str, Any]) -> AriAccess:
    for line in DIALPLAN:
        sandbox("cli", "--dir", running["dir"], f"dialplan add extension {line} into sandbox-callers replace")
    ari = running["ari"]
    return AriAccess(ari["url"], ari["username"], ari["password"], ari["app"])


@pytest.fixture
async def pbx(access: AriAccess) -> AsyncIterator[AriPbx]:
    pbx = AriPbx(access, reconnect=Reconnect(first_delay=0.05, check_every=0.5))
    await pbx.start()
    yield pbx
    for channel_id in await pbx.channels():
        await pbx.hang_up(channel_id)
    await pbx.close()


class Heard:
    """The events so far, in order, and a way to wait for one."""

    def __init__(self, pbx: AriPbx) -> None:
        self._stream = pbx.events()
        self.events: list[PbxEvent] = []

    async def until(self, wanted: PbxEvent | type, channel_id: str | None = None) -> PbxEvent:
        async with asyncio.timeout(10):
            async for event in self._stream:
                self.events.append(event)
                if event == wanted:
                    return event
                if isinstance(wanted, type) and isinstance(event, wanted) and getattr(event, "channel_id", None) == channel_id:
                    return event
        raise AssertionError(f"the events ended before {wanted}")


class UnheardLeg:
    """An RTP leg whose port nobody reads."""

    rate = 8000
    external_host = "127.0.0.1:9"
    format = "ulaw"
    transport = "udp"
    encapsulation = "rtp"
    connection_type = "client"
    direction = "both"
    played_seconds = 0.0

    def __init__(self) -> None:
        self.told: dict[str, str] = {}

    async def connected(self, variables: Mapping[str, str]) -> None:
        self.told = dict(variables)

    async def frames(self) -> AsyncIterator[bytes]:
        yield b""

    async def play(self, pcm: bytes) -> None: ...
    def stop(self) -> None: ...
    async def close(self) -> None: ...


async def caller_rings(pbx: AriPbx, call: str) -> str:
    """A caller in extension 7 dials 77; returns the id of the channel that enters the application."""
    query = {"endpoint": "Local/77@ari-app-entry/n", "context": "sandbox-callers", "extension": "7", "priority": "1"}
    await pbx.client.http.request("POST", "channels", call, query={**query, "callerId": '"David" <555>'})
    return f"{call};2"


async def test_a_whole_conversations_channels_are_made_heard_and_torn_down(pbx: AriPbx) -> None:
    heard = Heard(pbx)
    caller = await caller_rings(pbx, "call-1")
    entered = await heard.until(ChannelEntered, caller)
    assert isinstance(entered, ChannelEntered)
    assert (entered.caller_number, entered.caller_name, entered.dialled) == ("555", "David", "77")
    await pbx.answer(caller)
    await pbx.create_bridge("talk-1", "conversation")
    await pbx.add_channel("talk-1", caller)
    leg = UnheardLeg()
    await pbx.snoop(caller, snoop_id="snoop-1", spy="in")
    await pbx.external_media("media-1", leg)
    assert leg.told["UNICASTRTP_LOCAL_ADDRESS"] == "127.0.0.1" and int(leg.told["UNICASTRTP_LOCAL_PORT"]) > 0
    await pbx.create_bridge("ears-1", "ears")
    await pbx.add_channel("ears-1", "snoop-1")  # at once: no 422
    await pbx.add_channel("ears-1", "media-1")
    await heard.until(DigitReceived(caller, "5"))
    await pbx.hang_up("call-1")
    gone = await heard.until(ChannelLeft, caller)
    assert isinstance(gone, ChannelLeft) and gone.destroyed
    await heard.until(ChannelLeft, "snoop-1")
    await pbx.hang_up("media-1")
    for bridge_id in ("talk-1", "ears-1", "ears-1"):
        await pbx.destroy_bridge(bridge_id)
    await pbx.hang_up("media-1")
    await heard.until(ChannelLeft, "media-1")
    assert (await pbx.channels(), await pbx.bridges(), await pbx.application_channels()) == ({}, [], [])
    helpers = {event.channel_id for event in heard.events if isinstance(event, ChannelEntered)}
    assert helpers == {caller}


async def test_a_hundred_snoops_at_once_can_all_be_bridged_at_once(pbx: AriPbx) -> None:
    heard = Heard(pbx)
    caller = await caller_rings(pbx, "call-2")
    await heard.until(ChannelEntered, caller)
    await pbx.create_bridge("many", "many")

    async def one(number: int) -> None:
        await pbx.snoop(caller, snoop_id=f"many-{number:03}", spy="in")
        await pbx.add_channel("many", f"many-{number:03}")

    await asyncio.gather(*(one(number) for number in range(100)))
    assert len((await pbx.client.bridges())[0].channels) == 100
    await pbx.hang_up("call-2")
    await heard.until(ChannelLeft, caller)
    await pbx.destroy_bridge("many")


async def test_an_originated_local_channel_that_fails_is_told_though_it_never_entered(pbx: AriPbx) -> None:
    heard = Heard(pbx)
    await pbx.originate("leg-1", "Local/nobody@nowhere/n", caller_id="555", variables={}, timeout=10)
    left = await heard.until(ChannelLeft, "leg-1")
    assert isinstance(left, ChannelLeft) and left.destroyed


async def test_a_queue_without_agents_gives_the_leg_up_and_it_is_told(pbx: AriPbx) -> None:
    heard = Heard(pbx)
    variables = {"__ARI_APP_CALL": "call-3", "ARI_APP_WAIT": "1"}
    await pbx.originate("leg-2", "Local/support@ari-app-queue/n", caller_id="555", variables=variables, timeout=30)
    left = await heard.until(ChannelLeft, "leg-2")
    assert isinstance(left, ChannelLeft) and left.destroyed
    assert not any(isinstance(event, ChannelEntered) for event in heard.events)


async def test_what_is_gone_is_channel_gone_or_success_as_the_protocol_says(pbx: AriPbx) -> None:
    await pbx.create_bridge("bridge-1", "x")
    for work in (
        pbx.answer("nobody"),
        pbx.add_channel("bridge-1", "nobody"),
        pbx.add_channel("no-bridge", "nobody"),
        pbx.set_variable("nobody", "A", "1"),
        pbx.subscribe("nobody"),
        pbx.snoop("nobody", snoop_id="snoop-2", spy="in"),
        pbx.continue_in_dialplan("nobody", "a", "b"),
    ):
        with pytest.raises(ChannelGone):
            await work
    await pbx.remove_channel("bridge-1", "nobody")
    await pbx.remove_channel("no-bridge", "nobody")
    await pbx.hang_up("nobody")
    await pbx.destroy_bridge("bridge-1")
    await pbx.destroy_bridge("bridge-1")
    with pytest.raises(AriRefused):
        await pbx.send_text("PJSIP/agent9", "sip:ari-app@127.0.0.1", "card")
    with pytest.raises(AriRefused, match="Allocation failed"):
        await pbx.originate("leg-3", "PJSIP/agent9", caller_id="555", variables={}, timeout=5)


async def test_connecting_again_within_milliseconds_never_ends_deaf(pbx: AriPbx, access: AriAccess) -> None:
    await pbx.close()
    for attempt in range(8):
        again = AriPbx(access, reconnect=Reconnect(first_delay=0.05, check_every=0.2))
        await again.start()
        heard = Heard(again)
        caller = await caller_rings(again, f"again-{attempt}")
        await heard.until(ChannelEntered, caller)
        await again.hang_up(f"again-{attempt}")
        await again.close()
    await pbx.start()


async def test_asterisk_restarts_then_the_lost_call_is_told_and_new_ones_are_heard(pbx: AriPbx, running: dict[str, Any]) -> None:
    heard = Heard(pbx)
    caller = await caller_rings(pbx, "call-4")
    await heard.until(ChannelEntered, caller)
    await asyncio.to_thread(sandbox, "restart", "asterisk", "--dir", running["dir"])
    await heard.until(PbxConnection("ari", up=True))
    assert PbxConnection("ari", up=False) in heard.events
    assert [event for event in heard.events if isinstance(event, ChannelLeft)][-1].destroyed
    await pbx.originate("leg-5", "Local/102@sandbox-callers/n", caller_id="555", variables={}, timeout=10)
    await heard.until(ChannelEntered, "leg-5")


async def test_wrong_credentials_are_told_from_an_asterisk_that_does_not_run(access: AriAccess) -> None:
    wrong = AriPbx(AriAccess(access.url, access.username, "guessed", access.app))
    with pytest.raises(NotLetIn, match="does not let the user 'ari-app' in") as caught:
        await wrong.start(within=30)
    assert "[ari-app]" in caught.value.remedy


async def test_a_web_server_that_has_no_ari_at_this_path_is_told(access: AriAccess) -> None:
    elsewhere = AriPbx(AriAccess(access.url.replace("/ari", "/pbx/ari"), access.username, access.password, access.app))
    with pytest.raises(NotLetIn, match="no ARI"):
        await elsewhere.start(within=30)


async def test_the_version_and_the_modules_that_the_application_needs_are_there(pbx: AriPbx) -> None:
    assert (await pbx.server_info())[0] >= 16
    needed = ["res_stasis", "res_stasis_snoop", "res_ari_channels", "chan_rtp", "app_queue", "res_agi", "res_pjsip_messaging"]
    assert await pbx.missing_modules([*needed, "res_invented"]) == ["res_invented"]
