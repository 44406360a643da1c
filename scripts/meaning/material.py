"""Makes the sentences that the word vectors learn from: a few thousand turns are too few for twenty thousand words."""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

_NEGATIONS = ("not", "don't", "can't", "never", "no", "isn't", "won't", "didn't")
_TEMPLATES, _MIXED = 25_000, 40_000
_SPANS, _SUBSTITUTED, _WORDS_IN_TURNS = 2, 3, 2
"""Times: each turn is cut, each turn is altered, each word of the vocabulary is put into some turn."""
_LONGEST = 16

Words = list[str]


def training_sentences(turns: Sequence[str], templates: Sequence[str], vocabulary: Sequence[str], lexicon: Path) -> list[str]:
    """The turns themselves, and what is made of them: cut, mixed, altered; and every word alone and in some turn's company.

    `turns` and `templates` are written as `spoken` writes them. The same arguments give the same sentences.
    """
    rng = random.Random(20)
    written = [turn.removesuffix(".").split() for turn in turns]
    known = [line.split()[0] for line in lexicon.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    made = [
        *written,
        *([word] for word in vocabulary),
        *(_span(rng, turn, 14) for turn in written if len(turn) > 4 for _ in range(_SPANS)),
        *(_span(rng, rng.choice(written), 9) + _span(rng, rng.choice(written), 9) for _ in range(_MIXED)),
        *_altered(rng, written, known),
        *_with_each_word(rng, written, vocabulary),
        *(sentence.removesuffix(".").split() for sentence in rng.sample(templates, min(_TEMPLATES, len(templates)))),
    ]
    return sorted({" ".join(words) + "." for words in made if words})


def _span(rng: random.Random, turn: Words, longest: int) -> Words:
    count = min(len(turn), rng.randint(2, longest))
    start = rng.randint(0, len(turn) - count)
    return turn[start : start + count]


def _altered(rng: random.Random, turns: Sequence[Words], known: Sequence[str]) -> list[Words]:
    """Turns with a sixth of their words exchanged for others of the corpus, and every third one with a negation more."""
    frequency = Counter(word for turn in turns for word in turn)
    words, weights = list(frequency), [count**0.5 for count in frequency.values()]
    made = []
    for turn in [turn for turn in turns if turn for _ in range(_SUBSTITUTED)]:
        new = _span(rng, turn, 9) + _span(rng, turn, 9) if len(turn) > _LONGEST else list(turn)
        for _ in range(max(1, len(new) // 6)):
            new[rng.randrange(len(new))] = rng.choices(words, weights)[0] if rng.random() < 0.8 else rng.choice(known)
        if len(new) > 3 and rng.random() < 1 / 3:
            new.insert(rng.randrange(len(new)), rng.choice(_NEGATIONS))
        made.append(new)
    return made


def _with_each_word(rng: random.Random, turns: Sequence[Words], vocabulary: Sequence[str]) -> list[Words]:
    hosts = [turn for turn in turns if 4 <= len(turn) <= _LONGEST]
    made = []
    for word in [word for word in vocabulary for _ in range(_WORDS_IN_TURNS)]:
        host = list(rng.choice(hosts))
        host[rng.randrange(len(host))] = word
        made.append(host)
    return made
