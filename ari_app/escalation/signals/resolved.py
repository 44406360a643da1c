"""The opposite direction: thanked, accepted, cheerful. The points fall."""

from ari_app.call.model import Signal
from ari_app.escalation.context import Context


def find(context: Context) -> list[Signal]:
    if not context.by_caller or not context.caller_before:
        return []
    if any(signal.turn == context.now.index for signal in context.signals):
        return []
    reading = context.reading
    thanks, accepts, glad = (reading.affirmed(name) for name in ("thanks", "accepts", "glad"))
    strength = (0.5 if thanks else 0.0) + (0.4 if accepts else 0.0) + (0.3 if glad else 0.0)
    if context.in_trouble:
        strength -= 0.4
    if reading.has("refuse", "against", "said before", "correction"):
        strength -= 0.3
    if reading.question:
        strength -= 0.3  # the matter before is done, yet there is another
    span = thanks or accepts or glad
    if strength < 0.3 or span is None:
        return []
    return [Signal("resolved", context.now.index, -min(1.0, round(strength, 2)), reading.quote(span))]
