"""The reader of what turns do, as it ships."""

import pytest

from ari_app.call.model import Party, Turn
from ari_app.errors import AriAppError
from ari_app.escalation.meaning import ASSISTANT_ACTS, CALLER_ACTS
from ari_app.language.acts import ActReader
from ari_app.language.clauses import clauses
from ari_app.language.understanding import understanding
from ari_app.language.words import WordVectors

GREETING = Turn(0, Party.ASSISTANT, "Hello, how can I help you?", 0.0, 2.0)


@pytest.fixture(scope="module")
def reader() -> ActReader:
    found = understanding("en")
    assert found
    return found


def said(text: str) -> Turn:
    return Turn(1, Party.CALLER, text, 3.0, 5.0, confidence=0.9)


def test_every_act_of_the_party_has_a_probability(reader: ActReader) -> None:
    caller, assistant = reader.read(said("hello"), (GREETING,)), reader.read(GREETING, ())
    assert set(caller.acts) == set(CALLER_ACTS) and set(assistant.acts) == set(ASSISTANT_ACTS)
    assert all(0 <= p <= 1 for p in (*caller.acts.values(), *assistant.acts.values()))


@pytest.mark.parametrize(
    "text", ["is there somebody real i could have a word with", "Put me through to a colleague of yours, please."]
)
def test_a_request_for_a_person_is_told_from_a_question(reader: ActReader, text: str) -> None:
    assert reader.read(said(text), (GREETING,))["human"] > 0.5 > reader.read(said("what time do you open"), (GREETING,))["human"]


def test_the_clause_that_matters_is_named(reader: ActReader) -> None:
    text = "well i have been a customer for years and my number is four two but i would really like to speak to a person now"
    assert "speak to a person" in reader.read(said(text), (GREETING,)).clauses["human"]


@pytest.mark.parametrize("text", ["", "   "])
def test_silence_means_nothing(reader: ActReader, text: str) -> None:
    assert reader.read(said(text), (GREETING,)).acts == {}


def test_raw_and_clean_writing_mean_the_same(reader: ActReader) -> None:
    raw, clean = (reader.read(said(text), (GREETING,)) for text in ("i dont want a robot", "I don't want a robot."))
    assert raw["human"] == pytest.approx(clean["human"], abs=0.02)


def test_other_languages_are_not_measured_by_english_meaning() -> None:
    assert understanding("de") is None and understanding("en", "off") is None


def test_a_missing_reader_says_how_to_make_it() -> None:
    with pytest.raises(AriAppError, match="missing") as raised:
        ActReader.load(WordVectors.load(), "no-such")
    assert "scripts/meaning/train" in raised.value.remedy


def test_a_long_utterance_is_cut_into_clauses_and_a_short_one_is_not() -> None:
    assert clauses("can you help me") == []
    assert clauses("i moved house last week but the bill still goes to the old flat and i never got it") == [
        "i moved house last week",
        "but the bill still goes to the old flat",
        "and i never got it",
    ]
