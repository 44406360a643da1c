"""Real Asterisks' descriptions and traffic (22.10.1 and 16.28) against the generated models."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from ari_app.asterisk import ari_models as ari
from ari_app.asterisk.ari_events import GenericEvent, decode, translate
from ari_app.session.ports import ChannelEntered, ChannelLeft, DigitReceived

PROJECT = Path(__file__).parents[2]
RECORDED = Path(__file__).parent / "ari"
VERSIONS = ("22", "16")


def recorded_events(version: str) -> list[str]:
    return (RECORDED / f"asterisk-{version}-events.jsonl").read_text(encoding="utf-8").splitlines()


def test_the_committed_models_are_what_the_generator_writes_from_the_recorded_descriptions() -> None:
    command = [sys.executable, str(PROJECT / "scripts" / "generate-ari-models"), "--output", "-"]
    written = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert written == (PROJECT / "ari_app" / "asterisk" / "ari_models.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_recorded_event_decodes_as_its_own_type(version: str) -> None:
    for line in recorded_events(version):
        event = decode(line)
        assert type(event).__name__ == json.loads(line)["type"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recorded_call_reads_as_what_happened(version: str) -> None:
    facts = [fact for line in recorded_events(version) if (fact := translate(decode(line.encode()))) is not None]
    entered = [fact for fact in facts if isinstance(fact, ChannelEntered)]
    caller, leg = (next(fact for fact in entered if fact.channel_id == wanted) for wanted in ("caller-1;2", "leg-1"))
    assert (caller.caller_number, caller.caller_name, caller.dialled, caller.args) == ("555", "Dave", "77", ())
    assert leg.args == ("queue-leg", "leg-1")
    assert [fact.digit for fact in facts if isinstance(fact, DigitReceived)] == ["5", "#"]
    assert ChannelLeft("leg-1", destroyed=True, cause=16) in facts
    assert ChannelLeft("caller-1;2", destroyed=False) in facts


ANSWERS = {
    "GET applications": ari.Application,
    "POST applications": ari.Application,
    "GET channels": list[ari.Channel],
    "POST channels": ari.Channel,
    "GET bridges": list[ari.Bridge],
    "POST bridges": ari.Bridge,
    "info": ari.AsteriskInfo,
    "modules": list[ari.Module],
}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_recorded_answer_decodes_as_the_client_reads_it(version: str) -> None:
    lines = (RECORDED / f"asterisk-{version}-answers.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 10
    for line in map(json.loads, lines):
        resource = line["path"].split("/")
        kind = ANSWERS[resource[1] if resource[0] == "asterisk" else f"{line['method']} {resource[0]}"]
        msgspec.json.decode(json.dumps(line["answer"]), type=kind)


def test_a_field_that_a_newer_asterisk_adds_is_ignored() -> None:
    event = json.loads(next(line for line in recorded_events("22") if '"StasisStart"' in line))
    event["mood"] = event["channel"]["mood"] = {"sunny": True}
    assert isinstance(decode(json.dumps(event)), ari.StasisStart)


def test_an_unknown_type_is_a_generic_event() -> None:
    text = '{"type": "ChannelTeleported", "application": "ari-app", "timestamp": "t", "where": 7}'
    assert decode(text) == GenericEvent(type="ChannelTeleported", application="ari-app", timestamp="t")
    assert translate(decode(text)) is None


def test_a_known_type_that_is_not_as_documented_is_told_once_and_does_not_raise() -> None:
    text = '{"type": "RecordingStarted", "application": "ari-app", "timestamp": "t"}'
    with capture_logs() as logs:
        assert [decode(text), decode(text)] == [GenericEvent(type="RecordingStarted", application="ari-app", timestamp="t")] * 2
    assert [(line["event"], line["type"]) for line in logs] == [("ari_event_not_as_documented", "RecordingStarted")]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"application": "ari-app"}', '"StasisStart"'])
def test_what_is_no_message_raises_a_decode_error(text: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(text)
