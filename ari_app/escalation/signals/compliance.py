"""Law, regulators, formal complaints, privacy, discrimination, and injury by a product: matters no assistant may handle alone."""

from ari_app.call.model import Signal
from ari_app.escalation.context import Context
from ari_app.escalation.reading import Reading, Span

_CLEAR = 1.0
_LIKELY = 0.75
_HINT = 0.4


def find(context: Context) -> list[Signal]:
    if not context.by_caller:
        return []
    reading = context.reading
    found = [
        each for each in (_law(reading), _complaint(reading), _privacy(reading), _injury(reading), _treatment(reading)) if each
    ]
    if not found:
        return []
    strength, span = max(found, key=lambda each: each[0])
    return [Signal("compliance", context.now.index, strength, reading.quote(span))]


def _law(reading: Reading) -> tuple[float, Span] | None:
    if reading.has("legal setting"):
        return None
    action = reading.affirmed("legal action") or reading.first("legal action")
    lawyer = reading.affirmed("lawyer")
    regulator = reading.affirmed("regulator")
    span = action or regulator or lawyer
    if span is None:
        return None
    involved = reading.has("evidence of") or (reading.has("first person") if action or regulator else _own(reading, span))
    kinds = sum(map(bool, (action, lawyer, regulator, reading.has("evidence of"))))
    if kinds >= 2 or (involved and (action or regulator)):
        return _CLEAR, span
    return (_LIKELY if involved else _HINT), span


def _own(reading: Reading, lawyer: Span) -> bool:
    """ "my solicitor says", not "my wife, Sue Barrister"."""
    return any(lawyer.start - 3 <= word.start < lawyer.start for word in reading.classes.get("my", ()))


def _complaint(reading: Reading) -> tuple[float, Span] | None:
    span = reading.affirmed("formal complaint")
    return (_LIKELY if reading.has("first person", "wish") else _HINT, span) if span else None


def _privacy(reading: Reading) -> tuple[float, Span] | None:
    record, other = reading.first("personal record"), reading.first("someone elses")
    if record and other and (reading.has("seeing") or abs(record.start - other.start) <= 4):
        return (_CLEAR if reading.has("seeing") else _LIKELY), other
    law = reading.affirmed("privacy law")
    if law:
        return (_CLEAR if reading.has("first person", "wish") else _LIKELY), law
    span = reading.affirmed("privacy")
    return (_LIKELY if reading.count("privacy") >= 2 else _HINT, span) if span else None


def _injury(reading: Reading) -> tuple[float, Span] | None:
    span = reading.affirmed("injury")
    if not span or not reading.has("product") or reading.has("hypothetical"):
        return None
    hurt = reading.has("family") or reading.has("first person")
    return (_LIKELY if reading.count("injury") >= 2 and hurt else 0.5), span


def _treatment(reading: Reading) -> tuple[float, Span] | None:
    span = reading.affirmed("discrimination")
    return (_LIKELY, span) if span else None
