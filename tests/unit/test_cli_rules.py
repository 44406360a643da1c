"""`ari-app rules check` and `rules test`, as a supervisor types them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ari_app.cli import app
from ari_app.cli_text import count, listed, shown
from ari_app.errors import BadSettings

GOOD = """threshold: 8
queue: support
rules:
  - name: Asks for a person
    when: human request
    escalate: now
    examples: ["I want to talk to a real person"]
    never: ["your agent told me yesterday"]
  - name: Harm
    when: urgency
    escalate: now
    queue: emergencies
  - name: Legal words
    when: compliance
    escalate: now
    queue: compliance
    hours: mon-fri 08:00-18:00
    mode: shadow
"""
SETTINGS = "asterisk: {ari_password: a, ami_password: b}\nrules: mine.yaml\nqueues: {default: desk}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARI_APP_CONFIG", raising=False)
    return tmp_path


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["rules", *arguments])
    if isinstance(result.exception, BadSettings):
        raise result.exception
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout


def test_a_good_file_is_told_in_two_sentences(here: Path) -> None:
    (here / "good.yaml").write_text(GOOD)
    assert run("check", "good.yaml").splitlines() == [
        "✓ good.yaml can be used: no mistakes, no warnings.",
        "  3 rules: a call is handed over at 8 points, or at once by “Asks for a person” and “Harm” (to emergencies).",
        "  Queues: support, emergencies, compliance; in shadow (noted, not acted upon): “Legal words”;"
        " by the clock: “Legal words” mon-fri 08:00-18:00.",
    ]


def test_a_broken_file_is_refused_with_every_mistake_and_code_1(here: Path) -> None:
    (here / "bad.yaml").write_text("treshold: 8\nqueue: my queue\n")
    text = run("check", "bad.yaml", code=1)
    assert '✗ line 1: treshold: this field is unknown\n        did you mean "threshold"?' in text
    assert text.endswith("bad.yaml: 2 mistakes, no warnings. The application would refuse this file.\n")


def test_warnings_alone_leave_with_code_0(here: Path) -> None:
    (here / "odd.yaml").write_text("threshold: 9000\n")
    text = run("check", "odd.yaml")
    assert text.startswith("! line 1: threshold: all points together never reach 9000")
    assert "✓ odd.yaml can be used: no mistakes, 1 warning." in text
    assert "It has no rules of its own, so the shipped ones hold." in text


def test_a_file_that_is_not_there_is_a_mistake_too() -> None:
    assert run("check", "absent.yaml", code=1).startswith("✗ the file cannot be read: No such file or directory\n")


def test_json_has_the_lines_and_what_the_file_would_do(here: Path) -> None:
    (here / "good.yaml").write_text(GOOD)
    found = json.loads(run("check", "good.yaml", "--json"))
    assert (found["ok"], found["mistakes"], len(found["fingerprint"])) == (True, [], 12)
    assert found["would"]["shadow"] == ["Legal words"]
    assert found["would"]["queues"] == ["support", "emergencies", "compliance"]
    (here / "bad.yaml").write_text("treshold: 8\n")
    found = json.loads(run("check", "bad.yaml", "--json", code=1))
    assert found["mistakes"] == [
        {"line": 1, "what": "treshold: this field is unknown", "remedy": 'did you mean "threshold"?'},
    ]
    assert (found["ok"], found["would"]) == (False, None)


def test_without_a_file_the_settings_rules_are_checked_and_without_settings_the_shipped_ones(here: Path) -> None:
    assert run("check").startswith("✓ rules.yaml (shipped) can be used")
    (here / "ari-app.yaml").write_text(SETTINGS)
    (here / "mine.yaml").write_text("threshold: 7\n")
    text = run("check")
    assert "mine.yaml can be used" in text and "at 7 points" in text
    assert "Queue: desk." in text
    with pytest.raises(BadSettings, match="no settings file"):
        run("check", "-c", "other.yaml")


def test_the_shipped_sentences_are_as_they_should_be() -> None:
    assert run("test").startswith("✓ rules.yaml (shipped): 14 of 14 sentences as they should be, no warnings.")


def test_a_sentence_that_fails_is_told_with_its_line_and_the_table(here: Path) -> None:
    rule = '  - {name: Upset, when: [negative sentiment, raised voice], points: 3,\n     examples: ["this is ridiculous"]}\n'
    (here / "bad.yaml").write_text(GOOD + rule)
    text = run("test", "bad.yaml", code=1)
    assert "✗ line 20: “Upset” should fire and does not: it needs negative sentiment and raised voice together" in text
    assert "turn  who        words" in text and "1  caller     this is ridiculous" in text
    assert text.splitlines()[-1] == "✗ bad.yaml: 2 of 3 sentences as they should be, no warnings."
    found = json.loads(run("test", "bad.yaml", "--json", code=1))
    assert (found["passed"], found["failed"]) == (2, 1)


def test_sentences_that_contradict_another_rule_are_warnings(here: Path) -> None:
    (here / "odd.yaml").write_text(
        GOOD.replace('never: ["your', 'never: ["there is a smell of gas", "your').replace(
            "queue: emergencies",
            'queue: emergencies\n    examples: ["there is a smell of gas", "I want to talk to a real person"]',
        )
    )
    text = run("test", "odd.yaml")
    assert '! line 13: “Harm”: its example "there is a smell of gas" is a never of “Asks for a person”' in text
    assert "also fires “Asks for a person”, for queue support\n" in text
    assert text.splitlines()[-1].startswith("✓ odd.yaml: 5 of 5 sentences")


def test_a_broken_file_cannot_be_tested(here: Path) -> None:
    (here / "bad.yaml").write_text("treshold: 8\n")
    with pytest.raises(BadSettings, match="line 1: treshold") as raised:
        run("test", "bad.yaml")
    assert raised.value.exit_code == 2


def test_a_file_without_sentences_says_so(here: Path) -> None:
    (here / "none.yaml").write_text("rules: []\n")
    assert "nothing was tried" in run("test", "none.yaml")


def test_a_terminal_without_these_letters_gets_plain_ones(here: Path) -> None:
    (here / "good.yaml").write_text(GOOD)
    command = [sys.executable, "-m", "ari_app", "rules", "check", "good.yaml"]
    found = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=True)
    assert found.stdout.decode("ascii").startswith("ok good.yaml can be used")
    assert b'"Harm" (to emergencies)' in found.stdout


@pytest.mark.parametrize(
    ("text", "charset", "seen"),
    [
        ("→ queue", "utf-8", "→ queue"),
        ("→ café · “x”", "latin-1", '-> café - "x"'),
        ("→ café 漢", "ascii", "-> cafe ?"),
        ("é", "no such charset", "e"),
    ],
)
def test_text_is_shown_as_well_as_a_charset_can(text: str, charset: str, seen: str) -> None:
    assert shown(text, charset) == (seen if charset != "no such charset" else "?")


def test_numbers_and_lists_read_like_sentences() -> None:
    assert (count(1, "rule"), count(0, "rule"), count(2, "reply", "replies")) == ("1 rule", "no rules", "2 replies")
    assert (listed(["a"]), listed(["a", "b", "c"])) == ("a", "a, b and c")
