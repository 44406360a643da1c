"""Starts and stops the sandbox's processes, and never ends one it did not start, even when the kernel reused its number."""

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path


def started_at(pid: int) -> str | None:
    """Start time of a living process in clock ticks since boot, with the boot's id; None when it is dead or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The first thread may be a zombie while others still hold the ports; alone, a zombie is what nobody has waited for yet.
    dead = fields[0] == "X" or (fields[0] == "Z" and threads <= 1)
    return None if dead else f"{boot}/{fields[19]}"


class Process:
    """One part of a sandbox. Its pid file says which process it is: number and start time."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.pid_file = folder / f"{name}.process"  # Asterisk writes an asterisk.pid of its own into the same folder

    @property
    def pid(self) -> int | None:
        """The living process's number, or None."""
        try:
            noted = json.loads(self.pid_file.read_text())
            return noted["pid"] if started_at(noted["pid"]) == noted["started"] else None
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def start(self, command: Sequence[str], log: Path, *, cwd: Path, environment: dict[str, str] | None = None) -> None:
        """Starts it in a session of its own, so that it outlives this program and its terminal."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        with log.open("ab") as output:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env={**inherited, **(environment or {})},
                start_new_session=True,
                preexec_fn=_raise_file_limit,
            )
        self.pid_file.write_text(json.dumps({"pid": child.pid, "started": started_at(child.pid)}))

    def stop(self, patience: float = 8.0) -> bool:
        """Asks it to end, then ends it. True when there was something to stop. `patience` in seconds."""
        pid = self.pid
        if pid is None:
            self.pid_file.unlink(missing_ok=True)
            return False
        for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                break
            if self._gone_within(seconds):
                break
        self.pid_file.unlink(missing_ok=True)
        return True

    def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.pid is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


def _raise_file_limit() -> None:
    """A hundred calls hold more than the usual 1024 sockets."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else 65536, hard))
