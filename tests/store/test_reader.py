"""Reading without writing: ids by their beginning, all calls in pages, and one call by what a person types."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ari_app.cli_stored import application_runs, find_call, records
from ari_app.errors import BadSettings, NotReachable
from ari_app.settings import AsteriskSettings, RedisSettings, Settings
from ari_app.store.connection import connect
from ari_app.store.keys import Keys
from ari_app.store.reader import RecordReader
from ari_app.store.redis_store import RedisStore
from ari_app.store.spawn import PrivateRedis
from tests.store.helpers import call

NOW = 1_900_000_000.0


@pytest.fixture
async def reader(server: PrivateRedis, tmp_path: Path) -> AsyncIterator[RecordReader]:
    store = RedisStore(server.url, tmp_path / "spool", clock=lambda: NOW)
    await store.start(required=True)
    for number in range(250):
        await store.save_call(call(f"call-a{number:03}", NOW - 1000 + number))
    await store.save_call(call("call-b*?", NOW))
    await store.close()
    reading = RecordReader(connect(server.url, 5.0), Keys(), "here")
    yield reading
    await reading.close()


def settings(folder: Path, url: str = "") -> Settings:
    asterisk = AsteriskSettings(ari_password="a", ami_password="b")
    return Settings(asterisk=asterisk, redis=RedisSettings(url=url), data_dir=str(folder), base=str(folder))


async def test_all_calls_are_read_page_by_page_oldest_first(reader: RecordReader) -> None:
    found = [record["call_id"] async for record in reader.calls_since()]
    assert len(found) == 251
    assert found[0] == "call-a000" and found[-1] == "call-b*?"
    assert len([record async for record in reader.calls_since(NOW - 751)]) == 2


async def test_ids_are_found_by_their_beginning_and_special_characters_are_just_characters(reader: RecordReader) -> None:
    assert await reader.call_ids("call-a24") == [f"call-a24{digit}" for digit in range(10)]
    assert await reader.call_ids("call-b*") == ["call-b*?"]
    assert await reader.call_ids("call-a*4") == []


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("call-a007", "call-a007"),
        ("a007", "call-a007"),
        ("call-b", "call-b*?"),
        ("last", "call-b*?"),
        ("call-a007-2", "call-a007"),
    ],
)
async def test_a_call_is_found_by_what_a_person_types(reader: RecordReader, given: str, found: str) -> None:
    assert (await find_call(reader, given))["call_id"] == found


async def test_a_beginning_of_several_ids_is_answered_with_some_of_them(reader: RecordReader) -> None:
    with pytest.raises(BadSettings, match=r"10 calls begin with call-a24: call-a240, .* and 5 more"):
        await find_call(reader, "call-a24")
    with pytest.raises(BadSettings, match="There is no call nobody"):
        await find_call(reader, "nobody")


async def test_without_any_call_the_last_one_is_not_there(server: PrivateRedis) -> None:
    reading = RecordReader(connect(server.url, 5.0), Keys(), "here")
    with pytest.raises(BadSettings, match="no call yet"):
        await find_call(reading, "last")
    await reading.close()


async def test_the_private_server_of_an_application_that_does_not_run_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(NotReachable, match="The application is not running") as raised:
        async with records(settings(tmp_path)) as reading:
            await reading.calls()
    assert "redis.url" in raised.value.remedy
    assert os.listdir(tmp_path) == [], "reading leaves nothing behind"


async def test_records_of_a_server_of_ones_own_are_read_though_the_application_does_not_run(
    server: PrivateRedis, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with records(settings(tmp_path / "data", server.url)) as reading:
        assert await reading.calls() == []
    assert "The application is not running" in capsys.readouterr().err


def test_an_application_runs_when_its_process_does(tmp_path: Path) -> None:
    assert not application_runs(tmp_path)
    (tmp_path / "application.run").write_text("999999999 1")
    assert not application_runs(tmp_path)
    (tmp_path / "application.run").write_text("nonsense")
    assert not application_runs(tmp_path)
