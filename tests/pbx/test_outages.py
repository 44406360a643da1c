"""Asterisk, its connections or Redis go away during a call: the caller keeps his call, and the log says so once."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from ari_app.cli_rehearse import HttpApplication
from ari_app.rehearsal.report import Report
from ari_app.rehearsal.timeline import Joined
from tests.pbx.box import Box, failure, moments
from tests.pbx.cable import Cable

CALLER = """
caller: {number: "+15557654321", name: Ana Lopez, voice: rms}
steps:
  - wait: greeting
"""
HUMAN = """
  - say: {text: "can i talk to a real person please", deciding: true}
  - wait: {agent: speaking, timeout: 60}
  - wait: {agent: gone, timeout: 60}
  - hang up
"""
AGENT = """
agents:
  - {name: one, account: agent1, answers_after: 1.0, voice: awb, says: ["Hello Ana."], hangs_up_after: 0.5}
"""


class WiredBox(Box):
    """A sandbox whose application reaches Asterisk, and is reached by it, through cables that can be cut."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts = json.loads(self.sandbox("up", "--no-app", "--json"))
        ports = self.facts["ports"]
        self.ari, self.ami = Cable(0, ports["ari"]), Cable(0, ports["ami"])
        own_agi_port = ports["http"] + 1_000
        file = Path(self.facts["config"])
        tree = YAML(typ="safe").load(file.read_text())
        tree["asterisk"].update(
            ari_url=f"http://127.0.0.1:{self.ari.port}/ari", ami_port=self.ami.port, agi_port=own_agi_port, request_timeout=2.0
        )
        with file.open("w") as out:
            YAML().dump(tree, out)
        self.facts = json.loads(self.sandbox("up", "--json"))
        self.agi = Cable(ports["agi"], own_agi_port)  # last: `up` wants this port to be free

    def down(self) -> None:
        super().down()
        for cable in (self.ari, self.ami, self.agi):
            cable.close()

    def log(self) -> str:
        return (self.folder / "log" / "app.log").read_text()

    async def happens(self, wanted: str, **fields: str) -> Mapping[str, Any]:
        """The next event of this type, with these fields, that the application tells."""
        async with asyncio.timeout(60):
            async for event in HttpApplication(self.facts["http"]).events():
                if event.get("type") == wanted and all(event.get(name) == value for name, value in fields.items()):
                    return event
        raise AssertionError(f"the application ended before: {wanted}")

    async def begins(self, script: str, folder: Path) -> tuple[asyncio.Task[Report], Mapping[str, Any]]:
        """The rehearsal under way, and the application's greeting in it."""
        greeting = asyncio.create_task(self.happens("said", party="assistant"))
        await asyncio.sleep(0.5)  # it listens now
        rehearsal = asyncio.create_task(self.play(script, folder))
        return rehearsal, await greeting

    async def record(self, what: str, **fields: str) -> dict[str, Any]:
        """The newest record, once it has these fields."""
        for _ in range(40):
            newest = (await asyncio.to_thread(self.records, what) or [{}])[0]
            if all(newest.get(name) == value for name, value in fields.items()):
                return newest
            await asyncio.sleep(0.5)
        raise AssertionError(f"the newest of {what} is {newest}")


class Log:
    """What the application has logged since this was made."""

    def __init__(self, box: WiredBox) -> None:
        self._box, self._start = box, len(box.log())

    def count(self, message: str) -> int:
        return self.text.count(message)

    @property
    def text(self) -> str:
        return self._box.log()[self._start :]

    async def says(self, message: str, within: float = 20.0) -> None:
        for _ in range(int(within / 0.1)):
            if message in self.text:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"not logged: {message}\n{self.text}")


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WiredBox]:
    box = WiredBox(tmp_path_factory.mktemp("outages") / "sb")
    yield box
    box.down()


@pytest.fixture
def log(box: WiredBox) -> Iterator[Log]:
    log = Log(box)
    yield log
    assert "Traceback" not in log.text and "call crashed" not in log.text, log.text


async def test_redis_is_killed_in_a_call_then_the_handover_goes_on_and_is_recorded_when_redis_is_back(
    box: WiredBox, log: Log, tmp_path: Path
) -> None:
    rehearsal, greeting = await box.begins(f"name: no redis\n{CALLER}{HUMAN}{AGENT}", tmp_path)
    os.kill((await asyncio.to_thread(box.pids))["redis"], signal.SIGKILL)
    report = await rehearsal
    assert report.failure is None and not any(report.leftovers.values()), failure(report)
    assert any(isinstance(event, Joined) for event in report.timeline)
    await asyncio.to_thread(box.sandbox, "restart", "redis")
    await log.says("redis is back")
    handover = await box.record("handovers", outcome="answered")
    call = await box.record("calls", call_id=handover["call_id"], state="ended")
    assert len(call["turns"]) >= 3 and call["call_id"] == greeting["call_id"]
    assert log.count("redis is away") == log.count("redis is back") == 1, log.text


async def test_both_connections_to_asterisk_break_in_a_call_then_they_come_back_and_the_handover_works(
    box: WiredBox, log: Log, tmp_path: Path
) -> None:
    rehearsal, _ = await box.begins(f"name: cut\n{CALLER}{HUMAN}{AGENT}", tmp_path)
    await asyncio.to_thread(box.ari.cut)
    await asyncio.to_thread(box.ami.cut)
    await asyncio.sleep(2.5)
    await asyncio.to_thread(box.ari.mend)
    await asyncio.to_thread(box.ami.mend)
    await log.says("ari_connection_back")
    await log.says("AMI connection is back")
    report = await rehearsal
    assert report.failure is None and not any(report.leftovers.values()), failure(report)
    handover = await box.record("handovers", outcome="answered", whispering="heard")
    assert handover["agent_interface"] == "PJSIP/agent1"
    assert log.count("ari_connection_lost") == log.count("ari_connection_back") == 1, log.text
    assert log.count("AMI connection lost") == log.count("AMI connection is back") == 1, log.text


async def test_the_event_socket_is_away_while_the_agent_picks_up_then_both_are_joined_when_it_is_back(
    box: WiredBox, log: Log, tmp_path: Path
) -> None:
    rehearsal = asyncio.create_task(box.play(f"name: cut at pick-up\n{CALLER}{HUMAN}{AGENT}", tmp_path))
    await box.happens("agent rings")
    await asyncio.to_thread(box.ari.cut)
    await asyncio.sleep(3.0)
    await asyncio.to_thread(box.ari.mend)
    report = await rehearsal
    assert report.failure is None and not any(report.leftovers.values()), f"{failure(report)}\n{log.text}"
    assert moments(report, "agent picked up")
    await box.record("handovers", outcome="answered")


async def test_a_caller_comes_while_the_event_socket_is_dead_unnoticed_then_he_is_greeted_when_it_is_back(
    box: WiredBox, log: Log, tmp_path: Path
) -> None:
    await asyncio.to_thread(box.ari.freeze)
    try:
        rehearsal = asyncio.create_task(box.play(f"name: unnoticed\n{CALLER}  - hang up\n", tmp_path))
        await asyncio.sleep(2.0)
        assert "caller entered" not in log.text  # Asterisk has told it to the dead connection
    finally:
        await asyncio.to_thread(box.ari.thaw)
    report = await rehearsal
    assert report.failure is None and not any(report.leftovers.values()), failure(report)
    assert log.count("caller entered") == 1 and log.count("channel_entered_unnoticed") == 1, log.text


async def test_the_fastagi_server_is_away_at_pick_up_then_the_agent_is_joined_without_a_whisper(
    box: WiredBox, log: Log, tmp_path: Path
) -> None:
    await asyncio.to_thread(box.agi.cut)
    try:
        report = await box.play(f"name: no whisper\n{CALLER}{HUMAN}{AGENT}", tmp_path)
    finally:
        await asyncio.to_thread(box.agi.mend)
    assert report.failure is None and not any(report.leftovers.values()), failure(report)
    assert any(isinstance(event, Joined) for event in report.timeline)
    handover = await box.record("handovers", outcome="answered")
    assert handover["whispering"] != "heard"


async def test_asterisk_is_restarted_in_a_call_then_its_record_is_closed_and_the_next_call_works(
    box: WiredBox, log: Log, tmp_path: Path
) -> None:
    lost, event = await box.begins(f"name: lost\n{CALLER}  - wait: {{for: hangup, timeout: 40}}\n", tmp_path / "lost")
    os.kill((await asyncio.to_thread(box.pids))["asterisk"], signal.SIGKILL)
    await log.says("ari_connection_lost")
    await asyncio.to_thread(box.sandbox, "restart", "asterisk")
    await log.says("ari_connection_back", within=40)
    await log.says("AMI connection is back", within=40)
    await box.record("calls", call_id=event["call_id"], state="ended")
    lost.cancel()
    await asyncio.gather(lost, return_exceptions=True)
    report = await box.play(f"name: next\n{CALLER}{HUMAN}{AGENT}", tmp_path / "next")
    assert report.failure is None and not any(report.leftovers.values()), failure(report)
    assert log.count("ari_connection_lost") == log.count("ari_connection_back") == 1, log.text
    assert log.count("AMI connection lost") == log.count("AMI connection is back") == 1, log.text
