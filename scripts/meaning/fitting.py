"""Fits the word vectors, so that the sum of a sentence's words comes to lie where MiniLM puts the sentence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ari_app.language.embedding import Floats
from ari_app.language.words import Weights

_PASSES, _BATCH, _RATE, _WARMUP = 4, 1024, 0.002, 50
_FIRST, _SECOND, _TINY = 0.9, 0.99, 1e-8
_DROPPED = 0.1
"""The share of words that a sentence loses in each pass, so that no single one is relied upon."""
_HIDDEN = 384


@dataclass(slots=True)
class Bags:
    """The rows of many sentences, one after the other, with the place where each sentence starts."""

    rows: NDArray[np.intp]
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, sentences: Sequence[Sequence[int]]) -> "Bags":
        lengths = np.array([len(sentence) for sentence in sentences], np.intp)
        rows = np.array([row for sentence in sentences for row in sentence], np.intp)
        return cls(rows, np.cumsum(lengths) - lengths)

    def some(self, which: NDArray[np.intp]) -> "Bags":
        ends = np.append(self.starts[1:], len(self.rows))
        lengths = ends[which] - self.starts[which]
        starts = np.cumsum(lengths) - lengths
        places = np.arange(lengths.sum()) + np.repeat(self.starts[which] - starts, lengths)
        return Bags(self.rows[places], starts)

    def owners(self) -> NDArray[np.intp]:
        """Which sentence each row belongs to."""
        return np.repeat(np.arange(len(self.starts)), np.diff(np.append(self.starts, len(self.rows))))


class Adam:
    """Kingma's and Ba's steps; for a table only the rows that have a gradient move."""

    def __init__(self, value: Floats) -> None:
        self.value = value
        self._mean, self._square = np.zeros_like(value), np.zeros_like(value)

    def step(self, gradient: Floats, rate: float, number: int, rows: NDArray[np.intp] | slice = slice(None)) -> None:
        mean = self._mean[rows] * _FIRST + gradient * (1 - _FIRST)
        square = self._square[rows] * _SECOND + gradient * gradient * (1 - _SECOND)
        self._mean[rows], self._square[rows] = mean, square
        mean_now, square_now = mean / (1 - _FIRST**number), square / (1 - _SECOND**number)
        self.value[rows] -= rate * mean_now / (np.sqrt(square_now) + _TINY)


class Student:
    """Word vectors and the weights above them, as `ari_app.language.words` uses them."""

    def __init__(self, vectors: Floats, rng: np.random.Generator) -> None:
        """`vectors`: (rows, d) to begin with."""
        d = vectors.shape[1]
        self._vectors = Adam(vectors)
        over = (2 * rng.standard_normal((d, _HIDDEN)) / np.sqrt(d)).astype(np.float32)
        start = (np.eye(d, dtype=np.float32), over, np.zeros(_HIDDEN, np.float32), np.zeros((_HIDDEN, d), np.float32))
        self._weights = [Adam(value) for value in start]
        self._rng = rng

    @property
    def vectors(self) -> Floats:
        return self._vectors.value

    @property
    def weights(self) -> Weights:
        return Weights(*(weight.value for weight in self._weights))

    def fit(self, bags: Bags, targets: Floats, importance: Floats, say: Callable[[str], None]) -> None:
        """`targets`: (n, d), each row of length 1. `importance`: (n,). Makes 1 - cosine small."""
        count, number = len(targets), 0
        steps = _PASSES * -(-count // _BATCH)
        for passed in range(_PASSES):
            losses = []
            order = self._rng.permutation(count)
            for start in range(0, count, _BATCH):
                which = order[start : start + _BATCH]
                number += 1
                rate = _RATE * min(1, number / _WARMUP) * (0.505 + 0.495 * np.cos(np.pi * number / steps))
                losses.append(self._step(bags.some(which), targets[which], importance[which], rate, number))
            say(f"pass {passed + 1} of {_PASSES}: 1 - cosine is {np.mean(losses):.4f}")

    def _step(self, bags: Bags, targets: Floats, importance: Floats, rate: float, number: int) -> float:
        keep = (self._rng.random(len(bags.rows)) >= _DROPPED).astype(np.float32)[:, None]
        sums = np.add.reduceat(self.vectors[bags.rows] * keep, bags.starts)
        loss, gradient, others = _gradients(sums, targets, importance, self.weights)
        order = bags.rows.argsort(kind="stable")
        rows, firsts = np.unique(bags.rows[order], return_index=True)
        spread = (gradient[bags.owners()] * keep)[order]
        self._vectors.step(np.add.reduceat(spread, firsts), rate, number, rows)
        for weight, slope in zip(self._weights, others, strict=True):
            weight.step(slope, rate, number)
        return loss


def _gradients(sums: Floats, targets: Floats, importance: Floats, weights: Weights) -> tuple[float, Floats, tuple[Floats, ...]]:
    """The loss, its gradient by the sums, (n, d), and those by the weights, in their order."""
    length = np.sqrt(np.einsum("ij,ij->i", sums, sums))[:, None] + np.float32(1e-3)
    x = sums / length
    hidden = np.tanh(x @ weights.over + weights.bias)
    out = x @ weights.straight + hidden @ weights.back
    out_length = np.sqrt(np.einsum("ij,ij->i", out, out))[:, None] + np.float32(1e-6)
    y = out / out_length
    cosine = np.einsum("ij,ij->i", y, targets)[:, None]
    share = (importance / importance.sum())[:, None]
    by_out = (cosine * y - targets) / out_length * share
    by_hidden = by_out @ weights.back.T * (1 - hidden * hidden)
    by_x = by_out @ weights.straight.T + by_hidden @ weights.over.T
    by_sums = (by_x - np.einsum("ij,ij->i", by_x, x)[:, None] * x) / length
    others = (x.T @ by_out, x.T @ by_hidden, by_hidden.sum(axis=0), hidden.T @ by_out)
    return float((share * (1 - cosine)).sum()), by_sums, others


def main_directions(vectors: Floats, count: int) -> Floats:
    """(384, count): the directions that keep most of the vectors' dot products."""
    _, directions = np.linalg.eigh(vectors.T.astype(np.float64) @ vectors)
    return directions[:, ::-1][:, :count].astype(np.float32)


def first_vectors(meanings: Floats, directions: Floats, ranks: NDArray[np.intp], pairs: int) -> Floats:
    """Model2Vec's recipe to begin with: each word's own meaning, less what all share, rarer words weighing more.

    A pair adds nothing at first. `ranks`: of the words in MiniLM's vocabulary.
    """
    weight = 1 / (1 + 1e4 / (np.maximum(ranks, 999) - 998) / np.log(len(ranks)))
    words = (meanings - meanings.mean(axis=0)) @ directions * weight[:, None].astype(np.float32)
    return np.concatenate([words, np.zeros((pairs, directions.shape[1]), np.float32)]).astype(np.float32)


def agreement(ours: Floats, minilm: Floats) -> tuple[float, float, float]:
    """Over all pairs of texts: the correlation of their cosines here and there, plain and of ranks; and how often the same text
    is nearest."""
    which = np.triu_indices(len(ours), 1)
    here, there = ours @ ours.T, minilm @ minilm.T
    plain = np.corrcoef(here[which], there[which])[0, 1]
    some = np.random.default_rng(0).choice(len(which[0]), min(300_000, len(which[0])), replace=False)
    ranks = [np.argsort(np.argsort(side[which][some])) for side in (here, there)]
    for side in (here, there):
        np.fill_diagonal(side, -2)
    return float(plain), float(np.corrcoef(ranks[0], ranks[1])[0, 1]), float((here.argmax(1) == there.argmax(1)).mean())
