"""Turns what was said into comparable words: tokens, light stems, synonyms and numbers."""

import re
from collections.abc import Iterable, Mapping, Sequence

_TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z]+)*")


def listed(text: str) -> list[str]:
    """The words of a line, so that word lists stay readable in the code."""
    return text.split()


_UNITS = {
    word: value
    for value, word in enumerate(
        listed(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
            "seventeen eighteen nineteen"
        )
    )
}
_TENS = {word: 10 * value for value, word in enumerate(listed("twenty thirty forty fifty sixty seventy eighty ninety"), 2)}


def tokens(text: str) -> list[str]:
    """Lower-case words; apostrophes inside a word stay.

    >>> tokens("It's my sister's X-ray, please.")
    ["it's", 'my', "sister's", 'x', 'ray', 'please']
    """
    return _TOKEN.findall(text.lower().replace("’", "'"))


def stem(word: str) -> str:
    """A light English stem: enough to let "cancelled", "cancels" and "cancel" meet.

    >>> [stem(word) for word in ("cancelled", "cancels", "bags", "changing", "change", "delayed", "policies")]
    ['cancel', 'cancel', 'bag', 'chang', 'chang', 'delay', 'policy']
    """
    word = word.removesuffix("'s").replace("'", "")
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= 3 and re.search("[aeiouy]", root):
            return _without_e(_undoubled(root))
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        word = word.removesuffix("s")
    return _without_e(_undoubled(word) if word.endswith("ll") else word)


def _undoubled(root: str) -> str:
    return root[:-1] if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "aeiouysz" else root


def _without_e(root: str) -> str:
    return root[:-1] if root.endswith("e") and len(root) > 3 else root


def terms(text: str, stop: Iterable[str], synonyms: Mapping[str, str]) -> list[str]:
    """Content words of `text` as stems, synonyms replaced by their canonical stem. `synonyms` maps stem to stem."""
    dropped = frozenset(stop)
    stems = (stem(word) for word in tokens(text) if word not in dropped)
    return [synonyms.get(word, word) for word in stems]


def number(words: Sequence[str]) -> tuple[int, int] | None:
    """The number that starts at words[0] as (value, words used), up to 999; None when there is none.

    >>> number(["twenty", "three", "kilos"]), number(["12"]), number(["a", "hundred", "and", "five"]), number(["bag"])
    ((23, 2), (12, 1), (105, 4), None)
    """
    if not words:
        return None
    if words[0].isdigit():
        return int(words[0]), 1
    if len(words) > 1 and words[1] == "hundred" and (words[0] == "a" or 0 < _UNITS.get(words[0], 0) < 10):
        skip = 3 if words[2:3] == ["and"] else 2
        rest = number(words[skip:]) if words[skip:] and words[skip] in (*_UNITS, *_TENS) else None
        hundreds = 100 * _UNITS.get(words[0], 1)
        return (hundreds + rest[0], skip + rest[1]) if rest else (hundreds, 2)
    if words[0] in _TENS:
        unit = _UNITS.get(words[1], 0) if len(words) > 1 else 0
        return (_TENS[words[0]] + unit, 2) if 0 < unit < 10 else (_TENS[words[0]], 1)
    return (_UNITS[words[0]], 1) if words[0] in _UNITS else None


def in_words(value: int) -> str:
    """A number 0–99 as words, others as digits.

    >>> in_words(12), in_words(45), in_words(312)
    ('twelve', 'forty-five', '312')
    """
    if value < 20:
        return list(_UNITS)[value]
    if value < 100:
        tens = list(_TENS)[value // 10 - 2]
        return f"{tens}-{list(_UNITS)[value % 10]}" if value % 10 else tens
    return str(value)
