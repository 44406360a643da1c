"""Booking references are heard in what a recogniser writes when callers spell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.assistant.language import read_language
from ari_app.assistant.reference import ReferenceListener

LANGUAGE = read_language("en")
LISTENER = ReferenceListener("[A-Z][A-Z0-9]{5}", LANGUAGE.spelling, LANGUAGE.understanding.stop)


@pytest.mark.parametrize(
    "text",
    [
        "alpha bravo charlie one two three",
        "it's alpha bravo charlie one two three",
        "yes it's a alpha bravo charlie one two three",
        "alfa bravo charlie one two three please",
        "a b c one two three",
        "ay bee see one two three",
        "yes that's alpha bravo charlie um one two and three",
        "alpha bravo charlie one twenty three",
        "alpha bravo charlie one hundred and twenty three",
        "a for apple b as in bob c for charlie one two three",
        "a like alpha b like bravo c like charlie one two three",
        "my booking reference is ABC123.",
        "abc 123",
        "ABC one two three",
        "Alpha, Bravo, Charlie, 1, 2, 3",
        "the letters are alpha bravo charlie and the numbers are one two three",
    ],
)
def test_abc123_is_heard_in_every_way_of_spelling_it(text: str) -> None:
    assert LISTENER.hear(text).candidates[:1] == ("ABC123",)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("q r seven t l two", "QR7TL2"),
        ("double u n four double b nine", "WN4BB9"),
        ("whiskey november four bravo bravo nine", "WN4BB9"),
        ("x ray yankee double seven zulu nine", "XY77Z9"),
        ("papa triple two kilo one", "P222K1"),
        ("see are seven tea el two", "CR7TL2"),
    ],
)
def test_letters_doubles_and_words_that_sound_like_letters(text: str, reference: str) -> None:
    assert LISTENER.hear(text).candidates[:1] == (reference,)


def test_oh_may_be_the_letter_or_the_digit() -> None:
    assert LISTENER.hear("bravo delta one two three oh").candidates == ("BD1230", "BD123O")


@pytest.mark.parametrize(
    "text",
    [
        "i have a question for you about two bags",
        "see you at one or two",
        "i want to talk to a person",
        "oh i see",
        "how are you",
        "you are too late for me to see why",
        "can i bring one bag or two",
        "",
    ],
)
def test_everyday_words_are_no_reference(text: str) -> None:
    assert LISTENER.hear(text).candidates == ()


def test_a_reference_in_two_breaths_is_put_together() -> None:
    first = LISTENER.hear("alpha bravo charlie")
    assert (first.candidates, first.part) == ((), "ABC")
    assert LISTENER.hear("one two three", before=first.part).candidates == ("ABC123",)


def test_the_words_around_a_reference_are_kept() -> None:
    heard = LISTENER.hear("quebec romeo seven tango lima two and how long does a refund take")
    assert heard.rest == "and how long does a refund take"


def test_a_reference_is_read_back_so_that_it_can_be_checked() -> None:
    assert LISTENER.spoken("QR7TL2") == "quebec romeo seven tango lima two"


@given(st.from_regex("[A-Z][A-Z0-9]{5}", fullmatch=True).filter(lambda text: text.isascii()))
def test_what_is_read_back_is_heard_again(reference: str) -> None:
    assert LISTENER.hear(f"it's {LISTENER.spoken(reference)} please").candidates[0] == reference


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    for candidate in LISTENER.hear(text).candidates:
        assert len(candidate) == 6
