"""How alike two utterances are, 0–1: the seam where a semantic measure can stand in for the lexical one."""

from collections.abc import Sequence
from typing import Protocol

from rapidfuzz import fuzz

from ari_app.escalation.reading import Reader, Reading


class Similarity(Protocol):
    """Compares by meaning as well as it can; symmetric, 0 (nothing in common) … 1 (the same)."""

    def alike(self, one: str, other: str) -> float: ...

    def best(self, text: str, examples: Sequence[str]) -> tuple[float, str]:
        """The likeness to the nearest of the examples, and that example; (0, '') where there are none."""
        ...


class LexicalSimilarity:
    """By shared content words (stems, words of like meaning counted as one), near-verbatim repeats by their letters."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def alike(self, one: str, other: str) -> float:
        first, second = self._reader.read(one), self._reader.read(other)
        if not first.words or not second.words:
            return 0.0
        letters = fuzz.token_sort_ratio(" ".join(first.words), " ".join(second.words)) / 100
        return max(shared_content(first, second), letters if letters > 0.8 else 0.0)

    def best(self, text: str, examples: Sequence[str]) -> tuple[float, str]:
        return max(((self.alike(text, example), example) for example in examples), default=(0.0, ""))


def shared_content(first: Reading, second: Reading) -> float:
    """Dice coefficient of the content words."""
    total = len(first.content) + len(second.content)
    return 2 * len(first.content & second.content) / total if total else 0.0


def covered_content(first: Reading, second: Reading) -> float:
    """How much of the smaller one's content the larger one holds; 0 where the smaller one has fewer than two words."""
    least = min(len(first.content), len(second.content))
    return len(first.content & second.content) / least if least >= 2 else 0.0
