"""Builds a prefix: a folder with Asterisk or speech tools and every library they need, started without installing anything."""

import concurrent.futures
import fcntl
import json
import os
import re
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .apt_root import AptRoot
from .console import SandboxError, say
from .launchers import write_launchers

RECIPE = "r1"  # part of the folder's name: a changed recipe builds beside the old prefix, which running sandboxes still use
ASTERISK = ("asterisk", "asterisk-core-sounds-en")
TOOLS = ("redis-server", "flite", "espeak-ng")
UNWANTED = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info", "./usr/include")


@dataclass(frozen=True, slots=True)
class Prefix:
    """An unpacked prefix. `versions` are Debian's versions of every package in it."""

    root: Path
    suite: str
    versions: dict[str, str]

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def has_asterisk(self) -> bool:
        return (self.bin / "asterisk").exists()

    def folder(self, *patterns: str) -> Path:
        """The first existing folder among glob patterns relative to the root; versions keep things in different places."""
        for pattern in patterns:
            for path in sorted(self.root.glob(pattern)):
                return path
        raise SandboxError(f"{self.root} has none of {', '.join(patterns)}", remedy=f"Delete {self.root} and try again")


def cache_folder() -> Path:
    """Where prefixes live: $ARI_APP_CACHE, else $XDG_CACHE_HOME/ari_app, else ~/.cache/ari_app."""
    own = os.environ.get("ARI_APP_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "ari_app"


def provide(suite: str, *, with_asterisk: bool = True) -> Prefix:
    """Returns the prefix of `suite`, building it first when it is not there. Safe when several callers ask at once."""
    cache = cache_folder()
    wanted = [cache / f"asterisk-{suite}-{RECIPE}"]
    if not with_asterisk:
        wanted.append(cache / f"tools-{suite}-{RECIPE}")
    for root in wanted:
        if (root / "manifest.json").exists():
            return _load(root)
    cache.mkdir(parents=True, exist_ok=True)
    root = wanted[-1]
    with _locked(cache / f".lock-{root.name}"):
        if (root / "manifest.json").exists():
            return _load(root)
        _build(root, suite, (*ASTERISK, *TOOLS) if with_asterisk else TOOLS)
    return _load(root)


def _load(root: Path) -> Prefix:
    manifest = json.loads((root / "manifest.json").read_text())
    return Prefix(root, manifest["suite"], manifest["versions"])


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds the lock file; says so when somebody else is at it. The kernel frees it with the process, however that ends."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is fetching the same packages; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(root: Path, suite: str, packages: Sequence[str]) -> None:
    started = time.monotonic()
    say(f"private Asterisk: reading the package index of Debian {suite} from this machine's mirror")
    apt = AptRoot(root.parent / f"apt-{root.name}", suite)
    apt.prepare()
    plan = apt.plan(packages)
    say(f"fetching {', '.join(packages)} with their libraries: {len(plan.files)} packages, {plan.size / 1e6:.0f} MB")
    files = apt.download(packages, plan)
    # The process id in the name keeps a leftover of a killed run apart; only a finished prefix gets the final name.
    temporary = root.with_name(f".{root.name}.{os.getpid()}")
    for leftover in root.parent.glob(f".{root.name}.*"):
        _remove_tree(leftover)
    say(f"unpacking into {root}")
    _unpack(files, temporary)
    write_launchers(temporary)
    versions = dict(_name_and_version(path) for path in files)
    manifest = {"suite": suite, "recipe": RECIPE, "versions": dict(sorted(versions.items()))}
    (temporary / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    if root.exists():
        _remove_tree(root)
    temporary.rename(root)
    shutil.rmtree(apt.folder, ignore_errors=True)
    say(f"ready after {time.monotonic() - started:.0f} s: {root}")


def _unpack(files: Sequence[Path], target: Path) -> None:
    """Unpacks without maintainer scripts. The merged-usr links come first, so that /lib and /usr/lib are one folder."""
    for name in ("bin", "sbin", "lib", "lib64"):
        (target / "usr" / name).mkdir(parents=True)
        if name != "bin":  # PREFIX/bin holds our launchers; Debian's /bin of old packages is moved below
            (target / name).symlink_to(f"usr/{name}")
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for number, _ in enumerate(pool.map(lambda path: _unpack_one(path, target), files), start=1):
            if number % 50 == 0:
                say(f"  {number} of {len(files)} packages")
    if (target / "bin").exists() and not (target / "bin").is_symlink():
        shutil.copytree(target / "bin", target / "usr" / "bin", symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(target / "bin")


def _unpack_one(path: Path, target: Path) -> None:
    excludes = [f"--exclude={pattern}" for pattern in UNWANTED]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reader:
        command = ["tar", "-x", "-C", str(target), "--keep-directory-symlink", "--no-same-owner", "--no-same-permissions"]
        done = subprocess.run([*command, *excludes], stdin=reader.stdout, capture_output=True, text=True)
        reader.communicate()
    if reader.returncode != 0 or done.returncode != 0:
        path.unlink(missing_ok=True)  # a damaged file would be taken for a finished download for ever
        raise SandboxError(
            f"cannot unpack {path.name}: {done.stderr.strip()[:300] or 'damaged package'}",
            remedy="Check the free space in the cache folder and run it again",
        )


def _name_and_version(path: Path) -> tuple[str, str]:
    name, version, *_ = path.name.removesuffix(".deb").split("_")
    return name, re.sub("%3a", ":", version)


def _remove_tree(root: Path) -> None:
    """Removes a tree even where a package left a folder without write permission (root would not notice)."""
    if not root.is_dir() or root.is_symlink():
        root.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(root):
        os.chmod(folder, stat.S_IRWXU)
    shutil.rmtree(root)
