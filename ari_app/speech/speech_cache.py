"""Keeps spoken sentences, so that the assistant's usual ones start without waiting: in memory, and on disk across restarts."""

import hashlib
import os
import tempfile
from collections import OrderedDict
from pathlib import Path


class SpeechCache:
    """Bounded by bytes in memory and on disk (under `folder`; None: memory only). The least recently used goes first.

    The disk part is blocking. A disk that cannot be written only costs speed: errors there are no errors.
    """

    def __init__(self, folder: Path | None, *, memory_bytes: int = 32_000_000, disk_bytes: int = 128_000_000) -> None:
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._disk_bytes = disk_bytes
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._held = 0

    @staticmethod
    def key(*parts: str) -> str:
        """A file name for command, voice and text, from which none of them can be read."""
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def remembered(self, key: str) -> bytes | None:
        found = self._memory.get(key)
        if found is not None:
            self._memory.move_to_end(key)
        return found

    def remember(self, key: str, pcm: bytes) -> None:
        self._held += len(pcm) - len(self._memory.pop(key, b""))
        self._memory[key] = pcm
        while self._held > self._memory_bytes and len(self._memory) > 1:
            self._held -= len(self._memory.popitem(last=False)[1])

    def read(self, key: str) -> bytes | None:
        """From disk, None when it is not there. Blocking."""
        if self._folder is None:
            return None
        path = self._folder / f"{key}.pcm"
        try:
            pcm = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return pcm

    def write(self, key: str, pcm: bytes) -> None:
        """To disk, whole or not at all. Blocking."""
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=self._folder, prefix="new-", delete=False) as new:
                new.write(pcm)
            os.replace(new.name, self._folder / f"{key}.pcm")
            self._prune()
        except OSError:
            return

    def _prune(self) -> None:
        assert self._folder is not None
        files = [(stat.st_mtime, stat.st_size, path) for path in self._folder.glob("*.pcm") if (stat := path.stat())]
        surplus = sum(size for _, size, _ in files) - self._disk_bytes
        for _, size, path in sorted(files, key=lambda file: file[0]):
            if surplus <= 0:
                return
            path.unlink(missing_ok=True)
            surplus -= size
