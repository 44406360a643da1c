"""Meaning without MiniLM: a small table of word vectors distilled from it, so that a bare installation understands, too.

`scripts/meaning/distil` makes the table, and `models/README.md` says how near it comes to MiniLM.
"""

from collections.abc import Sequence
from importlib.resources import files
from itertools import accumulate, pairwise
from typing import IO, Final, NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ari_app.errors import AriAppError
from ari_app.language.embedding import Floats
from ari_app.language.spoken import spoken
from ari_app.language.wordpiece import WordPiece

MODEL: Final = "word-vectors.npz"
_REMEDY: Final = "install ari_app again, or make it with scripts/meaning/distil"


class Weights(NamedTuple):
    """What turns the mean of word vectors into the meaning of a sentence: straight · x + back · tanh(over · x + bias)."""

    straight: Floats
    """(d, d)"""
    over: Floats
    """(d, h)"""
    bias: Floats
    """(h,)"""
    back: Floats
    """(h, d)"""


class Lookup:
    """Text → rows of the table: one for each word piece, and one for each pair of neighbours that has a vector of its own."""

    def __init__(self, vocabulary: Sequence[str], pairs: Sequence[tuple[int, int]]) -> None:
        """`vocabulary`: its first entry is the unknown word. `pairs`: numbers of entries; their rows follow the vocabulary's."""
        self._tokenizer = WordPiece(vocabulary)
        self._row_of = {pair: len(vocabulary) + number for number, pair in enumerate(pairs)}

    def rows(self, text: str) -> list[int]:
        """Never empty: the unknown word stands for silence. The full stop that `spoken` sets tells nothing and is left out."""
        found = self._tokenizer.numbers(spoken(text).removesuffix("."))
        pairs = [self._row_of[pair] for pair in pairwise(found) if pair in self._row_of]
        return [*found, *pairs] or [0]


class WordVectors:
    """Sentences → unit vectors whose dot product says how near their meanings are; 4 MB, no package needed.

    Words count wherever they stand; only pairs such as "not happy" keep their order. Callable from several threads at once.
    """

    def __init__(self, lookup: Lookup, vectors: NDArray[np.int8], scales: Floats, weights: Weights) -> None:
        """`vectors`: (rows, d), each to be multiplied by its row's scale, (rows,)."""
        self._lookup = lookup
        self._vectors = vectors
        self._scales = scales[:, None]
        self._weights = weights

    @property
    def dimensions(self) -> int:
        return int(self._vectors.shape[1])

    @classmethod
    def load(cls) -> "WordVectors":
        """The table that ships; takes 0.03 s. AriAppError when it is missing or cannot be read."""
        file = files("ari_app.language").joinpath("models", MODEL)
        try:
            with file.open("rb") as stream:
                return cls.read(stream)
        except FileNotFoundError as error:
            raise AriAppError(f"the word vectors are missing: {file}", _REMEDY) from error
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise AriAppError(f"the word vectors {file} cannot be read: {error}", _REMEDY) from error

    @classmethod
    def read(cls, stream: IO[bytes]) -> "WordVectors":
        """A table as `scripts/meaning/distil` writes it."""
        with np.load(stream) as arrays:
            vocabulary = bytes(arrays["vocabulary"]).decode("utf-8").split("\n")
            lookup = Lookup(vocabulary, list(map(tuple, arrays["pairs"].tolist())))
            weights = Weights(*(arrays[name].astype(np.float32) for name in Weights._fields))
            return cls(lookup, arrays["vectors"], arrays["scales"].astype(np.float32), weights)

    def embed(self, texts: Sequence[str]) -> Floats:
        """(n, d) for n texts, each row of length 1. 0.05 ms a text."""
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        rows = [self._lookup.rows(text) for text in texts]
        flat = [row for member in rows for row in member]
        vectors = self._vectors[flat] * self._scales[flat]
        starts = [0, *accumulate(map(len, rows[:-1]))]
        return through(np.add.reduceat(vectors, starts), self._weights)


def through(sums: Floats, weights: Weights) -> Floats:
    """(n, d) sums of word vectors → (n, d) meanings, each row of length 1."""
    x = unit(sums)
    return unit(x @ weights.straight + np.tanh(x @ weights.over + weights.bias) @ weights.back)


def unit(x: Floats) -> Floats:
    """Each row of (n, d) scaled to length 1; a row of zeros stays."""
    length = np.sqrt(np.einsum("ij,ij->i", x, x))[:, None]
    scaled: Floats = x / np.maximum(length, np.float32(1e-9))
    return scaled
