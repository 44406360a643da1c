"""A decision explained turn by turn."""

from collections.abc import Callable

from ari_app.call.model import Score
from ari_app.escalation.explain import explain
from ari_app.escalation.scorer import Scorer
from tests.unit.escalation.conversation import turns_of


def test_points_evidence_and_verdict_stand_with_the_turn(
    hear: Callable[..., list[Score]], rule_scorer: Callable[..., Scorer]
) -> None:
    lines = (("assistant", "Hello."), ("caller", "this is ridiculous you are useless"), ("caller", "thanks"))
    scorer = rule_scorer(signals={"negative sentiment": 20}, queue="second")
    text = explain(hear(*lines, by=scorer), turns_of(*lines))
    rows = text.splitlines()
    assert rows[0].split() == ["turn", "who", "words", "score", "what", "counted"]
    assert "negative sentiment +18.0" in rows[2]
    assert '"this is ridiculous you are"' in rows[2]
    assert rows[3].strip() == "→ negative sentiment · threshold 10 → queue second"


def test_long_words_are_cut_and_points_against_show(hear: Callable[..., list[Score]], rule_scorer: Callable[..., Scorer]) -> None:
    lines = (("caller", "this is awful " + "and so on " * 20), ("assistant", "It is here."), ("caller", "perfect thank you"))
    text = explain(hear(*lines, by=rule_scorer(signals={"negative sentiment": 9, "resolved": -2})), turns_of(*lines))
    assert "…" in text
    assert "resolved -" in text


def test_a_reply_that_was_not_said_is_marked(hear: Callable[..., list[Score]]) -> None:
    lines = (("caller", "hello"), ("assistant", "Please see our website."))
    text = explain(hear(*lines), turns_of(*lines), unsaid={1})
    assert "(not said) Please see our website." in text
    assert text.count("(not said)") == 1
