"""A real queue, a real desk phone: what the agent hears between pick-up and bridge, and what AMI tells about it.

ASTERISK_SUITE chooses the version; `-s` shows the figures.
"""

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ari_app.asterisk import agi_pickup
from ari_app.asterisk.ami import Ami
from ari_app.asterisk.ari_http import AriAccess
from ari_app.asterisk.fastagi import FastAgiServer
from ari_app.asterisk.media.loopback import locate, sweep
from ari_app.asterisk.media.rtp import RtpMediaFactory
from ari_app.asterisk.pbx import AriPbx
from ari_app.errors import ChannelGone
from ari_app.rehearsal.phone import Account, Phone
from ari_app.rehearsal.phone_call import PhoneCall
from ari_app.session.ports import (
    AgentAtPickUp,
    AgentDeclined,
    AgentFinished,
    AgentJoined,
    AgentRinging,
    ChannelEntered,
    MediaDirection,
    PbxConnection,
    PbxEvent,
    QueueLeft,
)

SANDBOX = str(Path(__file__).parents[2] / "scripts" / "sandbox")
WHISPER_SECONDS = 1.5


def sandbox(*arguments: str) -> str:
    return subprocess.run([SANDBOX, *arguments], check=True, capture_output=True, text=True, timeout=600).stdout


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = str(tmp_path_factory.mktemp("pickup") / "sb")
    yield json.loads(sandbox("up", "--no-app", "--json", "--dir", folder))
    sandbox("down", "--dir", folder)


@dataclass
class Office:
    """The application's adapters, one desk phone, and everything that was told, with the moment."""

    pbx: AriPbx
    ami: Ami
    media: RtpMediaFactory
    phone: Phone
    told: list[tuple[float, PbxEvent]] = field(default_factory=list)
    calls: list[PhoneCall] = field(default_factory=list)
    whisper: Callable[["Office", AgentAtPickUp], Awaitable[None]] | None = None
    moments: dict[str, float] = field(default_factory=dict)
    whispering: asyncio.Event = field(default_factory=asyncio.Event)
    leg_id: str = ""

    async def fetch_agent(self, wait: int = 20) -> None:
        self.leg_id = f"leg-{time.monotonic_ns()}"
        variables = {"__ARI_APP_CALL": "call-7", "__ARI_APP_WHISPER_MODE": "before", "ARI_APP_WAIT": str(wait)}
        await self.pbx.originate(
            self.leg_id,
            "Local/support@ari-app-queue/n",
            caller_id='"Wedding bag" <+15557654321>',
            variables=variables,
            timeout=60,
        )

    async def until(self, wanted: type[PbxEvent] | PbxEvent, within: float = 10.0) -> tuple[float, Any]:
        """The first such event, now or later."""
        async with asyncio.timeout(within):
            while True:
                for at, event in self.told:
                    if event == wanted or type(event) is wanted:
                        return at, event
                await asyncio.sleep(0.01)

    async def desk_is_ready(self) -> None:
        """The queue learns of a registration a moment later."""
        async with asyncio.timeout(5):
            while not (await self.ami.queue_status("support")).members[0].available:  # noqa: ASYNC110 - it must be asked
                await asyncio.sleep(0.02)

    def stamp(self, what: str) -> None:
        self.moments[what] = time.monotonic()

    def heard_by_agent(self) -> tuple[float, float]:
        """How well the whisper is found in what the phone heard, and when it began (monotonic)."""
        origin = self.moments["picked up"] - 0.5
        track = self.calls[0].rtp.heard(origin, time.monotonic())
        likeness, at = locate(sweep(WHISPER_SECONDS, 8000), np.asarray(track.samples, dtype="<i2").tobytes(), 8000)
        return likeness, origin + at


async def give_whisper(office: Office, agent: AgentAtPickUp) -> None:
    """As the application does it: snoop on the agent's channel, external media, one bridge."""
    office.stamp("picked up")
    mouth = await office.media.open("whisper", MediaDirection.SPEAK)
    try:
        await office.pbx.create_bridge("whisper", "whisper")
        await office.pbx.snoop(agent.channel_id, snoop_id="whisper-snoop", whisper="out")
        await office.pbx.external_media("whisper-media", mouth)
        await office.pbx.add_channel("whisper", "whisper-snoop")
        await office.pbx.add_channel("whisper", "whisper-media")
        office.stamp("whisper starts")
        office.whispering.set()
        speaking = asyncio.create_task(mouth.play(sweep(WHISPER_SECONDS, 8000)))
        try:
            key = await agent.wait_for_key(WHISPER_SECONDS + 0.2)
            office.moments[f"key {key}"] = time.monotonic()
        except ChannelGone:
            office.stamp("gone")
        mouth.stop()
        await speaking
    finally:
        await mouth.close()
        for channel_id in ("whisper-snoop", "whisper-media"):
            await office.pbx.hang_up(channel_id)
        await office.pbx.destroy_bridge("whisper")
    office.stamp("released")
    await agent.release()


@asynccontextmanager
async def open_office(running: dict[str, Any], on_ring: Callable[[PhoneCall], None]) -> AsyncIterator[Office]:
    ari, ami, agent = running["ari"], running["ami"], running["agents"][0]
    async with Phone(Account(agent["username"], agent["password"], running["sip"]["host"], running["sip"]["port"])) as phone:
        office = Office(
            AriPbx(AriAccess(ari["url"], ari["username"], ari["password"], ari["app"])),
            Ami(ami["host"], ami["port"], ami["username"], ami["password"], backoff=(0.1, 0.5)),
            RtpMediaFactory("127.0.0.1"),
            phone,
            whisper=give_whisper,
        )

        async def note(source: AsyncIterator[PbxEvent]) -> None:
            async for event in source:
                office.told.append((time.monotonic(), event))

        async def on_pick_up(held: AgentAtPickUp) -> None:
            if office.whisper is not None:
                await office.whisper(office, held)

        async def on_queue_left(event: QueueLeft) -> None:
            office.told.append((time.monotonic(), event))

        def ring(call: PhoneCall) -> None:
            office.calls.append(call)
            on_ring(call)

        server = FastAgiServer(running["agi"]["host"], running["agi"]["port"], on_pick_up=on_pick_up, on_queue_left=on_queue_left)
        await office.pbx.start()
        await office.ami.start()
        await server.start()
        noting = [asyncio.create_task(note(source)) for source in (office.pbx.events(), office.ami.events())]
        phone.on_call = ring
        await phone.register()
        await office.desk_is_ready()
        try:
            yield office
        finally:
            for channel_id in await office.pbx.channels():
                await office.pbx.hang_up(channel_id)
            await server.close()
            await office.ami.close()
            await office.media.close()
            await office.pbx.close()
            await asyncio.gather(*noting)


def pick_up(call: PhoneCall) -> None:
    asyncio.get_running_loop().call_later(0.2, lambda: asyncio.ensure_future(call.answer()))


@pytest.mark.parametrize("sound", ["silence/10", "no/such/sound"])
async def test_agent_hears_the_whisper_while_held_and_is_joined_at_once_when_released(
    running: dict[str, Any], monkeypatch: pytest.MonkeyPatch, sound: str
) -> None:
    monkeypatch.setattr(agi_pickup, "_SILENCE_SOUND", sound)
    async with open_office(running, pick_up) as office:
        await office.fetch_agent()
        joined_at, joined = await office.until(AgentJoined)
        entered_at, _ = await office.until(ChannelEntered)
        likeness, began = office.heard_by_agent()
        _, ringing = await office.until(AgentRinging)
        status = await office.ami.queue_status("support")
        await office.calls[0].hang_up()
        _, finished = await office.until(AgentFinished)
    asked, released = office.moments["whisper starts"], office.moments["released"]
    print(f"whisper heard {1000 * (began - asked):.0f} ms after its start, likeness {likeness:.3f};", end=" ")
    print(f"picked up to start {1000 * (asked - office.moments['picked up']):.0f} ms;", end=" ")
    print(f"release to bridge {1000 * (entered_at - released):.0f} ms")
    assert likeness > 0.9, f"{office.moments} {office.told} {office.calls[0].rtp.packets_heard}"
    assert began - asked < 0.2
    assert joined_at > released and entered_at - released < 0.1
    assert ringing.queue_leg_id == joined.queue_leg_id == finished.queue_leg_id == office.leg_id
    assert ringing.agent_channel_id == joined.agent_channel_id == finished.agent_channel_id
    assert (ringing.interface, finished.reason) == ("PJSIP/agent1", "agent")
    assert [member.in_call for member in status.members] == [True, False, False, False]


async def test_no_channel_of_the_handover_is_resampled_so_that_no_whisper_is_slowed_down(running: dict[str, Any]) -> None:
    async with open_office(running, pick_up) as office:
        await office.fetch_agent()
        await office.until(ChannelEntered)
        names = [name for name in (await office.pbx.channels()).values() if name.startswith(("Local/", "PJSIP/"))]
        shown = [sandbox("cli", "--dir", running["dir"], "core", "show", "channel", name) for name in names]
    assert len(shown) == 3  # both halves of the leg, and the agent's phone
    assert [line for text in shown for line in text.splitlines() if "192" in line and "ormat" in line] == []


async def test_a_key_ends_the_whisper(running: dict[str, Any]) -> None:
    async with open_office(running, pick_up) as office:
        await office.fetch_agent()
        await asyncio.wait_for(office.whispering.wait(), 5)
        await asyncio.sleep(0.3)
        office.calls[0].press("5")
        entered_at, _ = await office.until(ChannelEntered)
    assert office.moments["key 5"] - office.moments["whisper starts"] < 0.9
    assert entered_at - office.moments["released"] < 0.1


async def test_agent_hangs_up_during_the_whisper_then_the_whisper_is_told_and_the_leg_ends(running: dict[str, Any]) -> None:
    async with open_office(running, pick_up) as office:
        await office.fetch_agent()
        await asyncio.wait_for(office.whispering.wait(), 5)
        hung_up = time.monotonic()
        await office.calls[0].hang_up()
        _, finished = await office.until(AgentFinished)
        _, ringing = await office.until(AgentRinging)
    assert office.moments["gone"] - hung_up < 0.3
    assert finished.agent_channel_id == ringing.agent_channel_id
    assert finished.talk_seconds == 0


async def test_agent_declines_then_it_is_told_with_no_time_rung(running: dict[str, Any]) -> None:
    async with open_office(running, lambda call: call.decline()) as office:
        await office.fetch_agent(wait=2)
        _, declined = await office.until(AgentDeclined)
        _, left = await office.until(QueueLeft)
    assert (declined.queue_leg_id, declined.interface, declined.ring_seconds) == (office.leg_id, "PJSIP/agent1", 0.0)
    assert left == QueueLeft("call-7", "TIMEOUT")


async def test_a_whisper_that_fails_leaves_the_agent_with_the_caller(running: dict[str, Any]) -> None:
    async def fail(office: Office, agent: AgentAtPickUp) -> None:
        raise RuntimeError("no voice")

    async with open_office(running, pick_up) as office:
        office.whisper = fail
        await office.fetch_agent()
        await office.until(ChannelEntered)


async def test_asterisk_restarts_then_ami_says_so_and_comes_back(running: dict[str, Any]) -> None:
    async with open_office(running, pick_up) as office:
        assert await office.ami.queues() == ["compliance", "emergencies", "support"]
        await asyncio.to_thread(sandbox, "restart", "asterisk", "--dir", running["dir"])
        await office.until(PbxConnection("ami", up=False))
        await office.until(PbxConnection("ami", up=True))
        assert (await office.ami.queue_status("support")).exists
        assert not (await office.ami.queue_status("no such queue")).exists
