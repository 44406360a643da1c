"""Runs the application until it is told to stop, and leaves live calls in Asterisk in good hands."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog

from ari_app import __version__
from ari_app.errors import BadSettings
from ari_app.settings import Settings
from ari_app.wiring import application

log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Raises AriAppError when it cannot start."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    signed_on = _sign_on(settings)
    async with application(settings) as app, _guarded(settings, *signed_on) as ready:
        routing = asyncio.create_task(app.router.run(), name="router")
        await app.router.adopt(await app.store.live())
        ready.touch()
        version = ".".join(map(str, app.version))
        log.info("ready", version=__version__, asterisk=version, app=settings.asterisk.app)
        stopping = asyncio.create_task(stop.wait(), name="stop")
        await asyncio.wait({routing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        log.info("stopping", calls=len(app.router.sessions))
        stopping.cancel()
        routing.cancel()
        ended = await asyncio.gather(routing, stopping, return_exceptions=True)
        if isinstance(ended[0], Exception):
            raise ended[0]


@asynccontextmanager
async def _guarded(settings: Settings, run_file: Path, run: str) -> AsyncIterator[Path]:
    """Keeps the guard process beside us and tells it of an orderly end; yields the file that says we are ready.

    Its orders go over a pipe, not over its command line, which everybody on the machine can read.
    """
    guard = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ari_app.guard", stdin=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert guard.stdin is not None
    guard.stdin.write(json.dumps(_orders(settings, run_file, run)).encode() + b"\n")
    try:
        yield Path(f"{run_file}.ready")
    finally:
        with suppress(ConnectionError):
            guard.stdin.write(b"stop\n")
            await guard.stdin.drain()
        guard.stdin.close()
        await guard.wait()


def _sign_on(settings: Settings) -> tuple[Path, str]:
    """Tell a former run's guard, first of all, that a successor is starting: our process id and the moment, in a file."""
    run_file = settings.path(settings.data_dir) / "application.run"
    try:
        return _write_run(run_file)
    except OSError as error:
        raise BadSettings(
            f"data_dir: {run_file.parent} cannot be written to: {error.strerror}.",
            "Name another folder, or give us the right to it.",
        ) from None


def _write_run(run_file: Path) -> tuple[Path, str]:
    run_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    Path(f"{run_file}.ready").unlink(missing_ok=True)
    run = f"{os.getpid()} {time.time_ns()}"
    run_file.write_text(run, encoding="utf-8")
    return run_file, run


def _orders(settings: Settings, run_file: Path, run: str) -> dict[str, str | float]:
    asterisk = settings.asterisk
    return {
        "ari_url": asterisk.ari_url,
        "ari_username": asterisk.ari_username,
        "ari_password": asterisk.ari_password,
        "app": asterisk.app,
        "fallback": settings.queues.fallback_context,
        "patience": settings.handover.guard_seconds,
        "run_file": str(run_file),
        "run": run,
        "log_level": settings.log_level,
        "log_format": settings.log_format,
    }
