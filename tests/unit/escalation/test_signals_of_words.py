"""What the caller's words raise: a person asked for, law and privacy, urgency, discretion, feelings, and the opposite."""

from collections.abc import Callable

import pytest

from ari_app.call.model import Signal

Signals = Callable[..., dict[str, Signal]]
GREETING = ("assistant", "Hello, how can I help?")


@pytest.mark.parametrize(
    "words",
    [
        "Representative.",
        "could i speak to a person please",
        "I'd rather have a word with somebody in the office.",
        "put me through to the complaints department",
        "i dont want to talk to a machine",
        "can you get me your supervisor",
        "is there anyone there i can talk to",
        "Just let me talk to a human being!",
    ],
)
def test_a_person_is_asked_for_in_many_wordings(last_signals: Signals, words: str) -> None:
    assert last_signals(GREETING, ("caller", words))["human_request"].strength >= 0.75


@pytest.mark.parametrize(
    "words",
    [
        "your agent told me yesterday that it was fine",
        "I don't need a human, you'll do.",
        "my travel agent booked the flight",
        "do i need to see an agent at the desk",
        "the backup agent crashes",
        "one of your people said it would be waived",
        "how many people can come",
        "i want to ask about an engineer",
    ],
)
def test_a_person_spoken_about_is_not_asked_for(last_signals: Signals, words: str) -> None:
    assert "human_request" not in last_signals(GREETING, ("caller", words))


@pytest.mark.parametrize(
    "words",
    [
        "is this call recorded i need it for my lawsuit",
        "I shall report you to the ombudsman.",
        "my solicitor says you have to answer",
        "i want to make a formal complaint",
        "this is a subject access request",
        "I can see another patient's name and date of birth in my letter.",
        "you refused me because im disabled thats discrimination",
        "the plug melted and burned my daughters hand",
    ],
)
def test_law_privacy_and_injury_are_matters_of_compliance(last_signals: Signals, words: str) -> None:
    assert last_signals(GREETING, ("caller", words))["compliance"].strength >= 0.7


@pytest.mark.parametrize(
    "words",
    [
        "i get off at the law courts stop",
        "I'm a lawyer now, I've changed jobs.",
        "its a parcel for sue",
        "i have jury service at the crown court",
        "is this call recorded",
        "the name is barrister as in the court",
    ],
)
def test_legal_words_in_another_sense_are_none(last_signals: Signals, words: str) -> None:
    found = last_signals(GREETING, ("caller", words)).get("compliance")
    assert found is None or found.strength < 0.7


@pytest.mark.parametrize(
    "words",
    [
        "theres a smell of gas in the hall and my gran is asleep",
        "hes got chest pains and he cant breathe",
        "i just had a crash and my little boy is in the back",
        "my daughter has swallowed a battery",
        "ive a days worth of insulin left",
    ],
)
def test_danger_told_calmly_is_urgent(last_signals: Signals, words: str) -> None:
    assert last_signals(GREETING, ("caller", words))["urgency"].strength >= 0.7


@pytest.mark.parametrize(
    "words",
    [
        "are the emergency exit seats free",
        "can i put my sister down as my emergency contact",
        "is the urgent care side open on saturday it isnt urgent",
        "if a pipe burst would that be covered",
        "i need it by next friday",
        "its not urgent ive three weeks left of my tablets",
        "i want to start an emergency fund",
        "never had a crash touch wood",
        "no rush at all the wedding is months away",
    ],
)
def test_harmless_uses_of_grave_words_are_not_urgent(last_signals: Signals, words: str) -> None:
    assert "urgency" not in last_signals(GREETING, ("caller", words))


@pytest.mark.parametrize(
    "words", ["the funeral is tomorrow and the suit is in that bag", "were losing customers every minute nobody can take a card"]
)
def test_an_immovable_event_soon_and_a_running_loss_are_half_urgent(last_signals: Signals, words: str) -> None:
    assert 0.3 <= last_signals(GREETING, ("caller", words))["urgency"].strength <= 0.7


@pytest.mark.parametrize(
    "words",
    [
        "could you waive the fee just this once i was in hospital",
        "can you make an exception ive been a customer for nine years",
        "is there any way you could let me off the charge my mother died",
        "could we set up a payment plan ive lost my job",
    ],
)
def test_asking_for_discretion_with_a_ground_is_for_judgement(last_signals: Signals, words: str) -> None:
    assert last_signals(GREETING, ("caller", words))["judgement"].strength >= 0.6


@pytest.mark.parametrize(
    "words", ["they said theyd waive my late fee i just want to check its gone", "what is the fee for a change"]
)
def test_a_fee_asked_about_or_already_waived_is_not(last_signals: Signals, words: str) -> None:
    assert "judgement" not in last_signals(GREETING, ("caller", words))


@pytest.mark.parametrize(
    "words",
    [
        "this is ridiculous youre all useless",
        "im so angry i could cry",
        "i dont know what to do im so scared",
        "you lot are a joke",
    ],
)
def test_anger_and_distress_are_heard(last_signals: Signals, words: str) -> None:
    assert last_signals(GREETING, ("caller", words))["negative_sentiment"].strength >= 0.4


def test_sarcasm_counts_after_a_dead_end_only(last_signals: Signals) -> None:
    stuck = (GREETING, ("caller", "where is my parcel then"), ("assistant", "Please check our website."))
    served = (GREETING, ("caller", "where is my parcel then"), ("assistant", "It will be with you at four o'clock today."))
    assert "negative_sentiment" in last_signals(*stuck, ("caller", "oh great very helpful"))
    assert "negative_sentiment" not in last_signals(*served, ("caller", "oh great very helpful"))


def test_polarity_alone_raises_nothing(last_signals: Signals) -> None:
    assert "negative_sentiment" not in last_signals(GREETING, ("caller", "the order is here", {"polarity": -0.9}))


def test_thanks_for_an_answer_count_against_a_handover(last_signals: Signals) -> None:
    lines = (GREETING, ("caller", "when do you open"), ("assistant", "We open at nine."))
    assert last_signals(*lines, ("caller", "perfect thank you very much"))["resolved"].strength <= -0.5
    assert "resolved" not in last_signals(*lines, ("caller", "no that is not what i asked"))
