"""How an assistant's turn served the caller: by its own report where there is one, else judged from its words."""

from dataclasses import dataclass

from ari_app.call.model import AnswerKind, Party, Turn
from ari_app.escalation.reading import Reader, Reading
from ari_app.escalation.similarity import covered_content, shared_content

_SAME = 0.5
_STATED = 2  # content words of the caller that make a matter which a mere list of services does not answer
_UNHELPFUL = frozenset((AnswerKind.REFERRED, AnswerKind.NO_ANSWER, AnswerKind.NOT_UNDERSTOOD))


@dataclass(frozen=True, slots=True)
class Answer:
    """`repeats`: the turn that this one says over again, and how alike both are; None where it is new.

    `vague`: it gives the general rule ("usually", "may take") where the caller's own case may be meant.
    """

    kind: AnswerKind
    evidence: str
    repeats: int | None = None
    likeness: float = 0.0
    vague: bool = False

    @property
    def unhelpful(self) -> bool:
        return self.kind in _UNHELPFUL or self.repeats is not None


def judge(turn: Turn, before: tuple[Turn, ...], reader: Reader) -> Answer:
    """`before`: all turns before it, oldest first."""
    reading = reader.read(turn.text)
    kind, evidence = (turn.report.kind, turn.report.kind.value) if turn.report else kind_from_words(reading)
    if turn.report is None and kind is AnswerKind.NO_ANSWER and not _matter_stated(before, reader):
        kind = AnswerKind.ASKED
    repeats, likeness = _repeated(turn, reading, kind, before, reader)
    return Answer(kind, evidence, repeats, likeness, reading.has("vague"))


def kind_from_words(reading: Reading) -> tuple[AnswerKind, str]:
    """For calls that were written down, and for an outside assistant whose words were recognised."""
    for name, kind in (
        ("read back", AnswerKind.CONFIRMED),
        ("not understood", AnswerKind.NOT_UNDERSTOOD),
        ("no answer", AnswerKind.NO_ANSWER),
        ("menu", AnswerKind.NO_ANSWER),
        ("referral", AnswerKind.REFERRED),
    ):
        span = reading.first(name)
        if span and not (name == "menu" and reading.has("offers help")) and not (name == "referral" and reading.figures):
            return kind, reading.quote(span, 3)
    if reading.has("empty talk"):
        return AnswerKind.SOCIAL, reading.opening()
    return (AnswerKind.ASKED if reading.question or reading.has("asks for") else AnswerKind.ANSWERED), reading.opening()


def _matter_stated(before: tuple[Turn, ...], reader: Reader) -> bool:
    return any(turn.party is Party.CALLER and len(reader.read(turn.text).content) >= _STATED for turn in before[-3:])


def _was_read_back(turn: Turn, reader: Reader) -> bool:
    kind = turn.report.kind if turn.report else kind_from_words(reader.read(turn.text))[0]
    return kind is AnswerKind.CONFIRMED


def _repeated(
    turn: Turn, reading: Reading, kind: AnswerKind, before: tuple[Turn, ...], reader: Reader
) -> tuple[int | None, float]:
    """The earlier turn that is said again though the caller has not asked for that."""
    if kind in (AnswerKind.CONFIRMED, AnswerKind.SOCIAL) or len(reading.content) < 2:
        return None, 0.0
    last_caller = next((heard for heard in reversed(before) if heard.party is Party.CALLER), None)
    asked = reader.read(last_caller.text) if last_caller else None
    if asked is None or asked.has("repeat please") or (asked.has("accepts") and not asked.has("known already", "against")):
        return None, 0.0
    best: tuple[int | None, float] = (None, 0.0)
    for earlier in before[1:] if before and before[0].party is Party.ASSISTANT else before:
        if earlier.party is Party.ASSISTANT and not _was_read_back(earlier, reader):
            other = reader.read(earlier.text)
            likeness = max(shared_content(reading, other), covered_content(reading, other) * 0.85)
            if not reading.figures <= other.figures or (reading.content - other.content) & asked.content:
                likeness *= 0.6  # other figures, or the very word that the caller asked about: it answers another question
            if likeness >= max(_SAME, best[1]):
                best = (earlier.index, likeness)
    return best
