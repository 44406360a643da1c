"""Every mistake of a rules file at once, each with its line and a remedy; warnings apart."""

import pytest

from ari_app.language.loading import default_rules_text
from ari_app.language.rules_check import Checked, check_rules
from ari_app.language.rules_file import default_rules

RULE = "rules:\n  - name: A\n    when: urgency\n"


def check(text: str | bytes) -> Checked:
    return check_rules(text.encode() if isinstance(text, str) else text, default_rules())


def mistakes(text: str | bytes) -> list[str]:
    found = check(text)
    assert (found.book is None) is bool(found.mistakes)
    return [each.told("f") for each in found.mistakes]


def warnings(text: str) -> list[str]:
    found = check(text)
    assert found.book is not None, found.mistakes
    return [each.told("f") for each in found.warnings]


@pytest.mark.parametrize("name", ["rules", "airline"])
def test_the_shipped_files_have_neither_mistakes_nor_warnings(name: str) -> None:
    base = None if name == "rules" else default_rules()
    assert check_rules(default_rules_text(name).encode(), base).findings == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "f: the file is empty"),
        ("# only a remark\n", "f: the file is empty"),
        ("- a\n- b\n", "f, line 1: this is no rules file"),
        ("just words\n", "f, line 1: this is no rules file"),
        ("rules: &a [*a]\n", "f, line 1: rule 1: this is no rule"),
        (b"threshold: 10\nsay: caf\xe9\n", "f, line 2: byte 0xE9 is no UTF-8; save the file as UTF-8"),
        ("threshold: 10\n".encode("utf-16"), "f, line 1: the file is UTF-16 text; save it as UTF-8"),
        ("threshold: 10\x07\n", "f, line 1: a control character (0x07); remove it"),
        ("rules:\n\t- name: A\n\t  when: urgency\n\t  points: 1\n", "f, line 2: a tab in the indentation (also in 3, 4)"),
        ("threshold: 1\nqueue: a\nthreshold: 2\n", "f, line 3: threshold: is there already, in line 1; keep one of the two"),
        ("cool down: 1 minute\ncool-down: 2 minutes\n", "f, line 2: cool-down: is there already, in line 1"),
        ("threshold: 1\n---\nqueue: a\n", 'f, line 2: a second document begins; remove the line "---"'),
        ("threshold:10\nqueue: a\n", "f, line 1: no space after the colon"),
        ("threshold\nqueue: a\n", "f, line 1: a line without a colon"),
        ("say: one: two\n", "f, line 1: a second colon in one line; put the text that has it in quotes"),
        ('say: "hello\nqueue: a\n', "f, line 1: a quotation mark that is never closed; close it"),
        ('say: "hello" you\n', "f, line 1: text after a closing quotation mark; put the whole text in quotes"),
        (RULE + '    points: 1\n    never: ["a", "b"\n    queue: x\n', "f, line 5: a list in brackets that is not closed"),
        (RULE + "   points: 1\n", "f, line 4: the indentation does not fit the lines above"),
        ("say: @home\n", "f, line 1: a text that begins with a special character; put it in quotes"),
    ],
)
def test_the_form_is_told_in_words(text: str | bytes, says: str) -> None:
    assert any(each.startswith(says) for each in mistakes(text)), mistakes(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("treshold: 10\n", 'f, line 1: treshold: this field is unknown; did you mean "threshold"?'),
        ("threshold: ten\n", 'f, line 1: threshold: "ten" is no number; write a number'),
        ("threshold: true\n", 'f, line 1: threshold: "true" is no number; write a number'),
        ("threshold: 0\n", 'f, line 1: threshold: "0" is not possible; write more than 0'),
        ("threshold:\n", "f, line 1: threshold: nothing stands after the colon; write a value, or leave the line out"),
        ("decay: sometimes\n", 'f, line 1: decay: "sometimes" is not understood; write it like "1 per minute"'),
        ("language: tlh\n", 'f, line 1: language: there is no lexicon for "tlh"; use one of: de, en, es'),
        ("queue: 100\n", 'f, line 1: queue: "100" is no text; put it in quotes'),
        ("queue: my support\n", 'f, line 1: queue: "my support" cannot be dialled as a queue'),
        ("queue: h\n", 'f, line 1: queue: "h" cannot be dialled as a queue'),
        ("mode: quiet\n", "f, line 1: mode: \"quiet\" is not possible; write 'live' or 'shadow'"),
        ("rules: none\n", "f, line 1: rules: these are no rules"),
        ("signals: 5\n", "f, line 1: signals: these are no points"),
        ("rules:\n  - only words\n", "f, line 2: rule 1: this is no rule"),
        (RULE, 'f, line 2: rule "A": has neither "points" nor "escalate: now"; write one of the two'),
        (RULE + "    points: 1\n    escalate: now\n", 'f, line 5: rule "A": has both "points" and "escalate: now"'),
        (RULE + "    points: 1\n    hours: 8-18\n", 'f, line 5: rule "A", hours: "8-18" is not understood; write it like'),
        (
            RULE + "    points: 1\n    exampels: []\n",
            'f, line 5: rule "A", exampels: this field is unknown; did you mean "examples"?',
        ),
        (RULE + "    points: 1\n    examples: one\n", 'f, line 5: rule "A", examples: "one" is no list; write a list'),
        (RULE + "    points: 1\n    examples:\n      - I want: a person\n", 'f, line 6: rule "A", examples: a colon makes this'),
        (RULE + "    points: 1\n    strength: 1.5\n", 'f, line 5: rule "A", strength: "1.5" is not possible; write at most 1'),
        (RULE + "    points: 1\n    queue: a/b\n", 'f, line 5: rule "A", queue: "a/b" cannot be dialled as a queue'),
        (RULE + '    points: 1\n    name: "A"\n', "f, line 5: name: is there already, in line 2"),
    ],
)
def test_fields_are_told_with_their_line_and_the_nearest_right_one(text: str, says: str) -> None:
    assert any(each.startswith(says) for each in mistakes(text)), mistakes(text)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ("times: 4\n    within: 3 turns", 'f, line 6: rule "A" can never fire: 4 times do not fit within 3 turns'),
        ("hours: 08:00-08:00", 'f, line 5: rule "A" can never fire: its hours end when they begin'),
        ('examples: ["Help me!"]\n    never: ["help me"]', 'f, line 6: rule "A": "help me" is an example (line 5) and a never'),
    ],
)
def test_what_contradicts_itself_is_a_mistake(fields: str, says: str) -> None:
    assert any(each.startswith(says) for each in mistakes(f"{RULE}    points: 1\n    {fields}\n"))


@pytest.mark.parametrize("when", ["resolved", "[urgency, resolved]"])
def test_a_rule_on_what_speaks_against_a_handover_can_never_fire(when: str) -> None:
    (found,) = mistakes(f"rules:\n  - name: A\n    when: {when}\n    points: 2\n")
    assert found.startswith('f, line 3: rule "A" can never fire: "resolved" speaks against a handover')


def test_what_caller_and_assistant_say_does_not_fit_within_one_turn() -> None:
    (found,) = mistakes("rules:\n  - name: A\n    when: repetition and dead end\n    within: 1 turn\n    points: 2\n")
    assert "can never fire: what the caller and what the assistant says do not fit within 1 turn" in found


def test_the_first_time_of_asking_counts_as_one_of_a_repetitions_times() -> None:
    assert mistakes("rules:\n  - name: A\n    when: repetition\n    times: 2\n    within: 1 turn\n    points: 2\n") == []


def test_rules_of_one_name_are_told_with_both_lines() -> None:
    two = "rules:\n  - {name: A, when: urgency, points: 1}\n  - {name: A, when: judgement, points: 1}\n"
    assert mistakes(two) == ['f, line 3: two rules are called "A", here and in line 2; give each its own name']


def test_all_mistakes_of_all_rules_are_named_in_the_order_of_the_lines() -> None:
    text = """threshold: ten
signals:
  urgensy: 3
  repetition: much
rules:
  - name: One
    when: [repitition, ragged voice]
    points: 6
    escalate: now
  - name: One
    when: human request
    strength: 2
    examples: ["a person"]
    never: ["A person!"]
"""
    lines = [int(each.split(":")[0].removeprefix("f, line ")) for each in mistakes(text)]
    assert lines == [1, 3, 4, 7, 7, 9, 10, 10, 12, 14]


def test_a_broken_line_does_not_hide_the_mistakes_of_other_rules_nor_invent_any() -> None:
    text = """rules:
  - name: "One
    when: urgency
    points: 1
  - name: Two
   when: urgency
    points: 1
  - name: Three
    when: urgensy
    points: 1
"""
    assert [each.split(":")[0] for each in mistakes(text)] == ["f, line 2", "f, line 6", "f, line 9"]


def test_characters_that_are_no_utf8_do_not_hide_the_rest() -> None:
    found = mistakes(b"say: caf\xe9\nthreshold: ten\n")
    assert len(found) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("threshold: 1000\n", "f, line 1: threshold: all points together never reach 1000, so only rules with escalate: now"),
        ("threshold: 1000\nrules: []\n", "f, line 1: threshold: all points together never reach 1000, so no call is handed over"),
        (
            "queue: support\n" + RULE + "    points: 1\n    queue: suport\n",
            'f, line 6: rule "A", queue: "suport" is almost "support"',
        ),
        (RULE + "    points: 0\n", 'f, line 4: rule "A": 0 points change nothing'),
        (RULE + "    points: 1\n    within: 3 turns\n", 'f, line 5: rule "A": "within" changes nothing'),
        (RULE + "    points: 1\n    times: 2\n    within: 2 turns\n", 'f, line 6: rule "A": caller and assistant take turns'),
        (RULE + '    points: 1\n    never: ["no", "No."]\n', 'f, line 5: rule "A", never: "No." is there twice'),
        (RULE + '    points: 1\n    never: [""]\n', 'f, line 5: rule "A", never: a sentence without words'),
        (
            "rules:\n  - name: A\n    when: [urgency, urgency]\n    points: 1\n",
            'f, line 3: rule "A": the same signal is named twice',
        ),
        ("rules:\n  - name: Urgency\n    when: judgement\n    points: 1\n", 'f, line 2: rule "Urgency" is called like a signal'),
        (
            'rules:\n  - name: A\n    when: urgency and judgement\n    points: 1\n    examples: ["x"]\n',
            'f, line 5: rule "A": examples raise no signal where several are needed together',
        ),
    ],
)
def test_what_is_odd_is_a_warning_and_the_file_can_be_used(text: str, says: str) -> None:
    assert any(each.startswith(says) for each in warnings(text)), warnings(text)
