"""Recognises the small things callers say: yes, thank you, goodbye, say that again, are you still there."""

from collections.abc import Iterable, Mapping, Sequence

from ari_app.assistant.language import IntentWords
from ari_app.assistant.words import stem, tokens

_GAP = 2


class Intents:
    """What a whole turn is about, by the patterns of the word lists."""

    def __init__(self, intents: Mapping[str, IntentWords], questions: Mapping[str, Iterable[str]]) -> None:
        self._small = {name: words.small for name, words in intents.items() if words.small}
        self._anywhere = {name: [_stems(pattern) for pattern in words.anywhere] for name, words in intents.items()}
        self._questions = {name: [_stems(pattern) for pattern in patterns] for name, patterns in questions.items()}

    def of(self, text: str) -> frozenset[str]:
        """Names of all intents in this turn."""
        said = tokens(text)
        stems = [stem(word) for word in said]
        found = {name for name, patterns in self._anywhere.items() if any(_holds(stems, p) for p in patterns)}
        for name, small in self._small.items():
            if said and any(word in small.words for word in said) and all(word in small.words | small.with_ for word in said):
                found.add(name)
        return frozenset(found)

    def booking_question(self, text: str) -> str | None:
        """The topic that the booking answers, None when the turn asks for none."""
        stems = [stem(word) for word in tokens(text)]
        return next((name for name, patterns in self._questions.items() if any(_holds(stems, p) for p in patterns)), None)


def _stems(pattern: str) -> list[str]:
    return [stem(word) for word in tokens(pattern)]


def _holds(said: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the pattern's words occur in this order, at most two others between two of them."""
    return any(_follows(said, pattern, at) for at, word in enumerate(said) if word == pattern[0])


def _follows(said: Sequence[str], pattern: Sequence[str], at: int) -> bool:
    for word in pattern[1:]:
        ahead = said[at + 1 : at + 2 + _GAP]
        if word not in ahead:
            return False
        at += 1 + ahead.index(word)
    return True
