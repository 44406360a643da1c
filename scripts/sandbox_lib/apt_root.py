"""Resolves and downloads Debian packages of any suite in a folder of one's own, with apt's help and without root."""

import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .console import SandboxError, say
from .mirror import Mirror, architecture, machine_mirrors, transport_settings, user_name

# Needed by maintainer scripts only, which never run here; apt is told that they are installed. Saves about a third.
PRETENDED = (
    "adduser",
    "base-passwd",
    "debconf",
    "dirmngr",
    "dpkg",
    "gnupg",
    "gpg-agent",
    "init-system-helpers",
    "lsb-base",
    "passwd",
    "perl-base",
    "sysvinit-utils",
    "tar",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What apt decided to fetch: file names as they will lie in the archives folder, and the sum of their sizes in bytes."""

    files: tuple[str, ...]
    size: int


class AptRoot:
    """A private apt: own lists, own cache, own (empty) package database. Nothing of the host's apt state is touched."""

    def __init__(self, folder: Path, suite: str) -> None:
        self.folder = folder
        self.suite = suite
        self.archives = folder / "archives"
        self._config = folder / "apt.conf"

    def prepare(self) -> None:
        """Writes the configuration and reads the suite's index from the first mirror that has it."""
        (self.archives / "partial").mkdir(parents=True, exist_ok=True)
        (self.folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        (self.folder / "status").write_text(_pretended_status())
        self._config.write_text(self._settings())
        failures: list[str] = []
        for mirror in machine_mirrors():
            output = self._update(mirror)
            if not output:
                return
            failures.append(f"  {output}")
        raise SandboxError(
            f"no mirror of this machine's apt sources gives the suite {self.suite!r}:\n" + "\n".join(failures),
            remedy="Check the network and the proxy (apt-get update must work), or: --use-system-asterisk",
        )

    def plan(self, packages: Sequence[str]) -> Plan:
        """Asks apt which files `packages` need, dependencies included."""
        done = self._apt("install", "--yes", "--print-uris", *packages)
        if done.returncode != 0:
            raise SandboxError(
                f"apt cannot resolve {' '.join(packages)} in {self.suite}:\n{_errors(done.stdout + done.stderr)}",
                remedy="The suite may be in motion today: try again later, or ASTERISK_SUITE=bullseye",
            )
        rows = re.findall(r"^'[^']+' (\S+\.deb) (\d+)", done.stdout, re.MULTILINE)
        return Plan(tuple(name for name, _ in rows), sum(int(size) for _, size in rows))

    def download(self, packages: Sequence[str], plan: Plan) -> list[Path]:
        """Fetches the plan's files; what an earlier, interrupted run has fetched is not fetched again."""
        command = ["apt-get", "-q", "install", "--yes", "--download-only", *packages]
        with subprocess.Popen(
            command, env=self._environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            assert process.stdout is not None
            output = _show_progress(process.stdout, plan)
        if process.returncode != 0:
            raise SandboxError(
                f"the download from the package mirror failed:\n{_errors(output)}",
                remedy="Run it again: what is here already is not fetched twice",
            )
        return [self.archives / name for name in plan.files]

    def _update(self, mirror: Mirror) -> str:
        """Reads the index; returns what went wrong, or nothing."""
        (self.folder / "sources.list").write_text(mirror.line(self.suite, self.folder / "mirror-key.asc"))
        done = self._apt("update", "-o", "APT::Update::Error-Mode=any")
        return "" if done.returncode == 0 else _errors(done.stdout + done.stderr)

    def _apt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                ["apt-get", "-q", *arguments], env=self._environment(), capture_output=True, text=True, timeout=600
            )
        except FileNotFoundError as error:
            raise SandboxError(
                "apt-get is not on this machine",
                remedy="The private Asterisk is made of Debian packages; elsewhere: --use-system-asterisk",
            ) from error
        except subprocess.TimeoutExpired as error:
            raise SandboxError(
                "the package mirror did not answer for 10 minutes", remedy="Check the network and apt's proxy settings"
            ) from error

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "APT_CONFIG": str(self._config), "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}

    def _settings(self) -> str:
        folder = self.folder
        return transport_settings() + "\n".join(
            [
                f'Dir::State "{folder}";',
                f'Dir::State::lists "{folder}/lists";',
                f'Dir::State::status "{folder}/status";',
                f'Dir::State::extended_states "{folder}/extended_states";',
                f'Dir::Cache "{folder}";',
                f'Dir::Cache::archives "{folder}/archives";',
                f'Dir::Etc::sourcelist "{folder}/sources.list";',
                'Dir::Etc::sourceparts "/dev/null";',
                'Dir::Etc::main "/dev/null";',
                'Dir::Etc::parts "/dev/null";',
                'Dir::Etc::preferences "/dev/null";',
                'Dir::Etc::preferencesparts "/dev/null";',
                'Dir::Log "/dev/null";',
                f'APT::Architecture "{architecture()}";',
                f'APT::Architectures {{ "{architecture()}"; }};',
                'APT::Install-Recommends "false";',
                'APT::Install-Suggests "false";',
                f'APT::Sandbox::User "{user_name()}";',
                'Acquire::Languages "none";',
                'Acquire::PDiffs "false";',
                'Acquire::Check-Valid-Until "false";',
                'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
                'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";',
                'Binary::apt-get::APT::Keep-Downloaded-Packages "true";',
                "",
            ]
        )


def _pretended_status() -> str:
    fields = {
        "Status": "install ok installed",
        "Priority": "required",
        "Architecture": architecture(),
        "Version": "999:1",
        "Multi-Arch": "foreign",
        "Maintainer": "nobody <nobody@localhost>",
        "Provides": "debconf-2.0",
        "Description": "not needed here",
    }
    text = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return "\n".join(f"Package: {name}\n{text}" for name in PRETENDED)


def _show_progress(lines: Iterable[str], plan: Plan) -> str:
    """Turns apt's `Get:` lines into one line per tenth of the whole; returns apt's output for an error message."""
    seen: list[str] = []
    fetched, shown, files = 0.0, 0, 0
    units = {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9}
    for line in lines:
        seen.append(line)
        match = re.match(r"Get:\d+ .*\[([\d.,]+) (B|kB|MB|GB)\]", line)
        if not match:
            continue
        files += 1
        fetched += float(match[1].replace(",", "")) * units[match[2]]
        if plan.size and int(10 * fetched / plan.size) > shown:
            shown = int(10 * fetched / plan.size)
            say(f"  {fetched / 1e6:4.0f} of {plan.size / 1e6:.0f} MB, {files} of {len(plan.files)} packages")
    return "".join(seen[-40:])


def _errors(output: str) -> str:
    """apt's own error lines, or the end of what it said."""
    lines = [line for line in output.splitlines() if line.startswith(("E:", "W:", "Err:"))]
    return "\n".join(lines[:6] or output.splitlines()[-6:])
