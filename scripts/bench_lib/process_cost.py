"""What a running process costs, read from /proc: CPU seconds, its children's included, and memory."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Cost:
    """At one moment. `at`: monotonic seconds; `cpu`: seconds used since the process began; `rss`: bytes in memory."""

    at: float
    cpu: float
    rss: int


def cost_of(pid: int) -> Cost:
    """Raises ProcessLookupError when there is no such process. CPU time of children counts once they have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except FileNotFoundError:
        raise ProcessLookupError(f"there is no process {pid}") from None
    # man 5 proc, counted from the state after the name: utime, stime, cutime, cstime are 11–14, rss in pages is 21
    return Cost(time.monotonic(), sum(map(int, fields[11:15])) / _TICKS, int(fields[21]) * _PAGE)


def share_of_core(before: Cost, after: Cost) -> float:
    """CPU used between two moments as a share of one core, 0–1 and more."""
    return (after.cpu - before.cpu) / (after.at - before.at)
