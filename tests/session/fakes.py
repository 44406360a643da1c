"""Fakes behind the session's protocols: a PBX with a queue, media that takes real (virtual) time, ears that hear a script."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime

from ari_app.call.model import AnswerKind, AnswerReport, Carried, Decision, Fact, Party, Prosody, Reply, Score, Turn
from ari_app.errors import ChannelGone, NotReachable
from ari_app.escalation.partials import PartialTriggers
from ari_app.session.ports import (
    AgentRinging,
    ChannelEntered,
    ChannelLeft,
    MediaDirection,
    PartialHeard,
    PbxEvent,
    UtteranceHeard,
    VoicePaused,
    VoiceStarted,
)

SECONDS_PER_WORD = 0.3


class FakeLeg:
    rate = 8000

    def __init__(self, name: str) -> None:
        self.name, self.closed = name, False
        self.heard: list[tuple[float, float]] = []  # (from, to) of sound, loop time
        self._stopped = asyncio.Event()
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.played_seconds = 0.0

    async def play(self, pcm: bytes) -> None:
        if self.closed:
            raise ChannelGone("closed")
        self._stopped.clear()
        began = asyncio.get_running_loop().time()
        try:
            await asyncio.wait_for(self._stopped.wait(), len(pcm) / 16000)
        except TimeoutError:
            pass
        self.heard.append((began, asyncio.get_running_loop().time()))

    def stop(self) -> None:
        self._stopped.set()

    async def frames(self) -> AsyncIterator[bytes]:
        while (frame := await self._frames.get()) is not None:
            yield frame

    def speak(self, text: str) -> None:
        """The party at the other end says this: its listener finds it in the frame."""
        self._frames.put_nowait(text.encode().ljust(640, b" "))

    def break_off(self) -> None:
        self._frames.put_nowait(None)

    async def close(self) -> None:
        self.closed = True
        self.break_off()


class FakeMedia:
    def __init__(self) -> None:
        self.legs: dict[str, FakeLeg] = {}
        self.broken = False

    async def open(self, leg_id: str, direction: MediaDirection) -> FakeLeg:
        if self.broken:
            raise NotReachable("no media")
        leg = self.legs[leg_id] = FakeLeg(leg_id)
        return leg

    def named(self, part: str) -> FakeLeg:
        return next(leg for name, leg in reversed(self.legs.items()) if part in name)


class FakePbx:
    """Keeps channels and bridges as Asterisk would; `refuse` names methods that fail."""

    def __init__(self) -> None:
        self.existing: set[str] = set()
        self.bridged: dict[str, set[str]] = {}
        self.originated: list[tuple[str, str, Mapping[str, str], str]] = []
        self.cards: list[tuple[str, str]] = []
        self.snoops: dict[str, tuple[str, str, str]] = {}
        self.given_away: list[tuple[str, str]] = []
        self.refuse: set[str] = set()
        self._events: asyncio.Queue[PbxEvent] = asyncio.Queue()

    def tell(self, event: PbxEvent) -> None:
        self._events.put_nowait(event)

    def caller_rings(self, channel_id: str = "1700000000.1") -> None:
        self.existing.add(channel_id)
        self.tell(ChannelEntered(channel_id, "PJSIP/caller-0001", (), "+15551234567", "David Miller", "100"))

    def agent_rings(self, leg_id: str, agent: str = "agent1") -> str:
        channel_id = f"1700000001.{agent}"
        self.existing.add(channel_id)
        self.tell(AgentRinging(leg_id, "support", f"PJSIP/{agent}", channel_id, agent))
        return channel_id

    def queue_bridges(self, leg_id: str) -> None:
        self.existing.add(leg_id)
        self.tell(ChannelEntered(leg_id, f"Local/{leg_id}", ("queue-leg", leg_id), "", "", ""))

    def vanish(self, channel_id: str) -> None:
        """A channel goes; with one half of a Local channel goes the other."""
        for half in (f"{channel_id};2", channel_id.removesuffix(";2")):
            if half in self.existing - {channel_id}:
                self.existing.discard(channel_id)
                self.vanish(half)
        self.existing.discard(channel_id)
        for members in self.bridged.values():
            members.discard(channel_id)
        self.tell(ChannelLeft(channel_id, True, 16))

    def members(self, bridge_part: str) -> set[str]:
        return next((members for name, members in self.bridged.items() if bridge_part in name), set())

    def _check(self, method: str) -> None:
        if method in self.refuse:
            raise NotReachable(f"{method} was refused")

    async def answer(self, channel_id: str) -> None:
        self._check("answer")
        if channel_id not in self.existing:
            raise ChannelGone(channel_id)

    async def create_bridge(self, bridge_id: str, name: str) -> None:
        self._check("create_bridge")
        self.bridged[bridge_id] = set()

    async def destroy_bridge(self, bridge_id: str) -> None:
        self.bridged.pop(bridge_id, None)

    async def add_channel(self, bridge_id: str, channel_id: str) -> None:
        self._check("add_channel")
        if channel_id not in self.existing:
            raise ChannelGone(channel_id)
        self.bridged[bridge_id].add(channel_id)

    async def remove_channel(self, bridge_id: str, channel_id: str) -> None:
        self.bridged.get(bridge_id, set()).discard(channel_id)

    async def snoop(self, channel_id: str, *, snoop_id: str, spy: str = "none", whisper: str = "none") -> None:
        self._check("snoop")
        if channel_id not in self.existing:
            raise ChannelGone(channel_id)
        self.existing.add(snoop_id)
        self.snoops[snoop_id] = (channel_id, spy, whisper)

    async def external_media(self, channel_id: str, media: FakeLeg) -> None:
        self._check("external_media")
        self.existing.add(channel_id)

    async def originate(self, channel_id, endpoint, *, caller_id, variables, timeout) -> None:
        self._check("originate")
        self.originated.append((channel_id, endpoint, variables, caller_id))
        self.existing |= {channel_id, f"{channel_id};2"}

    async def hang_up(self, channel_id: str, reason: str = "normal") -> None:
        if channel_id in self.existing:
            self.vanish(channel_id)

    async def continue_in_dialplan(self, channel_id: str, context: str, extension: str, priority: int = 1) -> None:
        self.given_away.append((channel_id, context))
        self.tell(ChannelLeft(channel_id, False))

    async def set_variable(self, channel_id: str, name: str, value: str) -> None: ...

    async def subscribe(self, channel_id: str) -> None: ...

    async def send_text(self, endpoint: str, sender: str, text: str) -> None:
        self._check("send_text")
        self.cards.append((endpoint, text))

    async def channels(self) -> dict[str, str]:
        return {channel_id: channel_id for channel_id in self.existing}

    async def application_channels(self) -> list[str]:
        return sorted(self.existing)

    async def bridges(self) -> list[str]:
        return sorted(self.bridged)

    async def events(self) -> AsyncIterator[PbxEvent]:
        while True:
            yield await self._events.get()


class FakeAgent:
    """The agent's channel in the queue's whisper routine; `press` skips, `leave` hangs up."""

    def __init__(self, call_id: str, pbx: FakePbx, leg_id: str, channel_id: str) -> None:
        self.call_id, self.mode, self.channel_id, self.channel_name = call_id, "before", channel_id, "PJSIP/agent1-00000007"
        self._pbx, self._leg_id = pbx, leg_id
        self._keys: asyncio.Queue[str] = asyncio.Queue()
        self.released = asyncio.Event()

    def press(self, key: str) -> None:
        self._keys.put_nowait(key)

    def leave(self) -> None:
        """As Asterisk does it: the queue leg still enters the application for an instant before it goes."""
        self._keys.put_nowait("hung up")
        self._pbx.vanish(self.channel_id)
        self._pbx.queue_bridges(self._leg_id)
        self._pbx.vanish(self._leg_id)

    async def wait_for_key(self, seconds: float) -> str | None:
        try:
            key = await asyncio.wait_for(self._keys.get(), seconds)
        except TimeoutError:
            return None
        if key == "hung up":
            raise ChannelGone(self.channel_id)
        return key

    async def release(self) -> None:
        if not self.released.is_set():
            self.released.set()
            self._keys.put_nowait("#")
            self._pbx.queue_bridges(self._leg_id)


class FakeListener:
    """Hears the text that FakeLeg.speak put into a frame: one utterance, its pause first.

    SOUND, SO FAR, PAUSE and END before the text: a voice, the words so far, a pause after them, and a finished utterance only.
    """

    rate = 8000

    def process(self, pcm: bytes):
        text = pcm.rstrip(b" \0").decode()
        if text == "CRASH":
            raise NotReachable("the recogniser died")
        part, _, rest = (piece.strip() for piece in text.partition(":"))
        match part:
            case "SOUND":
                return [VoiceStarted(0.0)]
            case "SO FAR":
                return [PartialHeard(1.0, rest)]
            case "PAUSE":
                return [VoicePaused(1.0, rest, (), 0.95)]
            case "END":
                return [UtteranceHeard(0.0, 1.0, rest, (), 0.95, Prosody())]
        return [
            VoiceStarted(0.0),
            VoicePaused(1.0, text, (), 0.95),
            UtteranceHeard(0.0, 1.0, text, (), 0.95, Prosody()),
        ]

    def close(self):
        return []


class FakeListeners:
    rate = 8000

    def open(self) -> FakeListener:
        return FakeListener()


class FakeSynthesiser:
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.broken = False

    async def synthesise(self, text: str, voice: str | None = None) -> bytes:
        if self.broken:
            raise NotReachable("no synthesiser")
        self.texts.append(text)
        await asyncio.sleep(0.05)
        return bytes(int(len(text.split()) * SECONDS_PER_WORD * 16000))


class FakeSentiment:
    async def polarity(self, text: str) -> float | None:
        return 0.0


class FakeDialogue:
    """Echoes what it was asked; `crash` makes the next answer fail, `refers` makes it send the caller elsewhere."""

    def __init__(self) -> None:
        self.crash = self.refers = False

    def greet(self) -> Reply:
        return Reply("Welcome, how can I help?", AnswerReport(AnswerKind.ASKED))

    async def answer(self, turn, transcript, *, waiting: bool) -> Reply:
        if self.crash:
            raise ValueError("a fault in the assistant")
        if self.refers and not waiting:
            return Reply("Please look at our website for that.", AnswerReport(AnswerKind.REFERRED, "Website", 0.6))
        kind = "While we wait" if waiting else "You said"
        facts = (Fact("matter", turn.text),) if turn.party is Party.CALLER else ()
        return Reply(f"{kind}: {turn.text}.", AnswerReport(AnswerKind.ANSWERED, "article", 0.9), facts)

    def company(self, transcript, facts, spoken: int) -> Reply:
        return Reply(f"This is remark number {spoken} that keeps you company.", AnswerReport(AnswerKind.SOCIAL))

    def nobody(self) -> Reply:
        return Reply("Nobody is free right now.", AnswerReport(AnswerKind.SOCIAL))

    def snapshot(self):
        return {}

    def restore(self, state) -> None: ...


class FakeAssistant:
    def __init__(self) -> None:
        self.dialogues: list[FakeDialogue] = []

    def open(self, call_id: str, caller_number: str, caller_name: str) -> FakeDialogue:
        self.dialogues.append(FakeDialogue())
        return self.dialogues[-1]


class FakeStore:
    def __init__(self) -> None:
        self.calls: dict[str, dict] = {}
        self.handovers: list[dict] = []
        self.live: dict[str, dict] = {}

    async def save_call(self, record) -> None:
        self.calls[record["call_id"]] = dict(record)

    async def save_handover(self, record) -> None:
        self.handovers.append(dict(record))

    async def save_live(self, call_id: str, state) -> None:
        self.live[call_id] = json.loads(json.dumps(state))

    async def drop_live(self, call_id: str) -> None:
        self.live.pop(call_id, None)


class FakeScoring:
    def __init__(self, cooled: bool = False) -> None:
        self.cooled = cooled

    def to_dict(self):
        return {"cooled": self.cooled}

    @classmethod
    def from_dict(cls, data) -> "FakeScoring":
        return cls(data["cooled"])


class FakeScorer:
    """Decides when the caller says "human"; after a cool-down only when he says "really"."""

    def start(self) -> FakeScoring:
        return FakeScoring()

    def handed_back(self, state: FakeScoring, now: float) -> FakeScoring:
        return FakeScoring(cooled=True)

    def triggers(self) -> PartialTriggers:
        return PartialTriggers()

    def weigh(self, state: FakeScoring, partial: Turn, now: datetime | None = None) -> Carried:
        score = self.preview(state, partial, now)
        return Carried(frozenset(score.decision.rules), score) if score.decision else Carried()

    def asked(self, decision: Decision, now: datetime | None = None) -> Decision:
        return decision

    def consider(self, state: FakeScoring, turn: Turn, now: datetime | None = None):
        return state, self.preview(state, turn, now)

    def preview(self, state: FakeScoring, partial: Turn, now: datetime | None = None) -> Score:
        decided = "human" in partial.text and partial.party is Party.CALLER and (not state.cooled or "really" in partial.text)
        decision = Decision(("Asks for a person",), "support", 0, "I am getting a colleague.", "asks for a person")
        return Score(partial.index, 99.0 if decided else 0.0, 10.0, decision=decision if decided else None)
