"""`ari-app score` with other rules held against each other, and `rules explain` on written calls."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ari_app.cli import app
from ari_app.cli_backtest import since_when
from ari_app.errors import BadSettings
from ari_app.settings import AsteriskSettings, Settings

NOW = 1_900_000_000.0
SETTINGS = Settings(asterisk=AsteriskSettings(ari_password="a", ami_password="b"), time_zone="Europe/Berlin")
CALLS = (
    {"call_id": "asks", "turns": [{"speaker": "assistant", "text": "Hello."}, {"speaker": "caller", "text": "give me a human"}]},
    {"call_id": "calm", "turns": [{"speaker": "assistant", "text": "Hello."}, {"speaker": "caller", "text": "when do you open"}]},
    {
        "call_id": "angry",
        "started": "2024-01-07T12:00",
        "turns": [
            {"speaker": "assistant", "text": "Hello."},
            {"speaker": "caller", "text": "this is absolutely ridiculous you are useless i am furious"},
            {"speaker": "assistant", "text": "I am sorry."},
            {"speaker": "caller", "text": "now give me a human"},
        ],
    },
)
OLD = (
    "rules:\n  - {name: Person, when: human request, escalate: now}\n"
    "signals: {negative sentiment: 0, human request: 0, resolved: 0}\n"
)
NEW = OLD.replace("]\n", "").replace(
    "escalate: now}", "escalate: now, queue: desk}\n  - {name: Angry, when: negative sentiment, points: 16}"
)
LABELS = (
    {"call_id": "asks", "expect": "escalate", "turn_from": 1, "turn_to": 1},
    {"call_id": "calm", "expect": "stay"},
    {"call_id": "angry", "expect": "escalate", "turn_from": 1, "turn_to": 2},
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARI_APP_CONFIG", raising=False)
    Path("calls.jsonl").write_text("".join(json.dumps(call) + "\n" for call in CALLS))
    Path("labels.jsonl").write_text("".join(json.dumps(label) + "\n" for label in LABELS))
    Path("old.yaml").write_text(OLD)
    Path("new.yaml").write_text(NEW)
    return tmp_path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    if isinstance(result.exception, BadSettings):
        raise result.exception
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def test_each_call_that_goes_otherwise_is_told_with_turn_rules_and_points() -> None:
    text = run("score", "calls.jsonl", "--rules", "new.yaml", "--against", "old.yaml")
    lines = text.splitlines()
    assert lines[0].startswith("old  old.yaml, ") and lines[1].startswith("new  new.yaml, ")
    assert "asks   after turn 1 → queue desk by Person; was queue support by Person" in lines
    assert "angry  earlier: after turn 1 instead of 3 → queue support by Angry; was queue" not in text
    assert "angry  earlier: after turn 1 instead of 3 → queue support by Angry" in lines
    assert '         turn 1, caller: "this is absolutely ridiculous you are useless i am furious"' in lines
    assert any(re.fullmatch(r" {9}Angry 0\.0 → (1\d\.\d) · 0\.0 of 10 → \1 of 10 points", line) for line in lines), text
    assert "         the points are the same; the queue is named otherwise" in lines
    assert not any(line.startswith("calm") for line in lines)
    assert "3 calls: 1 as before, 1 earlier, 1 to another queue." in lines
    assert "Handed over: 2 by the old rules, 2 by the new." in lines


def test_with_labels_both_measures_stand_side_by_side() -> None:
    text = run("score", "calls.jsonl", "--rules", "new.yaml", "--against", "old.yaml", "--labels", "labels.jsonl")
    assert "[hit, was late]" in text
    assert "recall              0.50    1.00" in text
    assert "late                   1       0" in text


def test_json_has_one_line_per_call_and_a_summary() -> None:
    text = run("score", "calls.jsonl", "--rules", "new.yaml", "--against", "old.yaml", "--labels", "labels.jsonl", "--json")
    *calls, last = [json.loads(line) for line in text.splitlines()]
    assert {call["call_id"]: call["change"] for call in calls} == {
        "asks": "to another queue",
        "calm": "as before",
        "angry": "earlier",
    }
    angry = next(call for call in calls if call["call_id"] == "angry")
    (difference,) = angry["differences"]
    assert (difference["rule"], difference["before"]) == ("Angry", 0.0) and difference["after"] >= 10
    assert last["summary"]["new"]["measures"]["recall"] == 1.0
    assert last["summary"]["changes"]["earlier"] == 1


def test_compare_holds_the_file_against_the_rules_in_force(here: Path) -> None:
    text = run("score", "calls.jsonl", "--rules", "new.yaml", "--compare")
    assert text.startswith("old  rules.yaml (shipped), ")
    (here / "ari-app.yaml").write_text("asterisk: {ari_password: a, ami_password: b}\nrules: old.yaml\n")
    assert "old.yaml, " in run("score", "calls.jsonl", "--rules", "new.yaml", "--compare").splitlines()[0]
    assert "new.yaml, " in run("score", "calls.jsonl", "--against", "new.yaml").splitlines()[0]


def test_a_rule_that_goes_into_shadow_is_told_as_such(here: Path) -> None:
    Path("shadow.yaml").write_text(OLD.replace("escalate: now}", "escalate: now, mode: shadow}"))
    text = run("score", "calls.jsonl", "--rules", "shadow.yaml", "--against", "old.yaml")
    assert "asks   no longer handed over (was after turn 1 → queue support by Person)" in text
    assert "“Person” handed over at once · in shadow now" in text
    assert "In shadow (noted only): 0 by the old rules, 2 by the new." in text


def test_a_rule_with_hours_goes_by_the_time_at_which_a_call_was_written_to_begin() -> None:
    Path("timed.yaml").write_text(OLD.replace("escalate: now}", "escalate: now, hours: 'mon-fri 08:00-18:00'}"))
    found = [json.loads(line) for line in run("score", "calls.jsonl", "--rules", "timed.yaml", "--json").splitlines()]
    assert {each["call_id"]: each["turn"] for each in found} == {"asks": 1, "calm": None, "angry": None}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["score"], "Which calls"),
        (["score", "calls.jsonl", "--stored"], "Written calls or recorded ones"),
        (["score", "calls.jsonl", "--since", "7d"], "--since is for recorded calls"),
        (["score", "calls.jsonl", "--compare"], "Both would be the rules in force"),
        (["score", "--stored", "--rules", "new.yaml"], "no settings file here"),
        (["score", "calls.jsonl", "--rules", "absent.yaml"], r"absent\.yaml cannot be read: No such file or directory\n"),
        (["score", "absent.jsonl"], r"^absent\.jsonl cannot be read: No such file or directory\n"),
        (["rules", "explain", "last"], "no settings file here"),
        (["rules", "explain", "calls.jsonl"], r"calls\.jsonl has 3 calls\. It has: asks, calm, angry"),
        (["rules", "explain", "calls.jsonl#nobody"], r"calls\.jsonl has no call nobody\. It has: asks"),
        (["rules", "explain", "absent.jsonl#a"], r"absent\.jsonl cannot be read: No such file"),
    ],
)
def test_what_cannot_be_done_is_told_with_the_remedy(arguments: list[str], says: str) -> None:
    with pytest.raises(BadSettings, match=says) as raised:
        run(*arguments)
    assert raised.value.remedy


@pytest.mark.parametrize("chosen", [["calls.jsonl#angry"], ["calls.jsonl", "--call", "angry"], ["calls.jsonl#ang"]])
def test_a_written_call_is_explained_turn_by_turn(chosen: list[str]) -> None:
    text = run("rules", "explain", *chosen, "--rules", "old.yaml")
    assert text.startswith("angry  2024-01-07 12:00:00\nscored by old.yaml, ")
    assert "→ Person, " in text and " · threshold 10 → queue support" in text
    assert "then" not in text


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("", 0.0), ("7d", NOW - 604_800), ("12h", NOW - 43_200), ("2 w", NOW - 1_209_600), ("2030-01-31", 1_896_044_400.0)],
)
def test_since_is_a_span_or_a_date_where_the_application_is(given: str, seconds: float) -> None:
    assert since_when(given, NOW, SETTINGS) == seconds


def test_since_anything_else_is_refused() -> None:
    with pytest.raises(BadSettings, match="--since soon is no time"):
        since_when("soon", NOW, SETTINGS)
