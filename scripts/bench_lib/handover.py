"""The handover's timings over many real calls: SIP phones, Asterisk, queue and whisper, read from the phones' recordings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ari_app.errors import AriAppError
from ari_app.rehearsal.recording import Track, load_stereo
from ari_app.rehearsal.report import Report
from ari_app.rehearsal.script import load_script
from ari_app.rehearsal.timeline import ApplicationReported, CallAnswered, HungUp, PhoneEvent, PickedUp
from bench_lib.box import Box
from bench_lib.findings import Count, Distribution, Finding, Part, Spread
from bench_lib.process_cost import Cost, cost_of, share_of_core
from bench_lib.whisper import leaked, locate

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
        f"{calls} calls, one after the other: the caller tells what it is about and asks for a person, app_queue rings a desk "
        f"phone, the agent hears the whisper and then the caller. Asterisk {box.facts['asterisk_version']}; all times from the "
        f"phones' recordings, which are in {box.recordings}",
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
    sound = await box.whisper_sound(text) if text else b""
    cpu = {name: share - idle[name] for name, share in watching.shares.items()}
    return await asyncio.to_thread(read_times, report, sound, cpu)


def whisper_text(report: Report) -> str:
    """The words to look for in the recordings, as the application announced them."""
    kind = "whisper started"
    texts = [event.fields["text"] for event in report.timeline if isinstance(event, ApplicationReported) and event.kind == kind]
    return str(texts[-1]) if texts else ""


def read_times(report: Report, whisper: bytes, cpu: dict[str, float]) -> CallTimes:
    """The call's figures. The whisper's begin and end are those of its own samples in the agent's recording."""
    measured = report.measured
    left_over = sum(report.leftovers.values())
    silence = measured.silence_heard.ms if measured.silence_heard else None
    picked_up = next((report.origin + event.at for event in report.timeline if isinstance(event, PickedUp)), None)
    problem = report.failure or ("" if measured.two_way_ms is not None else "caller and agent never heard each other")
    if picked_up is None or not whisper or report.agent is None:
        return CallTimes(problem or "no agent, or no whisper", measured.ring_ms, silence=silence, left_over=left_over, cpu=cpu)
    caller, agent = _heard(report, "caller"), _heard(report, report.agent)
    span = locate(whisper, agent, picked_up, agent.end)
    ways = [way.at for way in (measured.agent_hears_caller, measured.caller_hears_agent) if way]
    return CallTimes(
        problem=problem,
        ring=measured.ring_ms,
        whisper=(span.start - picked_up) * 1000 if span else None,
        two_way=(max(ways) - span.end) * 1000 if span and len(ways) == 2 else None,
        silence=silence,
        agent_heard_whisper=span is not None,
        caller_heard_whisper=leaked(agent, span, caller) if span else None,
        left_over=left_over,
        cpu=cpu,
    )


def _heard(report: Report, phone: str) -> Track:
    return load_stereo(report.recordings[phone], report.origin)[1]


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
