"""The bench's own sandbox: a private Asterisk with Redis and the application, and rehearsals held in it."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ari_app.cli_rehearse import HttpApplication, leftovers
from ari_app.errors import AriAppError
from ari_app.rehearsal.report import Report
from ari_app.rehearsal.runner import rehearse, with_leftovers
from ari_app.rehearsal.script import Script
from ari_app.rehearsal.target import Target
from ari_app.rehearsal.timeline import PhoneEvent
from ari_app.settings import Settings, load
from ari_app.speech.synthesiser import CommandSynthesiser
from ari_app.wiring import voice, whisper_voice

PROJECT = Path(__file__).resolve().parents[2]
UP_WITHIN = 600.0  # seconds; the first time, Asterisk is downloaded
Show = Callable[[PhoneEvent], None]


@dataclass(frozen=True, slots=True)
class Box:
    """`facts`: what `scripts/sandbox up --json` printed. The voices are the application's own, so they make the same samples."""

    facts: dict[str, Any]
    pids: dict[str, int]
    settings: Settings
    voice: CommandSynthesiser
    whisper_voice: CommandSynthesiser
    recordings: Path

    async def play(self, script: Script, name: str, show: Show = lambda event: None, *, count_leftovers: bool = True) -> Report:
        """Hold a rehearsal; its recordings go to the folder `name`. Raises AriAppError when it cannot begin."""
        report = await rehearse(
            script,
            Target.from_mapping(self.facts),
            self.voice.synthesise,
            show,
            folder=self.recordings / name,
            application=HttpApplication(self.facts["http"]),
            whisper_sound=self.whisper_voice.synthesise,
        )
        return with_leftovers(report, await leftovers(self.facts)) if count_leftovers else report

    async def hand_off_sound(self) -> bytes:
        """What the application says to both when it joins them."""
        return await self.voice.synthesise(self.settings.handover.hand_off)


@contextmanager
def box(folder: Path) -> Iterator[Box]:
    """Start the sandbox in `folder`, and stop it unless it was running before. Raises AriAppError."""
    ran_before = _application_runs(folder)
    facts = json.loads(_sandbox("up", folder, "--json"))
    try:
        settings = load(Path(facts["config"]))
        yield Box(
            facts,
            json.loads(_sandbox("status", folder, "--json"))["pids"],
            settings,
            voice(settings),
            whisper_voice(settings),
            folder / "bench",
        )
    finally:
        if not ran_before:
            _sandbox("down", folder)


def _application_runs(folder: Path) -> bool:
    if not (folder / "sandbox.json").exists():
        return False
    return bool(json.loads(_sandbox("status", folder, "--json"))["pids"]["app"])


def _sandbox(command: str, folder: Path, *options: str) -> str:
    line = [str(PROJECT / "scripts" / "sandbox"), command, "--dir", str(folder), *options]
    try:
        done = subprocess.run(line, stdout=subprocess.PIPE, stderr=sys.stderr, text=True, timeout=UP_WITHIN, check=False)
    except subprocess.TimeoutExpired:
        raise AriAppError(f"scripts/sandbox {command} took longer than {UP_WITHIN:g} s.", f"Look into {folder}/log.") from None
    if done.returncode:
        raise AriAppError(f"scripts/sandbox {command} failed (see above).", f"Look into {folder}/log.")
    return done.stdout
