"""A key that asks for a human goes the way of the operator's rule for spoken requests."""

from datetime import datetime

import pytest

from ari_app.call.model import Decision
from ari_app.escalation.requested import as_requested
from ari_app.escalation.rules import RuleBook

PRESSED = Decision(("Caller pressed a key",), "support", 0, "Of course.", "pressed 0")
HUMAN = {"name": "A person", "when": "human request", "escalate": "now", "queue": "vip", "priority": 7, "say": "At once."}


def asked(*rules: dict[str, object], now: datetime | None = None, **book: object) -> Decision:
    return as_requested(RuleBook.model_validate({"rules": rules, **book}), PRESSED, now)


def test_queue_priority_words_and_name_are_the_rules_and_the_reason_is_the_key():
    assert asked(HUMAN) == Decision(("A person",), "vip", 7, "At once.", "pressed 0")


def test_what_the_rule_leaves_out_comes_from_the_file_and_from_the_settings():
    plain = {"name": "A person", "when": "human request", "escalate": "now"}
    assert asked(plain, queue="desk") == Decision(("A person",), "desk", 0, "Of course.", "pressed 0")


def test_the_rule_that_is_about_nothing_else_and_acts_at_once_comes_first():
    mixed = {"name": "Mixed", "when": "urgency or human request", "escalate": "now", "queue": "mixed", "priority": 50}
    points = {"name": "Points", "when": "human request", "points": 5, "queue": "points"}
    assert asked(points, mixed, HUMAN).queue == "vip"
    assert asked(points, mixed).queue == "mixed"
    assert asked(points).queue == "points"


@pytest.mark.parametrize(
    ("rule", "book"),
    [
        ({**HUMAN, "mode": "shadow"}, {}),
        (HUMAN, {"mode": "shadow"}),
        ({**HUMAN, "hours": "mon-fri 08:00-18:00"}, {}),
        ({**HUMAN, "when": ["human request", "urgency"]}, {}),
        ({**HUMAN, "when": "urgency"}, {}),
    ],
)
def test_where_no_such_rule_holds_the_key_still_fetches_a_human(rule, book):
    assert asked(rule, now=datetime(2024, 1, 6, 12), **book) == PRESSED
