"""The sentences that stand with the rules, tried as a caller would say them."""

from collections.abc import Callable

import pytest

from ari_app.escalation.lexicon import Lexicon
from ari_app.escalation.rule_examples import Tried, contradictions, try_sentences
from ari_app.escalation.rules import RuleBook
from ari_app.escalation.scorer import Scorer
from ari_app.language.rules_file import default_rules

PERSON = {"name": "Person", "when": "human request", "escalate": "now"}
GAS = {"name": "Danger", "when": "urgency", "escalate": "now", "queue": "emergencies", "priority": 10}


@pytest.fixture
def tried(lexicon: Lexicon) -> Callable[..., list[Tried]]:
    def of(*rules: dict[str, object]) -> list[Tried]:
        return try_sentences(RuleBook.model_validate({"rules": rules}), lambda book: Scorer(book, lexicon), lambda _: None)

    return of


@pytest.mark.parametrize("name", ["rules", "airline"])
def test_the_shipped_rules_keep_what_their_sentences_promise(name: str, lexicon: Lexicon) -> None:
    found = try_sentences(default_rules(name), lambda book: Scorer(book, lexicon), lambda _: None)
    assert len(found) > 5
    assert [each.sentence for each in found if not each.passed] == []


def test_an_example_fires_its_rule_and_a_never_does_not(tried: Callable[..., list[Tried]]) -> None:
    found = tried(PERSON | {"examples": ["give me a human"], "never": ["I am a travel agent"]})
    assert [(each.kind, each.fired, each.passed) for each in found] == [("examples", True, True), ("never", False, True)]


def test_rules_in_shadow_and_rules_with_hours_are_tried_as_if_they_held(tried: Callable[..., list[Tried]]) -> None:
    (found,) = tried(PERSON | {"mode": "shadow", "hours": "sun 03:00-03:01", "examples": ["give me a human"]})
    assert found.passed


def test_an_example_that_its_own_never_holds_back_says_so(tried: Callable[..., list[Tried]]) -> None:
    rule = PERSON | {"examples": ["put me through to an agent"], "never": ["put me through to an agent now"]}
    found = next(each for each in tried(rule) if each.kind == "examples")
    assert not found.passed
    assert 'its never "put me through to an agent now" holds the rule back' in found.why


def test_one_sentence_cannot_show_what_is_needed_together(tried: Callable[..., list[Tried]]) -> None:
    rule = {"name": "Upset", "when": ["negative sentiment", "raised voice"], "points": 3, "examples": ["this is ridiculous"]}
    (found,) = tried(rule)
    assert not found.passed
    assert found.why.startswith("it needs negative sentiment and raised voice together; one sentence shows negative sentiment")


def test_a_rule_that_needs_several_times_hears_its_example_as_often(tried: Callable[..., list[Tried]]) -> None:
    twice = {"name": "Insists", "when": "human request", "times": 3, "points": 3, "examples": ["give me a human"]}
    (found,) = tried(twice)
    assert found.passed
    assert found.turn.index == 5


def test_an_example_that_another_rule_would_send_elsewhere_is_told(tried: Callable[..., list[Tried]]) -> None:
    found = tried(PERSON | {"examples": ["there is a smell of gas get me a person"]}, GAS)
    assert [rule.name for rule in found[0].elsewhere] == ["Danger"]
    assert tried(PERSON | {"examples": ["give me a human"]}, GAS)[0].elsewhere == ()


def test_an_example_of_one_rule_that_is_a_never_of_another_is_told() -> None:
    one = PERSON | {"examples": ["A human, please!"]}
    other = {"name": "Other", "when": "judgement", "points": 1, "never": ["a human please"]}
    found = list(contradictions(RuleBook.model_validate({"rules": [one, other]})))
    assert [(rule.name, against.name, sentence) for _, _, rule, against, sentence in found] == [
        ("Person", "Other", "A human, please!")
    ]
