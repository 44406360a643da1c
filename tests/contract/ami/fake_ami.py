"""An AMI server on loopback that plays recorded traffic, and misbehaves when told to."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

HERE = Path(__file__).parent
RECORDINGS = ("asterisk-16", "asterisk-22")


def recorded(name: str) -> list[bytes]:
    """The messages of a recording, without the greeting line."""
    return (HERE / f"{name}.txt").read_bytes().partition(b"\r\n")[2].split(b"\r\n\r\n")[:-1]


def recorded_answer(name: str, action_id: str) -> list[bytes]:
    return [message for message in recorded(name) if f"\nActionID: {action_id}\r\n".encode() in message + b"\r\n"]


class FakeAmi:
    """Lets `user`/`right` in. `answers`: action → recorded messages. `mute`: actions that get no answer."""

    def __init__(self) -> None:
        self.actions: list[dict[str, str]] = []
        self.answers: dict[str, list[bytes]] = {}
        self.mute: set[str] = set()
        self.connections = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self.listening = asyncio.Event()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """As if Asterisk died."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def send(self, *parts: bytes) -> None:
        """Each part in a TCP segment of its own."""
        await asyncio.wait_for(self.listening.wait(), 3)
        for part in parts:
            self._writers[-1].write(part)
            await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                block = (await reader.readuntil(b"\r\n\r\n")).decode()
                action = dict(line.split(": ", 1) for line in block.split("\r\n") if ": " in line)
                self.actions.append(action)
                self._answer(action, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, action: dict[str, str], writer: asyncio.StreamWriter) -> None:
        name, number = action["Action"], action["ActionID"]
        if name in self.mute:
            return
        if name in self.answers:
            for message in self.answers[name]:
                writer.write(re.sub(rb"ActionID: \d+", f"ActionID: {number}".encode(), message) + b"\r\n\r\n")
            return
        welcome = name != "Login" or (action["Username"], action["Secret"]) == ("user", "right")
        text = "Success" if welcome else "Error\r\nMessage: Authentication failed"
        writer.write(f"Response: {text}\r\nActionID: {number}\r\n\r\n".encode())
        if name == "Events":
            self.listening.set()


@asynccontextmanager
async def fake_ami() -> AsyncIterator[FakeAmi]:
    server = FakeAmi()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
