"""What typed events cost: our decoding of Asterisk's recorded traffic against json.loads of the same lines."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from ari_app.asterisk.ari_events import GenericEvent, decode
from bench_lib.compare import compare
from bench_lib.findings import Comparison, Part

RECORDED = Path(__file__).resolve().parents[2] / "tests" / "contract" / "ari"


def measure_events(repetitions: int, rounds: int) -> Part:
    """`rounds`: how often one pass goes through the recorded traffic."""
    found = [compare_file(file, repetitions, rounds) for file in sorted(RECORDED.glob("*-events.jsonl"))]
    return Part(
        "events",
        "ours: a checked, typed message for every event, unknown ones included; bare: json.loads into dictionaries, nothing "
        f"checked. Recorded traffic, {repetitions} repetitions in turns, CPU time.",
        found,
    )


def compare_file(file: Path, repetitions: int, rounds: int) -> Comparison:
    lines = file.read_text(encoding="utf-8").splitlines()
    generic = sum(isinstance(decode(line), GenericEvent) for line in lines)
    return compare(
        file.name.removesuffix("-events.jsonl").replace("-", " ").capitalize(),
        "events/s per core",
        lambda: read_all(decode, lines, rounds),
        lambda: read_all(json.loads, lines, rounds),
        bare_name="json.loads",
        repetitions=repetitions,
        facts={
            "events": len(lines),
            "bytes per event": round(sum(map(len, lines)) / len(lines)),
            "not typed": generic,
        },
    )


def read_all(read: Callable[[str], object], lines: Sequence[str], rounds: int) -> int:
    """Read every line `rounds` times, keeping none, as a live connection does; the number of lines read."""
    for _ in range(rounds):
        for line in lines:
            read(line)
    return rounds * len(lines)
