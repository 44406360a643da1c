"""A call that is over is told to a scorer as it was heard: until it decides, or to the end, with the time of day."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from ari_app.escalation.replay import decide, follow
from ari_app.escalation.scorer import Scorer
from ari_app.escalation.written_calls import WrittenCall
from tests.unit.escalation.conversation import turns_of

ASKS = (("assistant", "Hello."), ("caller", "hi there"), ("caller", "I want to talk to a person"), ("caller", "now please"))
PERSON = {"name": "Person", "when": "human request", "escalate": "now"}


def call(*lines: tuple[str, str]) -> WrittenCall:
    return WrittenCall("c", turns_of(*(lines or ASKS)))


def test_it_ends_with_the_turn_that_decides(rule_scorer: Callable[..., Scorer]) -> None:
    verdict = decide(call(), rule_scorer(rules=[PERSON]))
    assert (verdict.turn, len(verdict.scores), verdict.last.decision is not None) == (2, 3, True)


def test_a_decision_in_shadow_does_not_end_it(rule_scorer: Callable[..., Scorer]) -> None:
    verdict = decide(call(), rule_scorer(rules=[PERSON | {"mode": "shadow"}]))
    assert verdict.turn is None
    assert len(verdict.scores) == 4
    assert verdict.shadow is not None and verdict.shadow.turn == 2


def test_a_rule_with_hours_goes_by_the_time_at_which_the_turn_was_said(rule_scorer: Callable[..., Scorer]) -> None:
    scorer = rule_scorer(rules=[PERSON | {"hours": "mon-fri 08:00-18:00"}])
    monday, sunday = datetime(2024, 1, 1, 12, 0), datetime(2024, 1, 7, 12, 0)
    assert decide(replace(call(), began=monday), scorer).turn == 2
    assert decide(replace(call(), began=sunday), scorer).turn is None
    assert decide(call(), scorer).turn == 2
    just_before = datetime(2024, 1, 1, 7, 59, 50)
    assert decide(replace(call(), began=just_before), scorer).turn == 2


def test_after_a_handover_that_ended_a_call_may_be_handed_over_again(rule_scorer: Callable[..., Scorer]) -> None:
    again = (*ASKS, ("assistant", "Nobody is free."), ("caller", "then get me a human"))
    scorer = rule_scorer(rules=[PERSON])
    once = follow(call(*again), scorer)
    twice = follow(replace(call(*again), returns=(19.5,)), scorer)
    assert [score.turn for score in once if score.decision] == [2]
    assert [score.turn for score in twice if score.decision] == [2, 5]


def test_a_call_without_turns_is_not_handed_over(rule_scorer: Callable[..., Scorer]) -> None:
    verdict = decide(WrittenCall("c", ()), rule_scorer())
    assert (verdict.turn, verdict.last.points, verdict.signals()) == (None, 0.0, [])
