"""Finds the Asterisk to run: where its modules and data lie, in a private prefix or on the host."""

import fnmatch
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .console import SandboxError
from .prefix import Prefix

UNUSED_MODULES = Path(__file__).resolve().parent / "conf" / "unused_modules.txt"


@dataclass(frozen=True, slots=True)
class AsteriskFiles:
    """One runnable Asterisk. `data` holds sounds, `documentation` (modules refuse to load without) and `rest-api`."""

    executable: Path
    modules: Path
    data: Path
    version: str

    def unused_modules(self) -> list[str]:
        """The modules it has that a sandbox must not load."""
        text = UNUSED_MODULES.read_text()
        patterns = [word for line in text.splitlines() if not line.startswith("#") for word in line.split()]
        names = [path.name for path in sorted(self.modules.glob("*.so"))]
        return [name for name in names if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]


def private_asterisk(prefix: Prefix) -> AsteriskFiles:
    executable = prefix.bin / "asterisk"
    modules = prefix.folder("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules")
    return AsteriskFiles(executable, modules, prefix.folder("usr/share/asterisk"), _version(executable))


def system_asterisk() -> AsteriskFiles:
    """The Asterisk on the PATH (or in /usr/sbin, which a normal user's PATH lacks), with its own idea of its folders."""
    found = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin:/usr/local/sbin:/opt/asterisk/sbin")
    if not found:
        raise SandboxError("no asterisk on the PATH", remedy="Leave out --use-system-asterisk: a private one is fetched then")
    executable = Path(found)
    places = _configured_places()
    modules = _first([*places.get("astmoddir", []), *_guesses(executable, "lib*/*/asterisk/modules", "lib*/asterisk/modules")])
    data = _first(
        [*places.get("astdatadir", []), *_guesses(executable, "share/asterisk", "lib/asterisk"), Path("/var/lib/asterisk")],
        needs="documentation",
    )
    return AsteriskFiles(executable, modules, data, _version(executable))


def _version(executable: Path) -> str:
    try:
        done = subprocess.run([str(executable), "-V"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxError(f"{executable} does not start: {error}") from error
    match = re.search(r"Asterisk (\S+)", done.stdout)
    if not match:
        raise SandboxError(
            f"{executable} does not start: {(done.stderr or done.stdout).strip()[:300]}",
            remedy=f"Delete {executable.parent.parent} and run scripts/sandbox provision",
        )
    return match[1]


def _configured_places() -> dict[str, list[Path]]:
    places: dict[str, list[Path]] = {}
    try:
        text = Path("/etc/asterisk/asterisk.conf").read_text(errors="replace")
    except OSError:
        return places
    for name, value in re.findall(r"^\s*(ast\w+)\s*=>?\s*(\S+)", text, re.MULTILINE):
        places[name] = [Path(value)]
    return places


def _guesses(executable: Path, *patterns: str) -> Iterator[Path]:
    bases = [*executable.resolve().parents[1:3], *(p / "usr" for p in executable.resolve().parents[1:3])]
    for base in [*bases, Path("/usr/local"), Path("/usr")]:
        for pattern in patterns:
            yield from sorted(base.glob(pattern))


def _first(paths: list[Path], needs: str = "") -> Path:
    for path in paths:
        if (path / needs).is_dir() and (needs or any(path.glob("*.so"))):
            return path
    raise SandboxError(
        f"cannot find the {'data' if needs else 'module'} folder of the installed Asterisk",
        remedy="Leave out --use-system-asterisk: a private one is fetched then",
    )
