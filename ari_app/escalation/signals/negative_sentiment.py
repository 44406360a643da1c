"""Anger, distress, resignation, and sarcasm where the context shows it; polarity is one weak input among them."""

from ari_app.call.model import Signal
from ari_app.escalation.context import Context

_PLAIN = 0.3


def find(context: Context) -> list[Signal]:
    if not context.by_caller:
        return []
    reading = context.reading
    anger, distress, resigned = (reading.count(name) for name in ("anger", "distress", "resignation"))
    strength = 0.45 * min(2, anger) + 0.4 * min(2, distress) + (0.25 if resigned and context.in_trouble else 0.0)
    span = reading.affirmed("anger", "distress") or (reading.affirmed("resignation") if context.in_trouble else None)
    if context.in_trouble and reading.has("sarcasm") and len(reading) <= 14:
        strength += 0.4
        span = span or reading.first("sarcasm")
    if reading.has("glad", "thanks") and not context.in_trouble:
        strength -= 0.5
    polarity = context.now.polarity
    if polarity is not None and polarity < -_PLAIN:
        strength += 0.15
    if strength > 0 and context.recent("negative_sentiment", 5):
        strength += 0.15  # the trend counts: the second hard word in a short while
    if strength < _PLAIN or span is None:
        return []
    return [Signal("negative_sentiment", context.now.index, min(1.0, round(strength, 2)), reading.quote(span))]
