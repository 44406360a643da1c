"""The assistant is stuck: sends the caller elsewhere, says its piece over again, or does not understand."""

from ari_app.call.model import AnswerKind, Signal
from ari_app.escalation.answers import Answer
from ari_app.escalation.context import Context


def find(context: Context) -> list[Signal]:
    """A piece said over again counts from its first saying, which turns out to have been no answer."""
    answer = context.this_answer
    if answer is None:
        return []
    strength, evidence = _stuck(answer)
    if strength <= 0:
        return []
    found = [Signal("dead_end", context.now.index, strength, evidence)]
    if answer.repeats is not None and answer.kind is not AnswerKind.ASKED and not _noticed(context, answer.repeats):
        found.insert(0, Signal("dead_end", answer.repeats, strength, f"said again in turn {context.now.index}"))
    return found


def _noticed(context: Context, turn: int) -> bool:
    return any(signal.name == "dead_end" and signal.turn == turn for signal in context.signals)


def _stuck(answer: Answer) -> tuple[float, str]:
    if answer.repeats is not None:
        firm = min(1.0, answer.likeness + 0.2) if answer.kind is not AnswerKind.ASKED else 0.6 * answer.likeness
        return round(firm, 2), f"says turn {answer.repeats} over again ({answer.likeness:.2f} alike)"
    if answer.kind is AnswerKind.REFERRED:
        return 0.8, f"sends the caller elsewhere: {answer.evidence}"
    if answer.kind is AnswerKind.NO_ANSWER:
        return 0.6, f"has no answer: {answer.evidence}"
    if answer.kind is AnswerKind.NOT_UNDERSTOOD:
        return 0.5, "has not understood"
    return 0.0, ""
