"""Everything that a call can ask the outside to do, as imperatives. The session's executor carries them out in order."""

from dataclasses import dataclass
from enum import StrEnum

from ari_app.call.model import Turn


@dataclass(frozen=True, slots=True)
class TakeCaller:
    """Answer the caller and put him into the conversation bridge."""


@dataclass(frozen=True, slots=True)
class OpenVoice:
    """Give the assistant a voice in the conversation bridge. Idempotent."""


@dataclass(frozen=True, slots=True)
class CloseVoice:
    """Take the assistant out of the bridge as soon as it has said what it is saying. Idempotent."""


@dataclass(frozen=True, slots=True)
class OpenEars:
    """Tap the caller's voice for the recogniser. Idempotent."""


@dataclass(frozen=True, slots=True)
class CloseEars:
    """Stop listening. Idempotent."""


@dataclass(frozen=True, slots=True)
class Greet:
    """Have the assistant open the conversation."""


class SayKind(StrEnum):
    REPLY = "reply"  # may be interrupted by the caller
    ANNOUNCEMENT = "announcement"  # is said at once and to its end
    AT_PAUSE = "at pause"  # is said to its end, as soon as the caller pauses


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    kind: SayKind = SayKind.REPLY


@dataclass(frozen=True, slots=True)
class ScoreTurn:
    turn: Turn


@dataclass(frozen=True, slots=True)
class AskAssistant:
    """Have the assistant answer this turn. `waiting`: a human is being fetched meanwhile."""

    turn: Turn
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class AskAssistantForNobody:
    """Have the assistant say that no agent could be had."""


@dataclass(frozen=True, slots=True)
class KeepCompany:
    """Let the assistant talk on while a human is being fetched."""


@dataclass(frozen=True, slots=True)
class EndCompany:
    """No more company; `hand_off`: the line that is said over the join (empty: none)."""

    hand_off: str = ""


@dataclass(frozen=True, slots=True)
class PlanJoin:
    """The agent will join in `seconds`: time the company's last words to it."""

    seconds: float
    hand_off: str


@dataclass(frozen=True, slots=True)
class PrepareWhisper:
    """Synthesise the whisper and have its media ready before the agent picks up."""

    text: str


@dataclass(frozen=True, slots=True)
class RingQueue:
    leg_id: str
    queue: str
    priority: int
    display: str
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class SendCard:
    interface: str
    text: str


@dataclass(frozen=True, slots=True)
class StartWhisper:
    """Whisper to the agent on this channel, and to nobody else."""

    agent_channel_id: str


@dataclass(frozen=True, slots=True)
class StopWhisper:
    """End the whisper and free its media. Idempotent."""


@dataclass(frozen=True, slots=True)
class ReleaseAgent:
    """Let the queue bridge the agent that its whisper routine holds. Idempotent."""


@dataclass(frozen=True, slots=True)
class JoinAgent:
    """Put the queue leg into the conversation bridge."""

    leg_id: str


@dataclass(frozen=True, slots=True)
class CancelAgent:
    """Stop the queue leg and the agent's own phone. Idempotent."""

    leg_id: str
    agent_channel_id: str


@dataclass(frozen=True, slots=True)
class SendCallerToFallback:
    """The application cannot go on with this caller: give him to the dialplan's fallback queue."""


@dataclass(frozen=True, slots=True)
class HangUpCaller:
    """Hang up when everything has been said."""


@dataclass(frozen=True, slots=True)
class RecordHandover:
    """Write the handover that has just ended."""


@dataclass(frozen=True, slots=True)
class TearDown:
    """Release every leg and bridge of the call and write its record. Idempotent."""


Command = (
    TakeCaller
    | OpenVoice
    | CloseVoice
    | OpenEars
    | CloseEars
    | Greet
    | Say
    | ScoreTurn
    | AskAssistant
    | AskAssistantForNobody
    | KeepCompany
    | EndCompany
    | PlanJoin
    | PrepareWhisper
    | RingQueue
    | SendCard
    | StartWhisper
    | StopWhisper
    | ReleaseAgent
    | JoinAgent
    | CancelAgent
    | SendCallerToFallback
    | HangUpCaller
    | RecordHandover
    | TearDown
)
