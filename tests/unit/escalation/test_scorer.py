"""The score: additive, explained, fading; and when it decides."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.call.model import Party, Score, Turn
from ari_app.escalation.firing import FADES
from ari_app.escalation.scorer import Scorer
from ari_app.escalation.state import ScoringState
from ari_app.language.loading import load_lexicon
from ari_app.language.rules_file import default_rules
from tests.unit.escalation.conversation import turns_of

Hear = Callable[..., list[Score]]
RuleScorer = Callable[..., Scorer]
GREETING = ("assistant", "Hello, how can I help?")
PERSON = ("caller", "i want to talk to a person")
ANGRY = ("caller", "this is ridiculous you are useless")
GAS = ("caller", "theres a smell of gas and my gran is asleep")


def test_a_quiet_call_scores_nothing(hear: Hear) -> None:
    scores = hear(GREETING, ("caller", "when do you open"), ("assistant", "At nine."), ("caller", "thank you bye"))
    assert [score.points for score in scores] == [0, 0, 0, 0]
    assert not any(score.decision for score in scores)


def test_a_rule_that_says_now_decides_below_the_threshold(hear: Hear, rule_scorer: RuleScorer) -> None:
    rules = [{"name": "Person", "when": "human request", "escalate": "now", "queue": "desk", "priority": 3, "say": "One moment."}]
    decision = hear(GREETING, PERSON, by=rule_scorer(rules=rules))[-1].decision
    assert decision is not None
    assert (decision.rules, decision.queue, decision.priority, decision.say) == (("Person",), "desk", 3, "One moment.")
    assert decision.reason == "asks for a person"


def test_a_decision_is_made_once(hear: Hear) -> None:
    scores = hear(GREETING, PERSON, ("assistant", "Which day?"), PERSON, ("assistant", "Which day?"), PERSON)
    assert [score.turn for score in scores if score.decision] == [1]


def test_after_a_hand_back_points_begin_anew_and_wait_for_the_cool_down(rule_scorer: RuleScorer) -> None:
    scorer = rule_scorer(signals={"negative sentiment": 20}, cool_down="1 minute")
    (greeting, angry) = turns_of(GREETING, ANGRY)
    state, _ = scorer.consider(scorer.start(), greeting)
    state, score = scorer.consider(state, angry)
    assert score.decision
    state = scorer.handed_back(state, now=30.0)
    assert not state.cooled_down(89.9)
    assert state.cooled_down(90.0)
    state, score = scorer.consider(state, replace(angry, index=2, start=40.0, end=44.0))
    assert score.points > 10
    assert score.decision is None
    state, score = scorer.consider(state, replace(angry, index=3, start=95.0, end=99.0))
    assert score.decision


def test_a_rule_that_says_now_does_not_wait_for_the_cool_down(rule_scorer: RuleScorer) -> None:
    scorer = rule_scorer(rules=[{"name": "Person", "when": "human request", "escalate": "now"}])
    state = scorer.handed_back(scorer.start(), now=0.0)
    _, score = scorer.consider(state, turns_of(PERSON)[0])
    assert score.decision


def test_old_points_fade_by_the_minute(rule_scorer: RuleScorer) -> None:
    scorer = rule_scorer(signals={"negative sentiment": 5}, decay="2 per minute")
    state, before = scorer.consider(scorer.start(), turns_of(ANGRY)[0])
    quiet = Turn(1, Party.CALLER, "the number is four", 60.0, 64.0)
    _, after = scorer.consider(state, quiet)
    assert after.points == pytest.approx((before.points - 2.0) * (1 - FADES), abs=0.02)


def test_thanks_take_points_away_but_not_below_nothing(hear: Hear) -> None:
    lines = (
        GREETING,
        ("caller", "this is awful my order is late"),
        ("assistant", "It arrives at four."),
        ("caller", "oh lovely thank you so much"),
    )
    scores = hear(*lines)
    assert 0 <= scores[-1].points < scores[1].points
    assert any(each.points < 0 for each in scores[-1].contributions)


def test_an_operators_points_stand_in_for_the_signals_own(hear: Hear, rule_scorer: RuleScorer) -> None:
    rules = [{"name": "Cross", "when": "negative sentiment", "points": 2}]
    score = hear(ANGRY, by=rule_scorer(signals={"negative sentiment": 7}, rules=rules))[-1]
    assert [each.rule for each in score.contributions] == ["Cross"]
    assert 0 < score.points <= 2


def test_times_counts_and_the_first_asking_counts_too(hear: Hear, rule_scorer: RuleScorer) -> None:
    scorer = rule_scorer(rules=[{"name": "Circles", "when": "repetition", "times": 3, "points": 6}])
    asked = ("caller", "is my claim being paid or not")
    general = ("assistant", "Please see our website.")
    scores = hear(GREETING, asked, general, asked, general, asked, by=scorer)
    assert [bool(score.points) for score in scores] == [False, False, False, False, False, True]


def test_signals_together_must_be_close_together(hear: Hear, rule_scorer: RuleScorer) -> None:
    rules = [{"name": "Upset", "when": ["negative sentiment", "urgency"], "within": "3 turns", "points": 5}]
    scorer = rule_scorer(rules=rules)
    filler = ("assistant", "Which number is it?")
    assert hear(GREETING, ANGRY, filler, GAS, by=scorer)[-1].points > 0
    assert hear(GREETING, ANGRY, filler, ("caller", "it is four"), filler, GAS, by=scorer)[-1].points == 0


def test_either_signal_will_do_for_or(hear: Hear, rule_scorer: RuleScorer) -> None:
    scorer = rule_scorer(rules=[{"name": "Bad", "when": "negative sentiment or urgency", "points": 5}])
    assert hear(ANGRY, by=scorer)[-1].points > 0
    assert hear(GAS, by=scorer)[-1].points > 0


def test_examples_raise_the_signal_and_never_keeps_it_out(hear: Hear, rule_scorer: RuleScorer) -> None:
    rule = {
        "name": "Dispatch",
        "when": "human request",
        "escalate": "now",
        "examples": ["connect me with dispatch"],
        "never": ["I spoke with dispatch yesterday"],
    }
    scorer = rule_scorer(rules=[rule])
    assert hear(("caller", "please connect with dispatch"), by=scorer)[-1].decision
    assert not hear(("caller", "i spoke with dispatch yesterday"), by=scorer)[-1].decision


def test_a_shadow_rule_decides_and_says_so_and_a_live_one_still_acts(rule_scorer: RuleScorer) -> None:
    rules = [
        {"name": "Quiet", "when": "negative sentiment", "escalate": "now", "strength": 0.3, "mode": "shadow"},
        {"name": "Person", "when": "human request", "escalate": "now"},
    ]
    scorer = rule_scorer(rules=rules)
    first, second = turns_of(ANGRY, PERSON)
    state, score = scorer.consider(scorer.start(), first)
    assert score.decision is not None
    assert score.decision.shadow
    _, score = scorer.consider(state, second)
    assert score.decision is not None
    assert not score.decision.shadow


def test_shadow_points_are_not_in_the_score(hear: Hear, rule_scorer: RuleScorer) -> None:
    rules = [{"name": "Trial", "when": "negative sentiment", "points": 50, "mode": "shadow"}]
    score = hear(ANGRY, by=rule_scorer(rules=rules))[-1]
    assert score.points == 0
    assert score.decision is not None
    assert score.decision.shadow


def test_the_whole_book_in_shadow_never_acts(hear: Hear, rule_scorer: RuleScorer) -> None:
    scorer = rule_scorer(mode="shadow", rules=[{"name": "Person", "when": "human request", "escalate": "now"}])
    decision = hear(PERSON, by=scorer)[-1].decision
    assert decision is not None
    assert decision.shadow


def test_a_rule_keeps_its_hours(rule_scorer: RuleScorer) -> None:
    rules = [{"name": "Person", "when": "human request", "escalate": "now", "hours": "mon-fri 08:00-18:00"}]
    scorer, person = rule_scorer(rules=rules), turns_of(PERSON)[0]
    monday, sunday = datetime(2024, 1, 1, 9, 0), datetime(2024, 1, 7, 9, 0)
    assert scorer.consider(scorer.start(), person, monday)[1].decision
    assert not scorer.consider(scorer.start(), person, sunday)[1].decision
    assert not scorer.consider(scorer.start(), person, monday.replace(hour=18))[1].decision
    assert scorer.consider(scorer.start(), person)[1].decision


def test_the_highest_priority_rule_chooses_the_queue(hear: Hear, rule_scorer: RuleScorer) -> None:
    rules = [
        {"name": "Any", "when": "urgency", "escalate": "now", "queue": "support", "priority": 1},
        {"name": "Harm", "when": "urgency", "escalate": "now", "queue": "emergencies", "priority": 9},
    ]
    decision = hear(GAS, by=rule_scorer(rules=rules))[-1].decision
    assert decision is not None
    assert (decision.queue, decision.priority) == ("emergencies", 9)


def test_a_preview_does_not_advance_the_state(scorer: Scorer) -> None:
    state, _ = scorer.consider(scorer.start(), turns_of(GREETING)[0])
    partial = replace(turns_of(PERSON)[0], index=1)
    assert scorer.preview(state, partial).decision
    assert scorer.consider(state, partial)[1] == scorer.preview(state, partial)


def test_the_agents_words_do_not_count(hear: Hear) -> None:
    assert hear(("agent", "this is ridiculous i want to talk to a person"))[-1].points == 0


def test_the_state_survives_a_restart(scorer: Scorer) -> None:
    state = scorer.start()
    lines = (
        GREETING,
        ANGRY,
        ("assistant", "Please see our website.", {"kind": "referred"}),
        ("caller", "that is no help", {"loudness": -20.0}),
    )
    for turn in turns_of(*lines):
        state, _ = scorer.consider(state, turn)
    assert ScoringState.from_dict(json.loads(json.dumps(state.to_dict()))) == state


WORDS = st.sampled_from(
    [
        "i want",
        "a person",
        "my lawyer",
        "this is useless",
        "but",
        "thank you",
        "great",
        "please check our website",
        "the wedding",
        "fee",
        "is in two hours",
        "no",
        "not what i asked",
        "said",
        "again",
        "refund",
        "lovely",
        "emergency",
        "smell of gas",
        "waive",
        "?",
        "12",
    ]
)
LINES = st.lists(
    st.tuples(
        st.sampled_from(["caller", "assistant"]),
        st.lists(WORDS, max_size=12).map(" ".join),
        st.fixed_dictionaries(
            {"loudness": st.one_of(st.none(), st.floats(-60, 0)), "confidence": st.one_of(st.none(), st.floats(0, 1))}
        ),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(LINES)
def test_whatever_is_said_the_contributions_add_up(lines: list[tuple[str, str, dict[str, object]]]) -> None:
    scorer = Scorer(default_rules(), load_lexicon())
    state = scorer.start()
    for turn in turns_of(*lines):
        state, score = scorer.consider(state, turn)
        assert score.points == pytest.approx(sum(each.points for each in score.contributions), abs=0.1)
        assert score.points >= -0.01
        assert all(-1 <= signal.strength <= 1 and signal.evidence for signal in score.new_signals)
        if score.decision:
            assert score.decision.rules
            assert 0 < len(score.decision.reason) <= 24


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    scorer = Scorer(default_rules(), load_lexicon())
    scorer.consider(scorer.start(), turns_of(("caller", text))[0])
