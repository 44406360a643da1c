"""A call and its handovers as values: everything the table of transitions may look at or change."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from ari_app.call.model import Decision, Fact, Score, Transcript, Turn


class CallState(StrEnum):
    NEW = "new"
    CONVERSING = "conversing"  # the assistant and the caller talk
    SEEKING = "seeking"  # a queue rings agents; the assistant keeps the caller company
    BRIEFING = "briefing"  # an agent has picked up and hears the whisper
    CONNECTED = "connected"  # caller and agent share the bridge; the assistant is gone
    CLOSING = "closing"  # the agent has left or the matter is done; the assistant ends the call kindly
    ENDED = "ended"


class Outcome(StrEnum):
    """How a handover ended."""

    ANSWERED = "answered"  # the agent and the caller talked
    ABANDONED = "abandoned"  # the caller hung up before the agent was in the bridge
    NOBODY = "nobody"  # no agent could be had; the call went back to the assistant


class Whispering(StrEnum):
    """How much of the whisper the agent heard."""

    NOT_YET = "not yet"
    HEARD = "heard"
    SKIPPED = "skipped"
    FAILED = "failed"
    CUT_OFF = "cut off"


@dataclass(frozen=True, slots=True)
class AgentTry:
    """One agent that the queue rang, and what came of it: ringing, declined, no answer, picked up, left."""

    interface: str
    name: str
    outcome: str
    at: float


@dataclass(frozen=True, slots=True)
class ScoredTurn:
    """What the score was after a turn. Turns that are not scored (company, announcements) have none."""

    turn: int
    points: float


@dataclass(frozen=True, slots=True)
class ShadowDecision:
    """A decision that was noted and not acted upon, since its rule or the whole rules file is in shadow mode."""

    turn: int
    at: float
    points: float
    decision: Decision


@dataclass(frozen=True, slots=True)
class Handover:
    """One attempt to bring a human into the call. Times are seconds since the start of the call; None: has not happened.

    `turn`: the one whose score led to it; where words at a pause did, the number that they would have had.
    `partial_words`: the words heard so far, where they decided while the caller still spoke; `gained`: seconds from then to the
    caller's next pause, when they would have been scored otherwise.
    """

    number: int
    decision: Decision
    score: float
    decided_at: float
    by: str  # "score", "key", "operator", "listening failed"
    leg: int = 1
    tries: tuple[AgentTry, ...] = ()
    agent_interface: str = ""
    agent_channel_id: str = ""
    rang_at: float | None = None
    picked_up_at: float | None = None
    whisper_started_at: float | None = None
    whisper_ended_at: float | None = None
    joined_at: float | None = None
    ended_at: float | None = None
    whispering: Whispering = Whispering.NOT_YET
    whisper_text: str = ""
    outcome: Outcome | None = None
    turn: int | None = None
    partial_words: str = ""
    gained: float | None = None


MOST_SHADOWS = 20  # shadow decisions that a call's record keeps


@dataclass(frozen=True, slots=True)
class Call:
    """One caller's visit. `started_at` is seconds since the epoch; all other times count from it.

    `unsaid`: replies that were scored and then not said, since their score led to a human.
    """

    call_id: str
    caller_channel_id: str
    caller_number: str
    caller_name: str
    dialled: str
    started_at: float
    state: CallState = CallState.NEW
    transcript: Transcript = field(default_factory=Transcript)
    facts: tuple[Fact, ...] = ()
    suggestion: str | None = None
    score: Score | None = None
    scored: tuple[ScoredTurn, ...] = ()
    unsaid: tuple[Turn, ...] = ()
    shadow_decisions: tuple[ShadowDecision, ...] = ()
    handover: Handover | None = None
    past_handovers: tuple[Handover, ...] = ()
    answered_words: str = ""  # the words already answered at a pause, so that their final form is not answered again
    silences: int = 0
    ended_at: float | None = None
    end_reason: str = ""

    @property
    def conversation_bridge_id(self) -> str:
        return f"{self.call_id}.conversation"

    @property
    def queue_leg_id(self) -> str:
        """The near half of the Local channel of the running handover; its end tells which attempt it was."""
        handover = self.handover
        return f"{self.call_id}.leg{handover.number:02d}-{handover.leg:02d}" if handover else ""

    def with_score(self, score: Score, polarity: float | None) -> "Call":
        """The call with the score of one of its turns, and with what the words of that turn were found to be."""
        turns = self.transcript.turns
        if polarity is not None:
            turns = tuple(replace(turn, polarity=polarity) if turn.index == score.turn else turn for turn in turns)
        scored = (*self.scored, ScoredTurn(score.turn, score.points))
        return replace(self, score=score, scored=scored, transcript=Transcript(turns))

    def with_shadow(self, turn: int, at: float, points: float, decision: Decision) -> "Call":
        """Only the first by a rule is kept: a score that stays above the threshold decides turn after turn."""
        since = max((handover.ended_at or 0.0 for handover in self.past_handovers), default=0.0)
        known = [one.decision for one in self.shadow_decisions if one.at >= since]
        told = any(one.queue == decision.queue and set(one.rules) & set(decision.rules) for one in known)
        if told or len(self.shadow_decisions) >= MOST_SHADOWS:
            return self
        return replace(self, shadow_decisions=(*self.shadow_decisions, ShadowDecision(turn, at, points, decision)))

    def with_handover(self, **changes: object) -> "Call":
        """The call with its running handover changed; without one, the call as it is."""
        return replace(self, handover=replace(self.handover, **changes)) if self.handover else self  # type: ignore[arg-type]

    def with_facts(self, facts: tuple[Fact, ...]) -> "Call":
        """Newer facts replace older ones of the same kind and value, and unverified ones of the same kind."""
        kept = tuple(
            old
            for old in self.facts
            if not any(new.kind == old.kind and (new.value == old.value or new.verified) for new in facts)
        )
        return replace(self, facts=(*kept, *facts))
