"""The handover's timings over many real calls: SIP phones, Asterisk, queue and whisper, read from the phones' recordings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ari_app.errors import AriAppError
from ari_app.rehearsal.recording import Track, load_stereo
from ari_app.rehearsal.report import Report
from ari_app.rehearsal.script import load_script
from ari_app.rehearsal.timeline import ApplicationReported, CallAnswered, HungUp, PhoneEvent, PickedUp
from bench_lib.box import Box
from bench_lib.findings import Count, Distribution, Finding, Part, Spread
from bench_lib.process_cost import Cost, cost_of, share_of_core
from bench_lib.recordings import heard_from, leaked, locate

SCRIPT = Path(__file__).parent / "person_please.yaml"
IDLE_SECONDS = 5.0
LONGEST_SILENCE = 500.0  # ms, the promise to the caller
PARTS = {"the application": "app", "Asterisk": "asterisk"}
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CallTimes:
    """One call, in milliseconds; None: could not be measured. `cpu`: share of a core by process, without what idling takes."""

    problem: str = ""
    ring: float | None = None
    whisper: float | None = None
    two_way: float | None = None
    silence: float | None = None
    agent_heard_whisper: bool = False
    caller_heard_whisper: bool | None = None
    left_over: int = 0
    cpu: dict[str, float] = field(default_factory=dict)


class CallCosts:
    """What the processes use from the moment at which the caller is answered to his hanging up."""

    def __init__(self, pids: dict[str, int]) -> None:
        self._pids = pids
        self._answered: dict[str, Cost] = {}
        self.shares: dict[str, float] = {}

    def show(self, event: PhoneEvent) -> None:
        if isinstance(event, CallAnswered):
            self._answered = costs(self._pids)
        elif isinstance(event, HungUp) and event.phone == "caller" and self._answered:
            now = costs(self._pids)
            self.shares = {name: share_of_core(before, now[name]) for name, before in self._answered.items()}


def costs(pids: dict[str, int]) -> dict[str, Cost]:
    return {name: cost_of(pids[process]) for name, process in PARTS.items()}


async def measure_handover(box: Box, calls: int, tell: Tell) -> Part:
    """One call after the other; a call that fails is told and counted, not left out in silence."""
    idle = await idle_shares(box.pids)
    found: list[CallTimes] = []
    for number in range(1, calls + 1):
        found.append(await _one_call(box, number, idle))
        tell(f"call {number} of {calls}: {summary(found[-1])}")
    return Part(
        "handover",
        f"{calls} calls, one after the other: the caller says what it is about and asks for a person, app_queue rings a desk "
        "phone, the agent hears the whisper and then the caller. Two-way audio below zero: both were joined while the whisper's "
        "last samples were on their way. CPU is less what idling takes. All times are read from the phones' recordings, "
        f"kept in {box.recordings}. Asterisk {box.facts['asterisk_version']}.",
        findings(found),
        [f"call {number}: {each.problem}" for number, each in enumerate(found, 1) if each.problem],
    )


async def idle_shares(pids: dict[str, int]) -> dict[str, float]:
    before = costs(pids)
    await asyncio.sleep(IDLE_SECONDS)
    after = costs(pids)
    return {name: share_of_core(before[name], after[name]) for name in PARTS}


async def _one_call(box: Box, number: int, idle: dict[str, float]) -> CallTimes:
    watching = CallCosts(box.pids)
    try:
        report = await box.play(load_script(SCRIPT), f"call-{number:02d}", watching.show)
    except AriAppError as error:
        return CallTimes(problem=str(error))
    text = whisper_text(report)
    whisper = await box.whisper_voice.synthesise(text) if text else b""
    cpu = {name: share - idle[name] for name, share in watching.shares.items()}
    return await asyncio.to_thread(read_times, report, whisper, await box.hand_off_sound(), cpu)


def whisper_text(report: Report) -> str:
    """The words to look for in the recordings, as the application announced them."""
    kind = "whisper started"
    texts = [event.fields["text"] for event in report.timeline if isinstance(event, ApplicationReported) and event.kind == kind]
    return str(texts[-1]) if texts else ""


def read_times(report: Report, whisper: bytes, hand_off: bytes, cpu: dict[str, float]) -> CallTimes:
    """The call's figures. `whisper`, `hand_off`: what the application played to the agent, and to both when it joined them.

    The whisper ends with its own last sample in the agent's recording, whatever is heard next.
    """
    measured = report.measured
    common = CallTimes(
        problem=report.failure or "",
        ring=measured.ring_ms,
        silence=measured.silence_heard.ms if measured.silence_heard else None,
        left_over=sum(report.leftovers.values()),
        cpu=cpu,
    )
    picked_up = next((report.origin + event.at for event in report.timeline if isinstance(event, PickedUp)), None)
    if picked_up is None or report.agent is None or not whisper:
        return replace(common, problem=common.problem or "no agent picked up, or none was whispered to")
    caller, agent = _recorded(report, "caller"), _recorded(report, report.agent)
    span = locate(whisper, agent.heard, picked_up, agent.heard.end)
    if span is None:
        return common
    ways = [
        heard_from(caller.sent, agent.heard, picked_up, agent.heard.end, hand_off),
        heard_from(agent.sent, caller.heard, picked_up, agent.heard.end, hand_off),
    ]
    both = [at for at in ways if at is not None]
    return replace(
        common,
        problem=common.problem or ("" if len(both) == 2 else "caller and agent could not hear each other"),
        whisper=measured.whisper_start_ms,
        two_way=(max(both) - span.end) * 1000 if len(both) == 2 else None,
        agent_heard_whisper=True,
        caller_heard_whisper=leaked(agent.heard, span, caller.heard),
    )


@dataclass(frozen=True, slots=True)
class _Recorded:
    sent: Track
    heard: Track


def _recorded(report: Report, phone: str) -> _Recorded:
    return _Recorded(*load_stereo(report.recordings[phone], report.origin))


def findings(calls: Sequence[CallTimes]) -> list[Finding]:
    def times(name: str, values: Sequence[float | None], target: float | None = None) -> Distribution:
        return distribution(name, "ms", values, target)

    total = len(calls)
    return [
        times("end of the deciding words → phone rings", [call.ring for call in calls]),
        times("pick-up → whisper starts", [call.whisper for call in calls]),
        times("whisper ends → two-way audio", [call.two_way for call in calls]),
        times("longest silence on the caller's line", [call.silence for call in calls], LONGEST_SILENCE),
        *(distribution(f"CPU of {name} for this call", "% of a core", _percent(calls, name)) for name in PARTS),
        Count("calls that went through", sum(not call.problem for call in calls), total, total),
        Count("whisper found in the agent's recording", sum(call.agent_heard_whisper for call in calls), total, total),
        Count("whisper found in the caller's recording", sum(call.caller_heard_whisper is True for call in calls), total, 0),
        Count("calls that left nothing in Asterisk", sum(call.left_over == 0 for call in calls), total, total),
    ]


def distribution(name: str, unit: str, values: Sequence[float | None], target: float | None = None) -> Distribution:
    known = tuple(value for value in values if value is not None)
    return Distribution(name, unit, Spread(known) if known else None, len(values) - len(known), target)


def _percent(calls: Sequence[CallTimes], name: str) -> list[float | None]:
    return [100 * call.cpu[name] if name in call.cpu else None for call in calls]


def summary(call: CallTimes) -> str:
    """One line for the person who waits."""
    if call.problem:
        return f"failed, {call.problem}"
    figures = {"rings": call.ring, "whisper": call.whisper, "joined": call.two_way, "silence": call.silence}
    return ", ".join(f"{name} {'–' if value is None else f'{value:.0f} ms'}" for name, value in figures.items())
