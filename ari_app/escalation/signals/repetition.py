"""The caller asks for the same again, in other words too, because the answer between did not serve."""

from ari_app.call.model import Signal, Turn
from ari_app.escalation.context import Context
from ari_app.escalation.similarity import covered_content, shared_content

_REMEMBERED = 5  # how many of the caller's turns back the same matter may have been raised
_OPENS = 2
_LEAST = 0.35


def find(context: Context) -> list[Signal]:
    """A linear sum: likeness to an earlier turn, talk of going in circles, contradiction, an answer that did not serve."""
    if not context.by_caller or not context.caller_before or context.reading.has("repeat please"):
        return []
    earlier, alike = _nearest(context)
    strength = _strength(context, alike)
    if strength < _LEAST:
        return []
    evidence = f"turn {earlier.index}, {alike:.2f} alike" if earlier and alike >= 0.2 else context.reading.opening()
    return [Signal("repetition", context.now.index, min(1.0, round(strength, 2)), evidence)]


def _nearest(context: Context) -> tuple[Turn | None, float]:
    best: tuple[Turn | None, float] = (None, 0.0)
    for turn in context.caller_before[-_REMEMBERED:]:
        other = context.read(turn)
        alike = max(
            shared_content(context.reading, other),
            covered_content(context.reading, other) * 0.8,
            _part_of(context, turn),
        )
        if alike > best[1]:
            best = (turn, alike)
    return best


def _part_of(context: Context, turn: Turn) -> float:
    """A short insistence takes up one word of the earlier plea: "but this is a wedding emergency"."""
    shared = context.reading.content & context.read(turn).content
    return 0.5 if shared and len(context.reading.content) <= 3 and _objects(context) else 0.0


def _strength(context: Context, alike: float) -> float:
    reading, answer = context.reading, context.last_answer
    if answer is None or context.asked_to_repeat():
        return 0.0
    protest = min(2, reading.count("said before", "you repeat", "correction"))
    strength = 0.6 * alike + 0.25 * protest
    strength += 0.2 if _objects(context) else 0.0
    strength += 0.25 if answer.unhelpful else 0.15 if answer.vague else 0.0
    strength += 0.1 if reading.question and answer.unhelpful else 0.0
    if reading.has("thanks", "accepts") and not protest:
        strength -= 0.4
    if not protest and any(span.start <= _OPENS for span in reading.classes.get("moves on", ())):
        strength -= 0.3  # "okay, and …": on to the next matter
    nothing_new = alike < 0.2 and not protest and not _objects(context)
    return 0.0 if nothing_new else strength


def _objects(context: Context) -> bool:
    """It opens by contradicting: "but …", "no …", "yes i know but …"."""
    spans = context.reading.classes
    if any(span.start == 0 for span in spans.get("goes along", ())) and not context.reading.has("negation", "against"):
        return False  # "okay, I'm on the site": follows what it was told
    opens = any(span.start <= 3 for name in ("against", "refuse") for span in spans.get(name, ()))
    return opens or (context.reading.has("known already") and context.reading.has("against"))
