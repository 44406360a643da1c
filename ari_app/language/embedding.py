"""What both embedding engines are to their users: texts in, unit vectors out; with a memory, since calls repeat themselves."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Embedder(Protocol):
    """Texts → vectors of length 1, whose dot product says how near two meanings are."""

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Floats:
        """(n, dimensions) for n texts. Blocking, and callable from any thread."""


class Remembering:
    """An Embedder that keeps the vectors of the texts it was asked for last, and drops the one not asked for longest.

    Two threads that ask for a new text at once may both compute it: the lock is never held while vectors are made.
    """

    def __init__(self, embedder: Embedder, capacity: int = 4096) -> None:
        """`capacity`: texts; 4096 take 8 MB with 384 dimensions, the texts included."""
        self._embedder = embedder
        self._capacity = capacity
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Floats] = OrderedDict()

    @property
    def dimensions(self) -> int:
        return self._embedder.dimensions

    def embed(self, texts: Sequence[str]) -> Floats:
        """As the embedder's; only texts that are not remembered are given to it, each once."""
        rows = self._remembered(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in rows]
        if missing:
            made = self._embedder.embed(missing)
            rows.update(zip(missing, made, strict=True))
            self._remember(missing, made)
        return np.stack([rows[text] for text in texts]) if texts else np.empty((0, self.dimensions), np.float32)

    def _remembered(self, texts: Sequence[str]) -> dict[str, Floats]:
        with self._lock:
            found = {text: self._known[text] for text in texts if text in self._known}
            for text in found:
                self._known.move_to_end(text)
        return found

    def _remember(self, texts: Sequence[str], vectors: Floats) -> None:
        with self._lock:
            for text, vector in zip(texts, vectors, strict=True):
                self._known[text] = vector.copy()  # a row's view would keep its whole batch alive
                self._known.move_to_end(text)
            while len(self._known) > self._capacity:
                self._known.popitem(last=False)
