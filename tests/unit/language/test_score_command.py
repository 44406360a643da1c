"""`ari-app score` as it is typed."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ari_app.cli_score import score
from ari_app.errors import BadSettings

DATA = Path(__file__).parents[2] / "data"
app = typer.Typer()
app.command()(score)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_json_prints_one_line_per_call() -> None:
    found = [json.loads(line) for line in run(str(DATA / "calls.jsonl"), "--json").splitlines()]
    assert len(found) == len((DATA / "calls.jsonl").read_text(encoding="utf-8").splitlines())
    assert all(set(each) == {"call_id", "escalate", "turn", "score", "rules", "signals"} for each in found)
    escalated = next(each for each in found if each["escalate"])
    assert escalated["rules"]
    assert isinstance(escalated["turn"], int)
    assert set(escalated["signals"][0]) == {"name", "turn", "strength", "evidence"}
    assert all(each["turn"] is None for each in found if not each["escalate"])


def test_labels_add_a_summary_as_the_last_line() -> None:
    last = run(str(DATA / "calls.jsonl"), "--labels", str(DATA / "labels.jsonl"), "--json").splitlines()[-1]
    summary = json.loads(last)["summary"]
    assert {"precision", "recall", "f1", "early", "late", "false_alarms", "causes"} <= set(summary)
    assert summary["causes"]["urgency"]["hit"] >= 1


def test_a_table_is_printed_for_people() -> None:
    text = run(str(DATA / "calls.jsonl"), "--labels", str(DATA / "labels.jsonl"))
    assert "false alarms" in text
    assert "cause urgency" in text


def test_other_rules_decide_otherwise(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("threshold: 100\nrules: []\n", encoding="utf-8")
    found = [json.loads(line) for line in run(str(DATA / "calls.jsonl"), "--rules", str(rules), "--json").splitlines()]
    assert not any(each["escalate"] for each in found)


def test_bad_files_are_errors_for_people(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"call_id": "a"}\n', encoding="utf-8")
    with pytest.raises(BadSettings, match=r"bad\.jsonl, line 1"):
        run(str(bad))
    with pytest.raises(BadSettings, match="cannot be read"):
        run(str(tmp_path / "absent.jsonl"))
    with pytest.raises(BadSettings, match="has no label"):
        other = tmp_path / "labels.jsonl"
        other.write_text('{"call_id": "zzz", "expect": "stay"}\n', encoding="utf-8")
        run(str(DATA / "calls.jsonl"), "--labels", str(other))
