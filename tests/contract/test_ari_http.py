"""What each of Asterisk's refusals becomes, on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from ari_app.asterisk.ari_client import AriClient
from ari_app.asterisk.ari_http import AriAccess, AriHttp, AriRefused
from ari_app.errors import AriAppError, ChannelGone, NotReachable
from tests.contract.fake_ari import PASSWORD, FakeAri, channel


@pytest.fixture
async def fake() -> AsyncIterator[FakeAri]:
    fake = FakeAri()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def client(fake: FakeAri) -> AsyncIterator[AriClient]:
    client = AriClient(AriHttp(fake.access()))
    yield client
    await client.http.close()


def refusing(status: int, message: str | None) -> Any:
    def answer(_: web.Request) -> web.Response:
        if message is None:
            return web.Response(status=status, text="<html>Not Found</html>", content_type="text/html")
        return web.json_response({"message": message}, status=status)

    return answer


async def error_of(work: Any) -> AriAppError:
    with pytest.raises(AriAppError) as caught:
        await work
    return caught.value


async def test_a_channel_that_hung_up_is_channel_gone(client: AriClient) -> None:
    assert isinstance(await error_of(client.answer("caller-1")), ChannelGone)


async def test_hanging_up_a_channel_that_is_gone_is_success(fake: FakeAri, client: AriClient) -> None:
    await client.hang_up("caller-1", "normal")
    assert fake.asked("DELETE", "channels/caller-1") == [{"reason": "normal"}]


@pytest.mark.parametrize("status", [409, 422, 500])
async def test_a_refusal_carries_asterisks_own_sentence(fake: FakeAri, client: AriClient, status: int) -> None:
    fake.answers["POST", "channels/caller-1/answer"] = refusing(status, "Channel not in Stasis application")
    error = await error_of(client.answer("caller-1"))
    assert isinstance(error, AriRefused)
    assert (error.status, error.said) == (status, "Channel not in Stasis application")
    assert "POST /channels/caller-1/answer" in error.message


async def test_a_wrong_password_names_the_ari_conf_section_and_never_the_password(fake: FakeAri) -> None:
    http = AriHttp(fake.access(password="guessed"))
    error = await error_of(http.request("GET", "channels"))
    await http.close()
    assert isinstance(error, NotReachable)
    assert "[ari-app]" in error.remedy and "ari.conf" in error.remedy
    assert "guessed" not in str(error)


async def test_a_read_only_user_is_told_so(fake: FakeAri, client: AriClient) -> None:
    fake.answers["POST", "channels/caller-1/answer"] = refusing(403, "Write access denied")
    error = await error_of(client.answer("caller-1"))
    assert isinstance(error, NotReachable) and "read_only" in error.remedy


async def test_a_web_server_without_ari_is_not_taken_for_a_lost_channel(fake: FakeAri, client: AriClient) -> None:
    fake.answers["POST", "channels/caller-1/answer"] = refusing(404, None)
    error = await error_of(client.answer("caller-1"))
    assert isinstance(error, NotReachable) and "res_ari" in error.remedy


async def test_nobody_listening_is_not_reachable(fake: FakeAri) -> None:
    await fake.stop()
    http = AriHttp(fake.access())
    error = await error_of(http.request("GET", "channels"))
    await http.close()
    assert isinstance(error, NotReachable) and "http.conf" in error.remedy


async def test_an_asterisk_that_hangs_is_not_reachable_after_the_timeout(fake: FakeAri) -> None:
    release = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    fake.answers["GET", "channels"] = hang
    http = AriHttp(fake.access(request_timeout=0.05))
    error = await error_of(http.request("GET", "channels"))
    release.set()
    await http.close()
    assert isinstance(error, NotReachable) and "within 0.05 s" in error.message


async def test_an_answer_that_is_not_as_documented_is_no_crash(fake: FakeAri, client: AriClient) -> None:
    fake.answers["GET", "channels"] = lambda _: web.json_response([{"id": 7}])
    assert isinstance(await error_of(client.channels()), AriRefused)


async def test_every_step_of_a_path_is_quoted_by_itself(fake: FakeAri, client: AriClient) -> None:
    seen: list[str] = []

    def answer(request: web.Request) -> web.Response:
        seen.append(request.raw_path)
        return web.json_response({"value": "v"})

    fake.answers["GET", "channels/SIP/a;2 ä/variable"] = answer
    assert await client.variable("SIP/a;2 ä", "CALLERID(num)") == "v"
    assert seen == ["/ari/channels/SIP%2Fa%3B2%20%C3%A4/variable?variable=CALLERID%28num%29"]


async def test_a_variable_that_is_not_set_is_none_but_a_missing_channel_is_gone(fake: FakeAri, client: AriClient) -> None:
    fake.answers["GET", "channels/here/variable"] = refusing(404, "Provided variable was not found")
    fake.answers["GET", "channels/gone/variable"] = refusing(404, "Provided channel was not found")
    assert await client.variable("here", "NOPE") is None
    assert isinstance(await error_of(client.variable("gone", "NOPE")), ChannelGone)


async def test_adding_a_channel_that_hung_up_is_channel_gone_and_removing_it_is_success(fake: FakeAri, client: AriClient) -> None:
    fake.answers["POST", "bridges/b/addChannel"] = refusing(400, "Channel not found")
    fake.answers["POST", "bridges/b/removeChannel"] = refusing(422, "Channel not in this bridge")
    assert isinstance(await error_of(client.add_channel("b", "c")), ChannelGone)
    await client.remove_channel("b", "c")
    assert fake.asked("POST", "bridges/b/removeChannel") == [{"channel": "c"}]


async def test_originate_gives_the_variables_in_the_body(fake: FakeAri, client: AriClient) -> None:
    fake.answers["POST", "channels/leg-1"] = lambda _: web.json_response(channel("leg-1"))
    await client.originate(
        "leg-1", "Local/support@q/n", app_args="queue-leg,leg-1", caller_id='"D" <1>', variables={"__X": "a&b"}, timeout=9
    )
    assert fake.bodies == [{"variables": {"__X": "a&b"}}]
    assert fake.asked("POST", "channels/leg-1")[0]["callerId"] == '"D" <1>'


async def test_no_more_connections_are_opened_than_the_session_limit_leaves(fake: FakeAri) -> None:
    at_once = most = 0

    async def slow(_: web.Request) -> web.Response:
        nonlocal at_once, most
        at_once, most = at_once + 1, max(most, at_once + 1)
        await asyncio.sleep(0.01)
        at_once -= 1
        return web.json_response([])

    fake.answers["GET", "channels"] = slow
    http = AriHttp(fake.access(max_connections=3))
    await asyncio.gather(*(http.request("GET", "channels") for _ in range(12)))
    await http.close()
    assert most == 3


async def test_a_fresh_connection_per_request_is_asked_for_where_wanted(fake: FakeAri, client: AriClient) -> None:
    await client.channels()
    client.http.close_each_connection()
    await client.channels()
    assert [headers.get("Connection") for headers in fake.headers] == [None, "close"]


@pytest.mark.parametrize("url", ["http://pbx:8088", "http://pbx:8088/", "http://pbx:8088/ari", "http://pbx:8088/ari/"])
def test_the_address_may_be_written_with_or_without_ari(url: str) -> None:
    assert AriAccess(url, "u", "p").base == "http://pbx:8088/ari"


def test_the_password_is_not_in_the_repr_of_the_access() -> None:
    assert PASSWORD not in repr(AriAccess("http://pbx", "u", PASSWORD))
