"""The FastAGI server against recorded environments of Asterisk 16 and 22, and against peers that fail in every known way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import structlog

from ari_app.asterisk.agi_connection import LONGEST_LINE, AgiConnection
from ari_app.asterisk.fastagi import FastAgiServer
from ari_app.errors import ChannelGone, NotReachable
from ari_app.session.ports import AgentAtPickUp, QueueLeft
from tests.contract.agi.fake_asterisk import RECORDINGS, agi_channel, environment

WHISPER = environment("asterisk-22", "whisper", "call-7", "before")
HOLD = 'STREAM FILE "silence/10" "0123456789*#"'


class Told:
    """What the server told the application."""

    def __init__(self) -> None:
        self.left: list[QueueLeft] = []
        self.agents: list[AgentAtPickUp] = []
        self.picked_up = asyncio.Event()


@asynccontextmanager
async def serving(
    whisper: Callable[[AgentAtPickUp], Awaitable[None]] | None = None, **options: float
) -> AsyncIterator[tuple[FastAgiServer, Told]]:
    told = Told()

    async def on_queue_left(event: QueueLeft) -> None:
        told.left.append(event)

    async def on_pick_up(agent: AgentAtPickUp) -> None:
        told.agents.append(agent)
        told.picked_up.set()
        if whisper is not None:
            await whisper(agent)

    server = FastAgiServer("127.0.0.1", 0, on_pick_up=on_pick_up, on_queue_left=on_queue_left, **options)
    await server.start()
    try:
        yield server, told
    finally:
        await server.close()


async def forever(agent: AgentAtPickUp) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("name", RECORDINGS)
async def test_queue_that_gave_up_is_told_with_its_status(name: str) -> None:
    async with (
        serving() as (server, told),
        agi_channel(server.port, environment(name, "queue-left", "call-7", "JOINEMPTY")) as channel,
    ):
        assert await channel.closed() == b""
    assert told.left == [QueueLeft("call-7", "JOINEMPTY")]


@pytest.mark.parametrize("name", RECORDINGS)
async def test_agent_is_held_with_sound_flowing_until_released(name: str) -> None:
    async with (
        serving(forever) as (server, told),
        agi_channel(server.port, environment(name, "whisper", "call-7", "during")) as channel,
    ):
        assert await channel.command() == HOLD
        await told.picked_up.wait()
        (agent,) = told.agents
        assert (agent.call_id, agent.mode, agent.channel_id) == ("call-7", "during", "q-recorded;2")
        assert agent.channel_name.startswith("Local/support@ari-app-queue-")
        loop = asyncio.get_running_loop()
        asked = loop.time()
        await agent.release()
        assert await channel.closed() == b""
        assert loop.time() - asked < 0.04
        await agent.release()
        assert await agent.wait_for_key(5.0) is None


async def test_keys_come_in_order_and_time_passes_without_one() -> None:
    keys: list[str | None] = []

    async def whisper(agent: AgentAtPickUp) -> None:
        keys.append(await agent.wait_for_key(0.01))
        for _ in range(2):
            keys.append(await agent.wait_for_key(3.0))

    async with serving(whisper) as (server, _), agi_channel(server.port, WHISPER) as channel:
        await channel.command()
        await asyncio.sleep(0.05)
        await channel.send(b"200 result=53 endpos=800\n")
        await channel.answer("200 result=0 endpos=80000")
        await channel.answer("200 result=42 endpos=800")
        await channel.command()
        await channel.closed()
    assert keys == [None, "5", "*"]
    assert channel.commands == [HOLD] * 4


async def test_agent_hangs_up_while_held_then_the_whisper_is_told() -> None:
    seen: list[str] = []

    async def whisper(agent: AgentAtPickUp) -> None:
        try:
            await agent.wait_for_key(5.0)
        except ChannelGone as error:
            seen.append(error.message)

    async with serving(whisper) as (server, _), agi_channel(server.port, WHISPER) as channel:
        await channel.command()
        await channel.send(b"HANGUP\n200 result=-1 endpos=800\n")
        await channel.closed()
    assert seen == ["the agent hung up before the bridge"]


@pytest.mark.parametrize("ending", ["511", "end", "reset"])
async def test_every_other_end_of_the_channel_is_a_hang_up_too(ending: str) -> None:
    gone = asyncio.Event()

    async def whisper(agent: AgentAtPickUp) -> None:
        try:
            await agent.wait_for_key(5.0)
        except ChannelGone:
            gone.set()

    async with serving(whisper) as (server, _), agi_channel(server.port, WHISPER) as channel:
        await channel.command()
        if ending == "511":
            await channel.send(b"511 Command Not Permitted on a dead channel or intercept routine\n")
        elif ending == "end":
            channel._writer.write_eof()
        else:
            await channel.drop()
        async with asyncio.timeout(3):
            await gone.wait()


async def test_without_a_sound_of_silence_a_tone_flows_and_is_stopped_before_the_bridge() -> None:
    async with serving(forever) as (server, told), agi_channel(server.port, WHISPER) as channel:
        await channel.answer("200 result=-1 endpos=0")
        assert await channel.answer("200 result=6") == "CHANNEL STATUS"
        assert await channel.answer("200 result=0") == 'EXEC "PlayTones" "!0/1000"'
        assert await channel.answer("200 result=55") == 'WAIT FOR DIGIT "25"'
        assert await told.agents[0].wait_for_key(3.0) == "7"
        assert await channel.command() == 'WAIT FOR DIGIT "25"'
        release = asyncio.create_task(told.agents[0].release())
        await asyncio.sleep(0)
        await channel.send(b"200 result=0\n")
        assert await channel.answer("200 result=0") == 'EXEC "StopPlayTones" ""'
        await channel.closed()
        await release


async def test_a_whisper_that_fails_lets_the_agent_go() -> None:
    async def whisper(agent: AgentAtPickUp) -> None:
        raise RuntimeError("no voice")

    with structlog.testing.capture_logs() as logs:
        async with serving(whisper) as (server, _), agi_channel(server.port, WHISPER) as channel:
            await channel.command()
            await channel.closed(within=1.0)
    assert [entry["event"] for entry in logs] == ["whisper failed, agent released"]


async def test_a_whisper_that_hangs_is_cut_at_the_limit_but_not_killed() -> None:
    finished = asyncio.Event()
    go_on = asyncio.Event()

    async def whisper(agent: AgentAtPickUp) -> None:
        await go_on.wait()
        finished.set()

    with structlog.testing.capture_logs() as logs:
        async with serving(whisper, hold_limit=0.1) as (server, _), agi_channel(server.port, WHISPER) as channel:
            await channel.command()
            await channel.closed(within=1.0)
            go_on.set()
            async with asyncio.timeout(1):
                await finished.wait()
    assert [entry["event"] for entry in logs] == ["agent was held too long, released"]


@pytest.mark.parametrize(
    "first",
    [
        environment("asterisk-22", "no-such-route", "x"),
        environment("asterisk-22", "whisper"),
        environment("asterisk-22", "queue-left", "call-7"),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00" * 50 + b"\n",
        b"agi_x: 1\n" * 1000,
        b"x" * (LONGEST_LINE * 4),
        b"\n",
    ],
    ids=["route", "no-args", "one-arg", "http", "tls", "many-headers", "long-line", "empty"],
)
async def test_whatever_else_connects_is_closed_at_once(first: bytes) -> None:
    with structlog.testing.capture_logs() as logs:
        async with serving() as (server, told), agi_channel(server.port, first) as channel:
            try:
                await channel.closed(within=1.0)
            except ConnectionResetError:
                pass
            assert not told.left and not told.agents
            async with agi_channel(server.port, environment("asterisk-16", "queue-left", "c", "TIMEOUT")) as next_channel:
                await next_channel.closed()
            assert told.left == [QueueLeft("c", "TIMEOUT")]
    assert len(logs) == 1 and logs[0]["log_level"] in ("info", "warning")


async def test_peers_that_connect_and_close_or_stay_silent_do_not_block_the_server() -> None:
    async with serving(timeout=0.2) as (server, told):
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.close()
        async with agi_channel(server.port, b"agi_network: yes\n") as half_open:
            async with agi_channel(server.port, environment("asterisk-22", "queue-left", "c", "FULL")) as channel:
                await channel.closed(within=0.15)
            await half_open.closed(within=1.0)
    assert told.left == [QueueLeft("c", "FULL")]


async def test_a_busy_port_is_said_with_its_remedy() -> None:
    async with serving() as (server, _):
        second = FastAgiServer("127.0.0.1", server.port, on_pick_up=forever, on_queue_left=lambda event: forever(None))  # type: ignore[arg-type]
        with pytest.raises(NotReachable, match=f"cannot listen on 127.0.0.1:{server.port}") as caught:
            await second.start()
    assert "free fastagi port" in caught.value.remedy


async def test_closing_the_server_lets_held_agents_go() -> None:
    async with serving(forever) as (server, told), agi_channel(server.port, WHISPER) as channel:
        await channel.command()
        await told.picked_up.wait()
        async with asyncio.timeout(2):
            await server.close()
        await channel.closed()


@asynccontextmanager
async def agi_pair() -> AsyncIterator[tuple[AgiConnection, asyncio.StreamReader, asyncio.StreamWriter]]:
    connections: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    server = await asyncio.start_server(lambda r, w: connections.put_nowait((r, w)), "127.0.0.1", 0, limit=LONGEST_LINE)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    connection = AgiConnection(*await connections.get())
    try:
        yield connection, reader, writer
    finally:
        connection.close()
        writer.close()
        server.close()
        await server.wait_closed()


async def test_commands_variables_and_usage_errors() -> None:
    async with agi_pair() as (connection, reader, writer):
        writer.write(b"200 result=1 (a (b) c)\n")
        assert await connection.get_variable("QUEUESTATUS") == "a (b) c"
        writer.write(b"200 result=0\n")
        assert await connection.get_variable("NOTHING") is None
        writer.write(b"200 result=1\n")
        await connection.set_variable("NAME", 'say "hi"\nEXEC System reboot')
        writer.write(b"200 result=-2\n")
        assert await connection.execute("NoSuchApplication") == -2
        writer.write(b"520-Invalid command syntax.  Proper usage follows:\nUsage: NOOP\n520 End of proper usage.\n")
        assert (await connection.command("NOOP", "x", timeout=1.0)).code == 520
        sent = (await reader.read(LONGEST_LINE)).decode().splitlines()
    assert sent == [
        'GET VARIABLE "QUEUESTATUS"',
        'GET VARIABLE "NOTHING"',
        'SET VARIABLE "NAME" "say \\"hi\\" EXEC System reboot"',
        'EXEC "NoSuchApplication" ""',
        'NOOP "x"',
    ]


async def test_a_command_without_a_reply_times_out() -> None:
    async with agi_pair() as (connection, _, _):
        with pytest.raises(TimeoutError):
            await connection.command("NOOP", timeout=0.05)
