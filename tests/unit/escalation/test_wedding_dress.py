"""The demo's dialogue decides at "but this is a wedding emergency", and nowhere before."""

import pytest

from ari_app.call.model import Score
from ari_app.escalation.explain import explain
from ari_app.escalation.scorer import Scorer
from ari_app.language.loading import load_lexicon
from ari_app.language.minilm import MiniLm
from ari_app.language.rules_file import default_rules, parse_rules
from ari_app.language.understanding import Choice, understanding
from tests.unit.escalation.conversation import turns_of

SUPERVISORS_RULES = """
language: en
threshold: 10
decay: 1 per minute
queue: support
say: "Let me connect you to a specialist who can help."
rules:
  - name: Asks for a person
    when: human request
    examples: ["I want to talk to a real person", "can you put me through to somebody"]
    never: ["your agent told me yesterday", "I am a travel agent"]
    escalate: now
  - name: Caller goes in circles
    when: repetition
    times: 2
    points: 6
  - name: Upset
    when: [negative sentiment, raised voice]
    within: 3 turns
    points: 5
  - name: Someone could be harmed
    when: urgency
    examples: ["I have chest pains", "there is a smell of gas"]
    escalate: now
    queue: emergencies
    priority: 10
  - name: Legal words
    when: compliance
    escalate: now
    queue: compliance
    hours: mon-fri 08:00-18:00
    mode: shadow
"""
ROUTINE = (
    ("assistant", "Thank you for calling Northwind Airways. May I have your booking reference?", {"kind": "asked"}),
    ("caller", "its alpha bravo charlie one two three david miller", {"confidence": 0.91}),
    ("assistant", "I have A B C 1 2 3 for David Miller. Is that right?", {"kind": "confirmed"}),
    ("caller", "yes thats right i got a text that my flight is cancelled", {"confidence": 0.92}),
    ("assistant", "That's right, your flight to Lisbon is cancelled. You are on the next one at 6:20.", {"kind": "answered"}),
    ("caller", "okay and how much luggage is included in my fare", {"confidence": 0.9}),
    ("assistant", "One bag of up to 23 kilos is included in a Standard fare.", {"kind": "answered"}),
)
DRESS = ("caller", "i have my sister's wedding dress in my checked bag and the ceremony is in twelve hours", {"confidence": 0.9})
GENERIC = (
    "assistant",
    "Baggage typically follows rebooked flights. Please check our baggage policy online.",
    {"kind": "referred"},
)
PLEA = ("caller", "but this is a wedding emergency", {"confidence": 0.9})
BOOKS = {
    "general": default_rules(),
    "airline": default_rules("airline"),
    "supervisor's": parse_rules(SUPERVISORS_RULES, "rules.yaml", default_rules()),
}


ENGINES: tuple[Choice, ...] = ("built-in", "minilm") if MiniLm.installed() else ("built-in",)


def scores_of(book: str, *lines: tuple[str, str, dict[str, object]], by: Choice = "built-in") -> list[Score]:
    scorer, scores = Scorer(BOOKS[book], load_lexicon(), understanding("en", by)), []
    state = scorer.start()
    for turn in turns_of(*lines):
        state, score = scorer.consider(state, turn)
        scores.append(score)
    return scores


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("book", BOOKS)
def test_it_decides_at_the_repeated_plea_and_not_before(book: str, engine: Choice) -> None:
    scores = scores_of(book, *ROUTINE, DRESS, GENERIC, PLEA, by=engine)
    assert [score.turn for score in scores if score.decision] == [9]
    assert all(score.points < 2 for score in scores[:7])
    assert 1 <= scores[7].points < scores[8].points < 10
    assert scores[9].points >= 10


@pytest.mark.parametrize("book", BOOKS)
def test_the_decision_names_queue_words_and_a_reason_for_the_phone(book: str) -> None:
    decision = scores_of(book, *ROUTINE, DRESS, GENERIC, PLEA)[-1].decision
    assert decision is not None
    assert decision.queue == "support"
    assert decision.say == "Let me connect you to a specialist who can help."
    assert decision.reason == "wedding bag 12h"
    assert not decision.shadow


def test_urgency_repetition_and_dead_end_carry_it() -> None:
    score = scores_of("airline", *ROUTINE, DRESS, GENERIC, PLEA)[-1]
    assert score.decision is not None
    carried = {signal.name for each in score.contributions if each.rule in score.decision.rules for signal in each.signals}
    assert carried >= {"urgency", "repetition", "dead_end"}


def test_the_assistants_words_alone_suffice_where_it_makes_no_report() -> None:
    lines = [
        (party, text, {key: value for key, value in more.items() if key != "kind"})
        for party, text, more in (*ROUTINE, DRESS, GENERIC, PLEA)
    ]
    assert [score.turn for score in scores_of("airline", *lines) if score.decision] == [9]


@pytest.mark.parametrize(
    "plea",
    [
        "this is a wedding emergency",
        "no you dont understand its for a wedding",
        "But she gets married tomorrow. What happens to the dress in that bag?",
        "but what about the dress",
    ],
)
def test_other_words_for_the_plea_decide_too(plea: str) -> None:
    assert scores_of("airline", *ROUTINE, DRESS, GENERIC, ("caller", plea, {"confidence": 0.9}))[-1].decision


@pytest.mark.parametrize(
    "reply",
    [
        "okay thank you i will look there",
        "all right thats fine",
        "okay and what time does check in open",
        "right and can i take a second bag on board",
    ],
)
def test_a_caller_who_takes_the_answer_stays_with_the_assistant(reply: str) -> None:
    assert not scores_of("airline", *ROUTINE, DRESS, GENERIC, ("caller", reply, {"confidence": 0.9}))[-1].decision


def test_the_explanation_shows_what_counted() -> None:
    lines = (*ROUTINE, DRESS, GENERIC, PLEA)
    text = explain(scores_of("airline", *lines), turns_of(*lines), BOOKS["airline"])
    assert '"ceremony is in twelve hours"' in text
    assert "(sends the caller elsewhere: referred)" in text
    assert "(turn 7, 0.50 alike)" in text and "dead end +" in text
    assert "→ urgency, repetition, dead end, negative sentiment · threshold 10 → queue support" in text
