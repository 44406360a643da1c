"""The AGI protocol on one TCP connection: who called, commands out, replies in, every size and wait bounded."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from ari_app.errors import ChannelGone

LONGEST_LINE = 8192
_MOST_HEADERS = 200
_LONGEST_USAGE = 200


class BadAgiPeer(Exception):
    """What connected does not speak AGI, or stopped in the middle."""


@dataclass(frozen=True, slots=True)
class AgiRequest:
    """agi_network_script as `route` ("whisper"), agi_arg_1 … as `args`, and the channel that runs the AGI application."""

    route: str
    args: tuple[str, ...]
    channel_id: str
    channel_name: str


@dataclass(frozen=True, slots=True)
class AgiReply:
    """ "200 result=<result> <data>": `result` as sent, `data` the rest of the line without its parentheses."""

    code: int
    result: str
    data: str


class AgiConnection:
    """Commands run one after the other, as Asterisk does them. A hang-up raises ChannelGone from the command under way."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()

    async def read_request(self, timeout: float) -> AgiRequest:
        """The environment Asterisk sends first. Raises BadAgiPeer for anything else, for EOF and after `timeout` seconds."""
        headers: dict[str, str] = {}
        lines = 0
        try:
            async with asyncio.timeout(timeout):
                while line := await self._line():
                    name, colon, value = line.partition(":")
                    lines += 1
                    if not colon or not name.startswith("agi_") or lines > _MOST_HEADERS:
                        raise BadAgiPeer("not an AGI environment")
                    headers[name] = value.strip()
        except TimeoutError as error:
            raise BadAgiPeer("the AGI environment did not come in time") from error
        except ChannelGone as error:
            raise BadAgiPeer("the peer closed before the AGI environment was complete") from error
        return _request(headers)

    async def command(self, *words: str, timeout: float) -> AgiReply:
        """Send a command and wait for its reply.

        Raises ChannelGone when the channel hung up or Asterisk closed, TimeoutError when no reply comes.
        """
        async with self._turn:
            self._writer.write((" ".join([words[0], *map(_quoted, words[1:])]) + "\n").encode())
            async with asyncio.timeout(timeout):
                try:
                    await self._writer.drain()
                except ConnectionError as error:
                    raise ChannelGone("the AGI connection is closed") from error
                return await self._reply()

    async def execute(self, application: str, arguments: str = "", timeout: float = 5.0) -> int:
        """Run a dialplan application; its result, -2 when there is no such application."""
        return int((await self.command("EXEC", application, arguments, timeout=timeout)).result or 0)

    async def get_variable(self, name: str, timeout: float = 5.0) -> str | None:
        """A channel variable's value, None when it is not set."""
        reply = await self.command("GET VARIABLE", name, timeout=timeout)
        return reply.data if reply.result == "1" else None

    async def set_variable(self, name: str, value: str, timeout: float = 5.0) -> None:
        await self.command("SET VARIABLE", name, value, timeout=timeout)

    def close(self) -> None:
        """Asterisk takes the end of the connection for the end of the script, at once, and the dialplan goes on."""
        self._writer.close()

    async def wait_closed(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()

    async def _line(self) -> str:
        """One line without its end. Raises ChannelGone at the end of the connection, BadAgiPeer when it is too long."""
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            raise ChannelGone("Asterisk closed the AGI connection") from error
        except asyncio.LimitOverrunError as error:
            raise BadAgiPeer("a line is too long") from error
        except ConnectionError as error:
            raise ChannelGone("the AGI connection was lost") from error
        return line.decode("utf-8", "replace").strip("\r\n")

    async def _reply(self) -> AgiReply:
        hung_up = False
        for _ in range(_LONGEST_USAGE):
            line = await self._line()
            if line == "HANGUP":  # comes at any moment, before the reply of the command under way
                hung_up = True
                continue
            code, separator, rest = line[:3], line[3:4], line[4:]
            if separator == "-" or code == "100":  # 520-… begins a usage text that ends with its "520 …" line
                continue
            if not code.isdigit():
                continue  # a line of a usage text
            if hung_up or code == "511":
                raise ChannelGone("the agent's channel hung up")
            return _parsed(int(code), rest)
        raise BadAgiPeer("a reply without an end")


def _request(headers: Mapping[str, str]) -> AgiRequest:
    args: list[str] = []
    while (value := headers.get(f"agi_arg_{len(args) + 1}")) is not None:
        args.append(value)
    route = headers.get("agi_network_script", "").strip("/").partition("?")[0]
    return AgiRequest(route, tuple(args), headers.get("agi_uniqueid", ""), headers.get("agi_channel", ""))


def _parsed(code: int, rest: str) -> AgiReply:
    if not rest.startswith("result="):
        return AgiReply(code, "", rest)
    result, _, data = rest.removeprefix("result=").partition(" ")
    if data.startswith("(") and data.endswith(")"):
        data = data[1:-1]
    return AgiReply(code, result, data)


def _quoted(word: str) -> str:
    """An argument in quotes and on one line: a line end would begin a command of the sender's choice."""
    plain = " ".join(word.splitlines())
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
