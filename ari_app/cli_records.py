"""`ari-app calls` and `ari-app handovers`: what was recorded, for people and (with --json) for programs."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ari_app.errors import BadSettings
from ari_app.settings import Settings, load
from ari_app.store.redis_store import RedisStore
from ari_app.store.spawn import PrivateRedis

Config = Annotated[Path, typer.Option("--config", "-c", envvar="ARI_APP_CONFIG", help="The settings file (YAML).")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many, newest first.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, with everything that is known.")]


def calls(
    config: Config = Path("ari-app.yaml"),
    limit: Limit = 20,
    as_json: AsJson = False,
    call: Annotated[str, typer.Argument(help="A call's id: show its transcript.")] = "",
) -> None:
    """List the calls, newest first; or show one call with its transcript, scores and handovers."""
    if call:
        record = asyncio.run(_one_call(load(config), call))
        print(json.dumps(record, ensure_ascii=False)) if as_json else _show_call(record)
        return
    records = asyncio.run(_read(load(config), "calls", limit))
    _print(records, as_json, _calls_table)


def handovers(config: Config = Path("ari-app.yaml"), limit: Limit = 20, as_json: AsJson = False) -> None:
    """List the handovers, newest first: why, to whom, how fast, and how they ended."""
    _print(asyncio.run(_read(load(config), "handovers", limit)), as_json, _handovers_table)


async def _read(settings: Settings, what: str, limit: int) -> list[dict[str, Any]]:
    store = _store(settings)
    try:
        return await (store.calls(limit) if what == "calls" else store.handovers(limit))
    finally:
        await store.close(patience=0.0)


async def _one_call(settings: Settings, call_id: str) -> dict[str, Any]:
    store = _store(settings)
    try:
        record = await store.call(call_id)
    finally:
        await store.close(patience=0.0)
    if record is None:
        raise BadSettings(f"There is no call {call_id}.", "List them with: ari-app calls")
    return record


def _store(settings: Settings) -> RedisStore:
    """The running application's Redis: the configured one, or the private one that it has started."""
    data = settings.path(settings.data_dir)
    url = settings.redis.url or PrivateRedis(data / "redis", settings.redis.server).url
    return RedisStore(url, data / "spool")


def _print(records: Sequence[Mapping[str, Any]], as_json: bool, table: Any) -> None:
    if as_json:
        for record in records:
            print(json.dumps(record, ensure_ascii=False))
    elif records:
        Console().print(table(records))
    else:
        print("None yet.")


def _calls_table(records: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("call", "began", "caller", "state", "turns", "handovers", "score", box=None, header_style="bold")
    for record in records:
        score = record.get("score")
        outcomes = ", ".join(str(one["outcome"] or "running") for one in record["handovers"])
        points = f"{score['points']:.1f}" if score else "–"
        caller = f"{record['caller']['name']} {record['caller']['number']}".strip()
        table.add_row(
            record["call_id"], record["started"], caller, record["state"], str(len(record["turns"])), outcomes or "–", points
        )
    return table


def _handovers_table(records: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("handover", "began", "reason", "queue", "agent", "rang", "whisper", "joined", "outcome", box=None)
    for record in records:
        decided = record["decided_at"]
        table.add_row(
            record["handover_id"],
            record["started"],
            record["decision"]["reason"],
            record["decision"]["queue"],
            record["agent_interface"] or "–",
            _after(record["rang_at"], decided),
            str(record["whispering"]),
            _after(record["joined_at"], decided),
            str(record["outcome"]),
        )
    return table


def _after(moment: float | None, decided: float) -> str:
    return "–" if moment is None else f"+{moment - decided:.2f} s"


def _show_call(record: Mapping[str, Any]) -> None:
    console = Console()
    console.print(f"[bold]{record['call_id']}[/] {record['started']} {record['state']} {record['end_reason']}")
    for number, turn in enumerate(record["turns"]):
        console.print(f"{number:4}  {turn['start']:7.1f} s  {turn['speaker']:<9}  {turn['text']}", highlight=False)
    if record["handovers"]:
        console.print(_handovers_table(record["handovers"]))
