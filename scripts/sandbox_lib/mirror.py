"""Finds the Debian mirror that this machine already trusts, so that no mirror's address is ever written in the project."""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .console import SandboxError

DEBIAN_SUITES = ("stable", "testing", "sid", "unstable", "bullseye", "bookworm", "trixie", "forky", "duke")


@dataclass(frozen=True, slots=True)
class Mirror:
    """One archive from apt's own sources. `options` is apt's bracket, e.g. `signed-by=/usr/share/keyrings/x.gpg`."""

    uri: str
    suite: str
    options: tuple[str, ...] = ()
    inline_key: str = ""

    def line(self, suite: str, key_file: Path) -> str:
        """One line of a sources.list for another suite of the same archive."""
        options = list(self.options)
        if self.inline_key:
            key_file.write_text(self.inline_key)
            options.append(f"signed-by={key_file}")
        bracket = f"[{' '.join(options)}] " if options else ""
        return f"deb {bracket}{self.uri} {suite} main\n"


def machine_mirrors(etc_apt: Path = Path("/etc/apt")) -> list[Mirror]:
    """All archives of the machine that may carry Debian's other suites, best first. Raises SandboxError when there is none."""
    found: list[Mirror] = []
    lists = [etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*.list"))]
    for path in lists:
        if path.is_file():
            found.extend(_from_list(_read(path)))
    for path in sorted((etc_apt / "sources.list.d").glob("*.sources")):
        found.extend(_from_deb822(_read(path)))
    unique: dict[str, Mirror] = {}
    for mirror in sorted(found, key=_rank):
        unique.setdefault(mirror.uri.rstrip("/"), mirror)
    candidates = [mirror for mirror in unique.values() if _rank(mirror) < 2]
    if not candidates:
        raise SandboxError(
            f"no Debian mirror in {etc_apt}/sources.list or {etc_apt}/sources.list.d",
            remedy="Add the machine's Debian mirror to apt's sources, or use an installed Asterisk: --use-system-asterisk",
        )
    return candidates


def _rank(mirror: Mirror) -> int:
    """0: surely a Debian main archive. 1: perhaps. 2: security updates and foreign repositories."""
    if "security" in mirror.uri or "security" in mirror.suite:
        return 2
    base = mirror.suite.split("-")[0].split("/")[0]
    return 0 if base in DEBIAN_SUITES else 1 if "debian" in mirror.uri else 2


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""  # apt itself ignores what it may not read


def _from_list(text: str) -> Iterator[Mirror]:
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)", line)
        if match and "main" in match[4].split() and not match[2].startswith("cdrom:"):
            options = tuple(o for o in (match[1] or "").split() if o.lower().startswith(("signed-by=", "trusted=")))
            yield Mirror(match[2], match[3], options)


def _from_deb822(text: str) -> Iterator[Mirror]:
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in (" ", "\t") and name:
                fields[name] += "\n" + line[1:]
            elif ":" in line:
                name, value = line.split(":", 1)
                name = name.strip().lower()
                fields[name] = value.strip()
        yield from _from_fields(fields)


def _from_fields(fields: dict[str, str]) -> Iterator[Mirror]:
    usable = "deb" in fields.get("types", "").split() and "main" in fields.get("components", "").split()
    if not usable or fields.get("enabled", "yes").lower() in ("no", "false", "0"):
        return
    options: tuple[str, ...] = ()
    inline_key = ""
    signed_by = fields.get("signed-by", "").strip()
    if "BEGIN PGP" in signed_by:
        # In deb822 a line of the key that would be empty is written as a single dot.
        inline_key = "\n".join("" if line == "." else line for line in signed_by.splitlines()) + "\n"
    elif signed_by:
        options = (f"signed-by={','.join(signed_by.split())}",)
    if fields.get("trusted", "").lower() == "yes":
        options += ("trusted=yes",)
    for uri in fields.get("uris", "").split():
        for suite in fields.get("suites", "").split():
            yield Mirror(uri, suite, options, inline_key)


def transport_settings() -> str:
    """The machine's apt settings about proxies, certificates and retries, and nothing else of its configuration.

    Hooks are left out on purpose: a container's `APT::Update::Post-Invoke` deletes packages from the host's cache.
    """
    try:
        dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxError(
            f"apt-config does not run: {error}",
            remedy="The private Asterisk is made of Debian packages: run on Debian or Ubuntu, or --use-system-asterisk",
        ) from error
    wanted = re.compile(r"^Acquire::(http|https|ftp|tor|retries|ForceIPv[46]|proxy)", re.IGNORECASE)
    lines = [line for line in dump.stdout.splitlines() if wanted.match(line) and not line.endswith('"";')]
    return "\n".join(lines) + "\n"


def architecture() -> str:
    """Debian's name of this machine's architecture, e.g. `amd64`."""
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


def user_name() -> str:
    """The name apt shall keep as its own user; it would drop to `_apt` otherwise, who may not write into our folder."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return "root"
