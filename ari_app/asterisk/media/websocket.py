"""External media over chan_websocket (Asterisk 22.6 and later): the application dials Asterisk, and Asterisk does the pacing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

import aiohttp
import structlog

from ari_app.asterisk.media import g711
from ari_app.asterisk.media.bulk_sound import BulkSound, Piece
from ari_app.asterisk.media.inbox import Inbox
from ari_app.asterisk.media.pacing import Pacer
from ari_app.asterisk.media.timeline import Timeline
from ari_app.errors import AriAppError, NotReachable
from ari_app.session.ports import MediaDirection

log = structlog.get_logger(__name__)

_RATES = {"ulaw": 8000, "slin16": 16000}
_ULAW_RATE = 8000
_CHUNK_BYTES = 8000
"""One second of µ-law: far below the 65,500 bytes at which Asterisk hangs up, and 50 of its 1000 frames of buffer."""
_SECONDS_AHEAD = 8.0
"""Asterisk's buffer holds 20 s and drops what is beyond; half of that is plenty."""
_GRACE_SECONDS = 2.0


class WebSocketLeg:
    """One external media channel's far end. `format`: "ulaw", or "slin16" (16 kHz, little-endian) for a leg that listens."""

    external_host = "INCOMING"
    transport = "websocket"
    encapsulation = "none"
    connection_type = "server"
    direction = "both"

    def __init__(
        self,
        leg_id: str,
        media: MediaDirection,
        audio_format: str,
        media_url: str,
        session: aiohttp.ClientSession,
        pacer: Pacer,
        timeout: float,
    ) -> None:
        self.leg_id = leg_id
        self.format = audio_format
        self.rate = _RATES[audio_format]
        self._listens = media is MediaDirection.LISTEN
        self._media_url = media_url
        self._session = session
        self._pacer = pacer
        self._timeout = timeout
        self._inbox = Inbox(leg_id)
        self._timeline: Timeline | None = None
        self._samples_heard = 0
        self._sound = BulkSound(_ULAW_RATE)
        self._orders: asyncio.Queue[Piece | None] = asyncio.Queue()  # a piece to send, or None: empty Asterisk's buffer
        self._full = False
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    async def connected(self, variables: Mapping[str, str]) -> None:
        """Dial Asterisk's end: MEDIA_WEBSOCKET_CONNECTION_ID of the external media channel.

        Raises AriAppError when the variable is missing, NotReachable when Asterisk does not take the WebSocket.
        """
        connection_id = variables.get("MEDIA_WEBSOCKET_CONNECTION_ID", "")
        if not connection_id:
            raise AriAppError(
                f"Asterisk gave no WebSocket connection for the external media channel {self.leg_id}",
                "load chan_websocket.so (Asterisk 20.16, 21.11, 22.6, 23 and later), or set media_transport to rtp",
            )
        try:
            async with asyncio.timeout(self._timeout):
                self._socket = await self._session.ws_connect(
                    f"{self._media_url}/{connection_id}", protocols=("media",), max_msg_size=1 << 16, autoping=True
                )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotReachable(
                f"Asterisk did not take the media WebSocket at {self._media_url}: {error or 'no answer'}",
                "check that the HTTP server of http.conf is the one of the settings, or set media_transport to rtp",
            ) from error
        if self._listens:
            self._timeline = Timeline(self.rate, asyncio.get_running_loop().time())
        self._tasks = [
            asyncio.create_task(self._receive(self._socket), name=f"media {self.leg_id} receive"),
            asyncio.create_task(self._send(self._socket), name=f"media {self.leg_id} send"),
        ]
        self._pacer.add(self)

    def frames(self) -> AsyncIterator[bytes]:
        """20 ms frames of 16-bit little-endian PCM at `rate`; ends on close and when Asterisk closes the WebSocket."""
        return self._inbox.frames()

    async def play(self, pcm: bytes) -> None:
        """Append 8 kHz PCM; returns when Asterisk has played it, or at stop() or close()."""
        if self._listens:
            raise ValueError(f"media leg {self.leg_id} was opened to listen")
        if self._closed or len(pcm) < 2:
            return
        piece = self._sound.add(g711.encode(pcm), asyncio.get_running_loop().create_future())
        self._orders.put_nowait(piece)
        try:
            await piece.done
        except asyncio.CancelledError:
            self._take_back(piece)
            raise

    def stop(self) -> None:
        """Drop what has not been played; play() returns. Asterisk is silent with its next frame."""
        if self._sound.pieces:
            self._sound.drop(asyncio.get_running_loop().time())
            self._orders.put_nowait(None)

    def _take_back(self, piece: Piece) -> None:
        """Asterisk can only forget all of its buffer, so the others are said again from where they stand."""
        if piece not in self._sound.pieces:
            return
        others = self._sound.take_back(piece, asyncio.get_running_loop().time())
        while not self._orders.empty():
            self._orders.get_nowait()
        self._orders.put_nowait(None)
        for other in others:
            self._orders.put_nowait(other)

    @property
    def played_seconds(self) -> float:
        return self._sound.played_seconds(asyncio.get_running_loop().time())

    @property
    def dropped_frames(self) -> int:
        """Frames that nobody fetched in time."""
        return self._inbox.dropped

    async def close(self) -> None:
        """Close the WebSocket, with which Asterisk ends the channel; idempotent."""
        if self._closed:
            return
        self._lost()
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        if self._socket is not None:
            try:
                async with asyncio.timeout(self._timeout):
                    await self._socket.close()
            except TimeoutError:
                log.info("media WebSocket did not close in time", leg_id=self.leg_id)

    def tick(self, now: float) -> None:
        """20 ms have passed: fill what Asterisk left out; let go of a piece whose end it never reported."""
        if self._closed:
            return
        if self._timeline is not None:
            self._inbox.put(self._timeline.advance(now))
        overdue = self._sound.overdue(now, _GRACE_SECONDS)
        if overdue is not None:
            log.warning("Asterisk did not report the end of the sound", leg_id=self.leg_id)
            self._sound.finished(overdue.number, now)

    def _lost(self) -> None:
        self._closed = True
        self._pacer.remove(self)
        self._sound.drop(asyncio.get_running_loop().time())
        self._inbox.close()

    async def _receive(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        async for message in ws:
            now = asyncio.get_running_loop().time()
            if message.type is aiohttp.WSMsgType.BINARY and self._timeline is not None:
                pcm = g711.decode(message.data) if self.format == "ulaw" else bytes(message.data)
                self._inbox.put(self._timeline.put(self._samples_heard, pcm, now))
                self._samples_heard = (self._samples_heard + len(pcm) // 2) & 0xFFFFFFFF
            elif message.type is aiohttp.WSMsgType.TEXT:
                self._told(message.data, now)
        if not self._closed:
            self._lost()

    def _told(self, text: str, now: float) -> None:
        """A notification of chan_websocket in its plain-text form."""
        word, _, rest = text.partition(" ")
        if word == "MEDIA_BUFFERING_COMPLETED":
            number = rest.strip().rpartition(":")[2]
            if number.isdigit():
                self._sound.finished(int(number), now)
        elif word in ("MEDIA_XOFF", "MEDIA_XON"):
            self._full = word == "MEDIA_XOFF"

    async def _send(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        try:
            while True:
                piece = await self._orders.get()
                if piece is None:
                    self._full = False
                    await ws.send_str("FLUSH_MEDIA")
                elif not piece.done.done():
                    await self._send_piece(ws, piece)
        except (ConnectionError, aiohttp.ClientError) as error:
            if not self._closed:
                log.warning("media WebSocket lost", leg_id=self.leg_id, error=str(error))
                self._lost()

    async def _send_piece(self, ws: aiohttp.ClientWebSocketResponse, piece: Piece) -> None:
        loop = asyncio.get_running_loop()
        await ws.send_str("START_MEDIA_BUFFERING")
        data = piece.data
        for start in range(0, len(data), _CHUNK_BYTES):
            while self._full or self._sound.seconds_ahead(loop.time()) > _SECONDS_AHEAD:
                await asyncio.wait({piece.done}, timeout=0.1)
                if piece.done.done():
                    return
            if piece.done.done() or piece.data is not data:  # stopped, or cut down and queued again
                return
            chunk = data[start : start + _CHUNK_BYTES]
            await ws.send_bytes(chunk)
            self._sound.sent(piece, len(chunk), loop.time())
        await ws.send_str(f"STOP_MEDIA_BUFFERING {piece.number}")


class WebSocketMediaFactory:
    """Opens WebSocket legs towards Asterisk's HTTP server at `url` ("http://127.0.0.1:8088", the one of ARI)."""

    def __init__(self, url: str, *, listen_format: str = "ulaw", timeout: float = 5.0) -> None:
        if listen_format not in _RATES:
            raise ValueError(f"listen_format must be one of {', '.join(_RATES)}")
        self._media_url = url.rstrip("/").removesuffix("/ari") + "/media"
        self._listen_format = listen_format
        self._timeout = timeout
        self._pacer = Pacer()
        self._session: aiohttp.ClientSession | None = None

    async def open(self, leg_id: str, direction: MediaDirection) -> WebSocketLeg:
        """A leg that dials Asterisk when `connected` tells it where."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        audio_format = self._listen_format if direction is MediaDirection.LISTEN else "ulaw"
        return WebSocketLeg(leg_id, direction, audio_format, self._media_url, self._session, self._pacer, self._timeout)

    async def close(self) -> None:
        await self._pacer.close()
        if self._session is not None:
            await self._session.close()
            self._session = None
