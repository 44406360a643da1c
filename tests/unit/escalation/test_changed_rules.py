"""A call goes on under other rules, or in another language, with the state that it has."""

from collections.abc import Callable

import pytest

from ari_app.escalation.lexicon import Lexicon
from ari_app.escalation.rules import RuleBook
from ari_app.escalation.scorer import Scorer
from ari_app.escalation.state import ScoringState
from tests.unit.escalation.conversation import turns_of

LINES = (
    ("assistant", "Hello."),
    ("caller", "this is ridiculous you are useless"),
    ("assistant", "I am sorry."),
    ("caller", "give me a human"),
)
PERSON = {"name": "Person", "when": "human request", "escalate": "now"}
FRENCH = {
    "language": "fr",
    "endings": {"cut": [], "irregular": {}},
    "short forms": {},
    "numbers": {},
    "fillers": [],
    "alike": [],
    "classes": {"staff": ["conseiller"]},
}


@pytest.fixture
def halfway(rule_scorer: Callable[..., Scorer]) -> ScoringState:
    scorer = rule_scorer(signals={"negative sentiment": 8}, rules=[{"name": "Gone", "when": "negative sentiment", "points": 3}])
    state = scorer.start()
    for turn in turns_of(*LINES)[:3]:
        state, _ = scorer.consider(state, turn)
    assert state.firings
    return state


def test_rules_that_are_gone_do_no_harm_and_new_ones_decide(halfway: ScoringState, rule_scorer: Callable[..., Scorer]) -> None:
    _, score = rule_scorer(rules=[PERSON]).consider(halfway, turns_of(*LINES)[3])
    assert score.decision is not None
    assert "Person" in score.decision.rules
    assert score.points > 0, "what was given stays until it fades"


def test_another_language_reads_the_turns_so_far_anew(halfway: ScoringState) -> None:
    scorer = Scorer(RuleBook.model_validate({"rules": [PERSON]}), Lexicon(FRENCH))
    french = (*LINES[:3], ("caller", "un conseiller"))
    state, score = scorer.consider(halfway, turns_of(*french)[3])
    assert score.decision is not None
    assert ScoringState.from_dict(state.to_dict()).turns == state.turns
