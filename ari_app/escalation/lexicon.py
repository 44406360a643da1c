"""What words mean, as data: classes of words and phrases per language, read from a lexicon file's parsed content."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_VOWELS = "aeiou"
_SHORT = re.compile("[^aeiou][aeiou][^aeiouwxy]")
GAP = 5  # how many words "..." in a phrase may stand for
_FRONT = 3  # the shortest first part of a compound

Step = frozenset[str] | str | None  # alternatives of stems | the name of another class | a gap


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase of a class: steps that follow one another. `rank`: its place among all, classes it refers to before it."""

    of: str
    rank: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Endings:
    """How a language's words are reduced to stems: endings to cut (longest first) and irregular forms."""

    cut: tuple[tuple[str, str], ...]
    irregular: Mapping[str, str]
    double: str  # consonants that English doubles before an ending
    silent: str  # letters at a word's end that vanish before an ending

    def stem(self, word: str) -> str:
        if word in self.irregular:
            return self.irregular[word]
        for ending, instead in self.cut:
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                return self._mended(word[: len(word) - len(ending)] + instead, ending[0] in _VOWELS)
        return self._mended(word, False)

    def _mended(self, word: str, by_vowel: bool) -> str:
        """ "stopp" → "stop"; "clos" and "close" → "clos"; "hat" (of "hated") → "hate", which a hat is not."""
        if len(word) > 3 and word[-1] == word[-2] and word[-1] in self.double:
            return word[:-1]
        if len(word) > 4 and word[-1] in self.silent:
            return word[:-1]
        if by_vowel and self.silent and len(word) == 3 and _SHORT.fullmatch(word):
            return word + self.silent[0]
        return word


class Lexicon:
    """One language's words. `classes` maps a class's name to its phrases, in an order in which references are resolved.

    `letters` of the data are those that not everybody writes: "für" and "fuer", "teléfono" and "telefono" become one.
    `heads` are words that end compounds where the language writes these as one word: "Brustschmerzen".
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.language = str(data["language"])
        self._letters = str.maketrans({str(letter): str(plain) for letter, plain in data.get("letters", {}).items()})
        self.endings = Endings(
            cut=tuple((self.plain(str(cut)), str(instead)) for cut, instead in data["endings"]["cut"]),
            irregular={self.plain(str(form)): self.plain(str(base)) for form, base in data["endings"]["irregular"].items()},
            double=str(data["endings"].get("double", "")),
            silent=str(data["endings"].get("silent", "")),
        )
        self.short_forms: dict[str, tuple[str, ...]] = {
            self.plain(str(form)): tuple(str(full).split()) for form, full in data["short forms"].items()
        }
        self.numbers: dict[str, int] = {self.plain(str(word)): int(value) for word, value in data["numbers"].items()}
        self.fillers = frozenset(self.plain(str(word)) for word in data["fillers"])
        self.alike = {self.stem(word): self.stem(group[0]) for group in data["alike"] for word in group}
        self._heads = frozenset(self.stem(str(word)) for word in data.get("heads", ()))
        self._known = set(self.alike) | {self.stem(word) for word in (*self.fillers, *self.numbers)}
        self.polarity: dict[str, float] = {str(word): float(value) for word, value in data.get("polarity", {}).items()}
        self.classes: dict[str, tuple[Phrase, ...]] = {}
        self._by_stem: dict[str, list[Phrase]] = {}
        self._without_words: list[Phrase] = []
        rank = 0
        for name in _in_order(data["classes"]):
            phrases = []
            for text in data["classes"][name]:
                phrases.append(Phrase(name, rank, tuple(self._step(part) for part in str(text).split())))
                rank += 1
            self.classes[name] = tuple(phrases)
            for phrase in phrases:
                self._index(phrase)

    def plain(self, word: str) -> str:
        """The lower-case word in the letters in which words are compared."""
        return word.translate(self._letters) if self._letters else word

    def stem(self, word: str) -> str:
        return self.endings.stem(self.plain(word))

    def parts(self, word: str) -> tuple[str, ...]:
        """A compound's front and its head; the word alone where it is none, or where a phrase knows it as a whole."""
        if self._heads and self.stem(word) not in self._known:
            for at in range(_FRONT, len(word)):
                if self.stem(word[at:]) in self._heads:
                    return word[:at], word[at:]
        return (word,)

    def phrases_for(self, stems: Iterable[str]) -> list[Phrase]:
        """The phrases that can be in a text of these stems at all, in the order in which they must be looked for."""
        found = {phrase.rank: phrase for stem in stems for phrase in self._by_stem.get(stem, ())}
        found.update((phrase.rank, phrase) for phrase in self._without_words)
        return [found[rank] for rank in sorted(found)]

    def _index(self, phrase: Phrase) -> None:
        """By its rarest sort of step: the one with the fewest words."""
        words = min((step for step in phrase.steps if isinstance(step, frozenset)), key=len, default=None)
        if words is None:
            self._without_words.append(phrase)
        else:
            for stem in words:
                self._by_stem.setdefault(stem, []).append(phrase)

    def _step(self, part: str) -> Step:
        if part == "...":
            return None
        if part.startswith("@"):
            return _referred(part)
        stems = frozenset(self.stem(word) for word in part.split("|"))
        self._known |= stems
        return stems


def _referred(part: str) -> str:
    """The class that "@go-look" stands for: "go look"."""
    return part[1:].replace("-", " ")


def _in_order(classes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The classes' names, each after those that its phrases refer to by @name. ValueError on an unknown or circular one."""
    done: set[str] = {"number"}

    def visit(name: str, path: tuple[str, ...]) -> Iterator[str]:
        if name in done:
            return
        if name in path or name not in classes:
            raise ValueError(
                f"class {path[-1] if path else name!r} of the lexicon refers to {name!r}, which is unknown or circular"
            )
        for text in classes[name]:
            for part in str(text).split():
                if part.startswith("@"):
                    yield from visit(_referred(part), (*path, name))
        done.add(name)
        yield name

    for name in classes:
        yield from visit(name, ())
