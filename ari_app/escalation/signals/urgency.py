"""Waiting would do harm: a danger, a medical need, or an event that will not wait; calm words count like excited ones."""

from ari_app.call.model import Signal
from ari_app.escalation.context import Context
from ari_app.escalation.reading import Reading, Span


def find(context: Context) -> list[Signal]:
    if not context.by_caller:
        return []
    reading = context.reading
    if reading.has("no hurry"):
        return []
    found = [each for each in (_danger(reading), _medical(reading), _deadline(context), _loss(reading), _said(reading)) if each]
    if not found:
        return []
    strength, span = max(found, key=lambda each: each[0])
    others = 0.1 * (len(found) - 1)
    return [Signal("urgency", context.now.index, min(1.0, round(strength + others, 2)), reading.quote(span))]


def _danger(reading: Reading) -> tuple[float, Span] | None:
    """A hazard, an accident just now. A question about one that has not happened is none."""
    span = reading.affirmed("strong hazard") or reading.affirmed("hazard") or reading.affirmed("accident")
    if span is None or reading.has("emergency in names"):
        return None
    if reading.has("hypothetical") and not reading.has("strong hazard"):
        return None
    strength = 0.8 if reading.affirmed("strong hazard") else 0.4
    for worse in (
        ("vulnerable", "family"),
        ("just now", "soon", "clock"),
        ("harm", "distress"),
        ("accident",),
        ("medical crisis",),
    ):
        strength += 0.15 if reading.has(*worse) else 0.0
    return min(strength, 1.0), span


def _medical(reading: Reading) -> tuple[float, Span] | None:
    crisis = reading.affirmed("medical crisis")
    if crisis and not reading.has("hypothetical"):
        others = sum(
            reading.has(*more) for more in (("just now", "soon", "clock"), ("vulnerable", "family"), ("harm", "distress"))
        )
        return min(1.0, 0.7 + 0.15 * others), crisis
    medicine = reading.first("medicine")
    if medicine is None:
        return None
    needs = sum(reading.has(name) for name in ("shortage", "clock", "soon", "harm", "vulnerable"))
    return (min(1.0, 0.4 + 0.2 * needs), medicine) if needs else None


def _deadline(context: Context) -> tuple[float, Span] | None:
    """An event that cannot be moved, soon; the more so where something is lost with it."""
    reading = context.reading
    event, soon = reading.first("event"), reading.first("soon")
    if not soon or not (event or reading.has("clock")):
        return None
    if not reading.has("first person", "family", "harm", "valuables") and not context.recent("urgency", 6):
        return None
    strength = 0.35 if event else 0.25
    for worse in (("clock",), ("valuables", "losing"), ("harm", "distress"), ("emergency",), ("vulnerable",)):
        strength += 0.12 if reading.has(*worse) else 0.0
    return min(strength, 1.0), soon


def _loss(reading: Reading) -> tuple[float, Span] | None:
    """Money, trade or property lost while the call lasts."""
    span = reading.first("losing")
    if not span:
        return None
    worse = sum(reading.has(name) for name in ("clock", "emergency", "harm", "just now"))
    return (min(1.0, 0.3 + 0.25 * worse), span) if worse else None


def _said(reading: Reading) -> tuple[float, Span] | None:
    """The caller calls it urgent: believed less than facts, and not as part of a name (emergency exit, urgent care)."""
    span = reading.affirmed("emergency")
    if span is None or reading.has("emergency in names"):
        return None
    more = reading.has("event", "harm", "losing", "medicine", "hazard")
    return (0.45 if more else 0.3), span
