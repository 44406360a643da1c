"""Chooses the words and the pairs of words that get a vector of their own: four megabytes are to be spent well."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from ari_app.language.wordpiece import UNKNOWN, WordPiece

_WORD = re.compile(r"[a-z]+|[a-z]|\d{1,2}|[£$€%'.,:]")
_PIECE = re.compile(r"##(?:[a-z]+|\d{1,2})")
_RARE_AFTER, _RARE_PIECE_AFTER = 15_000, 1_200
"""Rank among MiniLM's words and pieces, which lie in the order of their frequency in books and the encyclopedia."""
_TURN_COUNTS, _FEWEST, _MOST_TEMPLATES = 4, 8, 20
"""A pair in a turn counts as much as in four templates; two turns are the least that makes a pair worth a row."""


def choose_words(all_words: Sequence[str], texts: Sequence[str]) -> list[str]:
    """The unknown word first, then MiniLM's common words and pieces, and the rarer ones that occur in the texts."""
    tokenizer = WordPiece(all_words)
    used = {number for text in texts for number in tokenizer.numbers(text)}
    chosen = [UNKNOWN]
    words = pieces = 0
    for number, token in enumerate(all_words):
        if _WORD.fullmatch(token):
            words += 1
            if words <= _RARE_AFTER or number in used or len(token) == 1:
                chosen.append(token)
        elif _PIECE.fullmatch(token):
            pieces += 1
            if pieces <= _RARE_PIECE_AFTER or number in used or len(token) == 3:
                chosen.append(token)
    return chosen


def choose_pairs(tokenizer: WordPiece, turns: Sequence[str], templates: Sequence[str], most: int) -> list[tuple[int, int]]:
    """The neighbours that are met most often, most frequent first."""
    counts: Counter[tuple[int, int]] = Counter()
    for sentence in templates:
        counts.update(set(pairwise(tokenizer.numbers(sentence.removesuffix(".")))))
    counts = Counter({pair: min(count, _MOST_TEMPLATES) for pair, count in counts.items()})
    for turn in turns:
        for pair in pairwise(tokenizer.numbers(turn.removesuffix("."))):
            counts[pair] += _TURN_COUNTS
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return [pair for pair, count in ordered[:most] if count >= _FEWEST]
