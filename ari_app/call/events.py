"""Everything that can happen to a call, as past-tense facts. `at` is seconds since the start of the call."""

from dataclasses import dataclass

from ari_app.call.call import Whispering
from ari_app.call.model import Decision, Reply, Score, Turn


@dataclass(frozen=True, slots=True)
class CallerEntered:
    at: float


@dataclass(frozen=True, slots=True)
class CallerPaused:
    """The caller has stopped for a moment; `text` may yet go on. `decision` is what the words so far would lead to."""

    text: str
    at: float
    decision: Decision | None = None
    points: float = 0.0


@dataclass(frozen=True, slots=True)
class CallerSaidEnough:
    """The caller is still speaking, and the words so far decide; `text` is what was heard of them."""

    text: str
    at: float
    decision: Decision
    points: float = 0.0


@dataclass(frozen=True, slots=True)
class CallerSpoke:
    """A finished utterance of the caller; `turn.index` is filled in by the call."""

    turn: Turn
    at: float


@dataclass(frozen=True, slots=True)
class AssistantReplied:
    reply: Reply
    at: float


@dataclass(frozen=True, slots=True)
class AssistantSpoke:
    """The assistant said something of its own accord (company, hand-off line); `turn.index` is filled in by the call."""

    turn: Turn
    at: float


@dataclass(frozen=True, slots=True)
class AssistantFellSilent:
    """All that the assistant had to say has been said."""

    at: float


@dataclass(frozen=True, slots=True)
class AssistantFailed:
    """The assistant could not make a reply, or its voice is lost."""

    at: float
    speech: bool  # True: it cannot be heard


@dataclass(frozen=True, slots=True)
class TurnScored:
    """`polarity`: what the caller's words were found to be when they were scored; -1 … 1, None where not analysed."""

    score: Score
    at: float
    polarity: float | None = None


@dataclass(frozen=True, slots=True)
class SilenceLasted:
    """Neither party has said anything for the time that the settings allow."""

    at: float


@dataclass(frozen=True, slots=True)
class ListeningFailed:
    at: float


@dataclass(frozen=True, slots=True)
class HumanRequested:
    """A key, the operator or another program wants a human for this call; `by` says which."""

    decision: Decision
    by: str
    at: float


@dataclass(frozen=True, slots=True)
class AgentRang:
    interface: str
    name: str
    agent_channel_id: str
    at: float


@dataclass(frozen=True, slots=True)
class AgentRefused:
    """Declined, or let it ring out."""

    interface: str
    name: str
    declined: bool
    at: float


@dataclass(frozen=True, slots=True)
class AgentPickedUp:
    agent_channel_id: str
    interface: str
    at: float


@dataclass(frozen=True, slots=True)
class AgentHungUp:
    """The agent left while the whisper routine held him. Asterisk still lets the queue leg in for an instant after that."""

    agent_channel_id: str
    at: float


@dataclass(frozen=True, slots=True)
class WhisperStarted:
    seconds: float
    at: float


@dataclass(frozen=True, slots=True)
class WhisperEnded:
    how: Whispering
    at: float


@dataclass(frozen=True, slots=True)
class QueueLegEntered:
    """The queue has bridged the agent; the near half of its leg is in the application now."""

    leg_id: str
    at: float


@dataclass(frozen=True, slots=True)
class QueueLegEnded:
    """The near half of the queue leg is gone: the queue gave up, or the agent hung up."""

    leg_id: str
    at: float
    status: str = ""


@dataclass(frozen=True, slots=True)
class RingingTimedOut:
    leg_id: str
    at: float


@dataclass(frozen=True, slots=True)
class AsteriskBack:
    """The connection to Asterisk was lost for a while and is there again."""

    at: float


@dataclass(frozen=True, slots=True)
class ApplicationStopping:
    """We were told to stop: whoever would be left in silence goes to the dialplan's queue."""

    at: float


@dataclass(frozen=True, slots=True)
class CallerHungUp:
    at: float
    reason: str = "caller hung up"


Event = (
    CallerEntered
    | CallerPaused
    | CallerSaidEnough
    | CallerSpoke
    | AssistantReplied
    | AssistantSpoke
    | AssistantFellSilent
    | AssistantFailed
    | TurnScored
    | SilenceLasted
    | ListeningFailed
    | HumanRequested
    | AgentRang
    | AgentRefused
    | AgentPickedUp
    | AgentHungUp
    | WhisperStarted
    | WhisperEnded
    | QueueLegEntered
    | QueueLegEnded
    | RingingTimedOut
    | AsteriskBack
    | ApplicationStopping
    | CallerHungUp
)
