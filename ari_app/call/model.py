"""The values that every room shares: what was said, what it counted for, and what a call is made of."""

from dataclasses import dataclass, field
from enum import StrEnum


class Party(StrEnum):
    """Who speaks."""

    CALLER = "caller"
    ASSISTANT = "assistant"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word; times in seconds since the start of the call, confidence 0–1."""

    text: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Prosody:
    """How an utterance sounded, over its voiced frames only. `None`: too short to say.

    loudness_db: RMS level in dBFS. pitch_hz: median F0. centroid_hz: of the mean spectrum, the line's noise taken off.
    """

    loudness_db: float | None = None
    pitch_hz: float | None = None
    centroid_hz: float | None = None


class AnswerKind(StrEnum):
    """What the assistant says about its own turn; the escalation listens to it."""

    ANSWERED = "answered"  # from an article, or from a lookup that succeeded
    ASKED = "asked"  # it asked the caller for something it needs
    CONFIRMED = "confirmed"  # it read back or confirmed a detail
    REFERRED = "referred"  # generic: sends the caller elsewhere or says nothing specific
    NO_ANSWER = "no answer"  # it had no article that fits
    NOT_UNDERSTOOD = "not understood"  # it asks the caller to say it again
    SOCIAL = "social"  # greeting, thanks, company, goodbye


@dataclass(frozen=True, slots=True)
class AnswerReport:
    """The assistant's own account of a turn: its kind, the article it used (title), how well it matched (0–1)."""

    kind: AnswerKind
    article: str | None = None
    match: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One party's turn in the call; times in seconds since the start of the call.

    `confidence` is the mean word confidence (None where the text is known), `polarity` is -1…1 (None where not analysed),
    `report` belongs to the assistant's turns only and may be missing (calls that were written down).
    """

    index: int
    party: Party
    text: str
    start: float
    end: float
    confidence: float | None = None
    words: tuple[Word, ...] = ()
    prosody: Prosody = Prosody()
    polarity: float | None = None
    report: AnswerReport | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """One observation for (strength > 0) or against (strength < 0) a handover; strength -1…1, evidence in words."""

    name: str
    turn: int
    strength: float
    evidence: str


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one rule adds to the score now, and the signals it counted."""

    rule: str
    points: float
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict that a score leads to.

    `shadow`: decided and logged, not acted upon. `reason`: at most 24 characters, for a desk phone's display.
    `fingerprint`: of the rules file that decided; empty where no file did (a key, an operator, a failure).
    """

    rules: tuple[str, ...]
    queue: str
    priority: int
    say: str
    reason: str
    shadow: bool = False
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """The explained sum after one turn. `decision` is None while the assistant should go on alone.

    `fingerprint`: of the rules file by which it was reckoned.
    """

    turn: int
    points: float
    threshold: float
    contributions: tuple[Contribution, ...] = ()
    new_signals: tuple[Signal, ...] = ()
    decision: Decision | None = None
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Carried:
    """What words that are still being said carry: names of rules that order a handover by themselves, and the score with them.

    Without rules there is no score.
    """

    rules: frozenset[str] = frozenset()
    score: Score | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """Something the assistant learned about the caller or the matter.

    kind: "name", "booking", "situation", "deadline", … ; value as written on a card ("ABC123"); spoken as said to an agent
    ("alpha bravo charlie one two three"; empty: like value). Verified: checked against the operator's records.
    """

    kind: str
    value: str
    spoken: str = ""
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What the assistant says next: the text, its own report of it, newly learned facts, a suggestion to the agent."""

    text: str
    report: AnswerReport
    facts: tuple[Fact, ...] = ()
    suggestion: str | None = None
    ends_call: bool = False


@dataclass(frozen=True, slots=True)
class Transcript:
    """All turns so far, in order."""

    turns: tuple[Turn, ...] = field(default=())

    def with_turn(self, turn: Turn) -> "Transcript":
        return Transcript((*self.turns, turn))

    def last(self, party: Party) -> Turn | None:
        return next((turn for turn in reversed(self.turns) if turn.party is party), None)
