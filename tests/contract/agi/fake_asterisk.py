"""The dialplan's side of FastAGI on loopback: sends a recorded environment and answers commands as a script says."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

HERE = Path(__file__).parent
RECORDINGS = ("asterisk-16", "asterisk-22")


def environment(name: str, route: str, *args: str) -> bytes:
    """A recorded environment, with another route and other arguments."""
    text = (HERE / f"{name}.txt").read_text()
    text = re.sub(r"agi_network_script: .*", f"agi_network_script: {route}", text)
    text = re.sub(r"agi_arg_.*\n", "", text).rstrip("\n")
    return "".join([text, "\n", *(f"agi_arg_{n}: {arg}\n" for n, arg in enumerate(args, 1)), "\n"]).encode()


class FakeAgiChannel:
    """A channel that runs AGI(). `commands` are what the server asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.commands: list[str] = []

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def command(self) -> str:
        """The next command of the server."""
        async with asyncio.timeout(3):
            line = (await self._reader.readuntil(b"\n")).decode().rstrip("\n")
        self.commands.append(line)
        return line

    async def answer(self, line: str) -> str:
        """Take the next command and reply to it."""
        command = await self.command()
        await self.send(f"{line}\n".encode())
        return command

    async def closed(self, within: float = 3.0) -> bytes:
        """Returns when the server has closed, as for the dialplan to go on; what it still sent."""
        async with asyncio.timeout(within):
            return await self._reader.read()

    async def drop(self) -> None:
        self._writer.transport.abort()


@asynccontextmanager
async def agi_channel(port: int, first: bytes) -> AsyncIterator[FakeAgiChannel]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(first)
    try:
        yield FakeAgiChannel(reader, writer)
    finally:
        writer.close()
