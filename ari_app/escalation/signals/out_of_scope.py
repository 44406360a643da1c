"""The assistant has no service or article for what is asked: it says so, or answers another question than the caller's."""

from ari_app.call.model import AnswerKind, Signal
from ari_app.escalation.context import Context


def find(context: Context) -> list[Signal]:
    return _asked(context) if context.by_caller else _answered(context)


def _asked(context: Context) -> list[Signal]:
    """A matter that usually needs a specialist, or a correction of what the assistant took it for."""
    reading = context.reading
    span = reading.affirmed("special matter")
    strength = 0.0
    if span:
        strength = 0.35 + 0.15 * min(2, reading.count("special matter") - 1)
        strength += 0.15 if reading.question or reading.has("wish") else 0.0
    corrects = reading.first("correction") if context.caller_before and not context.asked_to_repeat() else None
    if corrects:
        strength += 0.3
    if strength > 0 and context.in_trouble:
        strength += 0.2
    shown = span or corrects
    return [Signal("out_of_scope", context.now.index, min(1.0, round(strength, 2)), reading.quote(shown))] if shown else []


def _answered(context: Context) -> list[Signal]:
    answer = context.this_answer
    if answer is None or answer.kind is not AnswerKind.NO_ANSWER:
        return []
    return [Signal("out_of_scope", context.now.index, 0.5 if context.now.report else 0.35, f"no answer: {answer.evidence}")]
