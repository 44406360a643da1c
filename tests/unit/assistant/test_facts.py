"""What the caller tells about the matter is taken out of the words by their build, whatever the matter is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.assistant.facts import FactFinder, adds_nothing, event, time_left, topic
from ari_app.assistant.language import read_language
from ari_app.call.model import Fact

WORDS = read_language("en").understanding.facts
FINDER = FactFinder(WORDS)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (
            "i have my sister's wedding dress in my checked bag and the ceremony is in twelve hours",
            {("matter", "sister's wedding dress in checked bag"), ("deadline", "ceremony in 12 hours")},
        ),
        (
            "My sister's wedding dress is in my checked bag, and the ceremony is in 12 hours!",
            {("matter", "sister's wedding dress in checked bag"), ("deadline", "ceremony in 12 hours")},
        ),
        ("my sisters wedding dress is in my checked bag", {("matter", "sister's wedding dress in checked bag")}),
        (
            "my insulin is in the suitcase and i need it tonight",
            {("matter", "insulin in suitcase"), ("deadline", "needed tonight")},
        ),
        ("my passport is missing", {("matter", "passport missing")}),
        ("my bag didn't arrive", {("matter", "bag did not arrive")}),
        ("i left my laptop on the plane", {("matter", "laptop on plane")}),
        ("the funeral is tomorrow morning", {("deadline", "funeral tomorrow morning")}),
        ("my exam starts in two hours", {("deadline", "exam in 2 hours")}),
        ("we must be there in half a day", set()),
        ("i need to be there within 3 days", {("deadline", "needed in 3 days")}),
        ("but this is a wedding emergency", {("matter", "wedding emergency")}),
        ("but this is wedding emergency", {("matter", "wedding emergency")}),
        ("my dad's ashes are in my cabin bag", {("matter", "dad's ashes in cabin bag")}),
    ],
)
def test_the_matter_and_the_deadline_are_understood(text: str, facts: set[tuple[str, str]]) -> None:
    assert {(fact.kind, fact.value) for fact in FINDER.find(text)} == facts


@pytest.mark.parametrize(
    "text",
    [
        "i have a question about bags",
        "can i check in tomorrow",
        "is my flight tomorrow",
        "how long does a refund take",
        "do refunds arrive in seven days",
        "i have a booking",
        "thank you that is all i need",
        "there is a problem with my seat",
        "it's alpha bravo charlie one two three",
        "i have two bags",
        "yes please",
        "my new flight is tomorrow",
        "",
    ],
)
def test_ordinary_turns_hold_no_facts(text: str) -> None:
    assert FINDER.find(text) == ()


def test_facts_are_said_as_one_speaks() -> None:
    matter, deadline = FINDER.find("my wife's insulin is in my checked bag and the flight leaves in 2 hours")
    assert matter.spoken == "wife's insulin in the checked bag"
    assert deadline.spoken == "flight in two hours"
    assert not matter.verified


def test_how_the_assistant_speaks_of_a_fact() -> None:
    assert topic("sister's wedding dress in checked bag", WORDS) == "your sister's wedding dress"
    assert topic("passport missing", WORDS) == "the passport"
    assert event("ceremony in 12 hours") == "the ceremony"
    assert event("needed tonight") == ""
    assert time_left("ceremony in 12 hours") == "twelve hours"
    assert time_left("funeral tomorrow morning") == ""


def test_an_outcry_about_the_same_matter_adds_nothing() -> None:
    known = [Fact("matter", "sister's wedding dress in checked bag")]
    assert adds_nothing(Fact("matter", "wedding emergency"), known, WORDS)
    assert not adds_nothing(Fact("matter", "passport missing"), known, WORDS)
    assert not adds_nothing(Fact("matter", "wedding emergency"), [], WORDS)


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    for fact in FINDER.find(text):
        assert fact.value and len(fact.value.split()) <= 12
