"""Runs a private redis-server when the operator names none, so that every call is recorded from the first minute on."""

import asyncio
import hashlib
import os
import shutil
import signal
import stat
import tempfile
from pathlib import Path

import structlog

from ari_app.errors import BadSettings, NotReachable
from ari_app.store.ending import cancelled

log = structlog.get_logger(__name__)

_LONGEST_SOCKET = 100  # a unix socket's path may have about 107 bytes
_START_PATIENCE = 30.0  # a long log is read first
_STOP_PATIENCE = 5.0
_ANSWER_PATIENCE = 1.0
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 10.0
_STEADY = 30.0  # seconds after which a server counts as running well


class PrivateRedis:
    """One redis-server on a unix socket in a folder that only we may enter; its data survives `kill -9`.

    A server that a killed application left behind on the same folder is taken over.
    """

    def __init__(self, directory: Path, server: str = "redis-server") -> None:
        """`directory` holds data and log. `server`: name on the PATH or path of the program."""
        self._directory = directory
        self._server = server
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._socket, self._short = _socket(directory)

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    @property
    def pid(self) -> int | None:
        """Process id of the running server; None when it was taken over or is not running."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> str:
        """Returns the URL when the server answers. Raises BadSettings (no program, no folder) or NotReachable (it dies)."""
        program = self._program()
        self._prepare()
        if await self._answers():
            log.info("took over the private redis-server that was left running", socket=str(self._socket))
        else:
            await self._spawn(program)
        self._supervisor = asyncio.create_task(self._supervise(program), name="private redis")
        return self.url

    async def stop(self) -> None:
        """Ends the server after it has written everything to disk. Idempotent."""
        if self._supervisor is not None:
            await cancelled(self._supervisor)
            self._supervisor = None
        process, self._process = self._process, None
        if process is None:
            await self._shut_down()
        elif process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), _STOP_PATIENCE)
            except TimeoutError:
                log.warning("the private redis-server did not stop and was killed", pid=process.pid)
                process.kill()
                await process.wait()
        if self._short is not None:
            shutil.rmtree(self._short, ignore_errors=True)

    # ------------------------------------------------------------------------------------------------ starting

    def _program(self) -> str:
        found = shutil.which(self._server)
        if found is None:
            raise BadSettings(
                f"The program '{self._server}' is not there, and no Redis address is set.",
                remedy="Install it (apt install redis-server), name its path in redis.server, or set redis.url.",
            )
        return found

    def _prepare(self) -> None:
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._directory.chmod(0o700)
        except OSError as error:
            raise BadSettings(
                f"The folder {self._directory} for the private Redis cannot be used: {error.strerror}.",
                remedy="Set data_dir to a folder that the application may write to.",
            ) from None
        if self._short is not None:
            _make_private(self._short)

    async def _spawn(self, program: str) -> None:
        arguments = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._directory),
            "logfile": str(self._directory / "redis.log"),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "daemonize": "no",
        }
        options = [part for name, value in arguments.items() for part in (f"--{name}", value)]
        self._process = await asyncio.create_subprocess_exec(
            program,
            *options,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the application, which then stops the server in order
        )
        await self._ready(self._process)
        log.info("private redis-server runs", pid=self._process.pid, socket=str(self._socket))

    async def _ready(self, process: asyncio.subprocess.Process) -> None:
        deadline = asyncio.get_running_loop().time() + _START_PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            if process.returncode is not None:
                raise NotReachable(
                    f"The private redis-server ended at once (code {process.returncode}): {self._last_words()}",
                    remedy=f"See {self._directory / 'redis.log'}, or set redis.url to a running Redis.",
                )
            if await self._answers():
                return
            await asyncio.sleep(0.02)
        process.kill()
        await process.wait()
        raise NotReachable(
            f"The private redis-server did not answer within {_START_PATIENCE:.0f} s: {self._last_words()}",
            remedy=f"See {self._directory / 'redis.log'}.",
        )

    def _last_words(self) -> str:
        try:
            lines = (self._directory / "redis.log").read_text(errors="replace").strip().splitlines()
        except OSError:
            return "it left no log."
        return lines[-1] if lines else "its log is empty."

    # ------------------------------------------------------------------------------------------------ running

    async def _supervise(self, program: str) -> None:
        """Start the server again whenever it ends."""
        wait = _FIRST_WAIT
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await self._ended()
            wait = _FIRST_WAIT if loop.time() - began > _STEADY else wait
            log.warning("the private redis-server ended; it is started again", wait_seconds=wait)
            await asyncio.sleep(wait)
            wait = min(_LONGEST_WAIT, 2 * wait)
            try:
                await self._spawn(program)
            except (NotReachable, OSError) as error:
                log.error("the private redis-server cannot be started", problem=str(error))

    async def _ended(self) -> None:
        if self._process is not None:
            await self._process.wait()
            return
        while await self._answers():  # noqa: ASYNC110 - a server that we did not start tells nobody of its end
            await asyncio.sleep(1.0)

    async def _answers(self) -> bool:
        """Whether a server on the socket takes commands; one that still reads its log does not."""
        return (await self._ask(b"PING")).startswith(b"+PONG")

    async def _shut_down(self) -> None:
        """End a server that is not our child."""
        await self._ask(b"SHUTDOWN")  # its answer is a closed connection

    async def _ask(self, command: bytes) -> bytes:
        """One inline command; empty when nobody answers. A client library would bring a connection pool to each attempt."""
        try:
            async with asyncio.timeout(_ANSWER_PATIENCE):
                reader, writer = await asyncio.open_unix_connection(self._socket)
                try:
                    writer.write(command + b"\r\n")
                    return await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return b""


def _socket(directory: Path) -> tuple[Path, Path | None]:
    """The socket's path, and the folder that is made for it alone when `directory` is too deep for a socket.

    The same for the same directory, so that a server that was left behind, or another program's, is found.
    """
    plain = directory / "redis.sock"
    if len(os.fsencode(plain)) <= _LONGEST_SOCKET:
        return plain, None
    digest = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"ari-app-redis-{digest}"
    return folder / "redis.sock", folder


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise BadSettings(
            f"{folder} belongs to somebody else or is open to others.", remedy="Remove it, or give data_dir a shorter path."
        )
