"""One running call: its mailbox, its state, and the tasks that it owns. When it ends, every leg is released."""

import asyncio
from collections.abc import Collection, Coroutine, Mapping
from dataclasses import replace
from typing import Any

import structlog

from ari_app.call import commands as do
from ari_app.call import events as on
from ari_app.call.adoption import adopt
from ari_app.call.call import Call, CallState
from ari_app.call.model import Carried, Decision, Party, Score, Turn
from ari_app.call.record import call_record
from ari_app.call.snapshot import to_dict
from ari_app.call.transitions import step
from ari_app.errors import AriAppError, ChannelGone
from ari_app.session import feed
from ari_app.session.executor import Executor, Links
from ari_app.session.partial_words import PartialWords
from ari_app.session.ports import AgentAtPickUp, HeardEvent, PartialHeard, UtteranceHeard, VoicePaused, VoiceStarted
from ari_app.session.services import Services

log = structlog.get_logger()

MAILBOX = 1000  # events that may wait; beyond that the oldest kind of noise, partial pauses, is dropped
BARGE_IN_WORDS = {CallState.CONVERSING: 2, CallState.CLOSING: 2, CallState.SEEKING: 3, CallState.BRIEFING: 3}
END_PATIENCE = 6.0  # seconds that the last records and hang-ups of a call may take


class CallSession:
    """Lives from StasisStart until the caller is gone and every leg is released. All methods are for the event loop's thread."""

    def __init__(self, call: Call, services: Services) -> None:
        self.call = call
        self._services = services
        self._began = services.clock() - (services.wall_clock() - call.started_at)
        self._mailbox: asyncio.Queue[on.Event] = asyncio.Queue(MAILBOX)
        self._lane: asyncio.Queue[do.Command] = asyncio.Queue()
        self._children: set[asyncio.Task[None]] = set()
        self._last_sound = self.now()
        self._changed = asyncio.Event()
        self._released = asyncio.Event()
        links = Links(lambda: self.call, self.post, self._spawn, self.now, self._heard)
        self.executor = Executor(services, links)
        self._partial_words = PartialWords(
            lambda: services.scorer().triggers(), self._weigh, self._said_enough, services.pool, self.now
        )

    def now(self) -> float:
        """Seconds since the call began."""
        return self._services.clock() - self._began

    # ---------------------------------------------------------------------------------------- what the router tells

    def post(self, event: on.Event) -> None:
        if self._mailbox.full() and isinstance(event, on.CallerPaused | on.AssistantFellSilent):
            log.warning("mailbox full", call_id=self.call.call_id, dropped=type(event).__name__)
            return
        self._mailbox.put_nowait(event)

    def channel_gone(self, channel_id: str) -> None:
        """A channel of this call has left Asterisk or the application."""
        at = self.now()
        if channel_id == self.call.caller_channel_id:
            self.post(on.CallerHungUp(at))
        elif self.executor.legs.is_ears(channel_id):
            self.post(on.ListeningFailed(at))
        elif self.executor.legs.is_voice(channel_id):
            self.post(on.AssistantFailed(at, speech=True))
        else:
            self.post(on.QueueLegEnded(channel_id, at))

    def digit(self, digit: str) -> None:
        """The caller pressed a key."""
        policy = self._services.policy()
        if digit == policy.human_key:
            pressed = policy.decision_for(f"pressed {digit}", "Caller pressed a key", policy.texts.human_requested)
            self.request_human(self._services.scorer().asked(pressed, self._services.local_time()), "key")

    def request_human(self, decision: Decision, by: str) -> bool:
        """Fetch a human now; False when one is being fetched, is there, or the call is over."""
        if self.call.state not in (CallState.CONVERSING, CallState.CLOSING):
            return False
        self.post(on.HumanRequested(decision, by, self.now()))
        return True

    async def hold_agent(self, agent: AgentAtPickUp) -> None:
        """The queue's whisper routine holds this agent; returns when the queue may bridge him. A key skips the whisper."""
        self._released.clear()
        self.executor.hold(agent, self._released)
        self.post(on.AgentPickedUp(agent.channel_id, agent.channel_name.rpartition("-")[0], self.now()))
        try:
            while not self._released.is_set():
                if await agent.wait_for_key(0.5):
                    self.executor.whisperer.skip()
        except ChannelGone:
            log.info("agent left at the whisper", call_id=self.call.call_id)
            self.post(on.AgentHungUp(agent.channel_id, self.now()))

    # ---------------------------------------------------------------------------------------- the tasks of the call

    async def adopt(self, minds_state: Mapping[str, Any]) -> None:
        """Before `run`, for a call of an earlier run of the application: free its old legs and go on where it stood."""
        leg_id = self.call.queue_leg_id
        alive = bool(leg_id) and leg_id in await self._services.pbx.channels()
        await self.executor.legs.sweep(keep=leg_id)
        try:
            self.executor.mind.restore(minds_state)
        except (KeyError, TypeError, ValueError) as error:
            log.warning("assistant starts anew", call_id=self.call.call_id, error=str(error))
        was = self.call.state
        self.call, commands = adopt(self.call, leg_alive=alive, at=self.now(), policy=self._services.policy())
        self.executor.mind.update(self.call)
        log.info("call adopted", call_id=self.call.call_id, state=str(self.call.state), was=str(was), leg_alive=alive)
        for command in commands:
            self._lane.put_nowait(command)

    async def run(self, first: on.Event | None = None) -> None:
        """The call's own task. Whatever goes wrong inside, the caller ends up with a human's queue, not in silence."""
        if first is not None:
            self.post(first)
        works = (self._carry_out(), self._watch_silence(), self._keep_record(), *self._minds())
        tasks = [asyncio.ensure_future(work) for work in works]
        lane = tasks[0]
        try:
            while self.call.state is not CallState.ENDED:
                self._handle(await self._mailbox.get())
            await asyncio.wait_for(self._lane.join(), END_PATIENCE)
        except TimeoutError:
            log.error("call ended slowly", call_id=self.call.call_id)
        except Exception:  # top of the call's task
            log.exception("call crashed", call_id=self.call.call_id)
            lane.cancel()
            await self._rescue()
        finally:
            await _cancelled(tasks)
            if self.call.state is CallState.ENDED:
                await self._services.store.drop_live(self.call.call_id)  # nothing writes it any more
                if self._children:
                    await asyncio.wait(self._children, timeout=END_PATIENCE)
            await _cancelled(self._children)

    def _minds(self) -> tuple[Coroutine[Any, Any, None], ...]:
        return self.executor.voice.run(), self.executor.company.run(), self.executor.mind.run(), self._partial_words.run()

    def _handle(self, event: on.Event) -> None:
        before = self.call
        self.call, commands = step(before, event, self._services.policy())
        self.executor.mind.update(self.call)
        if len(self.call.past_handovers) > len(before.past_handovers):
            self.executor.mind.cool_down()
        if self.call.state is not before.state:
            self._last_sound = self.now()
            log.info("state", call_id=self.call.call_id, state=str(self.call.state), was=str(before.state))
        for shadow in self.call.shadow_decisions[len(before.shadow_decisions) :]:
            rules = ", ".join(shadow.decision.rules)
            log.info("shadow decision", call_id=self.call.call_id, turn=shadow.turn, rules=rules, queue=shadow.decision.queue)
        for item in feed.items(before, event, self.call):
            self._services.publish(item)
        self._changed.set()
        for command in commands:
            self._lane.put_nowait(command)

    async def _carry_out(self) -> None:
        while True:
            command = await self._lane.get()
            try:
                await self.executor.carry_out(command)
            finally:
                self._lane.task_done()

    async def _watch_silence(self) -> None:
        """Tells when neither party has made a sound for long; while a human is fetched the company never lets it come to that."""
        quiet = self._services.settings.quiet_seconds
        while True:
            await asyncio.sleep(0.25)
            if self.executor.voice.busy or self.call.state not in (CallState.CONVERSING, CallState.CLOSING):
                self._last_sound = self.now()
            elif self.now() - self._last_sound > quiet:
                self._last_sound = self.now()
                self.post(on.SilenceLasted(self.now()))

    async def _keep_record(self) -> None:
        """The record of the running call, at most a few times a second; the last one is written by the teardown."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self.call.state is not CallState.ENDED:
                live = {"call": to_dict(self.call), "mind": self.executor.mind.snapshot()}
                await self._services.store.save_live(self.call.call_id, live)
                await self._services.store.save_call(call_record(self.call))
            await asyncio.sleep(0.3)

    async def _rescue(self) -> None:
        """After a fault of our own: the dialplan's queue takes the caller."""
        try:
            if self.call.state is not CallState.CONNECTED:
                await self.executor.legs.give_to_fallback()
                await self.executor.tear_down()
        except (AriAppError, TimeoutError) as error:
            log.error("rescue failed", call_id=self.call.call_id, error=str(error))

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=f"{self.call.call_id} {name}")
        self._children.add(task)
        task.add_done_callback(self._child_ended)
        return task

    def _child_ended(self, task: asyncio.Task[None]) -> None:
        self._children.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("child task crashed", call_id=self.call.call_id, task=task.get_name(), exc_info=error)

    # ---------------------------------------------------------------------------------------- what the ears hear

    def _heard(self, event: HeardEvent, offset: float) -> None:
        self._last_sound = self.now()
        match event:
            case VoiceStarted():
                self.executor.company.caller_started()
                self._partial_words.restart()
            case PartialHeard(text=text):
                if self.call.state is CallState.CONVERSING:
                    self._partial_words.heard(text)
                if len(text.split()) >= BARGE_IN_WORDS.get(self.call.state, 99):
                    self.executor.voice.interrupt()
            case VoicePaused():
                self._partial_words.restart()
                self.executor.company.caller_paused(said_words=bool(event.text))
                if event.text:
                    self._spawn(self._preview(event, offset), "preview")
            case UtteranceHeard():
                self._partial_words.restart()
                self.executor.company.caller_paused(said_words=bool(event.text))
                self.post(on.CallerSpoke(_turn(event, offset), self.now()))

    def _weigh(self, text: str, at: float) -> Carried:
        return self.executor.mind.weigh(text, at) if self.call.state is CallState.CONVERSING else Carried()

    def _said_enough(self, text: str, score: Score) -> None:
        if score.decision is not None and self.call.state is CallState.CONVERSING:
            self.executor.company.caller_goes_on()
            self.post(on.CallerSaidEnough(text, self.now(), score.decision, score.points))

    async def _preview(self, event: VoicePaused, offset: float) -> None:
        """The words at a pause may decide already."""
        if self.call.state is CallState.CONVERSING:
            score = await self.executor.mind.preview(event.text, event.confidence, offset + event.at)
            paused = on.CallerPaused(event.text, self.now(), score.decision, score.points)
        else:
            paused = on.CallerPaused(event.text, self.now())
        self.post(paused)


async def _cancelled(tasks: Collection[asyncio.Future[None]]) -> None:
    """Cancel until they are over: `wait_for` of Python 3.11 can swallow a cancellation that meets a result."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.5)


def _turn(heard: UtteranceHeard, offset: float) -> Turn:
    words = tuple(replace(word, start=word.start + offset, end=word.end + offset) for word in heard.words)
    return Turn(
        index=0,
        party=Party.CALLER,
        text=heard.text,
        start=heard.start + offset,
        end=heard.end + offset,
        confidence=heard.confidence,
        words=words,
        prosody=heard.prosody,
    )
