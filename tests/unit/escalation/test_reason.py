"""The reason on a desk phone's display: 24 characters."""

import pytest

from ari_app.call.model import Signal
from ari_app.escalation.reading import Reader
from ari_app.escalation.reason import reason_for
from tests.unit.escalation.conversation import turns_of


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("the ceremony is in twelve hours and the dress is in my bag", "ceremony bag 12h"),
        ("ive got a days worth of insulin left", "insulin"),
        ("my surgery is tomorrow and the parcel is not here", "surgery parcel tomorrow"),
        ("theres a smell of gas", "smell of gas"),
    ],
)
def test_an_urgent_matter_is_named_with_its_deadline(reader: Reader, words: str, reason: str) -> None:
    assert reason_for([Signal("urgency", 0, 0.9, "")], turns_of(("caller", words)), reader) == reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("repetition", "asked twice"),
        ("human_request", "asks for a person"),
        ("compliance", "legal or privacy matter"),
        ("unknown", "needs help"),
    ],
)
def test_other_matters_have_a_plain_name(reader: Reader, name: str, reason: str) -> None:
    assert reason_for([Signal(name, 0, 0.9, "")], turns_of(("caller", "hello")), reader) == reason


def test_it_never_exceeds_the_display(reader: Reader) -> None:
    words = "she is unconscious and can hardly breathe her surgery is in twenty four hours about my prescription"
    assert 0 < len(reason_for([Signal("urgency", 0, 1.0, "")], turns_of(("caller", words)), reader)) <= 24
