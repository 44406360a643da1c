"""A sandbox with the running application for tests, and rehearsals in it."""

import json
import subprocess
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ari_app.cli_rehearse import HttpApplication, leftovers
from ari_app.rehearsal.report import Report
from ari_app.rehearsal.runner import rehearse, with_leftovers
from ari_app.rehearsal.script import Script, builtin_script, parse_script
from ari_app.rehearsal.target import Target
from ari_app.settings import load
from ari_app.speech.synthesiser import CommandSynthesiser
from ari_app.wiring import whisper_voice

PROJECT = Path(__file__).resolve().parents[2]


class Box:
    """One private Asterisk with Redis and the application; `down` ends it.

    `settings` are added to its ari-app.yaml, `replaced` texts in it are replaced.
    """

    def __init__(self, folder: Path, settings: str = "", replaced: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        if settings or replaced:
            config = Path(json.loads(self.sandbox("up", "--no-app", "--json"))["config"])
            text = config.read_text(encoding="utf-8")
            for old, new in (replaced or {}).items():
                assert old in text, f"{old} is not in {config}"
                text = text.replace(old, new)
            config.write_text(text + settings, encoding="utf-8")
        self.facts = json.loads(self.sandbox("up", "--json"))

    def sandbox(self, *arguments: str) -> str:
        command, *rest = arguments
        line = [str(PROJECT / "scripts" / "sandbox"), command, "--dir", str(self.folder), *rest]
        done = subprocess.run(line, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def down(self) -> None:
        self.sandbox("down")

    def cli(self, *words: str) -> str:
        return self.sandbox("cli", *words)

    def pids(self) -> dict[str, int]:
        return json.loads(self.sandbox("status", "--json"))["pids"]

    def records(self, what: str) -> list[dict[str, Any]]:
        """`calls` or `handovers`, newest first, as the command line prints them."""
        line = [str(PROJECT / ".venv" / "bin" / "ari-app"), what, "--json", "-c", self.facts["config"]]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True)
        return [json.loads(one) for one in done.stdout.splitlines()]

    async def play(self, script: str | Script, folder: Path) -> Report:
        """Hold a rehearsal (YAML text, or a script) and count what is left in Asterisk after it."""
        parsed = parse_script(script, "test") if isinstance(script, str) else script
        synthesiser = CommandSynthesiser(f"{self.facts['prefix']}/bin/flite", cache_dir=self.folder / "voices")
        whisper = whisper_voice(load(Path(self.facts["config"])))
        report = await rehearse(
            parsed,
            Target.from_mapping(self.facts),
            synthesiser.synthesise,
            lambda event: None,
            folder=folder,
            application=HttpApplication(self.facts["http"]),
            whisper_sound=whisper.synthesise,
        )
        await synthesiser.close()
        await whisper.close()
        return with_leftovers(report, await leftovers(self.facts))


def wedding_dress() -> Script:
    return builtin_script("wedding_dress")


def moments(report: Report, kind: str) -> list[float]:
    """When the application reported events of this kind, in seconds since the rehearsal began."""
    return [event.at for event in report.timeline if getattr(event, "kind", "") == kind]


def failure(report: Report) -> str:
    """For assertions: why a rehearsal did not pass."""
    missed = [f"{check.name}: expected {check.expected}, found {check.found}" for check in report.checks if not check.passed]
    return "; ".join(filter(None, [report.failure or "", *missed, str(dict(report.leftovers))]))


def longest_silence_heard(recording: Path, start: float, end: float, threshold_dbfs: float = -42.0) -> float:
    """Seconds of the longest silence that the phone heard (its right channel) between two moments of the rehearsal."""
    with wave.open(str(recording)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)[:, 1]
    part = samples[int(start * 8000) : int(end * 8000)].astype(np.float64)
    blocks = part[: len(part) // 40 * 40].reshape(-1, 40)
    loud = 10 * np.log10(np.maximum((blocks**2).mean(axis=1) / 32768.0**2, 1e-12)) >= threshold_dbfs
    edges = np.flatnonzero(np.concatenate([[True], loud, [True]]))
    return float((np.diff(edges) - 1).max() * 0.005)
