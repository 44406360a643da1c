"""WebSocket legs against a server that does what chan_websocket was seen to do."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
import structlog
from aiohttp import web

from ari_app.asterisk.media import g711
from ari_app.asterisk.media.factory import media_factory
from ari_app.asterisk.media.websocket import WebSocketLeg, WebSocketMediaFactory
from ari_app.errors import AriAppError, NotReachable
from ari_app.session.ports import MediaDirection

SECOND = (1000).to_bytes(2, "little") * 8000


class ChanWebSocket:
    """Buffers what it is sent; plays when told. `log` has the commands, and the length of each message of sound."""

    def __init__(self) -> None:
        self.log: list[str | int] = []
        self.socket: web.WebSocketResponse | None = None
        self.there = asyncio.Event()
        self._logged = asyncio.Event()
        self.port = 0

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/media/the-id", self._serve)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        self.socket = web.WebSocketResponse(protocols=("media",))
        await self.socket.prepare(request)
        assert self.socket.ws_protocol == "media"
        await self.socket.send_str("MEDIA_START connection_id:the-id channel:WebSocket/x format:ulaw optimal_frame_size:160")
        self.there.set()
        async for message in self.socket:
            self.log.append(message.data if message.type is aiohttp.WSMsgType.TEXT else len(message.data))
            self._logged.set()
        return self.socket

    async def say(self, text: str) -> None:
        assert self.socket is not None
        await self.socket.send_str(text)

    async def until(self, count: int) -> list[str | int]:
        async with asyncio.timeout(2):
            while len(self.log) < count:
                self._logged.clear()
                await self._logged.wait()
        return self.log


@pytest.fixture
async def asterisk() -> AsyncIterator[ChanWebSocket]:
    server = ChanWebSocket()
    runner = await server.start()
    yield server
    await runner.cleanup()


@pytest.fixture
async def factory(asterisk: ChanWebSocket) -> AsyncIterator[WebSocketMediaFactory]:
    factory = media_factory("websocket", media_host="", ari_url=f"http://127.0.0.1:{asterisk.port}/ari")
    assert isinstance(factory, WebSocketMediaFactory)
    yield factory
    await factory.close()


async def opened(factory: WebSocketMediaFactory, direction: MediaDirection) -> WebSocketLeg:
    leg = await factory.open("leg", direction)
    await leg.connected({"MEDIA_WEBSOCKET_CONNECTION_ID": "the-id"})
    return leg


async def test_a_text_is_buffered_in_asterisk_and_play_returns_when_asterisk_has_played_it(
    factory: WebSocketMediaFactory, asterisk: ChanWebSocket
) -> None:
    leg = await opened(factory, MediaDirection.SPEAK)
    first, second = asyncio.create_task(leg.play(SECOND + SECOND[:3200])), asyncio.create_task(leg.play(SECOND))
    assert await asterisk.until(7) == [
        *("START_MEDIA_BUFFERING", 8000, 1600, "STOP_MEDIA_BUFFERING 1"),
        *("START_MEDIA_BUFFERING", 8000, "STOP_MEDIA_BUFFERING 2"),
    ]
    await asyncio.sleep(0.05)
    assert not first.done()
    await asterisk.say("MEDIA_BUFFERING_COMPLETED 1")
    await asyncio.wait_for(first, 1)
    assert not second.done()
    await asterisk.say("MEDIA_BUFFERING_COMPLETED 2")
    await asyncio.wait_for(second, 1)
    assert leg.played_seconds == pytest.approx(2.2)
    await leg.close()


async def test_stop_flushes_asterisk_and_what_is_said_next_comes_after(
    factory: WebSocketMediaFactory, asterisk: ChanWebSocket
) -> None:
    leg = await opened(factory, MediaDirection.SPEAK)
    speaking = asyncio.create_task(leg.play(SECOND * 3))
    await asterisk.until(5)
    leg.stop()
    next_text = asyncio.create_task(leg.play(SECOND))
    await asyncio.wait_for(speaking, 0.05)
    assert (await asterisk.until(9))[5:] == ["FLUSH_MEDIA", "START_MEDIA_BUFFERING", 8000, "STOP_MEDIA_BUFFERING 2"]
    assert leg.played_seconds < 0.5
    await asterisk.say("MEDIA_BUFFERING_COMPLETED 2")
    await asyncio.wait_for(next_text, 1)
    leg.stop()  # nothing is playing: nothing to flush
    await asyncio.sleep(0.05)
    assert len(asterisk.log) == 9
    await leg.close()


async def test_asterisk_is_never_sent_more_than_its_buffer_holds(factory: WebSocketMediaFactory, asterisk: ChanWebSocket) -> None:
    leg = await opened(factory, MediaDirection.SPEAK)
    speaking = asyncio.create_task(leg.play(SECOND * 60))
    await asterisk.until(9)
    await asyncio.sleep(0.3)
    assert 8 <= len(asterisk.log) - 1 <= 10  # seconds; the buffer holds 20
    leg.stop()
    await asyncio.wait_for(speaking, 0.05)
    await leg.close()


async def test_media_xoff_stops_the_sending_until_xon(factory: WebSocketMediaFactory, asterisk: ChanWebSocket) -> None:
    leg = await opened(factory, MediaDirection.SPEAK)
    await asterisk.there.wait()
    await asterisk.say("MEDIA_XOFF")
    await asyncio.sleep(0.05)
    speaking = asyncio.create_task(leg.play(SECOND))
    await asyncio.sleep(0.2)
    assert asterisk.log == ["START_MEDIA_BUFFERING"]
    await asterisk.say("MEDIA_XON")
    assert (await asterisk.until(3))[1:] == [8000, "STOP_MEDIA_BUFFERING 1"]
    await leg.close()
    await asyncio.wait_for(speaking, 0.05)


async def test_cancelling_one_text_says_the_others_again(factory: WebSocketMediaFactory, asterisk: ChanWebSocket) -> None:
    leg = await opened(factory, MediaDirection.SPEAK)
    first, second = asyncio.create_task(leg.play(SECOND)), asyncio.create_task(leg.play(SECOND[:8000]))
    await asterisk.until(6)
    first.cancel()
    assert (await asterisk.until(10))[6:] == ["FLUSH_MEDIA", "START_MEDIA_BUFFERING", 4000, "STOP_MEDIA_BUFFERING 2"]
    await asterisk.say("MEDIA_BUFFERING_COMPLETED 2")
    await asyncio.wait_for(second, 1)
    with pytest.raises(asyncio.CancelledError):
        await first
    await leg.close()


async def test_a_text_whose_end_is_never_reported_ends_all_the_same(
    factory: WebSocketMediaFactory, asterisk: ChanWebSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_app.asterisk.media.websocket._GRACE_SECONDS", 0.1)
    leg = await opened(factory, MediaDirection.SPEAK)
    with structlog.testing.capture_logs() as logs:
        await asyncio.wait_for(leg.play(SECOND[:1600]), 1)
    assert [entry["event"] for entry in logs] == ["Asterisk did not report the end of the sound"]
    await leg.close()


async def test_what_asterisk_sends_is_heard(factory: WebSocketMediaFactory, asterisk: ChanWebSocket) -> None:
    leg = await opened(factory, MediaDirection.LISTEN)
    await asterisk.there.wait()
    assert asterisk.socket is not None
    for number in range(5):
        await asterisk.socket.send_bytes(bytes([number + 1]) * 160)
    heard = []
    async with asyncio.timeout(2):
        async for frame in leg.frames():
            if any(frame):
                heard.append(frame)
            if len(heard) == 5:
                break
    assert heard == [g711.decode(bytes([number + 1]) * 160) for number in range(5)]
    await leg.close()


async def test_when_asterisk_closes_the_frames_end_and_play_returns(
    factory: WebSocketMediaFactory, asterisk: ChanWebSocket
) -> None:
    leg = await opened(factory, MediaDirection.SPEAK)
    await asterisk.there.wait()
    speaking = asyncio.create_task(leg.play(SECOND))
    await asterisk.until(3)
    assert asterisk.socket is not None
    await asterisk.socket.close()
    await asyncio.wait_for(speaking, 1)
    async with asyncio.timeout(1):
        assert [frame async for frame in leg.frames()] == []
    await asyncio.wait_for(leg.play(SECOND), 0.05)
    await leg.close()


async def test_missing_connection_and_refused_connection_say_what_to_do(factory: WebSocketMediaFactory) -> None:
    leg = await factory.open("leg", MediaDirection.SPEAK)
    with pytest.raises(AriAppError, match="no WebSocket connection") as missing:
        await leg.connected({})
    assert "chan_websocket" in missing.value.remedy
    with pytest.raises(NotReachable, match="did not take the media WebSocket") as refused:
        await leg.connected({"MEDIA_WEBSOCKET_CONNECTION_ID": "unknown"})
    assert "media_transport" in refused.value.remedy
    await leg.close()
