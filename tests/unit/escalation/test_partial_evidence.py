"""Which words carry a rule while they are being said: the shipped rules on sentences, word by word."""

from collections.abc import Callable
from datetime import datetime
from importlib.resources import files

import pytest
from ruamel.yaml import YAML

from ari_app.call.model import Carried, Party, Turn
from ari_app.escalation.lexicon import Lexicon
from ari_app.escalation.partial_evidence import PartialEvidence
from ari_app.escalation.partials import EVERY, PartialTriggers
from ari_app.escalation.rules import RuleBook
from ari_app.escalation.scorer import Scorer
from ari_app.escalation.state import ScoringState
from ari_app.language.rules_file import default_rules

FRESH = ScoringState()


@pytest.fixture(scope="module")
def evidence(lexicon: Lexicon) -> PartialEvidence:
    return PartialEvidence(default_rules(), lexicon)


@pytest.fixture
def rules(lexicon: Lexicon) -> Callable[..., PartialEvidence]:
    return lambda *each, **book: PartialEvidence(RuleBook.model_validate({"rules": each, **book}), lexicon)


def weighed(evidence: PartialEvidence, text: str, state: ScoringState = FRESH, now: datetime | None = None) -> Carried:
    return evidence.weigh(state, Turn(4, Party.CALLER, text, 9.0, 9.0), now)


def enough(evidence: PartialEvidence, sentence: str, step: int = 1) -> str | None:
    """The words at which the sentence, heard `step` words at a time, is acted upon."""
    words, triggers, at = sentence.split(), PartialTriggers(), 0.0
    for count in [*range(step, len(words), step), len(words)]:
        at += EVERY
        triggers.heard(" ".join(words[:count]), at)
        text = triggers.to_preview(at)
        if text and triggers.previewed(weighed(evidence, text).rules):
            return text
    return None


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("i want to talk to a human because nobody helps me here", "i want to talk to a human because"),
        ("can i talk to a real person please", "can i talk to a real person please"),
        ("put me through to somebody who can help me with this", "put me through to somebody who can help"),
        ("i want to talk to a human not a machine and i want it now", "i want to talk to a human not a machine and"),
        ("representative please right now", "representative please"),
        ("i have chest pains and i am on the plane right now", "i have chest pains and"),
        ("my child is not breathing please send somebody", "my child is not breathing please"),
        ("there is a smell of gas in my kitchen and my baby is here", "there is a smell of gas in"),
        ("i am going to sue you for this", "i am going to sue you"),
        ("my lawyer will contact you about this if nothing happens", "my lawyer will contact you"),
        ("i will take you to court over this", "i will take you to court over"),
    ],
)
def test_words_that_ask_for_a_human_at_once_are_enough_before_their_sentence_ends(evidence, sentence, words):
    found = enough(evidence, sentence)
    assert found is not None, "waited for the end"
    assert len(found.split()) <= len(words.split())


@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize(
    "sentence",
    [
        "i want to talk to a humanoid robot about it",
        "i want to talk to a human no that's what my brother said",
        "i want to talk to a human was what my brother said",
        "i want to talk to a human later but first where is my bag",
        "i want to speak to the person who said that yesterday",
        "i spoke to a human yesterday and he said it is fine",
        "i do not want to talk to a human i just want my bag",
        "i don't want to talk to a real person i want to use the website",
        "nobody wants to talk to a human these days",
        "your agent told me that i can speak to a manager",
        "my lawyer's office address is fifteen main street",
        "my lawyer 's office address is fifteen main street",
        "a friend of mine is a lawyer and likes your airline",
        "i had chest pains last year and want to know about insurance",
        "if i have chest pains on board what happens",
        "my husband had a heart attack in may and i would like a refund",
        "there is a fire in the movie",
        "what should i do in an emergency",
        "the wedding is tomorrow and my dress is in the bag",
        "i will report this to the manager of the hotel",
        "i am a travel agent and i want to book",
        "where is my bag",
    ],
)
def test_words_that_may_not_be_meant_so_wait_for_the_end(evidence, sentence, step):
    assert enough(evidence, sentence, step) is None


@pytest.mark.parametrize("text", ["", " ", "um", "the", "hm hm hm", "no", "what"])
def test_noise_carries_nothing(evidence, text):
    assert weighed(evidence, text) == Carried()


def test_what_is_carried_comes_with_the_decision_of_the_operators_rule(rules):
    by = rules({"name": "A person", "when": "human request", "escalate": "now", "queue": "vip", "priority": 7, "say": "At once."})
    score = weighed(by, "i want to talk to a human").score
    assert score is not None and score.decision is not None
    assert (score.decision.queue, score.decision.priority, score.decision.say) == ("vip", 7, "At once.")
    assert score.decision.rules == ("A person",)


HUMAN = {"name": "A person", "when": "human request", "escalate": "now"}


def test_rules_in_shadow_carry_nothing(rules):
    assert weighed(rules(HUMAN), "i want to talk to a human").rules == {"A person"}
    assert weighed(rules({**HUMAN, "mode": "shadow"}), "i want to talk to a human") == Carried()
    assert weighed(rules(HUMAN, mode="shadow"), "i want to talk to a human") == Carried()


def test_rules_out_of_their_hours_carry_nothing(rules):
    by_day = rules({**HUMAN, "hours": "mon-fri 08:00-18:00"})
    assert weighed(by_day, "i want to talk to a human", now=datetime(2024, 1, 1, 12)).rules == {"A person"}
    assert weighed(by_day, "i want to talk to a human", now=datetime(2024, 1, 1, 20)) == Carried()


def test_rules_with_points_and_rules_about_other_signals_wait_for_the_end(rules):
    points = rules({"name": "Points", "when": "human request", "points": 50}, signals={"human request": 50})
    assert weighed(points, "i want to talk to a human") == Carried()
    upset = rules({"name": "Upset", "when": "negative sentiment", "strength": 0.3, "escalate": "now"})
    assert weighed(upset, "this is a disgrace i am furious and disgusted") == Carried()


def test_faint_signals_wait_for_the_end_even_where_the_rule_would_take_them(rules):
    faint = rules({"name": "Law", "when": "compliance", "strength": 0.2, "escalate": "now"})
    assert weighed(faint, "my wife knows a lawyer") == Carried()


def test_a_deadline_waits_for_the_end_though_it_is_urgent(rules):
    urgent = rules({"name": "Urgent", "when": "urgency", "strength": 0.3, "escalate": "now"})
    assert weighed(urgent, "the wedding is in twelve hours and my dress is lost i am desperate") == Carried()


def test_the_operators_own_example_counts_once_all_of_it_has_been_said(rules):
    flood = rules({"name": "Flood", "when": "urgency", "escalate": "now", "examples": ["water is pouring through my ceiling"]})
    assert weighed(flood, "water is pouring through my").rules == set()
    assert weighed(flood, "water is pouring through my ceiling").rules == {"Flood"}
    assert weighed(flood, "water is not pouring through my ceiling").rules == set()


def test_what_the_operator_never_wants_keeps_the_rule_out(rules):
    by = rules({**HUMAN, "never": ["can i speak to someone about a job"]})
    assert weighed(by, "can i speak to someone").rules == {"A person"}
    assert weighed(by, "can i speak to someone about a job") == Carried()


def test_nothing_is_carried_while_a_decision_is_being_acted_upon(evidence):
    assert weighed(evidence, "i want to talk to a human", ScoringState(decided=True)) == Carried()


def test_a_rule_that_needs_a_second_time_counts_the_turns_before(rules, lexicon):
    twice = {**HUMAN, "times": 2}
    evidence, scorer = rules(twice), Scorer(RuleBook.model_validate({"rules": [twice]}), lexicon)
    assert weighed(evidence, "i want to talk to a human") == Carried()
    state, _ = scorer.consider(FRESH, Turn(1, Party.CALLER, "i want to talk to a human", 1.0, 2.0))
    assert weighed(evidence, "i want to talk to a human", state).rules == {"A person"}


def test_a_language_that_does_not_tell_what_takes_words_back_waits_for_the_end():
    data = YAML(typ="safe").load(files("ari_app.escalation").joinpath("lexicons/en.yaml").read_text(encoding="utf-8"))
    del data["classes"]["takes back"]
    assert weighed(PartialEvidence(default_rules(), Lexicon(data)), "i want to talk to a human") == Carried()


@pytest.mark.parametrize("party", [Party.ASSISTANT, Party.AGENT])
def test_only_the_callers_words_carry_anything(evidence, party):
    words = Turn(4, party, "i want to talk to a human", 9.0, 9.0)
    assert evidence.weigh(FRESH, words) == Carried()
