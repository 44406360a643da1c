"""How the words of other languages than English are read: spellings, forms, compounds, numbers, negation, questions."""

import pytest

from ari_app.escalation.lexicon import Lexicon
from ari_app.escalation.reading import Reader
from ari_app.escalation.similarity import LexicalSimilarity
from ari_app.language.loading import load_lexicon


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("de", "für", "fuer"),
        ("de", "Straße", "strasse"),
        ("de", "Mitarbeiterinnen", "mitarbeiter"),
        ("de", "Anwältin", "anwalt"),
        ("de", "gesprochen", "sprechen"),
        ("de", "könnten", "kann"),
        ("de", "Rechnungen", "rechnung"),
        ("es", "línea", "linea"),
        ("es", "año", "ano"),
        ("es", "abogadas", "abogado"),
        ("es", "reclamación", "reclamo"),
        ("es", "quisiera", "quiero"),
        ("es", "páseme", "pasarme"),
        ("es", "pagué", "pagar"),
    ],
)
def test_spellings_and_forms_of_a_word_are_one(language: str, one: str, other: str) -> None:
    lexicon = load_lexicon(language)
    assert lexicon.stem(one.lower()) == lexicon.stem(other.lower())


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("de", "falls", "fallen"),
        ("de", "wehen", "weh"),
        ("de", "nacht", "nach"),
        ("de", "wein", "weinen"),
        ("es", "coño", "con"),
        ("es", "caso", "casa"),
        ("es", "bebé", "bebió"),
        ("es", "para", "parada"),
        ("es", "de", "dar"),
    ],
)
def test_other_words_are_not(language: str, one: str, other: str) -> None:
    lexicon = load_lexicon(language)
    assert lexicon.stem(one) != lexicon.stem(other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Liefertermin", ("liefer", "termin")),
        ("die Arztrechnungen", ("die", "arzt", "rechnungen")),
        ("Gasgeruch", ("gasgeruch",)),  # a phrase names the whole
        ("termin", ("termin",)),
        ("geht's gibts", ("geht", "es", "gibt", "es")),
    ],
)
def test_german_compounds_and_short_forms_are_taken_apart(text: str, words: tuple[str, ...]) -> None:
    assert Reader(load_lexicon("de")).read(text).words == words


def test_a_compound_is_quoted_as_it_was_said() -> None:
    reading = Reader(load_lexicon("de")).read("ich habe Knieschmerzen gehabt")
    assert reading.shown == ("ich", "habe", "Knieschmerzen", "", "gehabt")
    assert reading.opening() == '"ich habe Knieschmerzen gehabt"'


def test_english_words_are_left_whole() -> None:
    assert load_lexicon("en").parts("chargepoint") == ("chargepoint",)


@pytest.mark.parametrize(
    "text", ["mi línea está rota", "mi linea esta rota", "mi li\u0301nea esta\u0301 rota", "MI LÍNEA ESTÁ ROTA"]
)
def test_accents_are_read_however_they_are_written(text: str) -> None:
    reader = Reader(load_lexicon("es"))
    assert reader.read(text).stems == reader.read("mi línea está rota").stems


@pytest.mark.parametrize(
    ("language", "text", "number"),
    [
        ("de", "in vierundzwanzig stunden", 24),
        ("de", "in fuenfundvierzig stunden", 45),
        ("es", "en veintidós horas", 22),
        ("es", "en 12 horas", 12),
        ("de", "in zwölf stunden", 12),
        ("es", "en unas horas", 0),
    ],
)
def test_numbers(language: str, text: str, number: int) -> None:
    reading = Reader(load_lexicon(language)).read(text)
    assert reading.number(len(reading) - 1) == number


@pytest.mark.parametrize(
    ("language", "text", "negated"),
    [
        ("de", "es ist nicht dringend", True),
        ("de", "nein es ist dringend", False),
        ("de", "das habe ich nie gesagt aber es ist dringend", False),
        ("de", "das ist kein notfall", True),
        ("es", "no es urgente", True),
        ("es", "es muy urgente", False),
        ("es", "no señora es urgente", False),
        ("es", "nunca dije eso pero es urgente", False),
    ],
)
def test_negation(language: str, text: str, negated: bool) -> None:
    assert (Reader(load_lexicon(language)).read(text).affirmed("emergency") is None) is negated


@pytest.mark.parametrize(
    ("language", "text", "question"),
    [
        ("de", "wann kommt mein paket", True),
        ("de", "ja kann ich das umbuchen", True),
        ("de", "das paket ist da", False),
        ("es", "dónde está mi paquete", True),
        ("es", "¿Está pagado?", True),
        ("es", "el paquete ya llegó", False),
    ],
)
def test_questions(language: str, text: str, question: bool) -> None:
    assert Reader(load_lexicon(language)).read(text).question is question


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [("de", "wo ist mein Koffer", "wo ist mein Gepäck"), ("es", "dónde está mi maleta", "donde esta mi equipaje")],
)
def test_the_same_in_other_words_is_alike(language: str, one: str, other: str) -> None:
    assert LexicalSimilarity(Reader(load_lexicon(language))).alike(one, other) > 0.9


def test_a_lexicon_need_not_name_letters_or_heads() -> None:
    lexicon = Lexicon(
        {
            "language": "xx",
            "endings": {"cut": [], "irregular": {}},
            "short forms": {},
            "numbers": {},
            "fillers": [],
            "alike": [],
            "classes": {},
        }
    )
    assert lexicon.stem("für") == "für"
    assert lexicon.parts("liefertermin") == ("liefertermin",)
