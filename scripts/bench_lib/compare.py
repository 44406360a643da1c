"""Runs ours and the bare library in turns in one process, so that whatever else the machine does meets both alike."""

import gc
import time
from collections.abc import Callable, Mapping

from bench_lib.findings import Comparison, Spread

Pass = Callable[[], float]
Clock = Callable[[], float]


def compare(
    name: str,
    unit: str,
    ours: Pass,
    bare: Pass,
    *,
    bare_name: str,
    repetitions: int,
    facts: Mapping[str, float | int | str] | None = None,
    clock: Clock = time.process_time,
) -> Comparison:
    """`ours` and `bare` do one pass over the input and return how much they did, in units; rates are per second of `clock`.

    The clock is this process's CPU time by default: seconds of one core, whoever else wants it. One pass of each is not
    counted (caches, lazy imports); then who goes first alternates.
    """
    sides: dict[str, Pass] = {"ours": ours, "bare": bare}
    rates: dict[str, list[float]] = {side: [] for side in sides}
    for one_pass in sides.values():
        one_pass()
    for repetition in range(repetitions):
        order = list(sides) if repetition % 2 == 0 else list(reversed(sides))
        for side in order:
            gc.collect()
            began = clock()
            done = sides[side]()
            rates[side].append(done / (clock() - began))
    spreads = {side: Spread(tuple(found)) for side, found in rates.items()}
    return Comparison(name, unit, spreads["ours"], spreads["bare"], bare_name, dict(facts or {}))
