"""What a running call needs from the outside, as protocols: PBX, media, ears, voice, assistant, store."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from ari_app.call.model import Carried, Decision, Fact, Prosody, Reply, Score, Transcript, Turn, Word

# ---------------------------------------------------------------------------------------------------- from the PBX


@dataclass(frozen=True, slots=True)
class ChannelEntered:
    """StasisStart: a channel is in the application now. `args` are the application's arguments."""

    channel_id: str
    channel_name: str
    args: tuple[str, ...]
    caller_number: str
    caller_name: str
    dialled: str


@dataclass(frozen=True, slots=True)
class ChannelLeft:
    """StasisEnd or ChannelDestroyed. `cause` is Asterisk's hang-up cause code (0 when unknown or not hung up)."""

    channel_id: str
    destroyed: bool
    cause: int = 0


@dataclass(frozen=True, slots=True)
class DigitReceived:
    channel_id: str
    digit: str


@dataclass(frozen=True, slots=True)
class AgentRinging:
    """AMI AgentCalled. `queue_leg_id` is the Local near half's channel id that we chose (AMI Linkedid)."""

    queue_leg_id: str
    queue: str
    interface: str  # "PJSIP/agent1"
    agent_channel_id: str
    member_name: str


@dataclass(frozen=True, slots=True)
class AgentDeclined:
    """AMI AgentRingNoAnswer: declined (ring_seconds about 0) or not answered."""

    queue_leg_id: str
    queue: str
    interface: str
    agent_channel_id: str
    member_name: str
    ring_seconds: float


@dataclass(frozen=True, slots=True)
class AgentJoined:
    """AMI AgentConnect: the queue has bridged the agent (after the whisper routine)."""

    queue_leg_id: str
    queue: str
    interface: str
    agent_channel_id: str


@dataclass(frozen=True, slots=True)
class AgentFinished:
    """AMI AgentComplete: the agent's part is over. `reason` is Asterisk's: agent, caller or transfer."""

    queue_leg_id: str
    agent_channel_id: str
    reason: str
    talk_seconds: float


@dataclass(frozen=True, slots=True)
class QueueLeft:
    """The queue gave up on the leg: `status` is QUEUESTATUS (TIMEOUT, JOINEMPTY, LEAVEEMPTY, FULL, …)."""

    call_id: str
    status: str


@dataclass(frozen=True, slots=True)
class PbxConnection:
    """A connection to Asterisk went ('ari' or 'ami', up False) or came back (up True; state was resynchronised)."""

    what: str
    up: bool


PbxEvent = (
    ChannelEntered
    | ChannelLeft
    | DigitReceived
    | AgentRinging
    | AgentDeclined
    | AgentJoined
    | AgentFinished
    | QueueLeft
    | PbxConnection
)


class AgentAtPickUp(Protocol):
    """The agent's channel at pick-up, held by the whisper routine (FastAGI) until `release`.

    While it is held the queue has not bridged the agent yet; frames flow to the phone, so a snoop can whisper to it.
    """

    call_id: str
    mode: str  # "before" | "during"
    channel_id: str
    channel_name: str

    async def wait_for_key(self, seconds: float) -> str | None:
        """Wait up to `seconds` for a DTMF key; None when none came. Raises ChannelGone when the agent hung up."""
        ...

    async def release(self) -> None:
        """Let the queue bridge the agent now. Idempotent; never raises."""
        ...


class Pbx(Protocol):
    """What a call asks of Asterisk. Every method has a timeout, raises ChannelGone (404) or NotReachable.

    hang_up, destroy_bridge and remove_channel treat "already gone" as success. Whoever calls chooses the identifiers.
    """

    async def answer(self, channel_id: str) -> None: ...
    async def create_bridge(self, bridge_id: str, name: str) -> None: ...
    async def destroy_bridge(self, bridge_id: str) -> None: ...
    async def add_channel(self, bridge_id: str, channel_id: str) -> None: ...
    async def remove_channel(self, bridge_id: str, channel_id: str) -> None: ...

    async def snoop(self, channel_id: str, *, snoop_id: str, spy: str = "none", whisper: str = "none") -> None:
        """Returns when the snoop channel has entered the application (it can be bridged at once)."""
        ...

    async def external_media(self, channel_id: str, media: "MediaLeg") -> None:
        """Create the external media channel for `media` and connect both; returns when it has entered the application."""
        ...

    async def originate(
        self, channel_id: str, endpoint: str, *, caller_id: str, variables: Mapping[str, str], timeout: float
    ) -> None:
        """Originate `endpoint` into the application; returns when Asterisk has accepted, not when it is answered."""
        ...

    async def hang_up(self, channel_id: str, reason: str = "normal") -> None: ...
    async def continue_in_dialplan(self, channel_id: str, context: str, extension: str, priority: int = 1) -> None: ...
    async def set_variable(self, channel_id: str, name: str, value: str) -> None: ...

    async def subscribe(self, channel_id: str) -> None:
        """Have this channel's events (DTMF, hang-up) sent to the application though it is not in Stasis."""
        ...

    async def send_text(self, endpoint: str, sender: str, text: str) -> None:
        """SIP MESSAGE to a desk phone."""
        ...

    async def channels(self) -> dict[str, str]:
        """Channel id → name of all channels."""
        ...

    async def application_channels(self) -> list[str]:
        """Ids of the channels that are in this Stasis application now."""
        ...

    async def bridges(self) -> list[str]: ...
    def events(self) -> AsyncIterator[PbxEvent]: ...


# ---------------------------------------------------------------------------------------------------- media


class MediaLeg(Protocol):
    """One external media channel's far end in the application, any transport. PCM is 16-bit little-endian mono.

    `rate` is 8000 or 16000 Hz. Out: play() appends; frames are paced at 20 ms by the leg (or by Asterisk's own pacing).
    """

    rate: int

    def frames(self) -> AsyncIterator[bytes]:
        """20 ms frames as heard, gaps filled with zeros so that one frame is always 20 ms of wall time; ends on close."""
        ...

    async def play(self, pcm: bytes) -> None:
        """Append PCM at `rate` and return when its last frame was sent. Cancelling it, or stop(), ends sound within 100 ms."""
        ...

    def stop(self) -> None:
        """Drop everything not yet sent; waiting play() calls return at once."""
        ...

    @property
    def played_seconds(self) -> float:
        """Seconds of real sound sent so far (not the silence between)."""
        ...

    async def close(self) -> None: ...


class MediaDirection(StrEnum):
    LISTEN = "listen"
    SPEAK = "speak"


class MediaFactory(Protocol):
    async def open(self, leg_id: str, direction: MediaDirection) -> MediaLeg: ...


# ---------------------------------------------------------------------------------------------------- ears and voice


@dataclass(frozen=True, slots=True)
class VoiceStarted:
    at: float  # seconds of audio since the listener was opened


@dataclass(frozen=True, slots=True)
class VoicePaused:
    """The speaker has been quiet for the short pause (about 0.2 s): the words so far, which may yet go on."""

    at: float
    text: str
    words: tuple[Word, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class PartialHeard:
    """The recogniser's words so far changed."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class UtteranceHeard:
    """A finished utterance. Empty text: a voice that could not be understood."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...]
    confidence: float
    prosody: Prosody


HeardEvent = VoiceStarted | VoicePaused | PartialHeard | UtteranceHeard


class Listener(Protocol):
    """One party's ears: voice activity, prosody and recogniser together. Times are seconds of audio fed. Not thread-safe."""

    rate: int

    def process(self, pcm: bytes) -> Sequence[HeardEvent]:
        """Feed PCM (16-bit little-endian mono at `rate`; any number of 20 ms frames). Blocking: call it off the loop."""
        ...

    def close(self) -> Sequence[HeardEvent]:
        """Finish what was being said."""
        ...


class ListenerFactory(Protocol):
    rate: int

    def open(self) -> Listener: ...


class Synthesiser(Protocol):
    async def synthesise(self, text: str, voice: str | None = None) -> bytes:
        """8 kHz 16-bit little-endian mono PCM of the spoken text, trimmed of leading and trailing silence. Cached."""
        ...


# ---------------------------------------------------------------------------------------------------- language, assistant, store


class Sentiment(Protocol):
    async def polarity(self, text: str) -> float | None:
        """-1 (bad) … 1 (good)."""
        ...


class WordTriggers(Protocol):
    """Which words are enough while they are still being said. One per utterance, pure; `at` in seconds."""

    def heard(self, text: str, at: float) -> None:
        """The words so far, as the recogniser has them now."""
        ...

    def to_preview(self, at: float) -> str | None:
        """The words so far where they are due to be looked at; nothing more is due until `previewed`."""
        ...

    def previewed(self, carried: frozenset[str]) -> frozenset[str]:
        """The rules that those words carry go in, the rules that are confirmed come out."""
        ...

    def settled(self, at: float) -> frozenset[str]:
        """The rules that are confirmed because their words have not changed for long enough."""
        ...

    def next_at(self, at: float) -> float | None:
        """When something is due, `at` or later; None: not before more is heard."""
        ...


class TurnScorer(Protocol):
    """Whether a human is needed, turn by turn. Pure: the state goes in and comes out, and any scorer goes on with it.

    `now`: local wall time, for rules with hours.
    """

    def start(self) -> Any: ...

    def consider(self, state: Any, turn: Turn, now: datetime | None = None) -> tuple[Any, Score]:
        """The caller's and the assistant's turns, in order."""
        ...

    def preview(self, state: Any, partial: Turn, now: datetime | None = None) -> Score:
        """What the words so far would lead to; the state does not move."""
        ...

    def triggers(self) -> WordTriggers: ...

    def weigh(self, state: Any, partial: Turn, now: datetime | None = None) -> Carried:
        """What words that are still being said carry by themselves. For any thread; a few milliseconds at most."""
        ...

    def asked(self, decision: Decision, now: datetime | None = None) -> Decision:
        """`decision` (of a key) as the operator's rule for human requests has it: its queue, priority and words."""
        ...

    def handed_back(self, state: Any, now: float) -> Any:
        """After a handover has ended: what was counted so far does not lead to the next one at once."""
        ...


class Dialogue(Protocol):
    """The assistant's side of one call."""

    def greet(self) -> Reply: ...

    async def answer(self, turn: Turn, transcript: Transcript, *, waiting: bool) -> Reply:
        """Answer the caller's turn. `waiting`: a human is being fetched: keep company, never refer elsewhere."""
        ...

    def company(self, transcript: Transcript, facts: Sequence[Fact], spoken: int) -> Reply:
        """The `spoken`-th remark (0…) that keeps the caller company while a human is being fetched; never runs out."""
        ...

    def nobody(self) -> Reply:
        """No agent could be had: say so honestly and go on helping."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """State as JSON-able values, for a restart."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None: ...


class Assistant(Protocol):
    def open(self, call_id: str, caller_number: str, caller_name: str) -> Dialogue: ...


class Store(Protocol):
    """Where calls and handovers are recorded. Never raises for an absent server: it spools and says so in its health."""

    async def save_call(self, record: Mapping[str, Any]) -> None: ...
    async def save_handover(self, record: Mapping[str, Any]) -> None: ...

    async def save_live(self, call_id: str, state: Mapping[str, Any]) -> None:
        """All that a restarted application needs to go on with the call."""
        ...

    async def drop_live(self, call_id: str) -> None: ...
