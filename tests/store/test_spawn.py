"""The private redis-server: starts by itself, keeps its data, comes back when it dies, ends with us."""

import asyncio
import os
import signal
import stat
from pathlib import Path

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from ari_app.errors import BadSettings, NotReachable
from ari_app.store.spawn import PrivateRedis
from tests.store.helpers import eventually, write_through


async def test_it_listens_on_a_private_socket_only(server: PrivateRedis, client: Redis, tmp_path: Path) -> None:
    assert client.config_get("port") == {"port": "0"}
    assert client.config_get("append*")["appendonly"] == "yes"
    assert stat.S_IMODE((tmp_path / "redis").stat().st_mode) == 0o700


async def test_it_is_started_again_when_it_dies_and_keeps_its_data(server: PrivateRedis, client: Redis) -> None:
    write_through(client)
    client.set("kept", "yes")
    first = server.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: server.pid not in (None, first))
    await eventually(lambda: _answer(server, "kept") == "yes")


async def test_stop_ends_it_and_loses_nothing(tmp_path: Path, redis_program: str) -> None:
    server = PrivateRedis(tmp_path / "redis", redis_program)
    await server.start()
    with Redis.from_url(server.url) as client:
        client.set("last", "written")
    pid = server.pid
    assert pid is not None
    await server.stop()
    await server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    await server.start()
    assert _answer(server, "last") == "written"
    await server.stop()


async def test_a_server_that_was_left_behind_is_taken_over_and_stopped(tmp_path: Path, redis_program: str) -> None:
    left = PrivateRedis(tmp_path / "redis", redis_program)
    await left.start()
    pid = left.pid
    assert pid is not None and left._supervisor is not None
    left._supervisor.cancel()  # as if its application had been killed
    taken = PrivateRedis(tmp_path / "redis", redis_program)
    await taken.start()
    assert taken.pid is None
    await taken.stop()
    assert left._process is not None
    await asyncio.wait_for(left._process.wait(), 10)


async def test_a_deep_folder_gets_a_short_socket_path(tmp_path: Path, redis_program: str) -> None:
    server = PrivateRedis(tmp_path / ("deep" * 25), redis_program)
    url = await server.start()
    socket = Path(url.removeprefix("unix://"))
    assert len(str(socket)) < 108 and _answer(server, "nothing") is None
    await server.stop()
    assert not socket.parent.exists()


async def test_a_missing_program_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="redis-nowhere") as raised:
        await PrivateRedis(tmp_path, "redis-nowhere").start()
    assert "redis.server" in raised.value.remedy


async def test_a_program_that_ends_at_once_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(NotReachable, match="ended at once"):
        await PrivateRedis(tmp_path, "false").start()


def _answer(server: PrivateRedis, key: str) -> str | None:
    with Redis.from_url(server.url, decode_responses=True, retry=Retry(NoBackoff(), 0)) as client:
        try:
            value = client.get(key)
        except RedisError as error:  # it is just starting
            return f"{error}"
    return None if value is None else str(value)
