"""Tells from the words whether a speaker who pauses has stopped in mid-phrase, so that he is not interrupted."""

from collections.abc import Sequence


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NATO = _words(
    """
    alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november oscar papa quebec romeo
    sierra tango uniform victor whiskey whisky x-ray xray yankee zulu
    """
)
DIGITS = _words("zero oh one two three four five six seven eight nine double triple")
SYMBOLS = NATO | DIGITS | frozenset("abcdefghijklmnopqrstuvwxyz")
WHOLE_REFERENCE = 6  # symbols in a booking reference: a shorter run is likely to go on
# Hardly anybody ends a sentence with one of these.
LEADING_WORDS = _words(
    """
    a an the my your our his their these and or but because if when while which as of at to from for with without into by
    i i'm i've i'll i'd we we're we've we'll you're you've he's she's it's they're there's that's what's am were be been has had
    would should um uh er erm
    """
)
# … and these only after certain words: "what is that" is a sentence, "my reference is" is the beginning of one.
LEADING_AFTER = {
    "is": _words(
        "it reference number name flight problem bag booking address code dress this ceremony wedding question birth which"
    ),
    "are": _words("we they you there bags these details"),
    "was": _words("it i that he she flight there"),
    "in": _words("is bag are it's dress live was i'm"),
    "on": _words("it's is put was based depends"),
    "about": _words("asking calling ringing called what question talk speak"),
    "have": _words("i we they also still"),
    "so": _words("and"),
    "that": _words("and but said so because"),
    "her": _words("and is for with to in"),
}


def is_unfinished(words: Sequence[str]) -> bool:
    """Whether `words` (lower case, as recognised) look like the first half of something."""
    if not words:
        return False
    run = _trailing_symbols(words)
    if 0 < run < WHOLE_REFERENCE and (run >= 2 or run == len(words)):
        return True
    before = words[-2] if len(words) > 1 else ""
    return words[-1] in LEADING_WORDS or before in LEADING_AFTER.get(words[-1], ())


def _trailing_symbols(words: Sequence[str]) -> int:
    """How many of the last words are spelled letters, digits or code words."""
    run = 0
    for word in reversed(words):
        if word not in SYMBOLS:
            break
        run += 1
    return run
