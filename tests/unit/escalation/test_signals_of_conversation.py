"""What the course of the conversation raises: asking again, dead ends, matters out of scope."""

from collections.abc import Callable

import pytest

from ari_app.call.model import Signal

Signals = Callable[..., dict[str, Signal]]
GREETING = ("assistant", "Hello, how can I help?")
CLAIM = (
    GREETING,
    ("caller", "my claim is in review is it being paid"),
    ("assistant", "A review is a stage in which the cost of a claim is looked at."),
)


@pytest.mark.parametrize(
    "again",
    [
        "right but what does that mean for my claim is it being paid or not",
        "that isnt what i asked is my claim being paid",
        "you just told me that im asking about the payment of my claim",
    ],
)
def test_the_same_question_in_other_words_is_a_repetition(last_signals: Signals, again: str) -> None:
    assert last_signals(*CLAIM, ("caller", again))["repetition"].strength >= 0.4


@pytest.mark.parametrize(
    "other",
    [
        "okay thank you and can you send me a letter about it",
        "sorry could you repeat that please",
        "great and what is my excess",
        "i understand thanks",
    ],
)
def test_another_question_or_a_polite_request_to_say_it_again_is_none(last_signals: Signals, other: str) -> None:
    assert "repetition" not in last_signals(*CLAIM, ("caller", other))


def test_digits_said_again_because_the_assistant_asked_are_no_repetition(last_signals: Signals) -> None:
    lines = (GREETING, ("caller", "four one seven nine nine two"), ("assistant", "I heard 4 1 7 9 2. Could you say them again?"))
    assert "repetition" not in last_signals(*lines, ("caller", "four one seven nine nine two"))


def test_the_same_question_about_something_else_is_no_repetition(last_signals: Signals) -> None:
    lines = (GREETING, ("caller", "how big can the cabin bag be"), ("assistant", "Up to 55 by 40 by 20 centimetres."))
    found = last_signals(*lines, ("caller", "and the checked bag how heavy can that be")).get("repetition")
    assert found is None or found.strength < 0.5


def test_sent_elsewhere_generically_is_a_dead_end(last_signals: Signals) -> None:
    lines = (GREETING, ("caller", "my bill is wrong"))
    assert last_signals(*lines, ("assistant", "Please refer to your terms and conditions."))["dead_end"].strength >= 0.7


def test_directions_with_figures_are_an_answer(last_signals: Signals) -> None:
    lines = (GREETING, ("caller", "do you sell gift cards"))
    answer = ("assistant", "Yes, from 10 to 500 dollars. You can buy them on our website.")
    assert "dead_end" not in last_signals(*lines, answer)


@pytest.mark.parametrize(
    ("kind", "counts"), [("referred", True), ("no answer", True), ("not understood", True), ("answered", False)]
)
def test_the_assistants_own_report_is_believed(last_signals: Signals, kind: str, counts: bool) -> None:
    lines = (GREETING, ("caller", "where is my bag"))
    assert ("dead_end" in last_signals(*lines, ("assistant", "Bags follow their owners.", {"kind": kind}))) is counts


def test_an_assistant_that_says_its_piece_again_is_stuck_since_the_first_time(hear: Callable[..., list[object]]) -> None:
    lines = (*CLAIM, ("caller", "yes but are you paying it"), ("assistant", "In a review the cost of a claim is looked at."))
    stuck = [signal for signal in hear(*lines)[-1].new_signals if signal.name == "dead_end"]  # type: ignore[attr-defined]
    assert [signal.turn for signal in stuck] == [2, 4]


def test_saying_it_again_on_request_is_no_dead_end(last_signals: Signals) -> None:
    lines = (*CLAIM, ("caller", "sorry could you repeat that a train went by"))
    assert "dead_end" not in last_signals(*lines, ("assistant", "A review is a stage in which the cost of a claim is looked at."))


def test_the_same_sentence_with_other_figures_answers_another_question(last_signals: Signals) -> None:
    lines = (GREETING, ("caller", "how big is the cabin bag"), ("assistant", "The cabin bag can be 55 by 40 centimetres."))
    more = (*lines, ("caller", "and the small bag"), ("assistant", "The small bag can be 40 by 30 centimetres."))
    assert "dead_end" not in last_signals(*more)


def test_having_no_answer_is_out_of_scope(last_signals: Signals) -> None:
    lines = (GREETING, ("caller", "what papers do i need for the urn"))
    assert last_signals(*lines, ("assistant", "I don't have details on that."))["out_of_scope"].strength >= 0.3


def test_a_specialists_matter_is_out_of_scope_and_more_so_when_misunderstood(last_signals: Signals) -> None:
    first = last_signals(GREETING, ("caller", "i want to register a power of attorney on his account"))["out_of_scope"].strength
    lines = (
        GREETING,
        ("caller", "about my husbands account please"),
        ("assistant", "I can help with balances, payments and cards."),
    )
    again = last_signals(*lines, ("caller", "none of those its a power of attorney i want to register"))["out_of_scope"].strength
    assert 0.3 <= first < again
