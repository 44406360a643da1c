"""The commands that read recorded calls, on a real Redis: explained, scored anew, compared, and what shadow mode kept back."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ari_app.call import events as on
from ari_app.call.call import Call
from ari_app.call.model import AnswerKind, AnswerReport, Decision, Party, Reply, Score, Turn
from ari_app.call.policy import Policy
from ari_app.call.record import call_record
from ari_app.call.transitions import step
from ari_app.cli import app
from ari_app.errors import AriAppError
from ari_app.store.redis_store import RedisStore
from ari_app.store.spawn import PrivateRedis

CIRCLES = Decision(("Caller goes in circles",), "support", 0, "One moment.", "asked twice", fingerprint="0123456789ab")
SHADOW = Decision(("Legal words",), "compliance", 0, "", "legal", shadow=True, fingerprint="0123456789ab")


class Told:
    """A call whose turns and scores are told one by one."""

    def __init__(self, call_id: str, started_at: float) -> None:
        self.call = Call(call_id, "1.1", "+15551234567", "David Miller", "100", started_at)
        self.at = 0.0
        self._step(on.CallerEntered(0.0))

    def _step(self, event: on.Event) -> None:
        self.call, _ = step(self.call, event, Policy())

    def says(self, who: str, text: str, points: float = 0.0, decision: Decision | None = None) -> "Told":
        self.at += 5.0
        if who == "caller":
            self._step(on.CallerSpoke(Turn(0, Party.CALLER, text, self.at - 3, self.at, polarity=0.0), self.at))
        else:
            self._step(on.AssistantReplied(Reply(text, AnswerReport(AnswerKind.ANSWERED)), self.at))
        turn = self.call.transcript.turns[-1].index
        self._step(on.TurnScored(Score(turn, points, 10.0, decision=decision, fingerprint="0123456789ab"), self.at))
        return self

    def key(self) -> "Told":
        self._step(on.HumanRequested(replace(CIRCLES, rules=("Caller pressed a key",), fingerprint=""), "key", self.at))
        return self

    def over(self) -> dict:
        self._step(on.CallerHungUp(self.at + 5.0))
        return call_record(self.call)


@pytest.fixture
async def config(server: PrivateRedis, tmp_path: Path) -> AsyncIterator[Path]:
    """Settings over a Redis in which three calls are recorded."""
    now = time.time()
    first = Told("call-aaa1", now - 9 * 86_400).says("assistant", "Hello.").says("caller", "I want to talk to a person")
    second = Told("call-bbb2", now - 3600).says("assistant", "Hello.").says("caller", "where is my bag")
    second.says("assistant", "It is here.").says("caller", "I want to talk to a person", 12.0, CIRCLES).says(
        "caller", "get me a human"
    )
    third = Told("call-ccc3", now - 60).says("assistant", "Hello.").says("caller", "I am taking you to court", 4.0, SHADOW).key()
    running = Told("call-ddd4", now - 5)
    store = RedisStore(server.url, tmp_path / "spool")
    await store.start(required=True)
    for record in (first.over(), second.over(), third.over(), call_record(running.call)):
        await store.save_call(record)
    await store.close()
    file = tmp_path / "ari-app.yaml"
    secrets = "asterisk: {ari_password: a, ami_password: b}\n"
    file.write_text(f"{secrets}redis: {{url: '{server.url}'}}\nrules: rules.yaml\ntime_zone: Europe/Berlin\n")
    (tmp_path / "rules.yaml").write_text("rules:\n  - {name: Person, when: human request, escalate: now}\n")
    (tmp_path / "quiet.yaml").write_text("threshold: 90\nrules: []\n")
    yield file


async def run(*arguments: str, code: int = 0) -> str:
    found = await asyncio.to_thread(lambda: CliRunner().invoke(app, list(arguments), catch_exceptions=True))
    if isinstance(found.exception, AriAppError):
        raise found.exception
    assert found.exit_code == code, found.output
    return found.stdout


async def test_a_recorded_call_is_explained_by_the_rules_of_now_and_held_against_then(config: Path) -> None:
    text = await run("rules", "explain", "bbb", "-c", str(config))
    assert "call-bbb2" in text.splitlines()[0] and "David Miller +15551234567" in text
    assert "human request" in text and "→ Person" in text
    assert "then  after turn 3, Caller goes in circles, 12.0 points → queue support, rules 0123456789ab" in text
    assert "The same decision as then." in text


async def test_other_rules_say_what_they_would_have_done_otherwise(config: Path) -> None:
    quiet = str(config.parent / "quiet.yaml")
    text = await run("rules", "explain", "call-bbb2", "-c", str(config), "--rules", quiet)
    assert "now   not handed over" in text
    assert "Other than then: these rules would not have handed it over." in text
    values = json.loads(await run("rules", "explain", "call-bbb2", "-c", str(config), "--rules", quiet, "--json"))
    assert values["differs"] is True
    assert values["then"][0]["turn"] == 3 and values["now"] == []
    assert [turn["turn"] for turn in values["turns"]] == [0, 1, 2, 3, 5]


async def test_the_last_call_was_handed_over_by_a_key_and_noted_in_shadow(config: Path) -> None:
    text = await run("rules", "explain", "last", "-c", str(config))
    assert "Nothing was said in this call" in text
    text = await run("rules", "explain", "ccc", "-c", str(config))
    assert "Legal words, 4.0 points → queue compliance (shadow: noted only)" in text
    assert "Caller pressed a key (not the score: 4.0 points)" in text


async def test_recorded_calls_are_compared_until_they_were_handed_over(config: Path) -> None:
    quiet = str(config.parent / "quiet.yaml")
    text = await run("score", "--stored", "-c", str(config), "--rules", quiet)
    assert "call-aaa1  no longer handed over (was after turn 1 → queue support by Person" in text
    assert "call-bbb2  not handed over by turn 3, and a human was fetched then; the rest is not known" in text
    assert "“Person” handed over at once" in text
    assert "3 calls: 1 as before, 1 no longer handed over, 1 not by then." in text
    assert "Left out: 1 call still running" in text


async def test_only_the_calls_of_the_last_days_are_taken(config: Path) -> None:
    quiet = str(config.parent / "quiet.yaml")
    found = await run("score", "--stored", "--since", "7d", "-c", str(config), "--rules", quiet, "--json")
    lines = [json.loads(line) for line in found.splitlines()]
    assert [line.get("call_id") for line in lines] == ["call-bbb2", "call-ccc3", None]
    assert lines[-1]["summary"]["changes"]["not by then"] == 1
    assert lines[-1]["summary"]["left_out"] == 1


async def test_calls_and_handovers_show_what_shadow_mode_kept_back(config: Path) -> None:
    assert "shadow after turn 1" in await run("calls", "-c", str(config))
    assert "would have been handed over after turn 1 by Legal words (4.0" in await run("calls", "ccc", "-c", str(config))
    assert "Legal words" in await run("handovers", "--shadow", "-c", str(config))
    (line,) = (await run("handovers", "--shadow", "--json", "-c", str(config))).splitlines()
    assert json.loads(line)["decision"]["queue"] == "compliance"


async def test_exported_records_are_written_calls(config: Path, tmp_path: Path) -> None:
    exported = tmp_path / "exported.jsonl"
    exported.write_text(await run("calls", "--json", "-c", str(config)), encoding="utf-8")
    text = await run("rules", "explain", f"{exported}#call-bbb2", "-c", str(config))
    assert "The same decision as then." in text
    found = [json.loads(line) for line in (await run("score", str(exported), "--json")).splitlines()]
    assert {each["call_id"]: each["turn"] for each in found}["call-bbb2"] == 3
