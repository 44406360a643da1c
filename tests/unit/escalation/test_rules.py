"""The rules' schema: how lines that a supervisor writes are understood."""

from datetime import datetime

import pytest
from pydantic import ValidationError

from ari_app.escalation.rules import Rule, RuleBook


def rule(**fields: object) -> Rule:
    return Rule.model_validate({"name": "Rule", "when": "urgency", "points": 3, **fields})


@pytest.mark.parametrize(
    ("written", "names", "together"),
    [
        ("human request", ("human_request",), False),
        ("Negative-Sentiment", ("negative_sentiment",), False),
        (["negative sentiment", "raised voice"], ("negative_sentiment", "raised_voice"), True),
        ("repetition and dead end", ("repetition", "dead_end"), True),
        ("urgency or compliance", ("urgency", "compliance"), False),
    ],
)
def test_when_names_signals_as_people_write_them(written: object, names: tuple[str, ...], together: bool) -> None:
    when = rule(when=written).when
    assert (when.names, when.together) == (names, together)


def test_a_misspelt_signal_is_answered_with_the_right_one() -> None:
    with pytest.raises(ValidationError, match='did you mean "repetition"'):
        rule(when="repitition")


@pytest.mark.parametrize(("written", "turns"), [("3 turns", 3), ("1 turn", 1), (5, 5)])
def test_within_is_a_number_of_turns(written: object, turns: int) -> None:
    assert rule(within=written).within == turns


@pytest.mark.parametrize(
    ("hours", "moment", "inside"),
    [
        ("mon-fri 08:00-18:00", datetime(2024, 1, 1, 8, 0), True),
        ("mon-fri 08:00-18:00", datetime(2024, 1, 6, 12, 0), False),
        ("08:00-18:00", datetime(2024, 1, 6, 12, 0), True),
        ("sat 9:00-24:00", datetime(2024, 1, 6, 23, 59), True),
        ("fri-mon 22:00-06:00", datetime(2024, 1, 2, 5, 59), True),
        ("fri-mon 22:00-06:00", datetime(2024, 1, 2, 22, 0), False),
        ("fri-mon 22:00-06:00", datetime(2024, 1, 5, 5, 0), False),
    ],
)
def test_hours_know_days_and_midnight(hours: str, moment: datetime, inside: bool) -> None:
    found = rule(hours=hours).hours
    assert found is not None
    assert found.include(moment) is inside


@pytest.mark.parametrize(
    "fields",
    [
        {"points": 3, "escalate": "now"},
        {"points": None},
        {"hours": "workdays"},
        {"hours": "mon-fri 08:00-25:00"},
        {"times": 0},
        {"strength": 2},
        {"mode": "off"},
        {"escalate": "later", "points": None},
        {"within": "soon"},
        {"when": "urgency and compliance or judgement"},
        {"when": 3},
        {"queue": ""},
        {"unknown": 1},
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        rule(**fields)


def test_weights_may_count_from_the_second_time_on() -> None:
    book = RuleBook.model_validate({"signals": {"dead end": "6 from the second time", "resolved": -5, "urgency": "9 points"}})
    assert {name: (weight.points, weight.times) for name, weight in book.signals.items()} == {
        "dead_end": (6, 2),
        "resolved": (-5, 1),
        "urgency": (9, 1),
    }


@pytest.mark.parametrize(("written", "rate"), [("1 per minute", 1), ("0.5 points per minute", 0.5), (2, 2)])
def test_decay_is_per_minute(written: object, rate: float) -> None:
    assert RuleBook.model_validate({"decay": written}).decay == rate


@pytest.mark.parametrize(("written", "seconds"), [("2 minutes", 120), ("30 seconds", 30), ("1 minute", 60), (15, 15)])
def test_a_cool_down_is_a_time(written: object, seconds: float) -> None:
    assert RuleBook.model_validate({"cool_down": written}).cool_down == seconds


def test_two_rules_of_one_name_are_refused() -> None:
    same = {"name": "Same", "when": "urgency", "points": 1}
    with pytest.raises(ValidationError, match="two rules are called"):
        RuleBook.model_validate({"rules": [same, same]})


def test_escalate_now_wants_a_sure_signal_unless_the_rule_says_otherwise() -> None:
    assert rule(points=None, escalate="now").least == 0.75
    assert rule(points=None, escalate="now", strength=0.4).least == 0.4
    assert rule().least == 0.2
