"""The AMI wrapper against recorded traffic of Asterisk 16 and 22, and against servers that fail in every known way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog

from ari_app.asterisk.ami import Ami
from ari_app.asterisk.ami_events import AgentChannels, QueueMember, translate
from ari_app.asterisk.ami_session import AmiSession
from ari_app.errors import NotReachable
from ari_app.session.ports import AgentDeclined, AgentFinished, AgentJoined, AgentRinging, PbxConnection, PbxEvent
from tests.contract.ami.fake_ami import RECORDINGS, FakeAmi, fake_ami, recorded, recorded_answer


@asynccontextmanager
async def connected(server: FakeAmi, **options: object) -> AsyncIterator[Ami]:
    settings: dict[str, object] = {"timeout": 1.0, "backoff": (0.02, 0.1), **options}
    ami = Ami("127.0.0.1", server.port, "user", "right", **settings)  # type: ignore[arg-type]
    await ami.start()
    try:
        yield ami
    finally:
        await ami.close()


async def take(ami: Ami, count: int) -> list[PbxEvent]:
    events: list[PbxEvent] = []
    async with asyncio.timeout(3):
        async for event in ami.events():
            events.append(event)
            if len(events) == count:
                break
    return events


@pytest.mark.parametrize("name", RECORDINGS)
async def test_recorded_calls_become_what_the_agents_did(name: str) -> None:
    """Recorded: agent1 declines until the queue leg goes; answers, talks and hangs up; answers and hangs up while held."""
    async with fake_ami() as server, connected(server) as ami:
        await server.send(b"".join(message + b"\r\n\r\n" for message in recorded(name) if b"ActionID" not in message))
        events = await take(ami, 14)
    kinds = [type(event) for event in events]
    assert kinds == [AgentRinging, AgentDeclined] * 4 + [AgentRinging, AgentJoined, AgentFinished] * 2
    ringing, declined = events[0], events[1]
    assert isinstance(ringing, AgentRinging) and isinstance(declined, AgentDeclined)
    assert (ringing.queue, ringing.interface, ringing.member_name) == ("support", "PJSIP/agent1", "Agent One")
    assert declined.agent_channel_id == ringing.agent_channel_id != ""
    assert declined.ring_seconds == 0
    joined, finished = events[9], events[10]
    assert isinstance(joined, AgentJoined) and isinstance(finished, AgentFinished)
    assert joined.queue_leg_id == finished.queue_leg_id != ringing.queue_leg_id
    assert (finished.reason, finished.agent_channel_id) == ("agent", joined.agent_channel_id)
    assert finished.talk_seconds == {"asterisk-16": 1.0, "asterisk-22": 2.0}[name]
    left = events[13]
    assert isinstance(left, AgentFinished) and left.talk_seconds == 0
    assert left.agent_channel_id == events[12].agent_channel_id != ""  # type: ignore[union-attr]


def test_ring_time_of_an_unanswered_phone_is_in_milliseconds() -> None:
    event = translate({"Event": "AgentRingNoAnswer", "Uniqueid": "q1;2", "Linkedid": "caller", "RingTime": "15000"})
    assert isinstance(event, AgentDeclined)
    assert (event.queue_leg_id, event.ring_seconds) == ("q1", 15.0)


@pytest.mark.parametrize("missing", [("DestUniqueid",), ("DestUniqueid", "Uniqueid", "Linkedid")])
def test_an_end_without_channels_is_known_by_the_agents_interface(missing: tuple[str, ...]) -> None:
    """As 22.10 sends it when the agent hung up while he was held."""
    channels = AgentChannels()
    leg = {"Uniqueid": "q1;2", "Linkedid": "q1", "DestUniqueid": "a1", "Interface": "PJSIP/agent1"}
    other = {"Uniqueid": "q2;2", "Linkedid": "q2", "DestUniqueid": "a2", "Interface": "PJSIP/agent2"}
    for called in (leg, other):
        channels.complete({"Event": "AgentCalled", **called})
    bare = {name: value for name, value in leg.items() if name not in missing}
    for event, kind in (("AgentConnect", AgentJoined), ("AgentComplete", AgentFinished)):
        told = translate(channels.complete({"Event": event, **bare}))
        assert isinstance(told, kind)
        assert (told.queue_leg_id, told.agent_channel_id) == ("q1", "a1")
    assert channels.complete({"Event": "AgentComplete", **bare})["DestUniqueid"] == ""


@pytest.mark.parametrize("headers", [{}, {"Event": "Hangup"}, {"Event": "QueueMemberStatus", "Queue": "support"}])
def test_other_events_mean_nothing(headers: dict[str, str]) -> None:
    assert translate(headers) is None


@pytest.mark.parametrize("name", RECORDINGS)
async def test_queue_status_tells_members_and_callers(name: str) -> None:
    async with fake_ami() as server, connected(server) as ami:
        server.answers = {"QueueStatus": recorded_answer(name, "3"), "QueueSummary": recorded_answer(name, "4")}
        status = await ami.queue_status("support")
        assert await ami.queues() == ["compliance", "emergencies", "support"]
    assert status.exists and status.callers_waiting == 0
    assert [member.name for member in status.members] == ["Agent One", "Agent Two", "Agent Three", "Agent Four"]
    first = status.members[0]
    assert first == QueueMember("PJSIP/agent1", "Agent One", "unavailable", False, False, first.last_call)
    assert first.last_call > 1_700_000_000 and not first.available


@pytest.mark.parametrize("name", RECORDINGS)
async def test_a_queue_that_is_not_there_does_not_exist(name: str) -> None:
    async with fake_ami() as server, connected(server) as ami:
        server.answers = {"QueueStatus": recorded_answer(name, "5")}
        assert not (await ami.queue_status("nix")).exists


async def test_wrong_secret_names_manager_conf_and_not_the_secret() -> None:
    async with fake_ami() as server:
        ami = Ami("127.0.0.1", server.port, "user", "wrong-secret", timeout=1.0)
        with pytest.raises(NotReachable, match="refuses user 'user'") as caught:
            await ami.start()
        await ami.close()
    assert "[user] in manager.conf" in caught.value.remedy
    assert "wrong-secret" not in str(caught.value)


async def test_nobody_listening_is_told_apart_from_wrong_credentials() -> None:
    async with fake_ami() as server:
        port = server.port
    ami = Ami("127.0.0.1", port, "user", "right", timeout=1.0)
    with pytest.raises(NotReachable, match="does not answer") as caught:
        await ami.start()
    assert "start Asterisk" in caught.value.remedy
    await ami.close()


async def test_a_line_end_in_a_value_begins_no_action() -> None:
    async with fake_ami() as server, connected(server) as ami:
        await ami.action("QueueAdd", Queue="support\r\n\r\nAction: Command\r\nCommand: core stop now", Interface="a\nb\u2028c")
    assert [action["Action"] for action in server.actions] == ["Login", "Events", "QueueAdd"]
    assert server.actions[-1]["Queue"] == "support  Action: Command Command: core stop now"
    assert server.actions[-1]["Interface"] == "a b c"


async def test_an_action_without_an_answer_ends_and_leaves_the_connection_usable() -> None:
    async with fake_ami() as server, connected(server, timeout=0.1) as ami:
        server.mute = {"QueueStatus"}
        with pytest.raises(NotReachable, match="did not answer the action QueueStatus"):
            await ami.queue_status("support")
        assert (await ami.action("Ping"))[0]["Response"] == "Success"
        assert ami.up


async def test_silent_peer_is_noticed_and_the_connection_made_again() -> None:
    async with fake_ami() as server, connected(server, timeout=0.1, ping_interval=0.05) as ami:
        server.mute = {"Ping"}
        assert await take(ami, 1) == [PbxConnection("ami", up=False)]
        server.mute = set()
        assert await take(ami, 1) == [PbxConnection("ami", up=True)]
        assert server.connections >= 2


async def test_asterisk_dies_and_comes_back_then_it_is_said_once() -> None:
    with structlog.testing.capture_logs() as logs:
        async with fake_ami() as server, connected(server) as ami:
            await server.stop()
            assert await take(ami, 1) == [PbxConnection("ami", up=False)]
            assert not ami.up
            with pytest.raises(NotReachable):
                await ami.queue_status("support")
            await asyncio.sleep(0.3)  # several attempts
            await server.start()
            assert await take(ami, 1) == [PbxConnection("ami", up=True)]
            assert ami.up
    said = [entry["event"] for entry in logs]
    assert said == ["AMI connection lost, trying again", "AMI cannot be reached", "AMI connection is back"]


async def test_close_leaves_no_reconnect_behind() -> None:
    async with fake_ami() as server:
        async with connected(server) as ami:
            await server.stop()
            await take(ami, 1)
        await server.start()
        seen = server.connections
        await asyncio.sleep(0.3)
        assert server.connections == seen
        assert [event async for event in ami.events()] == []


async def test_closing_twice_and_before_start_is_harmless() -> None:
    ami = Ami("127.0.0.1", 1, "user", "right")
    await ami.close()
    await ami.close()


async def test_an_exception_in_an_event_handler_does_not_end_the_connection() -> None:
    def explode(headers: object) -> None:
        raise RuntimeError("handler")

    async with fake_ami() as server:
        session = AmiSession(explode, timeout=1.0)
        with structlog.testing.capture_logs() as logs:
            await session.open("127.0.0.1", server.port, "user", "right", "agent")
            await server.send(b"Event: AgentCalled\r\n\r\n")
            assert (await session.act("Ping"))[0]["Response"] == "Success"
        session.close()
    assert [entry["event"] for entry in logs] == ["AMI event could not be handled"]


async def test_a_character_cut_in_two_by_tcp_stays_whole() -> None:
    message = "Event: AgentCalled\r\nMemberName: Jörg Müller\r\nQueue: support\r\n\r\n".encode()
    cut = message.index("ö".encode()) + 1
    async with fake_ami() as server, connected(server) as ami:
        await server.send(message[:cut], message[cut:])
        (event,) = await take(ami, 1)
    assert isinstance(event, AgentRinging) and event.member_name == "Jörg Müller"


async def test_a_message_without_an_end_ends_the_connection_not_the_memory() -> None:
    with structlog.testing.capture_logs():
        async with fake_ami() as server, connected(server) as ami:
            await server.send(b"Event: AgentCalled\r\nQueue: " + b"x" * (1 << 21))
            assert await take(ami, 2) == [PbxConnection("ami", up=False), PbxConnection("ami", up=True)]


async def test_unread_events_are_dropped_oldest_first_and_counted() -> None:
    with structlog.testing.capture_logs() as logs:
        async with fake_ami() as server, connected(server, queue_limit=3) as ami:
            await server.send(b"".join(f"Event: AgentCalled\r\nUniqueid: q{n};2\r\n\r\n".encode() for n in range(5)))
            await ami.action("Ping")
            events = await take(ami, 3)
            assert ami.dropped_events == 2
    assert [event.queue_leg_id for event in events if isinstance(event, AgentRinging)] == ["q2", "q3", "q4"]
    assert [entry["event"] for entry in logs] == ["AMI events are not read, dropping the oldest"]
