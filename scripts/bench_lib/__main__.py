"""The command scripts/bench."""

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from sandbox_lib.console import SandboxError

from ari_app import __version__, logs
from ari_app.errors import AriAppError
from bench_lib.box import PROJECT, Box, box
from bench_lib.events import measure_events
from bench_lib.findings import Count, Part
from bench_lib.handover import measure_handover
from bench_lib.load import measure_load
from bench_lib.recogniser import measure_recogniser
from bench_lib.scorer import measure_scorer
from bench_lib.table import render
from bench_lib.voice import measure_voice

PARTS = ("recogniser", "scorer", "events", "voice", "handover", "load")
ON_A_PBX = ("handover", "load")
_PIPED_WIDTH = 140


def main(arguments: Sequence[str]) -> int:
    """Exit code 0: measured; 1: something could not be measured, or a call failed; 2: a wrong option."""
    options = _parser().parse_args(arguments)
    logs.configure("error", "console")
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    began, load_before = time.monotonic(), os.getloadavg()
    wanted = [part for part in PARTS if part in (options.parts or PARTS)]
    try:
        found = _measure_all(wanted, options, console)
    except (AriAppError, SandboxError) as error:
        print(f"scripts/bench: {error.args[0]}\n               {error.remedy}".rstrip(), file=sys.stderr)
        return 1
    seconds = time.monotonic() - began
    host = _host(load_before)
    console.print(
        f"took {seconds:.0f} s; {host['cores']} cores, load {load_before[0]:.1f} before and {os.getloadavg()[0]:.1f} after"
    )
    if options.json:
        parts = {part.name: part.to_dict() for part in found}
        report = {"version": __version__, "host": host, "seconds": round(seconds, 1), "parts": parts}
        options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if any(map(_failed, found)) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures ari_app against the libraries it is built on (recogniser: Vosk, scorer: TextBlob, events: "
        "json.loads), how well a raised voice is told from others, the handover's timings over many real calls, and what live "
        "calls cost. Without a part: all, about ten minutes. Ratios come from repetitions in turns in one process, so they hold "
        "on a busy machine too.",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", type=_part, help=f"any of: {', '.join(PARTS)}")
    parser.add_argument("--calls", type=_positive, default=20, metavar="N", help="calls of the handover part (default 20)")
    parser.add_argument("--callers", type=_positive, default=4, metavar="N", help="callers at once in the load part (default 4)")
    parser.add_argument("--repetitions", type=_positive, default=7, metavar="N", help="of each comparison (default 7)")
    parser.add_argument(
        "--sentences", type=_positive, default=20, metavar="N", help="that the recogniser part hears (default 20)"
    )
    parser.add_argument(
        "--dir", type=Path, default=PROJECT / ".sandbox" / "bench", help="the sandbox's folder, recordings included"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything, single values included, as JSON")
    return parser


def _part(text: str) -> str:
    if text not in PARTS:
        raise argparse.ArgumentTypeError(f"there is no part {text}; the parts are: {', '.join(PARTS)}")
    return text


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)


def _measure_all(wanted: Sequence[str], options: argparse.Namespace, console: Console) -> list[Part]:
    """Every part is printed as soon as it is there."""
    found: list[Part] = []
    with ExitStack() as stack:
        pbx: Box | None = None
        for name in wanted:
            print(f"measuring: {name} …", file=sys.stderr, flush=True)
            if name in ON_A_PBX and pbx is None:
                pbx = stack.enter_context(box(options.dir.resolve()))
            part = asyncio.run(_on_a_pbx(name, pbx, options)) if pbx and name in ON_A_PBX else _in_this_process(name, options)
            found.append(part)
            console.print(render(part))
    return found


def _in_this_process(name: str, options: argparse.Namespace) -> Part:
    if name == "recogniser":
        return measure_recogniser(options.repetitions, options.sentences)
    if name == "scorer":
        return measure_scorer(options.repetitions)
    if name == "voice":
        return measure_voice()
    return measure_events(options.repetitions, rounds=100)


async def _on_a_pbx(name: str, pbx: Box, options: argparse.Namespace) -> Part:
    def tell(line: str) -> None:
        print(f"  {line}", file=sys.stderr, flush=True)

    if name == "handover":
        return await measure_handover(pbx, options.calls, tell)
    return await measure_load(pbx, options.callers, tell)


def _failed(part: Part) -> bool:
    return bool(part.problems) or any(not each.good for each in part.findings if isinstance(each, Count))


def _host(load_before: tuple[float, float, float]) -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load_before": load_before[0],
        "load_after": os.getloadavg()[0],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
