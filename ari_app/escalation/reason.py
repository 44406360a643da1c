"""Says in at most 24 characters why the call is handed over: what a desk phone's display can hold."""

from collections.abc import Sequence

from ari_app.call.model import Party, Signal, Turn
from ari_app.escalation.reading import Reader, Reading, Span

_LONGEST = 24
_PLAIN = {
    "human_request": "asks for a person",
    "compliance": "legal or privacy matter",
    "judgement": "asks for an exception",
    "raised_voice": "upset, raised voice",
    "negative_sentiment": "upset",
    "low_confidence": "bad line",
    "repetition": "asked twice",
    "dead_end": "assistant is stuck",
    "out_of_scope": "needs a specialist",
    "urgency": "urgent",
}
_MATTER = ("medical crisis", "strong hazard", "medicine", "event", "accident", "hazard", "losing", "valuables")
_UNITS = {"hour": "h", "hours": "h", "hrs": "h", "minute": "min", "minutes": "min", "mins": "min", "days": "d", "day": "d"}


def reason_for(signals: Sequence[Signal], turns: Sequence[Turn], reader: Reader) -> str:
    """E.g. "wedding bag 12h" for something urgent, else the plain name of the strongest matter."""
    urgent = {signal.turn for signal in signals if signal.name == "urgency"}
    texts = [reader.read(turn.text) for turn in turns if turn.index in urgent and turn.party is Party.CALLER]
    matter = _matter(texts)
    if matter:
        return matter
    order = list(_PLAIN)
    names = sorted({signal.name for signal in signals if signal.name in _PLAIN}, key=order.index)
    return _PLAIN[names[0]] if names else "needs help"


def _matter(texts: Sequence[Reading]) -> str:
    words = [*_first(texts, _MATTER), *_first(texts, ("thing",)), *_deadline(texts)]
    said = [word for at, word in enumerate(words) if not any(word in earlier for earlier in words[:at])]
    while said and len(" ".join(said)) > _LONGEST:
        said.pop(1 if len(said) > 2 else -1)
    return " ".join(said)


def _first(texts: Sequence[Reading], names: Sequence[str]) -> list[str]:
    for name in names:
        for text in texts:
            span = text.first(name)
            if span:
                return [_words(text, span)]
    return []


def _words(text: Reading, span: Span) -> str:
    return " ".join(text.words[span.start : span.end])


def _deadline(texts: Sequence[Reading]) -> list[str]:
    """ "12h", "today", "tomorrow"."""
    for text in texts:
        for place, word in enumerate(text.words):
            if word in _UNITS and place:
                number = text.number(place)
                if number:
                    return [f"{number}{_UNITS[word]}"]
        for word in ("tonight", "today", "tomorrow"):
            if word in text.words:
                return [word]
    return []
