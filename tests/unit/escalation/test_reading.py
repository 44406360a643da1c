"""Reading a text: clean and recogniser text alike, word forms, classes, negation, numbers."""

import pytest

from ari_app.escalation.lexicon import Lexicon
from ari_app.escalation.reading import Reader
from ari_app.escalation.similarity import LexicalSimilarity


def test_clean_and_recogniser_text_read_alike(reader: Reader) -> None:
    clean, raw = (
        reader.read("I don't want it. That's not what I've asked!"),
        reader.read("i dont want it thats not what ive asked"),
    )
    assert clean.words == raw.words
    assert clean.classes == raw.classes


def test_the_evidence_is_quoted_as_it_was_written(reader: Reader) -> None:
    reading = reader.read("Well, I don't need a lawyer, thanks.")
    span = reading.first("lawyer")
    assert span is not None
    assert reading.quote(span) == '"need a lawyer thanks"'


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("waiting", "wait"),
        ("stopped", "stop"),
        ("cities", "city"),
        ("closing", "closed"),
        ("hated", "hate"),
        ("mums", "mum"),
        ("bags", "bag"),
        ("lost", "losing"),
        ("paid", "pay"),
    ],
)
def test_the_forms_of_a_word_have_one_stem(lexicon: Lexicon, one: str, other: str) -> None:
    assert lexicon.stem(one) == lexicon.stem(other)


@pytest.mark.parametrize(("one", "other"), [("hat", "hate"), ("car", "care"), ("far", "fare")])
def test_other_words_do_not(lexicon: Lexicon, one: str, other: str) -> None:
    assert lexicon.stem(one) != lexicon.stem(other)


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("it is not urgent", True),
        ("this is urgent", False),
        ("no it is urgent", False),
        ("i never said so but it is urgent", False),
        ("there is nothing here that i would call urgent", False),
    ],
)
def test_negation_reaches_a_few_words_and_not_past_but(reader: Reader, text: str, negated: bool) -> None:
    assert (reader.read(text).affirmed("emergency") is None) is negated


@pytest.mark.parametrize(
    ("text", "number"), [("in twelve hours", 12), ("in twenty four hours", 24), ("in 6 hours", 6), ("in some hours", 0)]
)
def test_the_number_before_a_place(reader: Reader, text: str, number: int) -> None:
    reading = reader.read(text)
    assert reading.number(reading.words.index("hours")) == number


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("is it paid", True),
        ("Paid?", True),
        ("that is it", False),
        ("so where is my bag", True),
        ("it is here", False),
        ("", False),
    ],
)
def test_questions_are_recognised_without_punctuation(reader: Reader, text: str, question: bool) -> None:
    assert reader.read(text).question is question


def test_a_class_that_does_not_exist_is_refused() -> None:
    data = {
        "language": "xx",
        "endings": {"cut": [], "irregular": {}},
        "short forms": {},
        "numbers": {},
        "fillers": [],
        "alike": [],
        "classes": {"one": ["@two"]},
    }
    with pytest.raises(ValueError, match="'two', which is unknown"):
        Lexicon(data)


def test_likeness_knows_word_order_synonyms_and_strangers(reader: Reader) -> None:
    similarity = LexicalSimilarity(reader)
    assert similarity.alike("I have chest pains", "there are pains in my chest") > 0.9
    assert similarity.alike("where is my suitcase", "where is my luggage") > 0.9
    assert similarity.alike("cancel my flight", "what is the weather") == 0
    assert similarity.alike("", "anything") == 0
    assert similarity.best("anything", []) == (0.0, "")
