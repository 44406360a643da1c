"""Outcomes and measures as the labelled windows define them."""

import pytest

from ari_app.escalation.backtest import Label, Outcome, by_cause, measure, outcome

ESCALATE = Label("a", (3, 5), ("urgency", "repetition"))
STAY = Label("b", None)


@pytest.mark.parametrize(
    ("turn", "label", "expected"),
    [
        (3, ESCALATE, Outcome.HIT),
        (5, ESCALATE, Outcome.HIT),
        (2, ESCALATE, Outcome.EARLY),
        (6, ESCALATE, Outcome.LATE),
        (None, ESCALATE, Outcome.MISSED),
        (0, STAY, Outcome.FALSE),
        (None, STAY, Outcome.STAYED),
    ],
)
def test_the_window_is_inclusive_at_both_ends(turn: int | None, label: Label, expected: Outcome) -> None:
    assert outcome(turn, label) is expected


def test_early_late_and_false_alarms_all_cost_precision() -> None:
    found = measure([Outcome.HIT, Outcome.HIT, Outcome.EARLY, Outcome.LATE, Outcome.FALSE, Outcome.MISSED, Outcome.STAYED])
    assert found.precision == pytest.approx(2 / 5)
    assert found.recall == pytest.approx(2 / 5)
    assert found.f1 == pytest.approx(2 / 5)
    assert found.false_rate == pytest.approx(1 / 2)


def test_nothing_measured_is_zero() -> None:
    assert measure([]).to_dict()["f1"] == 0


def test_causes_are_counted_by_the_main_one() -> None:
    found = by_cause({"a": Outcome.HIT, "b": Outcome.FALSE}, {"a": ESCALATE, "b": STAY})
    assert {cause: measures.hit for cause, measures in found.items()} == {"urgency": 1}
