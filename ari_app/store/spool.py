"""Keeps records on disk while Redis is away, so that none is lost and their order stays."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from ari_app.errors import BadSettings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One spooled line; `end` is the byte in the file after it. `kind` is empty when it holds no record."""

    kind: str  # "call" | "handover"
    record: dict[str, Any]
    line: bytes
    end: int


class Spool:
    """An append-only file of JSON lines. Blocking: call it off the loop."""

    def __init__(self, directory: Path) -> None:
        """Raises BadSettings when the folder cannot be written."""
        self._file = directory / "records.jsonl"
        self._rejected = directory / "rejected.jsonl"
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._file.open("ab"):
                pass
        except OSError as error:
            raise BadSettings(
                f"The spool folder {directory} cannot be written: {error.strerror}.",
                remedy="Set data_dir to a folder that the application may write to.",
            ) from None
        self._close_torn_line()
        self.waiting = sum(1 for _ in self.entries())

    def append(self, kind: str, record: dict[str, Any]) -> None:
        """Returns when the record is on the disk."""
        line = json.dumps({"kind": kind, "record": record}, separators=(",", ":"), default=str).encode() + b"\n"
        with self._file.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self.waiting += 1

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Lines from byte `after` on, oldest first."""
        with self._file.open("rb") as file:
            file.seek(after)
            while line := file.readline():
                yield _entry(line.rstrip(b"\n"), file.tell())

    def reject(self, line: bytes, why: str) -> None:
        """Set a record aside that can never be stored, so that it does not block the ones behind it."""
        with self._rejected.open("ab") as file:
            file.write(line + b"\n")
        log.error("a spooled record was set aside", why=why, file=str(self._rejected))

    def empty_if_read(self, position: int) -> bool:
        """Empty the file when nothing was appended behind `position`; False: there is more to read."""
        if self._file.stat().st_size > position:
            return False
        with self._file.open("r+b") as file:
            file.truncate(0)
            os.fsync(file.fileno())
        self.waiting = 0
        return True

    def _close_torn_line(self) -> None:
        """A crash may have cut the last line: end it, so that the next record gets a line of its own."""
        with self._file.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            if size:
                file.seek(size - 1)
                if file.read(1) != b"\n":
                    file.write(b"\n")


def _entry(line: bytes, end: int) -> Entry:
    try:
        content = json.loads(line)
        kind, record = content["kind"], content["record"]
    except (ValueError, KeyError, TypeError):
        return Entry("", {}, line, end)
    return Entry(kind, record, line, end) if isinstance(kind, str) and isinstance(record, dict) else Entry("", {}, line, end)
