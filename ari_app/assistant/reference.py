"""Hears a booking reference in what a recogniser wrote: "it's alpha bravo charlie one two three" is ABC123."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from ari_app.assistant.language import Spelling
from ari_app.assistant.words import number, tokens

_MOST_CANDIDATES = 8
_MOST_READINGS = 512
_FEWEST_SURE = 3  # "see you at one" spells nothing


@dataclass(frozen=True, slots=True)
class HeardReference:
    """`candidates`: possible references, likeliest first (oh may be O or 0). `part`: spelled signs that make no reference yet."""

    candidates: tuple[str, ...] = ()
    part: str = ""
    rest: str = ""  # the words around it


@dataclass(frozen=True, slots=True)
class _Sign:
    """One spelled sign: its readings; `weak` when the words may also be ordinary ones."""

    readings: tuple[str, ...]
    weak: bool = False


class ReferenceListener:
    """Finds references of one pattern, a regular expression for capital letters and digits such as "[A-Z]{3}[0-9]{3}"."""

    def __init__(self, pattern: str, spelling: Spelling, ordinary: Collection[str] = ()) -> None:
        """`ordinary`: short everyday words that are never several letters at once ("at", "is")."""
        self._ordinary = frozenset(ordinary)
        self._pattern = re.compile(pattern)
        self._spelling = spelling
        self._signs = {word: character for character, words in spelling.characters.items() for word in words}
        self._alphabet = spelling.alphabet()

    def spoken(self, reference: str) -> str:
        """As it is read back: "alpha bravo charlie one two three"."""
        return " ".join(self._alphabet.get(character, character) for character in reference)

    def hear(self, text: str, before: str = "") -> HeardReference:
        """What `text` spells. `before`: signs spelled in the turn before, when the caller paused in the middle."""
        words = tokens(text.replace("-", " "))
        runs = list(self._runs(words))
        for start, end, signs in runs:
            candidates = self._candidates(signs, before) or (self._candidates(signs, "") if before else ())
            if candidates:
                return HeardReference(candidates, rest=" ".join((*words[:start], *words[end:])))
        part = max((self._sure(signs) for _, _, signs in runs), key=len, default="")
        return HeardReference(part=part, rest=text)

    def _candidates(self, signs: Sequence[_Sign], before: str) -> tuple[str, ...]:
        if len(before) + sum(len(sign.readings[0]) for sign in signs if not sign.weak) < _FEWEST_SURE:
            return ()
        whole: dict[str, None] = {}
        inside: dict[str, None] = {}
        for text in _readings(signs):
            spelled = before + text
            if self._pattern.fullmatch(spelled):
                whole.setdefault(spelled)
            elif found := self._pattern.search(spelled):
                inside.setdefault(found[0])
        return tuple(islice(whole or inside, _MOST_CANDIDATES))

    @staticmethod
    def _sure(signs: Sequence[_Sign]) -> str:
        sure = [sign.readings[0] for sign in signs if not sign.weak]
        return "".join(sure) if len(sure) >= 2 else ""

    def _runs(self, words: Sequence[str]) -> Iterator[tuple[int, int, list[_Sign]]]:
        """Stretches of words that spell, longest first in order of appearance, as (first word, after the last, signs)."""
        at = 0
        while at < len(words):
            start, signs = at, list[_Sign]()
            end = at
            while at < len(words):
                sign, used = self._sign(words, at)
                if sign is not None:
                    signs.append(sign)
                    at += used
                    end = at
                elif signs and words[at] in self._spelling.between:
                    at += 1
                else:
                    break
            if signs:
                yield start, end, signs
            at = max(at, start) + (0 if at > start else 1)

    def _sign(self, words: Sequence[str], at: int) -> tuple[_Sign | None, int]:
        """The sign spelled at words[at] and how many words it takes; (None, 0) when none is."""
        spelling = self._spelling
        word = words[at]
        if (pair := spelling.pairs.get(" ".join(words[at : at + 2]))) is not None:
            return _Sign((pair,)), 2
        if word in spelling.repeats and at + 1 < len(words):
            sign, used = self._sign(words, at + 1)
            if sign is not None and len(sign.readings[0]) == 1:
                return _Sign(tuple(reading * spelling.repeats[word] for reading in sign.readings)), 1 + used
        if (sign_and_use := self._likened(words, at)) is not None:
            return sign_and_use
        counted = number(words[at : at + 5])
        if counted is not None and not (word == "a" or word.isdigit()):
            value, used = counted
            return (_Sign((self._signs.get(word, str(value)),)), 1) if used == 1 else (_Sign((str(value),)), used)
        if word in spelling.perhaps:
            return _Sign(spelling.perhaps[word], weak=True), 1
        if word in self._signs:
            return _Sign((self._signs[word],)), 1
        if word.isdigit() or (len(word) == 1 and word.isalpha()):
            return _Sign((word.upper(),)), 1
        if word.isalnum() and not word.isalpha() and len(word) <= 12:
            return _Sign((word.upper(),)), 1
        if self._letters_at_once(word):
            return _Sign((word.upper(),), weak=True), 1
        return None, 0

    def _letters_at_once(self, word: str) -> bool:
        """ "abc": a recogniser may write several letters as one word."""
        ordinary = word in self._ordinary or word in self._spelling.likening or word in self._spelling.between
        return word.isalpha() and len(word) <= 3 and not re.search("[aeiouy]", word[1:]) and not ordinary

    def _likened(self, words: Sequence[str], at: int) -> tuple[_Sign, int] | None:
        """ "b for bravo", "d as in david": the letter once."""
        letter = words[at] if len(words[at]) == 1 else self._signs.get(words[at], "").lower()
        if len(letter) != 1 or not letter.isalpha():
            return None
        after = at + 1
        while after < len(words) and words[after] in self._spelling.likening:
            after += 1
        if after == at + 1 or after >= len(words) or not words[after].startswith(letter) or len(words[after]) < 2:
            return None
        return _Sign((letter.upper(),)), after + 1 - at


def _readings(signs: Sequence[_Sign]) -> Iterator[str]:
    """All ways to read the signs, those with fewest ordinary words taken as signs first."""
    choices = [("", *sign.readings) if sign.weak else sign.readings for sign in signs]
    ways = list(islice(product(*choices), _MOST_READINGS))
    weak = [index for index, sign in enumerate(signs) if sign.weak]
    for way in sorted(ways, key=lambda way: sum(bool(way[index]) for index in weak)):
        yield "".join(way)
