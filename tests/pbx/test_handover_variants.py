"""The main job in its other forms: whispered over the conversation, over WebSocket media, and on Asterisk 16."""

from pathlib import Path

import pytest

from ari_app.rehearsal.timeline import Joined
from tests.pbx.box import Box, failure, moments
from tests.pbx.test_handover import HUMAN

PLAIN = f"""
name: a person please
{HUMAN}
  - chat: ["okay thank you"]
    until: {{agent: speaking, timeout: 60}}
  - wait: {{for: hangup, timeout: 60}}
agents:
  - {{name: one, account: agent1, answers_after: 1.0, voice: awb, says: ["Hello Ana, how can I help you?"], hangs_up_after: 3.0}}
expect: {{handover: true, number: "+15557654321", whisper_heard_by_agent: true, whisper_heard_by_caller: false}}
"""


@pytest.fixture
def boxed(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest):
    """A box of one's own with changed settings; it is stopped after the test."""

    def make(settings: str = "", **replaced: str) -> Box:
        box = Box(tmp_path_factory.mktemp("variant") / "sb", settings, replaced)
        request.addfinalizer(box.down)
        return box

    return make


async def test_mode_during_joins_at_once_and_only_the_agent_hears_the_whisper_over_the_conversation(boxed, tmp_path: Path):
    box = boxed("handover:\n  whisper: during\n")
    report = await box.play(PLAIN.replace("expect: {handover: true, ", "expect: {"), tmp_path)
    assert not any(report.leftovers.values()), failure(report)
    picked_up = moments(report, "agent picked up")[0]
    whispered = moments(report, "whisper started")[0]
    assert whispered - picked_up < 0.5
    assert box.records("handovers")[0]["joined_at"] < box.records("handovers")[0]["whisper_started_at"]
    assert report.measured.whisper_in_agent and report.measured.whisper_in_agent.found
    assert report.measured.whisper_in_caller is None or not report.measured.whisper_in_caller.found


async def test_over_websocket_media(boxed, tmp_path: Path):
    box = boxed(**{'media_transport: "rtp"': 'media_transport: "websocket"'})
    report = await box.play(PLAIN, tmp_path)
    assert report.passed, failure(report)


async def test_on_asterisk_16(boxed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASTERISK_SUITE", "bullseye")
    box = boxed()
    report = await box.play(PLAIN, tmp_path)
    assert report.passed, failure(report)
    assert any(isinstance(event, Joined) for event in report.timeline)
    assert box.facts["asterisk_version"].startswith("16.")
