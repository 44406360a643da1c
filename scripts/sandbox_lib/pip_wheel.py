"""Gets pip for a Python that came without it, from Debian's own package; prints the wheel's path."""

import subprocess
import sys
from pathlib import Path

from .apt_root import AptRoot
from .console import SandboxError, say
from .mirror import machine_mirrors
from .prefix import cache_folder

PACKAGE = "python3-pip-whl"


def pip_wheel() -> Path:
    """The wheel in the cache, fetched from the machine's own suite when it is not there yet."""
    folder = cache_folder() / "pip"
    for wheel in sorted(folder.glob("usr/share/python-wheels/pip-*.whl")):
        return wheel
    suite = machine_mirrors()[0].suite.split("-")[0]
    apt = AptRoot(cache_folder() / "apt-pip", suite)
    apt.prepare()
    plan = apt.plan([PACKAGE])
    for package in apt.download([PACKAGE], plan):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)
    for wheel in sorted(folder.glob("usr/share/python-wheels/pip-*.whl")):
        return wheel
    raise SandboxError(f"Debian's {PACKAGE} holds no pip wheel", remedy="Install python3-venv, then run it again")


if __name__ == "__main__":
    try:
        print(pip_wheel())
    except SandboxError as error:
        say(f"error: {error}\n       {error.remedy}")
        sys.exit(1)
