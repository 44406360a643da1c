"""The observations that speak for or against a handover: one small file each, all found in one pass over a turn."""

from collections.abc import Callable
from dataclasses import replace

from ari_app.call.model import Signal
from ari_app.escalation.context import Context
from ari_app.escalation.signals import (
    compliance,
    dead_end,
    human_request,
    judgement,
    low_confidence,
    negative_sentiment,
    out_of_scope,
    raised_voice,
    repetition,
    resolved,
    urgency,
)
from ari_app.escalation.signals.fusion import fuse

Finder = Callable[[Context], list[Signal]]

# In this order: a later one may look at what earlier ones found in the same turn.
FINDERS: dict[str, Finder] = {
    "human_request": human_request.find,
    "compliance": compliance.find,
    "urgency": urgency.find,
    "judgement": judgement.find,
    "dead_end": dead_end.find,
    "repetition": repetition.find,
    "out_of_scope": out_of_scope.find,
    "low_confidence": low_confidence.find,
    "raised_voice": raised_voice.find,
    "negative_sentiment": negative_sentiment.find,
    "resolved": resolved.find,
}
NAMES: tuple[str, ...] = tuple(FINDERS)


def find_signals(context: Context) -> list[Signal]:
    """All signals of the turn, in the order of FINDERS: each from words and structure, and from meaning if that is measured."""
    worded: list[Signal] = []
    found: list[Signal] = []
    for name, finder in FINDERS.items():
        by_words = finder(replace(context, signals=(*context.signals, *worded)))
        worded.extend(by_words)
        found.extend(fuse(name, context, by_words))
    return found
