"""Carries out the commands of one call, in order, and reports back what came of them as events."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from ari_app.call import commands as do
from ari_app.call import events as on
from ari_app.call import record
from ari_app.call.call import Call, CallState, Whispering
from ari_app.call.model import AnswerKind, AnswerReport, Party, Turn
from ari_app.errors import AriAppError, ChannelGone
from ari_app.session.company import Company
from ari_app.session.ears import Ears, ListeningStopped
from ari_app.session.legs import Legs
from ari_app.session.mind import Mind
from ari_app.session.ports import AgentAtPickUp, HeardEvent
from ari_app.session.services import Services
from ari_app.session.voice import Voice
from ari_app.session.whisper import Whisperer

log = structlog.get_logger()


@dataclass(slots=True)
class Links:
    """How the executor reaches its session: the call as it is now, where events go, how child tasks are started."""

    call: Callable[[], Call]
    post: Callable[[on.Event], None]
    spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]
    now: Callable[[], float]
    heard: Callable[[HeardEvent, float], None]


class Executor:
    """One per call. `carry_out` never raises for a PBX or speech part that fails: the failure becomes an event."""

    def __init__(self, services: Services, links: Links) -> None:
        call = links.call()
        self._services, self._links = services, links
        self.legs = Legs(call, services)
        self.voice = Voice(services.synthesiser, services.split, self._fell_silent, self._voice_lost)
        self.mind = Mind(call, services, links.post, links.now)
        self.company = Company(self.voice, self.mind.remark, services.split, self._told, services.clock)
        self.whisperer = Whisperer(call.call_id, services.pbx, services.media, services.whisper_synthesiser)
        self._agent: AgentAtPickUp | None = None
        self._released = asyncio.Event()
        self._ears_task: asyncio.Task[None] | None = None
        self._whisper_task: asyncio.Task[None] | None = None
        self._ringing: asyncio.TimerHandle | None = None

    def hold(self, agent: AgentAtPickUp, released: asyncio.Event) -> None:
        """The agent that the queue's whisper routine holds now; `released` is set when the queue may bridge him."""
        self._agent, self._released = agent, released

    async def carry_out(self, command: do.Command) -> None:
        try:
            if not self._carried_out_at_once(command):
                await self._work(command)
        except (AriAppError, TimeoutError) as error:
            self._report(command, error)

    def _carried_out_at_once(self, command: do.Command) -> bool:
        match command:
            case do.Say():
                self._say(command)
            case do.KeepCompany():
                self.company.start()
            case do.EndCompany():
                self.company.end(command.hand_off)
            case do.PlanJoin():
                self.company.plan_join(command.seconds, command.hand_off)
            case do.PrepareWhisper():
                self.whisperer.prepare(command.text)
            case do.ScoreTurn() | do.AskAssistant() | do.AskAssistantForNobody():
                self.mind.enqueue(command)
            case _:
                return False
        return True

    def _work(self, command: do.Command) -> Awaitable[None]:
        match command:
            case do.TakeCaller():
                return self.legs.take_caller()
            case do.OpenVoice():
                return self._open_voice()
            case do.CloseVoice():
                return self._later(self._close_voice(), "close voice")
            case do.OpenEars() if self._links.call().state is not CallState.ENDED:
                return self._open_ears()
            case do.OpenEars():
                return _nothing()
            case do.CloseEars():
                return self._close_ears()
            case do.Greet():
                return self.mind.greet()
            case do.RingQueue():
                return self._ring_queue(command)
            case do.SendCard():
                return self._later(self._send_card(command), "card")
            case do.StartWhisper():
                return self._start_whisper(command)
            case do.StopWhisper():
                return self._later(self._stop_whisper(), "stop whisper")
            case do.ReleaseAgent():
                return self._release_agent()
            case do.JoinAgent():
                return self.legs.join(command.leg_id)
            case do.CancelAgent():
                return self._cancel_agent(command)
            case do.SendCallerToFallback():
                return self.legs.give_to_fallback()
            case do.HangUpCaller():
                return self._later(self._hang_up_caller(), "hang up caller")
            case do.RecordHandover():
                return self._later(self._record_handover(), "record handover")
            case do.TearDown():
                return self.tear_down()
        raise AssertionError(f"no way to carry out {command}")

    def _report(self, command: do.Command, error: Exception) -> None:
        """What a failed command means for the call. A caller who is gone is told by his own event."""
        at, call = self._links.now(), self._links.call()
        if call.state is not CallState.ENDED:  # with the caller gone, what was still to be done for him cannot be done
            what = error.message if isinstance(error, AriAppError) else "no answer in time"
            log.warning("command failed", call_id=call.call_id, command=type(command).__name__, error=what)
        match command:
            case do.TakeCaller() | do.OpenVoice() if not isinstance(error, ChannelGone):
                self._links.post(on.AssistantFailed(at, speech=True))
            case do.OpenEars() if not isinstance(error, ChannelGone):
                self._links.post(on.ListeningFailed(at))
            case do.RingQueue() | do.JoinAgent():
                self._links.post(on.QueueLegEnded(command.leg_id, at, status="REFUSED"))
            case do.StartWhisper():
                self._links.post(on.WhisperEnded(Whispering.FAILED, at))
            case _:
                pass

    # ---------------------------------------------------------------------------------------- voice and ears

    async def _open_voice(self) -> None:
        self.voice.attach(await self.legs.open_voice())

    async def _close_voice(self) -> None:
        await self.voice.silent()
        if self._links.call().state in (CallState.CONNECTED, CallState.ENDED):  # it may be wanted again by now
            self.voice.attach(None)
            await self.legs.close_voice()

    def _say(self, command: do.Say) -> None:
        if command.kind is do.SayKind.AT_PAUSE:
            self.voice.interrupt()
            self.company.announce(command.text)
            return
        firm = command.kind is do.SayKind.ANNOUNCEMENT
        if firm:
            self.voice.interrupt()
        self.company.replied()
        self.voice.say(command.text, firm=firm)

    def _told(self, text: str) -> None:
        at = self._links.now()
        turn = Turn(0, Party.ASSISTANT, text, at, at, report=AnswerReport(AnswerKind.SOCIAL))
        self._links.post(on.AssistantSpoke(turn, at))

    def _fell_silent(self) -> None:
        self._links.post(on.AssistantFellSilent(self._links.now()))

    def _voice_lost(self, error: AriAppError) -> None:
        log.error("voice lost", call_id=self._links.call().call_id, error=str(error))
        self._links.post(on.AssistantFailed(self._links.now(), speech=True))

    async def _open_ears(self) -> None:
        leg = await self.legs.open_ears()
        if leg is not None:
            loop = asyncio.get_running_loop()
            listener = await loop.run_in_executor(self._services.pool, self._services.listeners.open)
            ears = Ears(leg, listener, self._services.pool, self._links.now)
            self._ears_task = self._links.spawn(self._listen(ears), "ears")

    async def _listen(self, ears: Ears) -> None:
        try:
            await ears.run(self._links.heard)
        except (ListeningStopped, AriAppError) as error:
            log.warning("listening failed", call_id=self._links.call().call_id, error=str(error))
            self._links.post(on.ListeningFailed(self._links.now()))

    async def _close_ears(self) -> None:
        if self._ears_task is not None:
            self._ears_task.cancel()
            self._ears_task = None
        await self.legs.close_ears()

    # ---------------------------------------------------------------------------------------- the agent

    async def _ring_queue(self, command: do.RingQueue) -> None:
        mode = self._services.policy().whisper_mode
        await self.legs.ring_queue(self._links.call(), command, mode)
        seconds = command.wait_seconds + self._services.settings.ring_margin
        self._stop_ringing_timer()
        loop = asyncio.get_running_loop()
        self._ringing = loop.call_later(seconds, self._rang_too_long, command.leg_id)

    def _rang_too_long(self, leg_id: str) -> None:
        self._links.post(on.RingingTimedOut(leg_id, self._links.now()))

    def _stop_ringing_timer(self) -> None:
        if self._ringing is not None:
            self._ringing.cancel()
            self._ringing = None

    async def _send_card(self, command: do.SendCard) -> None:
        await self._services.pbx.send_text(command.interface, "sip:ari-app@localhost", command.text)

    async def _start_whisper(self, command: do.StartWhisper) -> None:
        if self._links.call().handover is None:
            return
        seconds = await self.whisperer.start(command.agent_channel_id)
        self._links.post(on.WhisperStarted(seconds, self._links.now()))
        self._whisper_task = self._links.spawn(self._whisper(), "whisper")

    async def _whisper(self) -> None:
        how = await self.whisperer.play()
        self._links.post(on.WhisperEnded(how, self._links.now()))

    async def _stop_whisper(self) -> None:
        if self._whisper_task is not None:
            self._whisper_task.cancel()
            self._whisper_task = None
        await self.whisperer.close()

    async def _release_agent(self) -> None:
        agent, self._agent = self._agent, None
        if agent is not None:
            self._released.set()
            await agent.release()

    async def _cancel_agent(self, command: do.CancelAgent) -> None:
        self._stop_ringing_timer()
        await self.legs.cancel_agent(command.leg_id, command.agent_channel_id)

    # ---------------------------------------------------------------------------------------- the end

    async def _hang_up_caller(self) -> None:
        await self.voice.silent()
        await asyncio.sleep(0.2)  # the last frames are still in Asterisk's and the phone's buffers
        await self.legs.hang_up_caller()

    async def _record_handover(self) -> None:
        call = self._links.call()
        if call.past_handovers:
            await self._services.store.save_handover(record.handover_record(call, call.past_handovers[-1]))

    async def tear_down(self) -> None:
        self._stop_ringing_timer()
        self.voice.interrupt(firm=True)
        await self._release_agent()
        await self._services.store.save_call(record.call_record(self._links.call()))
        await self._close_ears()
        await self._stop_whisper()
        await self.legs.release()

    async def _later(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """In the background: nothing that follows waits for it."""
        self._links.spawn(_quietly(work, name, self._links.call().call_id), name)


async def _nothing() -> None:
    """The caller is gone already."""


async def _quietly(work: Coroutine[Any, Any, None], name: str, call_id: str) -> None:
    """A part whose failure never breaks the conversation."""
    try:
        await work
    except (AriAppError, TimeoutError) as error:
        what = error.message if isinstance(error, AriAppError) else "no answer in time"
        log.warning("a part of the call failed", call_id=call_id, part=name, error=what)
