"""The sentences, the lexicon and the language model that the embedded graph is built from."""

import math
import sys
from pathlib import Path

import pytest

from ari_app.speech.vosk_recogniser import EMBEDDED_MODEL

SOURCES = Path(__file__).parents[2] / "scripts" / "model"
sys.path.insert(0, str(SOURCES))

from acoustics import CLASS_OF, PHONES, Transitions, phone_ids  # noqa: E402
from language_model import TrigramModel  # noqa: E402
from lexicon import missing_words, read_cmudict, read_lexicon  # noqa: E402
from sentences import TemplateError, read_sentences  # noqa: E402


def write(folder: Path, text: str) -> list[str]:
    (folder / "some.txt").write_text(text)
    return read_sentences(folder)


def test_choices_options_slots_and_weights_are_filled(tmp_path: Path) -> None:
    text = "# remark\n[thing] bag | (big|small) dress\n2x (my|the) {thing} is (late|)\n"
    assert sorted(set(write(tmp_path, text))) == sorted(
        f"{whose} {thing} {end}".strip()
        for whose in ("my", "the")
        for thing in ("bag", "big dress", "small dress")
        for end in ("is late", "is")
    )
    assert len(read_sentences(tmp_path)) == 2 * 12


def test_of_a_large_template_every_alternative_is_used_evenly(tmp_path: Path) -> None:
    words = "|".join(f"w{number}" for number in range(50))
    found = write(tmp_path, f"({words}) ({words})\n")
    assert len(found) == 100
    assert {word for sentence in found for word in sentence.split()} == {f"w{number}" for number in range(50)}


def test_the_same_files_give_the_same_sentences() -> None:
    assert read_sentences(SOURCES / "sentences") == read_sentences(SOURCES / "sentences")


@pytest.mark.parametrize(
    ("line", "message"), [("a (b", "never closed"), ("a) b", "too many"), ("a {b", "brace"), ("{nope}", "no slot")]
)
def test_a_template_that_cannot_be_read_is_refused(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        write(tmp_path, line + "\n")


def test_every_word_of_the_sentences_has_a_pronunciation_in_the_models_phones() -> None:
    lexicon = read_lexicon()
    assert missing_words(read_sentences(SOURCES / "sentences"), lexicon) == []
    assert {phone for variants in lexicon.values() for said in variants for phone in said} <= set(PHONES)


def test_the_committed_graph_has_exactly_the_words_of_the_lexicon() -> None:
    lines = (EMBEDDED_MODEL / "graph" / "words.txt").read_text().splitlines()
    words = {line.split()[0] for line in lines} - {"<eps>", "#0", "<s>", "</s>"}
    assert words == set(read_lexicon())


def test_the_phone_numbers_are_those_of_the_committed_model() -> None:
    lines = (EMBEDDED_MODEL / "graph" / "phones.txt").read_text().splitlines()
    assert {name: int(number) for name, number in (line.split() for line in lines) if name != "<eps>"} == phone_ids()


def test_every_phone_in_every_context_has_a_transition() -> None:
    transitions = Transitions()
    names = [name for name in phone_ids() if name != "sil"]
    entering = {transitions.entering(name, left) for name in names for left in set(CLASS_OF.values())}
    assert len(entering) == len(names) * 12
    assert max(entering) == transitions.count
    assert all(number % 2 == 0 for number in entering)


def test_the_language_model_is_a_probability_after_every_history() -> None:
    vocabulary = ["my", "bag", "is", "late", "lost", "dress", "never"]
    sentences = ["my bag is late", "my bag is lost", "my dress is lost", "my dress is late", "is my bag late"] * 3
    arpa = TrigramModel(sentences, vocabulary).arpa()
    grams: dict[tuple[str, ...], tuple[float, float]] = {}
    for line in arpa.splitlines():
        parts = line.split("\t")
        if len(parts) >= 2:
            grams[tuple(parts[1].split())] = (10 ** float(parts[0]), 10 ** float(parts[2]) if len(parts) > 2 else 1.0)

    def probability(history: tuple[str, ...], word: str) -> float:
        if (*history, word) in grams:
            return grams[(*history, word)][0]
        return grams.get(history, (0.0, 1.0))[1] * probability(history[1:], word)

    for history in [(), ("<s>",), ("my",), ("never",), ("<s>", "my"), ("my", "bag"), ("bag", "is"), ("is", "my")]:
        total = sum(probability(history, word) for word in [*vocabulary, "</s>"])
        assert math.isclose(total, 1.0, abs_tol=2e-3), history


def test_words_that_no_sentence_has_stay_possible() -> None:
    assert "\tnever\t" in TrigramModel(["my bag"], ["my", "bag", "never"]).arpa()


def test_the_dictionary_is_read_into_the_models_phones(tmp_path: Path) -> None:
    (tmp_path / "dict").write_text("ago AH0 G OW1\nago(2) EY1 G OW1 # rare\n")
    assert read_cmudict(tmp_path / "dict") == {"ago": [("ax", "g", "ow"), ("ey", "g", "ow")]}
