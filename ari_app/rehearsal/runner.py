"""Holds a rehearsal: puts the phones on the stage, lets everybody play, and measures what was recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import structlog

from ari_app.errors import AriAppError
from ari_app.rehearsal.agent_at_phone import AgentAtPhone
from ari_app.rehearsal.errors import StepFailed
from ari_app.rehearsal.evidence import collect, save
from ari_app.rehearsal.person import Person
from ari_app.rehearsal.phone import CallerId, Phone
from ari_app.rehearsal.phone_call import CallState, PhoneCall, Synthesise
from ari_app.rehearsal.recording import Track
from ari_app.rehearsal.report import Report
from ari_app.rehearsal.script import ChatStep, SayStep, Script
from ari_app.rehearsal.stage import Show, Stage
from ari_app.rehearsal.target import Target
from ari_app.rehearsal.timeline import (
    Application,
    ApplicationReported,
    CallAnswered,
    Dialled,
    HungUp,
    KeyHeard,
    Registered,
)

log = structlog.get_logger(__name__)

WhisperSound = Callable[[str], Awaitable[bytes]]
"""Text → 8 kHz 16-bit little-endian mono PCM in the application's whisper voice."""
CALLER: Final = "caller"
_LAST_WORDS: Final = 30.0
_TEARDOWN: Final = 1.0


@dataclass(slots=True)
class _Cast:
    """Everybody on the stage."""

    stage: Stage
    caller: Phone
    agents: list[AgentAtPhone] = field(default_factory=list)


async def rehearse(
    script: Script,
    target: Target,
    synthesise: Synthesise,
    show: Show,
    *,
    folder: Path,
    application: Application | None = None,
    whisper_sound: WhisperSound | None = None,
) -> Report:
    """Plays a script against a PBX and reports what the phones recorded.

    Recordings (`caller.wav`, one per agent: left sent, right heard), `timeline.json` and `report.json` are written to
    `folder`. A step that fails ends the rehearsal and stands in the report; `AriAppError` is raised only when it cannot
    begin at all (no SIP server, wrong password, no such agent account). `whisper_sound` makes the whisper's text into the
    sound that the application whispered, so that the whisper is looked for independently of what an agent's phone heard.
    """
    voices = await _rehearsed_voices(script, synthesise)
    stage = Stage(show)
    cast = _Cast(stage, _caller_phone(script, target, voices))
    listener = asyncio.create_task(_listen(application, stage), name="application-events") if application else None
    failure: StepFailed | None = None
    call: PhoneCall | None = None
    try:
        await _take_places(script, target, cast, voices)
        call, failure = await _play(script, target, cast)
    finally:
        for agent in cast.agents:
            await agent.leave()
        await cast.caller.close()
        if listener is not None:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
    reference = await _whisper_reference(stage, whisper_sound)
    report = await asyncio.to_thread(
        collect, script, stage, call, cast.agents, failure=failure, folder=folder, whisper_reference=reference
    )
    await asyncio.to_thread(save, report)
    return report


def with_leftovers(report: Report, leftovers: dict[str, int]) -> Report:
    """The report with what Asterisk still held afterwards (channels, bridges, external media), written anew."""
    complete = replace(report, leftovers=leftovers)
    save(complete)
    return complete


async def _whisper_reference(stage: Stage, whisper_sound: WhisperSound | None) -> Track | None:
    """The whisper as the application reported it, as sound; None when it reported none."""
    texts = [event.fields.get("text") for event in stage.of(ApplicationReported) if event.kind == "whisper started"]
    if whisper_sound is None or not texts:
        return None
    return Track(0.0, np.frombuffer(await whisper_sound(str(texts[-1])), dtype="<i2"))


async def _rehearsed_voices(script: Script, synthesise: Synthesise) -> Synthesise:
    """Synthesises every sentence before the call, so that nobody's reaction waits for a voice to be computed."""
    ready: dict[tuple[str, str | None], bytes] = {}
    for text, voice in _sentences(script):
        if (text, voice) not in ready:
            ready[text, voice] = await synthesise(text, voice)

    async def speak(text: str, voice: str | None) -> bytes:
        return ready.get((text, voice)) or await synthesise(text, voice)

    return speak


def _sentences(script: Script) -> list[tuple[str, str | None]]:
    parts = [(script.steps, script.caller.voice), *((agent.all_steps(), agent.voice) for agent in script.agents)]
    found: list[tuple[str, str | None]] = []
    for steps, voice in parts:
        for step in steps:
            if isinstance(step, SayStep):
                found.append((step.say.text, step.say.voice or voice))
            elif isinstance(step, ChatStep):
                found += [(text, voice) for text in step.chat]
    return found


def _caller_phone(script: Script, target: Target, voices: Synthesise) -> Phone:
    return Phone(
        target.caller_account(),
        synthesise=voices,
        noise_dbfs=script.caller.noise,
        seed=1,
        allow_remote=target.allow_remote,
    )


async def _take_places(script: Script, target: Target, cast: _Cast, voices: Synthesise) -> None:
    await cast.caller.open()
    turn = 0
    for number, agent in enumerate(script.agents, start=1):
        account = target.agent_account(agent.account, turn)
        turn += agent.account is None
        phone = Phone(account, synthesise=voices, noise_dbfs=agent.noise, seed=1000 * number, allow_remote=target.allow_remote)
        at_phone = AgentAtPhone(agent.name or f"agent {number}", agent, phone, cast.stage)
        cast.agents.append(at_phone)
        await phone.open()
        await phone.register()
        cast.stage.tell(Registered(cast.stage.now(), at_phone.name, account.username))


async def _play(script: Script, target: Target, cast: _Cast) -> tuple[PhoneCall | None, StepFailed | None]:
    """The call itself. Whoever fails first ends it for all."""
    stage, caller = cast.stage, script.caller
    stage.tell(Dialled(stage.now(), CALLER, target.caller.extension, caller.number, caller.name))
    call = await cast.caller.dial(target.caller.extension, caller_id=CallerId(caller.number, caller.name))
    call.on_digit = lambda digit: stage.tell(KeyHeard(stage.relative(digit.at), CALLER, digit.digit))
    failures = [asyncio.create_task(agent.failed(), name=f"{agent.name}-failure") for agent in cast.agents]
    part = asyncio.create_task(_callers_part(script, call, stage), name="caller-part")
    failure: StepFailed | None = None
    try:
        await asyncio.wait([part, *failures], return_when=asyncio.FIRST_COMPLETED)
        first: Sequence[asyncio.Task[None]] = [task for task in (part, *failures) if task.done()]
        for task in first:
            task.result()
    except StepFailed as failed:
        failure = failed
    finally:
        for task in (part, *failures):
            task.cancel()
        await asyncio.gather(part, *failures, return_exceptions=True)
        was_up = call.state is not CallState.ENDED
        await call.hang_up()
        stage.tell(HungUp(stage.relative(call.ended_at or 0.0), CALLER, "us" if was_up else call.ended_by, call.status))
    await asyncio.sleep(_TEARDOWN)  # the agent's BYE is part of the recording
    return call, failure


async def _callers_part(script: Script, call: PhoneCall, stage: Stage) -> None:
    try:
        await asyncio.wait_for(call.answered.wait(), script.caller.answered_within)
    except TimeoutError:
        raise StepFailed(
            f"the call was not answered within {script.caller.answered_within:g} s",
            "does the dialplan send this extension to the assistant, and is the application running?",
        ) from None
    if call.state is CallState.ENDED:
        raise StepFailed(
            f"the call was refused with {call.status}",
            {
                401: "check the caller's user name and password",
                403: "check the caller's user name and password",
                404: "the caller's extension is not in the dialplan context of its endpoint",
                408: "no SIP server answers there: is Asterisk running on that port?",
                488: "allow=ulaw on the caller's endpoint",
            }.get(call.status, "look at Asterisk's console: core set verbose 3"),
        )
    stage.tell(CallAnswered(stage.relative(call.answered_at or 0.0), CALLER))
    await Person(CALLER, call, stage, voice=script.caller.voice).run(list(script.steps))
    try:
        await asyncio.wait_for(call.ended.wait(), _LAST_WORDS)
    except TimeoutError:
        await call.hang_up()


async def _listen(application: Application, stage: Stage) -> None:
    """Copies the application's events into the timeline. Without them the rehearsal goes on: they only tell more."""
    try:
        async for event in application.events():
            fields = {str(key): value for key, value in event.items() if key != "type"}
            stage.tell(ApplicationReported(stage.now(), "application", str(event.get("type", "event")), fields))
    except (OSError, TimeoutError, AriAppError) as error:
        log.warning("application_events_lost", error=str(error))
