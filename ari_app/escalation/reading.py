"""Reads a text with a lexicon: its words, its content, and which classes of meaning occur where. Clean or recogniser text."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

from ari_app.escalation.lexicon import GAP, Lexicon, Phrase

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[?]")
_NEGATION_REACH = 4


@dataclass(frozen=True, slots=True)
class Span:
    """Words start … end-1 of a reading."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as its words. `stems` aligns with `shown` (the words as written; '' where a short form was written as one)."""

    shown: tuple[str, ...]
    words: tuple[str, ...]
    stems: tuple[str, ...]
    content: frozenset[str]
    question: bool
    classes: Mapping[str, tuple[Span, ...]]
    numbers: Mapping[int, int]

    def __len__(self) -> int:
        return len(self.words)

    def has(self, *names: str) -> bool:
        return any(name in self.classes for name in names)

    def first(self, *names: str) -> Span | None:
        spans = [span for name in names for span in self.classes.get(name, ())]
        return min(spans, key=lambda span: span.start, default=None)

    def affirmed(self, *names: str) -> Span | None:
        """The first span of these classes that is not negated ("not urgent", "don't need a human")."""
        spans = sorted((span for name in names for span in self.classes.get(name, ())), key=lambda span: span.start)
        return next((span for span in spans if not self.negated(span)), None)

    def count(self, *names: str) -> int:
        """How many separate, not negated spans of these classes there are."""
        taken: list[Span] = []
        for span in sorted((s for name in names for s in self.classes.get(name, ())), key=lambda span: span.start):
            if not self.negated(span) and (not taken or span.start >= taken[-1].end):
                taken.append(span)
        return len(taken)

    def negated(self, span: Span) -> bool:
        answers = any(inside.start == 0 for inside in self.classes.get("answers no", ()))
        least = 1 if answers and span.start > 1 else 0  # "no, she is …": an answer, it denies nothing that follows
        reach = range(max(least, span.start - _NEGATION_REACH), span.start)
        denied = {place for inside in self.classes.get("negation", ()) for place in range(inside.start, inside.end)}
        turned = {inside.start for inside in self.classes.get("turning", ())}
        return any(place in denied and not any(place < turn < span.start for turn in turned) for place in reach)

    @property
    def figures(self) -> frozenset[int]:
        """The numbers said, but for "one", which mostly is none."""
        return frozenset(value for value in self.numbers.values() if value > 1)

    def number(self, before: int) -> int:
        """The number that ends right before that place ("twenty four hours", "12 hours"); 0 where there is none."""
        total = 0
        while before > 0 and before - 1 in self.numbers:
            before -= 1
            total += self.numbers[before]
        return total

    def quote(self, span: Span, around: int = 2) -> str:
        """The words of the span with some around it, as written."""
        words = [word for word in self.shown[max(0, span.start - around) : span.end + around] if word]
        return '"' + " ".join(words) + '"'

    def opening(self, count: int = 7) -> str:
        words = [word for word in self.shown if word]
        return '"' + " ".join(words[:count]) + ("…" if len(words) > count else "") + '"'


class Reader:
    """Reads texts, remembering the latest ones."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.read = lru_cache(maxsize=4096)(self._read)

    def _read(self, text: str) -> Reading:
        shown, words = _split(text, self.lexicon)
        stems = tuple(self.lexicon.stem(word) for word in words)
        content = frozenset(
            self.lexicon.alike.get(stem, stem)
            for word, stem in zip(words, stems, strict=True)
            if self.lexicon.fillers.isdisjoint((self.lexicon.plain(word), stem)) and not _is_number(word, self.lexicon)
        )
        classes = _classes(words, stems, self.lexicon)
        openers = {at for span in classes.get("opener", ()) for at in range(span.start, span.end)}
        inverted = any(openers.issuperset(range(span.start)) for span in classes.get("inverted", ()))
        question = "?" in text or "asking" in classes or inverted
        numbers = {at: _value(word, self.lexicon) for at, word in enumerate(words) if _is_number(word, self.lexicon)}
        return Reading(shown, words, stems, content, question, classes, numbers)


def _split(text: str, lexicon: Lexicon) -> tuple[tuple[str, ...], tuple[str, ...]]:
    shown: list[str] = []
    words: list[str] = []
    for match in _WORD.finditer(normalize("NFC", text).replace("’", "'")):
        written = match.group()
        if written == "?":
            continue
        full = _full_form(written.lower(), lexicon)
        words.extend(full)
        shown.extend([written, *[""] * (len(full) - 1)])
    return tuple(shown), tuple(words)


def _full_form(word: str, lexicon: Lexicon) -> tuple[str, ...]:
    plain = lexicon.plain(word)
    bare = word.replace("'", "")
    if plain in lexicon.short_forms:
        return lexicon.short_forms[plain]
    if lexicon.plain(bare) in lexicon.short_forms:
        return lexicon.short_forms[lexicon.plain(bare)]
    head, apostrophe, tail = word.partition("'")
    if apostrophe and "'" + tail in lexicon.short_forms:
        return (head, *lexicon.short_forms["'" + tail])
    return (bare,) if apostrophe else lexicon.parts(word)


def _is_number(word: str, lexicon: Lexicon) -> bool:
    return (word.isascii() and word.isdigit()) or lexicon.plain(word) in lexicon.numbers


def _value(word: str, lexicon: Lexicon) -> int:
    return int(word) if word.isascii() and word.isdigit() else lexicon.numbers[lexicon.plain(word)]


def _classes(words: tuple[str, ...], stems: tuple[str, ...], lexicon: Lexicon) -> dict[str, tuple[Span, ...]]:
    places: dict[str, list[int]] = {}
    for at, stem in enumerate(stems):
        places.setdefault(stem, []).append(at)
    numbers = {Span(at, at + 1) for at, word in enumerate(words) if _is_number(word, lexicon)}
    spans: dict[str, set[Span]] = {"number": numbers} if numbers else {}
    for phrase in lexicon.phrases_for(places):
        for span in _matches(phrase, stems, places, spans):
            spans.setdefault(phrase.of, set()).add(span)
    return {name: _sorted(each) for name, each in spans.items()}


def _sorted(spans: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(sorted(spans, key=lambda span: (span.start, span.end)))


def _matches(
    phrase: Phrase, stems: tuple[str, ...], places: Mapping[str, list[int]], found: Mapping[str, set[Span]]
) -> list[Span]:
    first = phrase.steps[0]
    if isinstance(first, frozenset):
        starts = {at for stem in first for at in places.get(stem, ())}
    else:
        starts = {span.start for span in found.get(first or "", ())}
    ends = ((start, _end(phrase, 0, start, stems, found)) for start in starts)
    return [Span(start, end) for start, end in ends if end is not None]


def _end(phrase: Phrase, step_at: int, at: int, stems: tuple[str, ...], found: Mapping[str, Iterable[Span]]) -> int | None:
    if step_at == len(phrase.steps):
        return at
    step = phrase.steps[step_at]
    if step is None:
        tries = (_end(phrase, step_at + 1, later, stems, found) for later in range(at, min(at + GAP, len(stems) - 1) + 1))
        return next((end for end in tries if end is not None), None)
    if isinstance(step, frozenset):
        return _end(phrase, step_at + 1, at + 1, stems, found) if at < len(stems) and stems[at] in step else None
    ends = (_end(phrase, step_at + 1, span.end, stems, found) for span in found.get(step, ()) if span.start == at)
    return next((end for end in ends if end is not None), None)
