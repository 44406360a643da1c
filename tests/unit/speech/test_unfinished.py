"""Which words let the listener wait a little longer."""

import pytest

from ari_app.speech.unfinished import is_unfinished


@pytest.mark.parametrize(
    "text",
    [
        "my booking reference is",
        "it's a b",
        "alpha bravo charlie",
        "alpha bravo charlie one two",
        "a",
        "i have my",
        "the ceremony is in twelve hours and",
        "i'm calling about",
        "the dress is in the",
        "so um",
    ],
)
def test_these_go_on(text: str) -> None:
    assert is_unfinished(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yes that's right",
        "a b c one two three",
        "my booking reference is alpha bravo charlie one two three",
        "but this is a wedding emergency",
        "the ceremony is in twelve hours",
        "i called you twice about that",
        "there are three of us and we need table two",
        "what is that",
        "can you check in",
    ],
)
def test_these_are_complete(text: str) -> None:
    assert not is_unfinished(text.split())
