"""What live calls cost the application: memory and CPU, idle and with several callers talking to the assistant at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ari_app.rehearsal.report import Report
from ari_app.rehearsal.script import load_script
from ari_app.rehearsal.timeline import CallAnswered, HungUp, PhoneEvent
from bench_lib.box import Box
from bench_lib.findings import Figure, Finding, Part
from bench_lib.handover import PARTS, Tell, costs, idle_shares
from bench_lib.process_cost import Cost, share_of_core

SCRIPT = Path(__file__).parent / "talk.yaml"
MEGABYTE = 1024 * 1024


class AllTalking:
    """Reads the processes' costs when the last caller is answered and when the first one hangs up: between, all talk."""

    def __init__(self, pids: dict[str, int], callers: int) -> None:
        self._pids, self._missing = pids, callers
        self.begin: dict[str, Cost] = {}
        self.end: dict[str, Cost] = {}

    def show(self, event: PhoneEvent) -> None:
        if isinstance(event, CallAnswered):
            self._missing -= 1
            if self._missing == 0:
                self.begin = costs(self._pids)
        elif isinstance(event, HungUp) and not self.end:
            self.end = costs(self._pids)

    @property
    def complete(self) -> bool:
        return bool(self.begin and self.end) and next(iter(self.end.values())).at > next(iter(self.begin.values())).at


async def measure_load(box: Box, callers: int, tell: Tell) -> Part:
    """One caller first, so that what the first call of all loads is not taken for the price of each."""
    script = load_script(SCRIPT)
    first = await box.play(script, "load-first")
    tell("one caller, so that everything is loaded")
    before = costs(box.pids)
    idle = await idle_shares(box.pids)
    talking = AllTalking(box.pids, callers)
    plays = (box.play(script, f"load-{number}", talking.show, count_leftovers=False) for number in range(1, callers + 1))
    reports = [first, *await asyncio.gather(*plays)]
    tell(f"{callers} callers at once")
    return Part(
        "load",
        f"{callers} callers who talk with the assistant at once, each with a tap and a recogniser of his own; CPU between "
        "the last answer and the first hang-up, less what idling takes. Memory is resident (RSS)",
        findings(callers, before, talking, idle),
        problems(reports, talking),
    )


def findings(callers: int, before: dict[str, Cost], talking: AllTalking, idle: dict[str, float]) -> list[Finding]:
    found: list[Finding] = []
    for name in PARTS:
        found.append(Figure(f"{name}: memory after a call, none live", "MB", before[name].rss / MEGABYTE))
        found.append(Figure(f"{name}: CPU with no call", "% of a core", 100 * idle[name]))
        if talking.complete:
            begin, end = talking.begin[name], talking.end[name]
            busy = share_of_core(begin, end) - idle[name]
            found.append(Figure(f"{name}: memory for each live call", "MB", (end.rss - before[name].rss) / MEGABYTE / callers))
            found.append(Figure(f"{name}: CPU for each tapped call", "% of a core", 100 * busy / callers))
    return found


def problems(reports: list[Report], talking: AllTalking) -> list[str]:
    failed = [report.failure for report in reports if report.failure]
    return failed if talking.complete else [*failed, "the callers were never all on the line at the same time"]
