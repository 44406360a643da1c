"""Calls and handovers are recorded in a real Redis, read back in order, and never lost when it goes away."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis import Redis
from structlog.testing import capture_logs

from ari_app.errors import BadSettings, NotReachable
from ari_app.store.redis_store import RedisStore
from ari_app.store.spawn import PrivateRedis
from tests.store.helpers import call, eventually, handover, write_through

NOW = 1_900_000_000.0


@pytest.fixture
async def store(server: PrivateRedis, tmp_path: Path) -> AsyncIterator[RedisStore]:
    made = RedisStore(server.url, tmp_path / "spool", clock=lambda: NOW)
    await made.start(required=True)
    yield made
    await made.close()


async def test_a_saved_call_is_read_back_whole(store: RedisStore) -> None:
    record = call("c1", NOW - 5, turns=[{"speaker": "caller", "text": "hello, é"}], state="ended")
    await store.save_call(record)
    assert await store.call("c1") == record
    assert await store.call("nobody") is None


async def test_calls_come_newest_first_and_only_since_the_asked_time(store: RedisStore) -> None:
    for age in (30, 10, 20):
        await store.save_call(call(f"c{age}", NOW - age))
    assert [record["call_id"] for record in await store.calls()] == ["c10", "c20", "c30"]
    assert [record["call_id"] for record in await store.calls(limit=1)] == ["c10"]
    assert [record["call_id"] for record in await store.calls(since=NOW - 20)] == ["c10", "c20"]
    assert await store.calls(limit=0) == []


async def test_handovers_are_listed_apart_from_calls(store: RedisStore) -> None:
    await store.save_call(call("c1", NOW))
    await store.save_handover(handover("c1-1", NOW, outcome="connected"))
    assert [record["handover_id"] for record in await store.handovers()] == ["c1-1"]
    assert (await store.handover("c1-1") or {})["outcome"] == "connected"


async def test_saving_a_call_again_replaces_it(store: RedisStore) -> None:
    await store.save_call(call("c1", NOW, state="conversing"))
    await store.save_call(call("c1", NOW, state="ended"))
    assert [record["state"] for record in await store.calls()] == ["ended"]


async def test_records_leave_after_the_retention_time(store: RedisStore, client: Redis) -> None:
    await store.save_call(call("old", NOW - 366 * 86_400))
    await store.save_call(call("new", NOW))
    assert client.zrange("ari-app:calls", 0, -1) == ["new"]
    assert 364 * 86_400 < int(client.ttl("ari-app:call:new")) <= 365 * 86_400


async def test_the_state_of_running_calls_is_kept_until_they_end(store: RedisStore) -> None:
    await store.save_live("c1", {"state": "seeking"})
    await store.save_live("c2", {"state": "conversing"})
    await store.drop_live("c2")
    assert await store.live() == {"c1": {"state": "seeking"}}


async def test_calls_that_change_or_end_while_redis_is_away_are_right_when_it_is_back(
    store: RedisStore, server: PrivateRedis, client: Redis
) -> None:
    write_through(client)
    await store.save_live("c1", {"state": "seeking"})
    await store.save_live("c2", {"state": "seeking"})
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await store.save_live("c1", {"state": "connected"})
    await store.drop_live("c2")
    await eventually(lambda: store.health().up)
    await store._drain()
    async with asyncio.timeout(10):
        while await store.live() != {"c1": {"state": "connected"}}:  # noqa: ASYNC110 - it happens in Redis
            await asyncio.sleep(0.01)


async def test_a_record_without_its_id_is_refused(store: RedisStore) -> None:
    with pytest.raises(ValueError, match="call_id"):
        await store.save_call({"started_at": NOW})


async def test_redis_dies_in_the_middle_and_every_record_arrives_in_order(
    store: RedisStore, server: PrivateRedis, client: Redis, tmp_path: Path
) -> None:
    write_through(client)
    await store.save_call(call("c1", NOW, state="before"))
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    with capture_logs() as logs:
        for number in range(50):
            await store.save_call(call("c1", NOW, state=f"while away {number}"))
            await store.save_handover(handover(f"h{number}", NOW + number))
        assert (tmp_path / "spool" / "records.jsonl").stat().st_size > 0
        await eventually(lambda: store.health().up and not store.health().spooled)
    assert [entry["event"] for entry in logs if "is away" in entry["event"]] == ["redis is away; records are spooled to disk"]
    assert sum("redis is back" in entry["event"] for entry in logs) == 1
    assert (await store.call("c1") or {})["state"] == "while away 49"
    assert [record["handover_id"] for record in await store.handovers(limit=3)] == ["h49", "h48", "h47"]
    assert client.zcard("ari-app:handovers") == 50
    assert (tmp_path / "spool" / "records.jsonl").stat().st_size == 0


async def test_records_saved_while_the_spool_is_replayed_are_not_overtaken(server: PrivateRedis, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    lines = [json.dumps({"kind": "call", "record": call("c1", NOW, n=number)}) for number in range(2000)]
    (spool / "records.jsonl").write_text("\n".join(lines) + "\n")
    store = RedisStore(server.url, spool, clock=lambda: NOW)
    await store.start()
    for number in range(2000, 2050):
        await store.save_call(call("c1", NOW, n=number))
        await asyncio.sleep(0)
    await eventually(lambda: not store.health().spooled)
    assert (await store.call("c1") or {})["n"] == 2049
    await store.close()


async def test_saving_never_waits_long_for_an_absent_server(tmp_path: Path) -> None:
    store = RedisStore(f"unix://{tmp_path}/nobody.sock", tmp_path / "spool")
    await store.start()
    began = time.perf_counter()
    for number in range(20):
        await store.save_call(call(f"c{number}", NOW))
    assert time.perf_counter() - began < 1.0
    health = store.health()
    assert (health.up, health.spooled) == (False, 20)
    await store.close(patience=0.05)


async def test_a_hanging_server_holds_up_one_record_only(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listener = await asyncio.start_unix_server(silent, tmp_path / "silent.sock")
    store = RedisStore(f"unix://{tmp_path}/silent.sock", tmp_path / "spool", timeout=0.2)
    began = time.perf_counter()
    for number in range(10):
        await store.save_call(call(f"c{number}", NOW))
    assert time.perf_counter() - began < 0.9
    assert store.health().spooled == 10
    await store.close(patience=0.05)
    listener.close()


async def test_records_spooled_before_a_restart_are_stored_after_it(server: PrivateRedis, tmp_path: Path) -> None:
    first = RedisStore(f"unix://{tmp_path}/nobody.sock", tmp_path / "spool")
    await first.save_call(call("c1", NOW))
    await first.close(patience=0.05)
    second = RedisStore(server.url, tmp_path / "spool", clock=lambda: NOW)
    assert second.health().spooled == 1
    await second.start()
    await eventually(lambda: not second.health().spooled)
    assert await second.call("c1") == call("c1", NOW)
    await second.close()


async def test_a_torn_line_is_set_aside_and_the_rest_is_stored(server: PrivateRedis, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    good = json.dumps({"kind": "call", "record": call("c1", NOW)})
    (spool / "records.jsonl").write_text(f'{good}\n{{"kind": "call", "rec')
    store = RedisStore(server.url, spool, clock=lambda: NOW)
    await store.save_call(call("c2", NOW + 1))
    await eventually(lambda: not store.health().spooled)
    assert [record["call_id"] for record in await store.calls()] == ["c2", "c1"]
    assert (spool / "rejected.jsonl").read_text() == '{"kind": "call", "rec\n'
    await store.close()


async def test_a_record_that_redis_refuses_does_not_block_the_others(store: RedisStore, client: Redis, tmp_path: Path) -> None:
    client.set("ari-app:handovers", "not a sorted set")
    await store.save_handover(handover("h1", NOW))
    await store.save_call(call("c1", NOW))
    await eventually(lambda: not store.health().spooled)
    assert await store.call("c1") is not None
    assert "h1" in (tmp_path / "spool" / "rejected.jsonl").read_text()


async def test_a_save_that_is_cancelled_is_recorded_all_the_same(store: RedisStore) -> None:
    saving = asyncio.create_task(store.save_call(call("c1", NOW)))
    await asyncio.sleep(0)
    saving.cancel()
    await asyncio.gather(saving, return_exceptions=True)
    await store._drain()
    assert await store.call("c1") is not None


@pytest.mark.parametrize("url", ["localhost:6379", "http://127.0.0.1:6379", "redis://127.0.0.1:port/0"])
def test_a_wrong_address_is_a_clear_error(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"redis\.url") as raised:
        RedisStore(url, tmp_path)
    assert "redis://host:6379/0" in raised.value.remedy


async def test_an_absent_server_is_not_reachable_when_it_is_required(tmp_path: Path) -> None:
    store = RedisStore("redis://:secret@127.0.0.1:1/0", tmp_path)
    with pytest.raises(NotReachable) as raised:
        await store.start(required=True)
    assert "secret" not in str(raised.value)
    assert "127.0.0.1:1" in raised.value.message


async def test_reading_from_an_absent_server_is_a_clear_error(tmp_path: Path) -> None:
    store = RedisStore("redis://127.0.0.1:1/0", tmp_path)
    with pytest.raises(NotReachable, match="does not answer"):
        await store.calls()
    await store.close()


async def test_a_wrong_password_is_named_as_such(server: PrivateRedis, client: Redis, tmp_path: Path) -> None:
    client.config_set("requirepass", "right")
    store = RedisStore(server.url.replace("unix://", "unix://:wrong@"), tmp_path / "spool")
    with pytest.raises(NotReachable, match="username-password pair"):
        await store.start(required=True)
    client.config_set("requirepass", "")


def test_a_spool_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("")
    with pytest.raises(BadSettings, match="spool folder"):
        RedisStore("redis://127.0.0.1:1/0", tmp_path / "spool")
