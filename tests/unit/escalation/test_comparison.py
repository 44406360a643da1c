"""What changed rules would have done differently with a call, and what made the difference."""

from collections.abc import Callable

import pytest

from ari_app.escalation.comparison import Change, Compared, compare, totals
from ari_app.escalation.replay import decide
from ari_app.escalation.scorer import Scorer
from ari_app.escalation.written_calls import WrittenCall
from tests.unit.escalation.conversation import turns_of

CALL = WrittenCall(
    "c",
    turns_of(
        ("assistant", "Hello."),
        ("caller", "this is ridiculous you are useless"),
        ("assistant", "I am sorry."),
        ("caller", "I want to talk to a person"),
    ),
)
PERSON = {"name": "Person", "when": "human request", "escalate": "now"}
ANGRY = {"name": "Angry", "when": "negative sentiment", "points": 10}
Compare = Callable[[dict[str, object], dict[str, object]], Compared]


@pytest.fixture
def compared(rule_scorer: Callable[..., Scorer]) -> Compare:
    return lambda old, new: compare(decide(CALL, rule_scorer(**old)), decide(CALL, rule_scorer(**new)))


def test_the_same_rules_change_nothing(compared: Compare) -> None:
    found = compared({"rules": [PERSON]}, {"rules": [PERSON]})
    assert (found.change, found.turn, found.differences) == (Change.SAME, None, ())


def test_a_rule_that_gives_points_makes_it_earlier_and_is_named(compared: Compare) -> None:
    found = compared({"rules": [PERSON]}, {"rules": [PERSON, ANGRY], "threshold": 8})
    assert (found.change, found.turn) == (Change.EARLIER, 1)
    (difference,) = found.differences
    assert (difference.rule, difference.before) == ("Angry", 0.0)
    assert difference.after >= 8
    assert found.thresholds == (10, 8)


def test_it_is_later_the_other_way_round(compared: Compare) -> None:
    found = compared({"rules": [PERSON, ANGRY], "threshold": 8}, {"rules": [PERSON]})
    assert (found.change, found.turn) == (Change.LATER, 1)
    assert found.differences[0].after == 0.0


def test_a_rule_that_orders_at_once_is_named_though_it_gives_no_points(compared: Compare) -> None:
    newly = compared({"rules": []}, {"rules": [PERSON]})
    assert (newly.change, newly.turn, newly.ordered_after) == (Change.NEWLY, 3, ("Person",))
    gone = compared({"rules": [PERSON]}, {"rules": [PERSON | {"mode": "shadow"}]})
    assert (gone.change, gone.turn, gone.ordered_before) == (Change.NO_LONGER, 3, ("Person",))
    assert gone.after.shadow is not None


def test_another_queue_at_the_same_turn_is_a_change(compared: Compare) -> None:
    found = compared({"rules": [PERSON]}, {"rules": [PERSON | {"queue": "second"}]})
    assert found.change is Change.OTHER_QUEUE
    assert found.to_dict()["before"]["queue"] == "support"
    assert found.to_dict()["after"] == {"escalate": True, "turn": 3, "score": 0, "queue": "second", "rules": ["Person"]}


def test_totals_count_every_kind(compared: Compare) -> None:
    both = [compared({"rules": []}, {"rules": [PERSON]}), compared({"rules": []}, {"rules": []})]
    assert totals(both)[Change.NEWLY] == 1
    assert totals(both)[Change.SAME] == 1
    assert sum(totals(both).values()) == 2
