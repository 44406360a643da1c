"""Turns the sentence templates in sentences/ into the sentences that the language model learns from."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

EXHAUSTIVE = 40  # templates with at most this many fillings are written out in full
PASSES = 2  # … all others are filled until every alternative was used this often
MOST = 240  # … but not more often than this

_WEIGHT = re.compile(r"(\d+)([x*])\s+")
_TOKEN = re.compile(r"\{(\w+)\}|([(|)])|([^(){}|]+)")


class TemplateError(Exception):
    """A template that cannot be read; says which line."""


@dataclass(frozen=True, slots=True)
class Text:
    words: str


@dataclass(frozen=True, slots=True)
class Slot:
    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple["Sequence_", ...]


Part = Text | Slot | Choice
Sequence_ = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """`weight`: how often each filling counts. `fillings`: how many to make (None: as many as it needs)."""

    parts: Sequence_
    weight: int
    fillings: int | None


def read_sentences(folder: Path, seed: int = 20) -> list[str]:
    """All sentences of all files in `folder` (*.txt), repeated by weight. The same files give the same sentences, always."""
    slots: dict[str, Choice] = {}
    templates: list[Template] = []
    for path in sorted(folder.glob("*.txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            line = line.partition("#")[0].strip()
            try:
                if line.startswith("["):
                    name, _, options = line[1:].partition("]")
                    slots[name] = _parse_options(options)
                elif line:
                    templates.append(_parse_template(line))
            except TemplateError as error:
                raise TemplateError(f"{path.name}, line {number}: {error}") from error
    return list(_Filler(slots, random.Random(seed)).all(templates))


def _parse_template(line: str) -> Template:
    match = _WEIGHT.match(line)
    count, kind = (int(match[1]), match[2]) if match else (1, "x")
    choice = _parse_options(line[match.end() :] if match else line)
    parts = choice.options[0] if len(choice.options) == 1 else (choice,)
    return Template(parts, count if kind == "x" else 1, count if kind == "*" else None)


def _parse_options(text: str) -> Choice:
    tokens = list(_TOKEN.finditer(text))
    if sum(len(token[0]) for token in tokens) != len(text):
        raise TemplateError(f"stray brace in {text!r}")
    choice, rest = _options(tokens, 0)
    if rest != len(tokens):
        raise TemplateError(f"one ')' too many in {text!r}")
    return choice


def _options(tokens: Sequence["re.Match[str]"], position: int) -> tuple[Choice, int]:
    options: list[Sequence_] = []
    parts: list[Part] = []
    while position < len(tokens) and tokens[position][2] != ")":
        token = tokens[position]
        position += 1
        if token[1]:
            parts.append(Slot(token[1]))
        elif token[3]:
            parts.append(Text(token[3].strip()))
        elif token[2] == "|":
            options.append(tuple(parts))
            parts = []
        else:
            inner, position = _options(tokens, position)
            if position >= len(tokens):
                raise TemplateError("a '(' is never closed")
            parts.append(inner)
            position += 1
    return Choice((*options, tuple(parts))), position


class _Filler:
    """Deals the alternatives of every choice like cards from a shuffled deck, so that none is left out by chance."""

    def __init__(self, slots: Mapping[str, Choice], rng: random.Random) -> None:
        self._slots = slots
        self._rng = rng
        self._decks: dict[int, list[Sequence_]] = {}

    def all(self, templates: Sequence[Template]) -> Iterator[str]:
        for template in templates:
            for sentence in self._sentences(template):
                for _ in range(template.weight):
                    yield sentence

    def _sentences(self, template: Template) -> list[str]:
        if template.fillings is None and self._count(template.parts) <= EXHAUSTIVE:
            return [_clean(sentence) for sentence in self._every(template.parts)]
        wanted = template.fillings or min(MOST, PASSES * max(EXHAUSTIVE, self._widest(template.parts)))
        return [_clean(self._deal(template.parts)) for _ in range(wanted)]

    def _choice(self, part: Slot | Choice) -> Choice:
        if isinstance(part, Choice):
            return part
        if part.name not in self._slots:
            raise TemplateError(f"there is no slot {{{part.name}}}")
        return self._slots[part.name]

    def _count(self, parts: Sequence_) -> int:
        total = 1
        for part in parts:
            if not isinstance(part, Text):
                total *= sum(self._count(option) for option in self._choice(part).options)
        return total

    def _widest(self, parts: Sequence_) -> int:
        choices = [self._choice(part) for part in parts if not isinstance(part, Text)]
        return max(
            (max(len(choice.options), *(self._widest(option) for option in choice.options)) for choice in choices), default=1
        )

    def _every(self, parts: Sequence_) -> list[str]:
        found = [""]
        for part in parts:
            if isinstance(part, Text):
                found = [f"{start} {part.words}" for start in found]
            else:
                ends = [end for option in self._choice(part).options for end in self._every(option)]
                found = [f"{start} {end}" for start in found for end in ends]
        return found

    def _deal(self, parts: Sequence_) -> str:
        words = []
        for part in parts:
            if isinstance(part, Text):
                words.append(part.words)
            else:
                choice = self._choice(part)
                deck = self._decks.setdefault(id(choice), [])
                if not deck:
                    deck += self._rng.sample(choice.options, len(choice.options))
                words.append(self._deal(deck.pop()))
        return " ".join(words)


def _clean(sentence: str) -> str:
    return " ".join(sentence.split())
