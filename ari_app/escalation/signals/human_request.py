"""The caller asks for a person, in whatever words; not one who tells of a person, or says that none is needed."""

from ari_app.call.model import Signal
from ari_app.escalation.context import Context
from ari_app.escalation.reading import Reading, Span

_OPENS = 2  # "put me through to …": an order needs no "can you"
_BARE = 3  # an utterance of so few words that is a person's title asks for that person


def find(context: Context) -> list[Signal]:
    if not context.by_caller:
        return []
    strength, span = _request(context.reading)
    if span is None or strength <= 0:
        return []
    return [Signal("human_request", context.now.index, strength, context.reading.quote(span))]


def _request(reading: Reading) -> tuple[float, Span | None]:
    person = _wanted(reading, "staff")
    anyone = _wanted(reading, "anyone")
    machine = reading.first("machine")
    talk = reading.affirmed("strong talk")
    wish, wants = reading.first("wish"), reading.affirmed("wants")
    if person and len(reading) <= _BARE and not reading.has("other agency"):
        return 1.0, person
    if (
        talk
        and (person or anyone)
        and (wish or talk.start <= _OPENS)
        and _close(talk, person or anyone, 6)
        and not _told(reading, talk)
    ):
        return 1.0, talk
    if machine and _refused(reading, machine) and (reading.has("talk") or reading.has("wish")):
        return 1.0, machine
    if person and wants and _close(wants, person, 4) and not reading.has("other agency", "asks what to do"):
        return (0.0, None) if _told(reading, person) else (0.8, person)
    if anyone and talk and _close(talk, anyone, 5) and not _told(reading, talk):
        return 0.8, talk
    return 0.0, None


def _wanted(reading: Reading, name: str) -> Span | None:
    """The first such word that is neither negated nor somebody else's agent (a travel agent, a backup agent)."""
    others = reading.classes.get("other agency", ())
    for span in reading.classes.get(name, ()):
        if not reading.negated(span) and not any(other.start < span.end and span.start < other.end for other in others):
            return span
    return None


def _refused(reading: Reading, machine: Span) -> bool:
    return any(machine.start - 7 <= word.start < machine.start for word in reading.classes.get("negation", ()))


def _close(one: Span, other: Span | None, words: int) -> bool:
    return other is not None and one.start - words <= other.start <= one.end + words


def _told(reading: Reading, span: Span) -> bool:
    """Reported: what somebody said or did before this call."""
    return any(abs(past.start - span.start) <= 4 for past in reading.classes.get("reported", ()))
