"""`ari-app calls` and `ari-app handovers`: what was recorded, for people and (with --json) for programs."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ari_app.cli_stored import find_call, records
from ari_app.cli_text import shown, tell
from ari_app.settings import Settings, load

Config = Annotated[Path, typer.Option("--config", "-c", envvar="ARI_APP_CONFIG", help="The settings file (YAML).")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many, newest first.")]
_PIPED_WIDTH = 160
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, with everything that is known.")]


def calls(
    config: Config = Path("ari-app.yaml"),
    limit: Limit = 20,
    as_json: AsJson = False,
    call: Annotated[
        str, typer.Argument(metavar="[CALL]", help="A call's id or its beginning, or `last`: show its transcript.")
    ] = "",
) -> None:
    """List the calls, newest first; or show one call with its transcript, scores and handovers."""
    if call:
        record = asyncio.run(_one_call(load(config), call))
        _print_json([record]) if as_json else _show_call(record)
        return
    found = asyncio.run(_read(load(config), "calls", limit))
    _print(found, as_json, _calls_table)


def handovers(
    config: Config = Path("ari-app.yaml"),
    limit: Limit = 20,
    as_json: AsJson = False,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Instead: what rules in shadow mode would have done in the newest calls.")
    ] = False,
) -> None:
    """List the handovers, newest first: why, to whom, how fast, and how they ended."""
    if shadow:
        found = [one for record in asyncio.run(_read(load(config), "calls", limit)) for one in record.get("shadow") or ()]
        _print(found, as_json, _shadow_table)
    else:
        _print(asyncio.run(_read(load(config), "handovers", limit)), as_json, _handovers_table)


async def _read(settings: Settings, what: str, limit: int) -> list[dict[str, Any]]:
    async with records(settings) as reader:
        return await (reader.calls(limit) if what == "calls" else reader.handovers(limit))


async def _one_call(settings: Settings, given: str) -> dict[str, Any]:
    async with records(settings) as reader:
        return await find_call(reader, given)


def _print(found: Sequence[Mapping[str, Any]], as_json: bool, table: Any) -> None:
    if as_json:
        _print_json(found)
    elif found:
        _console().print(table(found))
    else:
        tell("None yet.")


def _print_json(found: Sequence[Mapping[str, Any]]) -> None:
    for record in found:
        text = json.dumps(record, ensure_ascii=False)
        print(text if shown(text) == text else json.dumps(record))


def _calls_table(found: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("call", "began", "caller", "state", "turns", "handovers", "score", box=None, header_style="bold")
    for record in found:
        score = record.get("score")
        outcomes = ", ".join(str(one["outcome"] or "running") for one in record["handovers"])
        if shadows := record.get("shadow"):
            outcomes = ", ".join(filter(None, [outcomes, f"shadow after turn {shadows[0]['turn']}"]))
        points = f"{score['points']:.1f}" if score else "–"
        caller = f"{record['caller']['name']} {record['caller']['number']}".strip()
        table.add_row(
            record["call_id"],
            record["started"],
            _cell(caller),
            record["state"],
            str(len(record["turns"])),
            outcomes or shown("–"),
            shown(points),
        )
    return table


def _handovers_table(found: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("handover", "began", "reason", "queue", "agent", "rang", "whisper", "joined", "outcome", box=None)
    for record in found:
        decided = record["decided_at"]
        table.add_row(
            record["handover_id"],
            record["started"],
            _cell(record["decision"]["reason"]),
            record["decision"]["queue"],
            record["agent_interface"] or shown("–"),
            _after(record["rang_at"], decided),
            str(record["whispering"]),
            _after(record["joined_at"], decided),
            str(record["outcome"]),
        )
    return table


def _on_partial_words(handover: Mapping[str, Any]) -> str:
    gained = handover.get("gained")
    before = f", {gained:.1f} s before the caller paused" if gained is not None else ""
    return f'{handover["handover_id"]} was decided on partial words: "{handover["partial_words"]}"{before}'


def _shadow_table(found: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("call", "would have been", "turn", "rules", "queue", "points", box=None)
    for one in found:
        decision = one["decision"]
        rules, points = _cell(", ".join(decision["rules"])), f"{one['points']:.1f}"
        table.add_row(one["call_id"], one["started"], str(one["turn"]), rules, decision["queue"], points)
    return table


def _console() -> Console:
    """Piped into another program or a file, lines are not folded to a terminal's width."""
    return Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH)


def _cell(text: str) -> str:
    """Names and numbers come from the caller's side: nothing in them is a command to the table."""
    return escape(shown(text))


def _after(moment: float | None, decided: float) -> str:
    return shown("–") if moment is None else f"+{moment - decided:.2f} s"


def _show_call(record: Mapping[str, Any]) -> None:
    console = _console()
    rules = f", rules {record['rules_fingerprint']}" if record.get("rules_fingerprint") else ""
    console.print(f"[bold]{record['call_id']}[/] {record['started']} {record['state']} {record['end_reason']}{rules}")
    for number, turn in enumerate(record["turns"]):
        text = shown(f"{number:4}  {turn['start']:7.1f} s  {turn['speaker']:<9}  {turn['text']}")
        console.print(text, highlight=False, markup=False)
    for one in record.get("shadow") or ():
        rules, queue = ", ".join(one["decision"]["rules"]), one["decision"]["queue"]
        told = f"would have been handed over after turn {one['turn']} by {rules} ({one['points']:.1f} points) → queue {queue}"
        console.print(shown(f"shadow: {told}"), highlight=False, markup=False)
    if record["handovers"]:
        console.print(_handovers_table(record["handovers"]))
        for one in record["handovers"]:
            if one.get("partial_words"):
                console.print(shown(_on_partial_words(one)), highlight=False, markup=False)
