"""Tells from the words whether a speaker who pauses has stopped in mid-phrase, so that he is not interrupted."""

from collections.abc import Sequence

NATO = frozenset(
    "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november oscar papa quebec romeo "
    "sierra tango uniform victor whiskey whisky x-ray xray yankee zulu".split()
)
DIGITS = frozenset("zero oh one two three four five six seven eight nine double triple".split())
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
SYMBOLS = NATO | DIGITS | LETTERS
# Nobody ends a sentence with one of these: articles, possessives, prepositions, conjunctions, auxiliaries, hesitations.
LEADING_WORDS = frozenset(
    "a an the my your our his her their this these and or but because so if when while that which who than as of in on at to from "
    "for with without about into by i i'm i've i'll i'd we we're we've you're he's she's it's they're there's that's is are was were am "
    "be been has had have will would can could should do does did um uh er erm like number is reference booking's".split()
) - {"this", "that", "so", "about", "on", "in", "is", "are", "was", "do", "does", "did", "have", "can", "like", "will", "could"}
# … and these may end one ("what is that", "yes I do", "come in"), except after a word that calls for more.
LEADING_PAIRS = frozenset(
    {
        ("it", "is"), ("reference", "is"), ("number", "is"), ("name", "is"), ("flight", "is"), ("problem", "is"), ("bag", "is"),
        ("booking", "is"), ("address", "is"), ("code", "is"), ("and", "so"), ("is", "in"), ("bag", "in"), ("i", "have"),
        ("and", "that"), ("but", "that"), ("it's", "in"), ("dress", "in"), ("asking", "about"), ("calling", "about"), ("it's", "on"),
    }
)  # fmt: skip
WHOLE_REFERENCE = 6  # symbols in a booking reference: a shorter run is likely to go on


def is_unfinished(words: Sequence[str]) -> bool:
    """Whether `words` (lower case, as recognised) look like the first half of something."""
    if not words:
        return False
    run = _trailing_symbols(words)
    if 0 < run < WHOLE_REFERENCE and (run >= 2 or run == len(words)):
        return True
    return words[-1] in LEADING_WORDS or tuple(words[-2:]) in LEADING_PAIRS


def _trailing_symbols(words: Sequence[str]) -> int:
    """How many of the last words are spelled letters, digits or code words."""
    run = 0
    for word in reversed(words):
        if word not in SYMBOLS:
            break
        run += 1
    return run
