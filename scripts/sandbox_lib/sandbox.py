"""Brings a private Asterisk, Redis and the application up and down, as often and as many as asked for."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import layout as files
from . import ports, probes
from .asterisk_files import AsteriskFiles, private_asterisk, system_asterisk
from .console import SandboxError
from .prefix import Prefix, cache_folder, provide
from .processes import Process

PARTS = ("redis", "asterisk", "app")  # in the order in which they start
DEFAULT_SUITE = "sid"
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Wish:
    """What `up` was asked for. `suite` is a Debian suite, SYSTEM for the host's Asterisk, None for whatever is there."""

    suite: str | None = None
    base_port: int | None = None
    with_app: bool = True


class Sandbox:
    """One sandbox folder. Every method may be called from another process than the one that called `up`."""

    def __init__(self, folder: Path) -> None:
        self.layout = files.layout_of(folder)

    @property
    def exists(self) -> bool:
        return self.layout.state_file.exists()

    def state(self) -> dict[str, Any]:
        if not self.exists:
            raise SandboxError(f"there is no sandbox in {self.layout.root}", remedy="Start one: scripts/sandbox up")
        return files.read_state(self.layout.state_file)

    def pids(self) -> dict[str, int | None]:
        return {name: self._process(name).pid for name in ("asterisk", "redis", "app")}

    def up(self, wish: Wish) -> dict[str, Any]:
        """Starts what does not run yet, waits until each part answers, returns the description. Raises SandboxError."""
        with self._alone():
            if not self.exists:
                self._create(wish)
            state = self.state()
            if wish.suite not in (None, state["suite"]):
                raise SandboxError(
                    f"the sandbox in {self.layout.root} is made for Asterisk {state['asterisk_version']} ({state['suite']})",
                    remedy="scripts/sandbox down first, or use another --dir",
                )
            if not Path(state["executable"]).exists():
                provision(state["suite"])  # somebody emptied the cache
            for part in PARTS:
                if part != "app" or wish.with_app:
                    self._ensure(part, state)
            return state

    def down(self) -> bool:
        """Stops what this sandbox started and forgets its settings; logs and recorded data stay. False: nothing was there."""
        if not self.exists:
            return False
        with self._alone():
            for part in reversed(PARTS):
                self._process(part).stop()
            if self.layout.run != self.layout.root / "run":
                shutil.rmtree(self.layout.run, ignore_errors=True)
            for leftover in self.layout.run.glob("*"):
                leftover.unlink(missing_ok=True)
            self.layout.state_file.unlink(missing_ok=True)
        return True

    def restart(self, part: str) -> dict[str, Any]:
        """Stops one part if it lives, and starts it."""
        with self._alone():
            state = self.state()
            self._process(part).stop()
            self._ensure(part, state)
            return state

    def cli(self, arguments: list[str]) -> list[str]:
        """The command that talks to this sandbox's Asterisk: one CLI command, or the interactive console."""
        state = self.state()
        command = [state["executable"], "-C", str(self.layout.etc / "asterisk.conf")]
        return [*command, "-rx", " ".join(arguments)] if arguments else [*command, "-rvvv"]

    def log_files(self, part: str | None) -> list[Path]:
        names = {"asterisk": ["asterisk.log", "asterisk.out"], "redis": ["redis.log"], "app": ["app.log"]}
        wanted = names[part] if part else [name for group in names.values() for name in group]
        return [path for path in (self.layout.log / name for name in wanted) if path.exists()]

    def _create(self, wish: Wish) -> None:
        suite = wish.suite or DEFAULT_SUITE
        asterisk, prefix = provision(suite)
        with _choosing_ports():
            state = files.describe(self.layout, ports.choose(wish.base_port), prefix, asterisk, suite)
            files.write_files(self.layout, state, prefix, asterisk)
            try:
                self._ensure("asterisk", state)  # binds its ports before another sandbox looks for free ones
            except SandboxError:
                self.layout.state_file.unlink(missing_ok=True)
                raise

    def _ensure(self, part: str, state: dict[str, Any]) -> None:
        process = self._process(part)
        if process.pid is not None and self._answers(part, state):
            return
        if process.pid is None:
            _refuse_taken_ports(part, state["ports"])
            for path in self.log_files(part):
                path.replace(path.with_name(path.name + ".old"))  # an error message shall not quote the run before
            process.start(
                self._command(part, state),
                self.layout.log / ("app.log" if part == "app" else f"{part}.out"),
                cwd=self.layout.root,
                environment={"PYTHONUNBUFFERED": "1"},
            )
        self._wait(part, process, lambda: self._answers(part, state))

    def _wait(self, part: str, process: Process, answers: Callable[[], bool], seconds: float = 45.0) -> None:
        deadline = time.monotonic() + seconds
        while not answers():
            died = process.pid is None
            if died or time.monotonic() > deadline:
                process.stop()
                what = "ended at once" if died else f"did not answer within {seconds:.0f} s"
                raise SandboxError(
                    f"{part} {what}; the end of its log:\n{self._tail(part)}",
                    remedy=f"The whole log: {self.layout.log}",
                )
            time.sleep(0.05)

    def _answers(self, part: str, state: dict[str, Any]) -> bool:
        if part == "redis":
            return probes.redis_answers(self.layout.redis_socket)
        if part == "app":
            return probes.application_answers(state["http"])
        ari, ami = state["ari"], state["ami"]
        return (
            probes.ari_answers(ari["url"], ari["username"], ari["password"])
            and probes.ami_answers(ami["host"], ami["port"], ami["username"], ami["password"])
            and probes.fully_booted([*self.cli([])[:3], "-rx"])
        )

    def _command(self, part: str, state: dict[str, Any]) -> list[str]:
        if part == "asterisk":
            # Asterisk refuses to start beside a socket that answers, and overwrites a dead one.
            return [state["executable"], "-C", str(self.layout.etc / "asterisk.conf"), "-f"]
        if part == "redis":
            return [str(Path(state["prefix"]) / "bin" / "redis-server"), str(self.layout.root / "redis.conf")]
        command = files.PROJECT / ".venv" / "bin" / "ari-app"
        if not command.exists():
            raise SandboxError(f"{command} is missing", remedy="Run scripts/bootstrap, or start without it: --no-app")
        return [str(command), "serve", "-c", str(self.layout.settings_file)]

    def _tail(self, part: str, lines: int = 15) -> str:
        found: list[str] = []
        for path in self.log_files(part):
            found.extend(line for line in path.read_text(errors="replace").splitlines()[-200:] if "VERBOSE" not in line)
        return "\n".join(f"  {line}" for line in found[-lines:]) or "  (nothing)"

    def _process(self, name: str) -> Process:
        return Process(name, self.layout.run)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Two commands for one sandbox at the same time: the second waits."""
        self.layout.root.mkdir(parents=True, exist_ok=True)
        with _locked(self.layout.root / ".lock"):
            self.layout = files.layout_of(self.layout.root) if self.exists else self.layout
            yield


def provision(suite: str) -> tuple[AsteriskFiles, Prefix]:
    """Fetches what is not in the cache yet: Asterisk with the tools, or only the tools for the host's own Asterisk."""
    if suite == SYSTEM:
        asterisk = system_asterisk()
        return asterisk, provide(DEFAULT_SUITE, with_asterisk=False)
    prefix = provide(suite)
    return private_asterisk(prefix), prefix


def follow(paths: list[Path]) -> int:
    """Shows the logs' ends, and what is appended, until interrupted."""
    return subprocess.call(["tail", "-n", "40", "-F", *map(str, paths)])


def _refuse_taken_ports(part: str, numbers: dict[str, int]) -> None:
    """Asterisk starts without SIP, and says so in its log only, when the port belongs to somebody else by now."""
    wanted = {"asterisk": ("sip", "ari", "ami"), "app": ("agi", "http"), "redis": ()}[part]
    for name in wanted:
        if not ports.is_free(numbers[name], udp=name == "sip"):
            raise SandboxError(
                f"{part} cannot start: port {numbers[name]} ({name}) on 127.0.0.1 is in use by another program",
                remedy="End that program, or take other ports: scripts/sandbox down, then up",
            )


def _choosing_ports() -> contextlib.AbstractContextManager[None]:
    cache_folder().mkdir(parents=True, exist_ok=True)
    return _locked(cache_folder() / f".lock-ports-{os.getuid()}")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def report(state: dict[str, Any], pids: dict[str, int | None]) -> None:
    """The sandbox in words, for a person."""
    print(f"Asterisk {state['asterisk_version']} ({state['suite']}), prefix {state['prefix']}")
    print(f"  SIP    {state['sip']['host']}:{state['sip']['port']} (UDP)")
    caller = state["caller"]
    print(f"  caller {caller['username']} / {caller['password']}   dial {caller['extension']} for the assistant")
    for agent in state["agents"]:
        print(f"  agent  {agent['username']} / {agent['password']}   extension {agent['extension']}, queue {agent['queue']}")
    print(f"  ARI    {state['ari']['url']}  user {state['ari']['username']} / {state['ari']['password']}")
    print(f"  AMI    {state['ami']['host']}:{state['ami']['port']}  user {state['ami']['username']} / {state['ami']['password']}")
    print(f"  Redis  {state['redis']}")
    print(f"  app    {state['http']}   settings {state['config']}")
    for name in PARTS:
        print(f"  {name:<9}{'process ' + str(pids[name]) if pids[name] else 'not running'}")
