"""What the agent is told, in the ear, on the phone and on its display."""

from dataclasses import replace

from ari_app.call.briefing import CARD_LINE, WHISPER_CHARACTERS, compose, display
from ari_app.call.model import Contribution, Fact, Score, Signal
from tests.unit.call.conversations import new_call

FACTS = (
    Fact("name", "David Miller", verified=True),
    Fact("booking", "ABC123", "alpha bravo charlie one two three", verified=True),
    Fact("situation", "Flight to Lisbon cancelled", verified=True),
    Fact("matter", "sister's wedding dress in checked bag"),
    Fact("deadline", "ceremony in 12 hours", "ceremony in twelve hours"),
)


def call_with(*facts: Fact, suggestion: str | None = "Baggage special services, section 4A"):
    return replace(new_call(), facts=facts, suggestion=suggestion)


def upset(asked: int) -> Score:
    signals = [Signal("repetition", turn, 0.8, "asked before") for turn in range(1, asked)]
    return Score(9, 12.0, 10.0, (Contribution("r", 6.0, (*signals, Signal("negative_sentiment", 4, 0.6, "angry"))),))


def test_the_whisper_tells_who_what_and_what_to_try_in_about_ten_seconds():
    text = compose(call_with(*FACTS)).whisper()
    assert text == (
        "David Miller, booking ABC123, verified. Sister's wedding dress in checked bag, ceremony in 12 hours. "
        "Try baggage special services, section 4A."
    )
    assert len(text) <= WHISPER_CHARACTERS


def test_what_is_only_claimed_is_called_so():
    text = compose(call_with(Fact("booking", "ABC123"))).whisper()
    assert text.startswith("David Miller, booking ABC123, not verified.")


def test_a_short_story_leaves_room_for_situation_and_mood():
    call = replace(call_with(FACTS[0], FACTS[2], suggestion=None), score=upset(2))
    assert compose(call).whisper() == "David Miller. Flight to Lisbon cancelled. Asked twice, upset."


def test_nothing_is_known_then_the_whisper_says_that():
    call = replace(call_with(suggestion=None), caller_name="")
    assert compose(call).whisper() == "A caller who gave no name."


def test_the_card_has_at_most_five_lines_that_fit():
    call = replace(call_with(*FACTS, Fact("matter", "x" * 200)), score=upset(3))
    lines = compose(call).card("Key *1 hear again").split("\n")
    assert lines[0] == "David Miller · ABC123 ✓ verified"
    assert len(lines) <= 5 and all(len(line) <= CARD_LINE for line in lines)


def test_asking_twice_and_three_times_are_told_apart():
    for asked, words in ((2, "asked twice"), (3, "asked three times"), (5, "asked three times")):
        assert words in compose(replace(call_with(), score=upset(asked))).card()


def test_the_display_shows_first_name_initial_and_reason():
    assert display(call_with(*FACTS), "wedding bag 12h") == "David M. / wedding bag 12h"
    assert display(replace(call_with(), caller_name=""), "asks for a person") == "asks for a person"
