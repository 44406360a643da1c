"""A person at a phone who follows a script by ear: it waits for what it hears, as people do, never for the clock alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from ari_app.rehearsal.errors import StepFailed
from ari_app.rehearsal.hearing import Heard
from ari_app.rehearsal.phone_call import CallState, PhoneCall
from ari_app.rehearsal.script import (
    AnyStep,
    ChatStep,
    HangUpStep,
    PauseStep,
    PressStep,
    SayStep,
    Utterance,
    WaitFor,
    WaitStep,
)
from ari_app.rehearsal.stage import Stage
from ari_app.rehearsal.timeline import Joined, Pressed, SpeakingBegan, Spoke, StepBegan, StepDidFail, WhisperHeard

_LOOK: Final = 0.02
_ENOUGH_VOICE: Final = 0.3
_WHISPER_OVER: Final = 0.4
_LINE_ALIVE: Final = 0.2
_OVERLAP: Final = 0.2  # a quick answer may begin while the last syllable is still on the wire


class Person:
    """`name` is `caller` or the agent's name. `run` follows the steps; it raises `StepFailed` naming the step."""

    def __init__(self, name: str, call: PhoneCall, stage: Stage, *, voice: str | None) -> None:
        self._name = name
        self._call = call
        self._stage = stage
        self._voice = voice
        self._listening_since = 0.0

    async def run(self, steps: list[AnyStep]) -> None:
        self._listening_since = self._call.answered_at or time.monotonic()
        for number, step in enumerate(steps, start=1):
            self._stage.tell(StepBegan(self._stage.now(), self._name, number, step.words))
            try:
                await self._do(step)
            except StepFailed as failure:
                where = f"step {number} of {self._name} ({step.words})"
                self._stage.tell(StepDidFail(self._stage.now(), self._name, number, step.words, failure.message))
                raise StepFailed(f"{where}: {failure.message}", failure.remedy) from failure

    async def _do(self, step: AnyStep) -> None:
        match step:
            case WaitStep():
                await self._wait(step.wait)
            case SayStep():
                await self._say(step.say)
            case PressStep():
                self._must_be_up("press keys")
                self._call.press(step.press)
                self._stage.tell(Pressed(self._stage.now(), self._name, step.press))
            case PauseStep():
                await asyncio.sleep(step.pause)
            case ChatStep():
                await self._chat(step)
            case HangUpStep():
                await self._call.hang_up()

    async def _say(self, utterance: Utterance) -> None:
        self._must_be_up("speak")
        self._stage.tell(SpeakingBegan(self._stage.now(), self._name, utterance.text))
        if self._name != "caller":
            self._stage.reached("speaking")
        voice = utterance.voice or self._voice
        spoken = await self._call.say(utterance.text, voice=voice, gain_db=utterance.louder)
        self._listening_since = spoken.end - _OVERLAP
        start, end = self._stage.relative(spoken.start), self._stage.relative(spoken.end)
        self._stage.tell(Spoke(end, self._name, utterance.text, start, spoken.complete, utterance.deciding))

    async def _chat(self, step: ChatStep) -> None:
        """Two things at once: answering whenever the other side has finished, and watching for the end of it."""
        answering = asyncio.create_task(self._answer_all(step), name=f"chat-{self._name}")
        try:
            await self._wait(step.until)
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
            self._listening_since = max(self._listening_since, time.monotonic() - _OVERLAP)

    async def _answer_all(self, step: ChatStep) -> None:
        for text in step.chat:
            await self._until(lambda: self._replied(step.until.quiet))
            await asyncio.shield(asyncio.ensure_future(self._say(Utterance(text=text))))

    async def _wait(self, wait: WaitFor) -> None:
        try:
            await asyncio.wait_for(self._what_it_waits_for(wait), wait.timeout)
        except TimeoutError:
            if not wait.optional:
                raise StepFailed(*self._disappointment(wait)) from None
        except StepFailed:
            if not wait.optional:
                raise

    async def _what_it_waits_for(self, wait: WaitFor) -> None:
        if wait.agent is not None:
            await self._stage.until_agent(wait.agent)
            self._listening_since = time.monotonic()
        elif wait.application is not None:
            await self._stage.until_application(wait.application)
            self._listening_since = time.monotonic()
        elif wait.ear == "hangup":
            await self._call.ended.wait()
        elif wait.ear == "quiet":
            await self._until(lambda: self._quiet(wait.quiet))
        elif wait.ear == "whisper":
            await self._until(self._whisper_over)
            self._note_whisper()
        elif wait.ear == "join":
            await self._until(self._line_alive)
            self._note_whisper()
            self._stage.tell(Joined(self._stage.now(), self._name))
            self._stage.reached("joined")
        else:
            await self._until(lambda: self._replied(wait.quiet))

    async def _until(self, happened: Callable[[], bool]) -> None:
        while not happened():
            if self._call.state is CallState.ENDED:
                raise StepFailed("the call ended meanwhile", "see the timeline for who hung up")
            await asyncio.sleep(_LOOK)

    def _replied(self, quiet_ms: int) -> bool:
        spoken = self._call.hearing.spoken_since(self._listening_since, time.monotonic())
        return spoken >= _ENOUGH_VOICE and self._quiet(quiet_ms)

    def _quiet(self, quiet_ms: int) -> bool:
        return self._call.hearing.quiet_for(time.monotonic()) >= quiet_ms / 1000

    def _whisper_over(self) -> bool:
        now, hearing = time.monotonic(), self._call.hearing
        heard = hearing.spoken_since(self._listening_since, now) >= _ENOUGH_VOICE
        return heard and hearing.quiet_for(now) >= _WHISPER_OVER

    def _line_alive(self) -> bool:
        return self._call.hearing.alive_for(time.monotonic()) >= _LINE_ALIVE

    def _note_whisper(self) -> None:
        spans = self._call.hearing.spans(self._listening_since, time.monotonic())
        if spans:
            whole = Heard(spans[0].start, spans[-1].end)
            start, end = self._stage.relative(whole.start), self._stage.relative(whole.end)
            self._stage.tell(WhisperHeard(self._stage.now(), self._name, start, end))
            self._listening_since = whole.end

    def _must_be_up(self, what: str) -> None:
        if self._call.state is not CallState.UP:
            raise StepFailed(f"cannot {what}, the call has ended", "see the timeline for who hung up")

    def _disappointment(self, wait: WaitFor) -> tuple[str, str]:
        if wait.agent is not None:
            return f"no agent was {wait.agent} within {wait.timeout:g} s", "is an agent's phone registered and in the queue?"
        if wait.application is not None:
            return (
                f"the application did not report {wait.application!r} within {wait.timeout:g} s",
                "is it the right kind of event, and is the application being listened to?",
            )
        now, hearing = time.monotonic(), self._call.hearing
        spoken = hearing.spoken_since(self._listening_since, now)
        heard = f"heard {spoken:.1f} s of voice since, {self._call.rtp.packets_heard} RTP packets in all"
        remedy = "listen to the recording; raise `timeout`, or lower `quiet` if the other side pauses briefly"
        return f"it did not happen within {wait.timeout:g} s; {heard}", remedy
