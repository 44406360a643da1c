"""`ari-app rehearse`: a scripted caller and scripted agents on real SIP phones, against a sandbox or a PBX of one's own."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ari_app import wiring
from ari_app.asterisk.ari_client import AriClient
from ari_app.asterisk.ari_http import AriAccess, AriHttp
from ari_app.errors import AriAppError, BadSettings
from ari_app.rehearsal.application_lines import EVENT_COLUMN, application_line
from ari_app.rehearsal.rendering import event_line, render
from ari_app.rehearsal.report import Report
from ari_app.rehearsal.runner import rehearse as hold
from ari_app.rehearsal.runner import with_leftovers
from ari_app.rehearsal.script import Script, builtin_script, builtin_scripts, load_script
from ari_app.rehearsal.target import Target
from ari_app.rehearsal.timeline import ApplicationReported, PhoneEvent
from ari_app.session.router import CALL_PREFIX
from ari_app.settings import load
from ari_app.speech.synthesiser import CommandSynthesiser

TEARDOWN_PATIENCE = 8.0  # seconds that the application may take to free everything after the caller is gone
EXTERNAL_MEDIA = ("UnicastRTP/", "WebSocket/")


def rehearse(
    script: Annotated[str, typer.Argument(help="A script's file, or the name of one that ships: wedding_dress.")],
    target: Annotated[
        Path,
        typer.Option(
            "--target", "-t", help="JSON with sip, caller, agents (and ari, http): what `scripts/sandbox up --json` prints."
        ),
    ] = Path(".sandbox/sandbox.json"),
    report: Annotated[Path | None, typer.Option("--json", help="Write the report to this file as JSON.")] = None,
    recordings: Annotated[Path | None, typer.Option(help="Folder for recordings, timeline and report.")] = None,
) -> None:
    """Rehearse a call: prove a change before it meets real callers.

    The phones are real: SIP, RTP, recordings of both directions. All times and silences of the report are measured in those
    recordings. Exit code 1: a step failed or an expectation was missed.
    """
    found = asyncio.run(_rehearse(_script(script), _target(target), recordings, Console()))
    if report is not None:
        report.write_bytes(found.to_json())
    if not found.passed:
        raise typer.Exit(1)


def _script(name: str) -> Script:
    if name in builtin_scripts():
        return builtin_script(name)
    if not Path(name).exists():
        known = ", ".join(builtin_scripts())
        raise BadSettings(f"There is no rehearsal script {name}.", f"Give a file, or one of those that ship: {known}.")
    return load_script(Path(name))


def _target(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSettings(
            f"The target {file} cannot be read: {error.strerror}.",
            "Make one: scripts/sandbox up --json > target.json, then -t target.json",
        ) from None
    except ValueError as error:
        raise BadSettings(f"{file} is no JSON: {error}.", "Give what `scripts/sandbox up --json` prints.") from None
    if not isinstance(found, dict):
        raise BadSettings(f"{file} holds no JSON object.", "Give what `scripts/sandbox up --json` prints.")
    return found


async def _rehearse(script: Script, target: Mapping[str, Any], recordings: Path | None, console: Console) -> Report:
    folder = recordings or Path("recordings") / datetime.now().strftime("%Y-%m-%d-%H%M%S")
    synthesiser, whisper = _voices(target)
    application = HttpApplication(target["http"]) if "http" in target else None

    def show(event: PhoneEvent) -> None:
        line = (
            application_line(event.at, event.fields, event.kind) if isinstance(event, ApplicationReported) else event_line(event)
        )
        if line is not None:
            console.print(_row(line))

    try:
        report = await hold(
            script,
            Target.from_mapping(target),
            synthesiser.synthesise,
            show,
            folder=folder.resolve(),
            application=application,
            whisper_sound=whisper.synthesise,
        )
    finally:
        await synthesiser.close()
        await whisper.close()
    if "ari" in target:
        report = with_leftovers(report, await leftovers(target))
    console.print(render(report))
    return report


def _row(line: Text) -> Table:
    """Time and name in columns of their own, so that long texts wrap beside them."""
    first, *others = line.split("\n")
    row = Table.grid(padding=0)
    row.add_column(width=EVENT_COLUMN, no_wrap=True)
    row.add_column()
    row.add_row(first[:EVENT_COLUMN], first[EVENT_COLUMN:])
    for other in others:
        text = other.plain.strip()
        row.add_row("", Text(f"  {text}", style=other.spans[0].style if other.spans else other.style))
    return row


def _voices(target: Mapping[str, Any]) -> tuple[CommandSynthesiser, CommandSynthesiser]:
    """The program that the application speaks with, for callers and agents too, and the voice that it whispers with."""
    if "config" not in target:
        return CommandSynthesiser("flite"), CommandSynthesiser("flite", brisk=True)
    settings = load(Path(target["config"]))
    return wiring.voice(settings), wiring.whisper_voice(settings)


async def leftovers(target: Mapping[str, Any]) -> dict[str, int]:
    """What Asterisk still holds of the call: counted until it is nothing, or the patience is over."""
    access = AriAccess(target["ari"]["url"], target["ari"]["username"], target["ari"]["password"])
    phones = {target["caller"]["username"], *(agent["username"] for agent in target["agents"])}
    client = AriClient(AriHttp(access))
    until = time.monotonic() + TEARDOWN_PATIENCE
    try:
        while True:
            found = await _count(client, phones)
            if not any(found.values()) or time.monotonic() > until:
                return found
            await asyncio.sleep(0.25)
    finally:
        await client.http.close()


async def _count(client: AriClient, phones: set[str]) -> dict[str, int]:
    channels = [one for one in await client.channels() if one.id.startswith(CALL_PREFIX) or _phone(one.name) in phones]
    media = [one for one in channels if one.name.startswith(EXTERNAL_MEDIA)]
    bridges = [one for one in await client.bridges() if one.id.startswith(CALL_PREFIX)]
    return {"channels": len(channels) - len(media), "bridges": len(bridges), "external media": len(media)}


def _phone(channel_name: str) -> str:
    """`PJSIP/agent1-0000001a` → `agent1`."""
    return channel_name.partition("/")[2].rpartition("-")[0]


class HttpApplication:
    """The application's own events, from its /api/events."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + "/api/events"

    async def events(self) -> AsyncIterator[Mapping[str, object]]:
        timeout = aiohttp.ClientTimeout(total=None, connect=5)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(self._url) as response:
                async for line in response.content:
                    if line.strip():
                        yield json.loads(line)
        except aiohttp.ClientError as error:
            raise AriAppError(f"The application's events at {self._url} are not to be had: {error}.") from error
