"""A scorer with the shipped English lexicon and rules, and a way to write conversations as the tests read them."""

from collections.abc import Callable

import pytest

from ari_app.call.model import Score, Signal
from ari_app.escalation.lexicon import Lexicon
from ari_app.escalation.reading import Reader
from ari_app.escalation.rules import RuleBook
from ari_app.escalation.scorer import Scorer
from ari_app.language.loading import load_lexicon
from ari_app.language.rules_file import default_rules
from tests.unit.escalation.conversation import Line, turns_of


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return load_lexicon("en")


@pytest.fixture(scope="session")
def reader(lexicon: Lexicon) -> Reader:
    return Reader(lexicon)


@pytest.fixture(scope="session")
def scorer(lexicon: Lexicon) -> Scorer:
    return Scorer(default_rules(), lexicon)


@pytest.fixture
def hear(scorer: Scorer) -> Callable[..., list[Score]]:
    """Score a conversation turn by turn."""

    def heard(*lines: Line, by: Scorer = scorer) -> list[Score]:
        state, scores = by.start(), []
        for turn in turns_of(*lines):
            state, score = by.consider(state, turn)
            scores.append(score)
        return scores

    return heard


@pytest.fixture
def last_signals(hear: Callable[..., list[Score]]) -> Callable[..., dict[str, Signal]]:
    """The signals of a conversation's last turn by name."""
    return lambda *lines: {signal.name: signal for signal in hear(*lines)[-1].new_signals}


@pytest.fixture
def rule_scorer(lexicon: Lexicon) -> Callable[..., Scorer]:
    """A scorer with rules of the test's own."""
    return lambda **book: Scorer(RuleBook.model_validate(book), lexicon)
