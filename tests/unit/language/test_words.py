"""The word vectors that ship: they read what callers say, alone and in batches, and say clearly when they are missing."""

import io
import threading
import time
from importlib.resources import files

import numpy as np
import pytest

from ari_app.errors import AriAppError
from ari_app.language import words
from ari_app.language.embedding import Floats, Remembering
from ari_app.language.words import Lookup, Weights, WordVectors

TURNS = [
    "I want to talk to a real person.",
    "can you put me through to somebody",
    "what time do you open on sunday",
    "",
    "Ünïcode — 北京, naïve £5.50!",
    "word " * 300,
]
CLOSER = [
    ("can i speak to a human please", "i'd like to talk to an actual person", "what time do you open on sundays"),
    ("when do you open", "what are your opening hours", "i want to cancel my policy"),
    ("there is a smell of gas in the kitchen", "i can smell gas in my house", "can i change my delivery address"),
    ("you have sent me the wrong bill again", "my invoice is wrong for the second time", "thank you that was very helpful"),
]


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    return WordVectors.load()


def test_every_text_has_a_vector_of_length_one(vectors: WordVectors) -> None:
    embedded = vectors.embed(TURNS)
    assert embedded.shape == (len(TURNS), vectors.dimensions)
    assert embedded.dtype == np.float32
    assert np.linalg.norm(embedded, axis=1) == pytest.approx(1, abs=1e-5)


def test_no_texts_are_no_rows(vectors: WordVectors) -> None:
    assert vectors.embed([]).shape == (0, vectors.dimensions)


def test_a_text_has_the_same_vector_alone_and_in_company(vectors: WordVectors) -> None:
    assert np.concatenate([vectors.embed([text]) for text in TURNS]) == pytest.approx(vectors.embed(TURNS), abs=1e-5)


@pytest.mark.parametrize(("text", "near", "far"), CLOSER)
def test_what_means_the_same_is_nearer_than_what_does_not(vectors: WordVectors, text: str, near: str, far: str) -> None:
    one, same, other = vectors.embed([text, near, far])
    assert one @ same > one @ other + 0.1


def test_what_is_typed_and_what_is_heard_are_one(vectors: WordVectors) -> None:
    typed, heard = vectors.embed(["I've asked twice; don't you listen?", "ive asked twice dont you listen"])
    assert typed @ heard == pytest.approx(1, abs=1e-5)


def test_a_negation_moves_the_meaning(vectors: WordVectors) -> None:
    happy, very, unhappy = vectors.embed(["i am happy with that", "i am very happy with that", "i am not happy with that"])
    assert happy @ very > happy @ unhappy


def test_it_loads_and_answers_fast(vectors: WordVectors) -> None:
    took = []
    for number in range(200):
        began = time.perf_counter()
        vectors.embed([f"my parcel number {number} has not arrived and nobody calls me back"])
        took.append(time.perf_counter() - began)
    assert sorted(took)[100] < 0.001


def test_it_is_small_enough_to_ship() -> None:
    assert len(files("ari_app.language").joinpath("models", words.MODEL).read_bytes()) <= 4_000_000


def test_missing_vectors_say_how_to_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "MODEL", "nowhere.npz")
    with pytest.raises(AriAppError, match=r"missing: .*nowhere\.npz") as caught:
        WordVectors.load()
    assert "scripts/meaning/distil" in caught.value.remedy


def test_broken_vectors_say_how_to_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "MODEL", "README.md")
    with pytest.raises(AriAppError, match="cannot be read") as caught:
        WordVectors.load()
    assert caught.value.remedy


def small() -> WordVectors:
    """Three words and one pair, in two dimensions."""
    lookup = Lookup(["[UNK]", "not", "happy"], [(1, 2)])
    table = np.array([[1, 1], [0, 100], [100, 0], [-127, 0]], np.int8)
    weights = Weights(np.eye(2, dtype=np.float32), *(np.zeros(shape, np.float32) for shape in ((2, 3), (3,), (3, 2))))
    return WordVectors(lookup, table, np.array([1, 0.01, 0.01, 0.02], np.float32), weights)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("happy", [1, 0]),
        ("not", [0, 1]),
        ("Not happy!", [1 - 2.54, 1]),
        ("happy not", [1, 1]),
        ("", [1, 1]),
        ("zzz", [1, 1]),
    ],
)
def test_words_and_pairs_add_up(text: str, expected: list[float]) -> None:
    found = small().embed([text])[0]
    assert found == pytest.approx(np.array(expected) / np.linalg.norm(expected), abs=1e-5)


def test_a_written_table_is_read_again() -> None:
    file = io.BytesIO()
    weights = {"straight": np.eye(2), "over": np.zeros((2, 1)), "bias": np.zeros(1), "back": np.zeros((1, 2))}
    table = np.array([[1, 0], [0, 1], [1, 1]], np.int8)
    vocabulary = np.frombuffer("[UNK]\nhé".encode(), np.uint8)
    np.savez(file, vocabulary=vocabulary, pairs=np.array([[1, 1]]), vectors=table, scales=np.ones(3), **weights)
    file.seek(0)
    assert WordVectors.read(file).embed(["hé"])[0] == pytest.approx([1, 0])  # "he" has no entry: unknown


class Counting:
    """An embedder that notes what it was asked."""

    dimensions = 2

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def embed(self, texts: list[str]) -> Floats:
        self.asked.append(list(texts))
        return np.array([[len(text), 1] for text in texts], np.float32)


def test_a_remembered_text_is_not_embedded_again() -> None:
    inner = Counting()
    remembering = Remembering(inner)  # type: ignore[arg-type]
    first = remembering.embed(["a", "bb", "a"])
    second = remembering.embed(["bb", "ccc"])
    assert inner.asked == [["a", "bb"], ["ccc"]]
    assert first.tolist() == [[1, 1], [2, 1], [1, 1]]
    assert second.tolist() == [[2, 1], [3, 1]]
    assert remembering.embed([]).shape == (0, 2)


def test_the_text_not_asked_for_longest_is_forgotten() -> None:
    inner = Counting()
    remembering = Remembering(inner, capacity=2)  # type: ignore[arg-type]
    for text in ("a", "b", "a", "c", "a", "b"):
        remembering.embed([text])
    assert inner.asked == [["a"], ["b"], ["c"], ["b"]]


def test_a_batch_larger_than_the_memory_is_answered_whole() -> None:
    remembering = Remembering(Counting(), capacity=2)  # type: ignore[arg-type]
    assert remembering.embed(["a", "bb", "ccc"]).tolist() == [[1, 1], [2, 1], [3, 1]]


def test_what_the_user_does_to_a_vector_is_not_remembered() -> None:
    remembering = Remembering(Counting())  # type: ignore[arg-type]
    remembering.embed(["a"])[:] = 99
    assert remembering.embed(["a"]).tolist() == [[1, 1]]


def test_threads_share_a_memory() -> None:
    remembering = Remembering(Counting(), capacity=3)  # type: ignore[arg-type]
    wrong: list[str] = []

    def ask(offset: int) -> None:
        for number in range(300):
            text = "x" * ((number + offset) % 7)
            if remembering.embed([text])[0, 0] != len(text):
                wrong.append(text)

    threads = [threading.Thread(target=ask, args=(offset,)) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
