"""Opens what the application has recorded, for the commands that read it; says so when the application is not running."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ari_app.cli_text import tell
from ari_app.errors import BadSettings, NotReachable
from ari_app.settings import Settings
from ari_app.store.connection import connect, without_password
from ari_app.store.keys import Keys
from ari_app.store.reader import RecordReader
from ari_app.store.spawn import PrivateRedis

LAST = "last"
_TIMEOUT = 5.0  # seconds per command
_SHOWN = 5


@asynccontextmanager
async def records(settings: Settings) -> AsyncIterator[RecordReader]:
    """The configured Redis, or the private one of the running application. Nothing is written. Raises NotReachable."""
    private = not settings.redis.url
    url = settings.redis.url or PrivateRedis(settings.path(settings.data_dir) / "redis", settings.redis.server).url
    reader = RecordReader(connect(url, _TIMEOUT), Keys(), without_password(url))
    runs = application_runs(settings.path(settings.data_dir))
    try:
        yield reader
    except NotReachable:
        if private and not runs:
            raise NotReachable(
                "The application is not running, nor is its own Redis that has the records.",
                "Start it (ari-app serve), or keep the records in a Redis of your own: redis.url in the settings.",
            ) from None
        raise
    finally:
        await reader.close()
    if not runs:
        tell("The application is not running; these are the records until it stopped.", error=True)


def application_runs(data_dir: Path) -> bool:
    """Whether the process that last signed on in this folder is alive, and still one of ours."""
    try:
        pid = int((data_dir / "application.run").read_text(encoding="utf-8").split()[0])
        os.kill(pid, 0)
    except PermissionError:
        return True  # alive, and somebody else's
    except (OSError, ValueError, IndexError):
        return False
    try:
        return b"ari" in Path("/proc", str(pid), "cmdline").read_bytes()
    except OSError:
        return True


async def find_call(reader: RecordReader, given: str) -> dict[str, Any]:
    """The record of a call: by its id or the beginning of it, by one of its handovers' ids, or "last". Raises BadSettings."""
    if given == LAST:
        newest = await reader.calls(1)
        if not newest:
            raise BadSettings("There is no call yet.", "Calls are recorded as soon as they come in.")
        return newest[0]
    for name in dict.fromkeys((given, f"call-{given}", re.sub(r"-\d+$", "", given))):
        if name and (record := await reader.call(name)) is not None:
            return record
    found = await reader.call_ids(given) or await reader.call_ids(f"call-{given}")
    if len(found) > 1:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise BadSettings(f"{len(found)} calls begin with {given}: {', '.join(found[:_SHOWN])}{more}.", "Write more of the id.")
    record = await reader.call(found[0]) if found else None
    if record is None:
        raise BadSettings(f"There is no call {given}.", "List them with: ari-app calls")
    return record
