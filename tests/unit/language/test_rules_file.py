"""Rules files: what loads, and how every mistake is named with line, field and remedy."""

from pathlib import Path

import pytest

from ari_app.errors import BadSettings
from ari_app.escalation.rules import RuleBook
from ari_app.language.rules_file import default_rules, fingerprint, load_rules, parse_rules, read_rules


def parse(text: str) -> RuleBook:
    return parse_rules(text, "rules.yaml", default_rules())


def message_for(text: str) -> str:
    with pytest.raises(BadSettings) as error:
        parse(text)
    return error.value.message


@pytest.mark.parametrize("name", ["rules", "airline"])
def test_the_shipped_rules_load(name: str) -> None:
    book = default_rules(name)
    assert book.rules
    assert book.signals["urgency"].points > 0


def test_no_file_means_the_shipped_rules() -> None:
    assert load_rules(None) is default_rules()


def test_what_a_file_leaves_out_is_taken_from_the_shipped_rules() -> None:
    book = parse("threshold: 8\nsignals:\n  urgency: 3\n")
    assert book.threshold == 8
    assert book.signals["urgency"].points == 3
    assert book.signals["repetition"] == default_rules().signals["repetition"]
    assert book.rules == default_rules().rules


def test_rules_of_ones_own_stand_instead_of_the_shipped_ones() -> None:
    book = parse("rules:\n  - name: One\n    when: urgency\n    points: 4\n")
    assert [rule.name for rule in book.rules] == ["One"]


def test_every_mistake_is_named_at_once_in_the_order_of_the_lines() -> None:
    text = """language: en
treshold: 10
decay: sometimes
rules:
  - name: One
    when: repitition
    points: 6
  - when: urgency
    points: a lot
"""
    assert message_for(text).splitlines() == [
        'rules.yaml, line 2: treshold: this field is unknown; did you mean "threshold"?',
        'rules.yaml, line 3: decay: "sometimes" is not understood; write it like "1 per minute"',
        'rules.yaml, line 6: rule "One", when: no signal is called "repitition"; did you mean "repetition"?',
        "rules.yaml, line 8: rule 2, name: is missing; add it",
        'rules.yaml, line 9: rule 2, points: "a lot" is no number; write a number',
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("- a\n- b\n", "line 1: this is no rules file"),
        ("threshold: 10\nrules: [\n", "rules.yaml, line"),
        ("threshold: 1\nthreshold: 2\n", "rules.yaml, line 2"),
        ("language: tlh\n", 'line 1: language: there is no lexicon for "tlh"'),
        ("threshold: 0\n", "line 1: threshold"),
        ("rules: nothing\n", "line 1: rules"),
        ("rules:\n  - just words\n", 'line 2: rule 1: this is no rule; a rule is a block with "name:"'),
        (
            "rules:\n  - name: A\n    when: urgency\n",
            'line 2: rule "A": has neither "points" nor "escalate: now"; write one of the two',
        ),
        ("rules:\n  - name: A\n    when: urgency\n    points: 1\n    examples: one sentence\n", "line 5: "),
        ("signals:\n  urgensy: 3\n", 'line 2: signals: no signal is called "urgensy"; did you mean "urgency"?'),
        ("signals:\n  urgency: much\n", 'line 2: signals, urgency: "much" is not understood; write points'),
    ],
)
def test_a_mistake_has_a_line_and_a_remedy(text: str, says: str) -> None:
    assert says in message_for(text)


def test_a_file_that_cannot_be_read_is_named_once_and_why_in_words(tmp_path: Path) -> None:
    absent = tmp_path / "absent.yaml"
    with pytest.raises(BadSettings) as error:
        load_rules(absent)
    assert error.value.message == f"the rules file {absent} cannot be read: No such file or directory"
    with pytest.raises(BadSettings, match="Is a directory"):
        load_rules(tmp_path)


def test_a_file_is_named_by_the_first_digits_of_its_sha256(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_bytes(b"threshold: 8\n")
    read = read_rules(file)
    assert read.fingerprint == fingerprint(b"threshold: 8\n") == "71a83d9d3be0"
    assert read.book.threshold == 8
    assert not read.own


def test_the_line_of_a_sentence_is_known(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text('rules:\n  - name: A\n    when: urgency\n    points: 1\n    examples:\n      - "one"\n      - "two"\n')
    assert read_rules(file).line(0, "examples", 1) == 7
