"""The caller asks for what the rules do not give: a waiver, an exception, an arrangement. Only a person may weigh that."""

from ari_app.call.model import Signal
from ari_app.escalation.context import Context


def find(context: Context) -> list[Signal]:
    if not context.by_caller:
        return []
    reading = context.reading
    asked = reading.has("wish") or reading.question
    grounds = reading.has("grounds")
    span = reading.affirmed("leniency") or (reading.first("plea") if asked and grounds else None)
    if span is None or reading.has("already granted"):
        return []
    strength = 0.3 if asked else 0.15
    strength += 0.35 if asked and grounds else 0.0
    strength += 0.2 if reading.count("leniency") >= 2 else 0.0
    if any(context.read(turn).has("grounds") for turn in context.caller_before[-2:]):
        strength += 0.1
    if any(context.recent("judgement", 5)):
        strength += 0.15
    return [Signal("judgement", context.now.index, min(1.0, round(strength, 2)), reading.quote(span))]
