"""What a sandbox consists of: its folder, its settings, and the files written from the templates in conf/."""

import json
import math
import os
import re
import secrets
import shlex
import struct
import tempfile
import urllib.parse
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .asterisk_files import AsteriskFiles
from .console import SandboxError
from .ports import Ports
from .prefix import Prefix

PROJECT = Path(__file__).resolve().parents[2]
TEMPLATES = Path(__file__).resolve().parent / "conf"
AGENTS = (1, 2, 3, 4)
APP = "ari-app"
LONGEST_SOCKET_PATH = 100  # the kernel's limit is 107 bytes; Asterisk and Redis append a little


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of one sandbox. `run` is elsewhere when the path would be too long for a unix socket."""

    root: Path
    run: Path

    @property
    def etc(self) -> Path:
        return self.root / "asterisk" / "etc"

    @property
    def var(self) -> Path:
        return self.root / "asterisk" / "var"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def state_file(self) -> Path:
        return self.root / "sandbox.json"

    @property
    def settings_file(self) -> Path:
        return self.root / "ari-app.yaml"

    @property
    def redis_socket(self) -> Path:
        return self.run / "redis.sock"

    def create(self) -> None:
        """Makes all folders, readable for the owner only: they hold passwords and what callers said."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        for folder in (self.run, self.etc, self.log, self.root / "redis", self.root / "data"):
            folder.mkdir(parents=True, exist_ok=True)
        self.run.chmod(0o700)
        for name in ("lib/keys", "spool", "agi-bin", "moh", "spool/recording", "spool/monitor", "spool/outgoing", "spool/tmp"):
            (self.var / name).mkdir(parents=True, exist_ok=True)


def layout_of(root: Path) -> Layout:
    """The layout of a sandbox folder, whether or not it exists yet."""
    root = root.absolute()
    state = root / "sandbox.json"
    if state.exists():
        return Layout(root, Path(read_state(state)["run"]))
    if len(str(root / "run" / "asterisk.ctl")) <= LONGEST_SOCKET_PATH:
        return Layout(root, root / "run")
    return Layout(root, Path(tempfile.gettempdir()) / f"ari-app-{os.getuid()}-{secrets.token_hex(6)}")


def read_state(path: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = json.loads(path.read_text())
    except ValueError as error:
        raise SandboxError(f"{path} is damaged: {error}", remedy=f"Delete the folder {path.parent}") from error
    return state


def describe(layout: Layout, ports: Ports, prefix: Prefix, asterisk: AsteriskFiles, suite: str) -> dict[str, Any]:
    """The sandbox's description, as `up --json` prints it, with passwords made for this sandbox alone."""
    agents = [
        {"username": f"agent{n}", "password": secrets.token_urlsafe(12), "extension": f"100{n}", "queue": "support"}
        for n in AGENTS
    ]
    return {
        "sip": {"host": "127.0.0.1", "port": ports.sip},
        "caller": {"username": "caller", "password": secrets.token_urlsafe(12), "extension": "100"},
        "agents": agents,
        "ari": {
            "url": f"http://127.0.0.1:{ports.ari}/ari",
            "username": APP,
            "password": secrets.token_urlsafe(18),
            "app": APP,
        },
        "ami": {"host": "127.0.0.1", "port": ports.ami, "username": APP, "password": secrets.token_urlsafe(18)},
        "redis": "unix://" + urllib.parse.quote(str(layout.redis_socket)),
        "http": f"http://127.0.0.1:{ports.http}",
        "agi": {"host": "127.0.0.1", "port": ports.agi},
        "prefix": str(prefix.root),
        "dir": str(layout.root),
        "config": str(layout.settings_file),
        "asterisk_version": asterisk.version,
        "suite": suite,
        "executable": str(asterisk.executable),
        "run": str(layout.run),
        "ports": ports.as_dict(),
    }


def write_files(layout: Layout, state: dict[str, Any], prefix: Prefix, asterisk: AsteriskFiles) -> None:
    """Writes every configuration file; the project's own files are included where they lie, not copied."""
    layout.create()
    for old in (layout.var / "lib").glob("astdb.sqlite3*"):
        old.unlink()  # it remembers the desk phones of the sandbox before, which would ring for nobody
    values = {
        **{f"{name}_port": str(port) for name, port in state["ports"].items()},
        "rtp_start": str(state["ports"]["rtp_start"]),
        "rtp_end": str(state["ports"]["rtp_end"]),
        "etc": str(layout.etc),
        "var": str(layout.var),
        "run": str(layout.run),
        "log": str(layout.log),
        "redis": str(layout.root / "redis"),
        "redis_socket": str(layout.redis_socket),
        "modules": str(asterisk.modules),
        "data": str(asterisk.data),
        "project": str(PROJECT),
        "app": APP,
        "noload": "\n".join(f"noload = {name}" for name in asterisk.unused_modules()),
        "ari_password": state["ari"]["password"],
        "ami_password": state["ami"]["password"],
        "caller_password": state["caller"]["password"],
        "agents": "\n".join(_agent(agent) for agent in state["agents"]),
    }
    for template in sorted(TEMPLATES.glob("*.conf")):
        target = layout.root / "redis.conf" if template.name == "redis.conf" else layout.etc / template.name
        write_private(target, _fill(template, values))
    _write_waiting_music(layout.var / "moh" / "waiting.wav")
    write_private(layout.settings_file, _settings(layout, state, prefix))
    write_private(layout.state_file, json.dumps(state, indent=1) + "\n")


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner can read, complete or not at all."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
    temporary.replace(path)


def _fill(template: Path, values: dict[str, str]) -> str:
    return re.sub(r"@(\w+)@", lambda match: values[match[1]], template.read_text())


def _agent(agent: dict[str, str]) -> str:
    name = agent["username"]
    return (
        f"[{name}](phone,ari-app-desk-phone)\n"
        f"context = sandbox-agents\nauth = {name}\naors = {name}\n"
        f'callerid = "Agent {name.removeprefix("agent")}" <{agent["extension"]}>\n'
        f"[{name}](login)\nusername = {name}\npassword = {agent['password']}\n"
        f"[{name}](place)\n"
    )


def _settings(layout: Layout, state: dict[str, Any], prefix: Prefix) -> str:
    """The application's settings file. JSON strings are YAML strings too, so every value is safely quoted."""
    sections: dict[str, dict[str, Any]] = {
        "asterisk": {
            "ari_url": state["ari"]["url"],
            "ari_username": state["ari"]["username"],
            "ari_password": state["ari"]["password"],
            "app": state["ari"]["app"],
            "ami_host": state["ami"]["host"],
            "ami_port": state["ami"]["port"],
            "ami_username": state["ami"]["username"],
            "ami_password": state["ami"]["password"],
            "agi_host": state["agi"]["host"],
            "agi_port": state["agi"]["port"],
            "media_host": "127.0.0.1",
            "media_transport": "rtp",
        },
        "redis": {"url": state["redis"]},
        "http": {"host": "127.0.0.1", "port": state["ports"]["http"]},
        "speech": {"command": shlex.quote(str(prefix.bin / "flite")), "voice": "slt", "whisper_voice": "rms"},
        "queues": {"default": "support"},
    }
    lines = ["# Written by scripts/sandbox for this sandbox; every `up` of a new sandbox writes it anew.", ""]
    for section, keys in sections.items():
        lines.append(f"{section}:")
        lines.extend(f"  {key}: {json.dumps(value)}" for key, value in keys.items())
    lines.append(f"data_dir: {json.dumps(str(layout.root / 'data'))}")
    return "\n".join(lines) + "\n"


def _write_waiting_music(path: Path) -> None:
    """A soft two-tone for callers who wait in the plain queue: a private Asterisk comes without music."""
    if path.exists():
        return
    rate, seconds = 8000, 8
    frames = bytearray()
    for index in range(rate * seconds):
        tone = (392, 494, 587, 494)[index // rate % 4]
        swell = math.sin(math.pi * (index % rate) / rate) ** 2
        frames += struct.pack("<h", int(2500 * swell * math.sin(2 * math.pi * tone * index / rate)))
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(bytes(frames))
