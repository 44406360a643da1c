"""Finds a redis-server and gives every test one of its own."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis import Redis

from ari_app.store.spawn import PrivateRedis


def _found() -> str | None:
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ari_app"
    private = sorted(cache.glob("*/bin/redis-server"))
    return os.environ.get("REDIS_SERVER") or shutil.which("redis-server") or (str(private[-1]) if private else None)


@pytest.fixture(scope="session")
def redis_program() -> str:
    found = _found()
    assert found, "No redis-server: install it, run scripts/sandbox up once, or name it in REDIS_SERVER."
    return found


@pytest.fixture
async def server(tmp_path: Path, redis_program: str) -> AsyncIterator[PrivateRedis]:
    private = PrivateRedis(tmp_path / "redis", redis_program)
    await private.start()
    yield private
    await private.stop()


@pytest.fixture
def client(server: PrivateRedis) -> Iterator[Redis]:
    with Redis.from_url(server.url, decode_responses=True) as connection:
        yield connection
