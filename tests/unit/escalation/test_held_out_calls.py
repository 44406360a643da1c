"""The shipped rules and reader on calls by an author whom the reader has learnt nothing from (tests/data/README.md)."""

from pathlib import Path

import pytest

from ari_app.escalation.backtest import Measures, measure, outcome
from ari_app.escalation.call_sheets import read_sheets
from ari_app.escalation.replay import decide
from ari_app.language.rules_file import default_rules
from ari_app.language.sentiment import with_polarity
from ari_app.language.understanding import Choice
from ari_app.rules_in_force import scorer_for

SHEET = Path(__file__).parents[2] / "data" / "calls" / "held_out.txt"


def measured(meaning: Choice) -> Measures:
    scorer = scorer_for(default_rules(), meaning)
    sheets = read_sheets(SHEET.read_text(encoding="utf-8"), SHEET.name)
    return measure([outcome(decide(with_polarity(each.call, "en"), scorer).turn, each.label) for each in sheets])


@pytest.fixture(scope="module")
def by_meaning() -> Measures:
    return measured("built-in")


def test_four_of_five_calls_are_handed_over_within_the_window(by_meaning: Measures) -> None:
    assert by_meaning.f1 >= 0.78


def test_few_calls_that_should_stay_are_handed_over(by_meaning: Measures) -> None:
    assert by_meaning.false_rate <= 0.08


def test_meaning_is_worth_having(by_meaning: Measures) -> None:
    assert by_meaning.f1 > measured("off").f1 + 0.2
