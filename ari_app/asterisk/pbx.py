"""The PBX that calls talk to: ARI requests and events behind the words of `ari_app.session.ports`."""

import asyncio
import math
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import structlog

from ari_app.asterisk import ari_models as ari
from ari_app.asterisk.ari_client import AriClient
from ari_app.asterisk.ari_events import AriMessage, entered, translate
from ari_app.asterisk.ari_http import AriAccess, AriHttp, NeverSent
from ari_app.asterisk.ari_websocket import AriWebSocket, Reconnect
from ari_app.asterisk.channel_book import ChannelBook
from ari_app.asterisk.event_queue import EventQueue
from ari_app.errors import AriAppError, ChannelGone, NotReachable
from ari_app.session.ports import ChannelEntered, ChannelLeft, MediaLeg, PbxConnection, PbxEvent

log = structlog.get_logger(__name__)

LATE_CHANNEL_SECONDS = 60.0
SUSPICIOUS_SECONDS = 0.03
AWAY_NOTICED = 0.1  # seconds after which a broken connection is known to be one


@runtime_checkable
class ExternalMediaLeg(Protocol):
    """What ARI must know of a media leg, in ARI's own words, and how the leg learns Asterisk's end of it."""

    external_host: str  # "127.0.0.1:12345", or "INCOMING" where the application dials into Asterisk
    format: str  # "ulaw", "slin16", "slin"
    transport: str  # "udp", "websocket"
    encapsulation: str  # "rtp", "none"
    connection_type: str  # "client", "server"
    direction: str  # "both"

    def connected(self, variables: Mapping[str, str]) -> Awaitable[None]: ...


MEDIA_VARIABLES = {
    "udp": ("UNICASTRTP_LOCAL_ADDRESS", "UNICASTRTP_LOCAL_PORT"),
    "websocket": ("MEDIA_WEBSOCKET_CONNECTION_ID",),
}


class AriPbx:
    """`ari_app.session.ports.Pbx` on a real Asterisk.

    `entry_timeout`: seconds a snoop or an external media channel may take to enter the application. `away_patience`: seconds
    that commands which build something wait for a connection that is away before they fail. Identifiers must not begin
    like one another: Asterisk 22 refuses a new channel "leg-1" while "leg-15" lives. So use ids of one length for each role.
    """

    def __init__(
        self,
        access: AriAccess,
        *,
        entry_timeout: float = 5.0,
        away_patience: float = 6.0,
        queue_size: int = 10_000,
        reconnect: Reconnect | None = None,
    ) -> None:
        self.client = AriClient(AriHttp(access))
        self._app = access.app
        self._entry_timeout = entry_timeout
        self._away_patience = away_patience
        self._book = ChannelBook()
        self._queue = EventQueue(queue_size)
        self._feeds: set[asyncio.Task[None]] = set()
        self._clean_ups: set[asyncio.Task[None]] = set()
        self._socket = AriWebSocket(
            self.client, handle=self._handle, lost=self._connection_lost, back=self._connection_back, reconnect=reconnect
        )

    # ------------------------------------------------------------------------------------------------ life

    async def start(self, within: float = 10.0) -> tuple[int, ...]:
        """Register the application; returns Asterisk's version. NotReachable (with remedy) after `within` seconds."""
        try:
            await self._socket.start(within)
            for channel_id in await self.application_channels():
                self._book.found(channel_id)
            version = await self.client.version()
            await self._choose_connections()
        except BaseException:
            await self.close()
            raise
        log.info("ari_connected", version=".".join(map(str, version)), app=self._app)
        return version

    async def _choose_connections(self) -> None:
        """Asterisk 16 can lose 40 ms per request on a kept-alive connection (Nagle meets delayed ACK): then do without."""
        kept = await self._fastest_answer()
        if kept < SUSPICIOUS_SECONDS:
            return
        self.client.http.close_each_connection()
        fresh = await self._fastest_answer()
        self.client.http.close_each_connection(fresh < kept)
        log.info("ari_connections_chosen", kept_alive_ms=round(kept * 1000), fresh_ms=round(fresh * 1000), fresh=fresh < kept)

    async def _fastest_answer(self) -> float:
        """Seconds that the quickest of three requests took."""
        seconds = []
        for _ in range(3):
            begun = time.perf_counter()
            await self.client.version()
            seconds.append(time.perf_counter() - begun)
        return min(seconds)

    async def close(self) -> None:
        """Leave Asterisk: events() ends, calls stay in the application."""
        await self._socket.close()
        for feed in tuple(self._feeds):
            feed.cancel()
        await asyncio.gather(*self._feeds, *self._clean_ups, return_exceptions=True)  # each request has its timeout
        self._queue.close()
        await self._send_on_unread()
        await self.client.http.close()

    async def _send_on_unread(self) -> None:
        """Callers who came in while nobody read events would stay in silence: the dialplan behind Stasis() takes them."""
        for event in self._queue.drain():
            if isinstance(event, ChannelEntered) and event.args[:1] != ("queue-leg",):
                await self._quietly(self.client.continue_in_dialplan(event.channel_id))

    def feed(self, source: AsyncIterable[PbxEvent], name: str) -> None:
        """Let another adapter's events (AMI, FastAGI) come out of events() too, in the order in which they arrive."""
        self._spawn(self._feeds, self._pump(source), name=f"pbx-feed-{name}")

    @property
    def connected(self) -> bool:
        return self._socket.up

    async def server_info(self) -> tuple[int, ...]:
        """Asterisk's version, (22, 10, 1)."""
        return await self.client.version()

    async def missing_modules(self, required: Sequence[str]) -> list[str]:
        """Those of `required` ("res_stasis", "app_queue.so") that Asterisk has not loaded and running."""
        running = {module.name.removesuffix(".so") for module in await self.client.modules() if module.status == "Running"}
        return [name for name in required if name.removesuffix(".so") not in running]

    # ------------------------------------------------------------------------------------------------ channels

    async def answer(self, channel_id: str) -> None:
        await self._when_up(lambda: self.client.answer(channel_id))

    async def originate(
        self, channel_id: str, endpoint: str, *, caller_id: str, variables: Mapping[str, str], timeout: float
    ) -> None:
        with self._book.announced(channel_id):
            await self._when_up(
                lambda: self.client.originate(
                    channel_id,
                    endpoint,
                    app_args=f"queue-leg,{channel_id}",
                    caller_id=caller_id,
                    variables=variables,
                    timeout=max(1, math.ceil(timeout)),
                )
            )

    async def hang_up(self, channel_id: str, reason: str = "normal") -> None:
        await self.client.hang_up(channel_id, reason)

    async def continue_in_dialplan(self, channel_id: str, context: str, extension: str, priority: int = 1) -> None:
        await self._when_up(lambda: self.client.continue_in_dialplan(channel_id, context, extension, priority))

    async def set_variable(self, channel_id: str, name: str, value: str) -> None:
        await self.client.set_variable(channel_id, name, value)

    async def subscribe(self, channel_id: str) -> None:
        with self._book.announced(channel_id):
            await self.client.subscribe(f"channel:{channel_id}")

    async def send_text(self, endpoint: str, sender: str, text: str) -> None:
        await self.client.send_message(endpoint, sender, text)

    async def channels(self) -> dict[str, str]:
        return {channel.id: channel.name for channel in await self.client.channels()}

    async def application_channels(self) -> list[str]:
        """As Asterisk lists them: channels in Stasis, and those that the application originated or subscribed to."""
        return (await self.client.application()).channel_ids

    async def _when_up(self, command: Callable[[], Awaitable[object]]) -> None:
        """Outages are mostly short: what builds up a call waits for the end of one instead of failing the call."""
        await self._socket.wait_until_up(self._away_patience)
        try:
            await command()
        except NeverSent:  # the outage began just now
            await asyncio.sleep(AWAY_NOTICED)
            await self._socket.wait_until_up(self._away_patience)
            await command()

    # ------------------------------------------------------------------------------------------------ bridges

    async def create_bridge(self, bridge_id: str, name: str) -> None:
        await self._when_up(lambda: self.client.create_bridge(bridge_id, name))

    async def destroy_bridge(self, bridge_id: str) -> None:
        await self.client.destroy_bridge(bridge_id)

    async def add_channel(self, bridge_id: str, channel_id: str) -> None:
        await self._when_up(lambda: self.client.add_channel(bridge_id, channel_id))

    async def remove_channel(self, bridge_id: str, channel_id: str) -> None:
        await self.client.remove_channel(bridge_id, channel_id)

    async def bridges(self) -> list[str]:
        return [bridge.id for bridge in await self.client.bridges()]

    # ------------------------------------------------------------------------------------------------ snoop and media

    async def snoop(self, channel_id: str, *, snoop_id: str, spy: str = "none", whisper: str = "none") -> None:
        async def create() -> None:
            await self.client.snoop(channel_id, snoop_id, spy=spy, whisper=whisper)

        await self._when_up(lambda: self._create_helper(snoop_id, create))

    async def external_media(self, channel_id: str, media: MediaLeg) -> None:
        if not isinstance(media, ExternalMediaLeg):
            raise TypeError(f"{type(media).__name__} is no ExternalMediaLeg: ARI cannot connect it")
        leg: ExternalMediaLeg = media

        async def create() -> None:
            options = {
                "external_host": leg.external_host,
                "format": leg.format,
                "transport": leg.transport,
                "encapsulation": leg.encapsulation,
                "connection_type": leg.connection_type,
                "direction": leg.direction,
            }
            channel = await self.client.external_media(channel_id, options)
            # The leg must know Asterisk's end before StasisStart: a WebSocket channel enters only when it is dialled.
            await leg.connected(await self._media_variables(channel, leg.transport))

        await self._when_up(lambda: self._create_helper(channel_id, create))

    async def _media_variables(self, channel: ari.Channel, transport: str) -> dict[str, str]:
        given = channel.channelvars or {}
        found: dict[str, str] = {}
        for name in MEDIA_VARIABLES.get(transport, ()):
            value = given.get(name) or await self.client.variable(channel.id, name)
            if value:
                found[name] = str(value)
        return found

    async def _create_helper(self, channel_id: str, create: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """POST returns before the channel is in the application, and StasisStart may come before POST returns."""
        entered = self._book.expect(channel_id)
        try:
            async with asyncio.timeout(self._entry_timeout):
                await create()
                await entered
        except TimeoutError as error:
            self._discard(channel_id)
            raise NotReachable(
                f"Asterisk made the channel {channel_id} but it did not enter the application '{self._app}' within "
                f"{self._entry_timeout:g} s.",
                "Is res_stasis_snoop.so (and chan_rtp.so or chan_websocket.so) running? See 'core show channels'.",
            ) from error
        except NeverSent:
            self._book.stop_expecting(channel_id)
            self._book.forget(channel_id)
            raise
        except BaseException:
            self._discard(channel_id)
            raise

    def _discard(self, channel_id: str) -> None:
        """Hang up a channel that nobody will use, now and should Asterisk make it only later."""
        self._book.abandon(channel_id)
        asyncio.get_running_loop().call_later(LATE_CHANNEL_SECONDS, self._book.forget, channel_id)
        self._spawn(self._clean_ups, self._quietly(self.hang_up(channel_id)), name="pbx-discard")

    # ------------------------------------------------------------------------------------------------ events

    async def events(self) -> AsyncIterator[PbxEvent]:
        """One reader. Ends with close(). Of PbxConnection only changes after start() are told.

        ChannelLeft(destroyed=True) comes at least once for a channel that was hung up, and may come twice.
        """
        while (event := await self._queue.get()) is not None:
            yield event
            if self._queue.recovered():
                await self._quietly(self._resynchronise())

    def _handle(self, event: AriMessage) -> None:
        translated: PbxEvent | None = translate(event)
        match event:
            case ari.StasisStart(channel=channel):
                if self._book.is_inside(channel.id):
                    return  # told already, by a resynchronisation that was quicker than this event
                if self._book.is_abandoned(channel.id):
                    self._discard(channel.id)
                if self._book.entered(channel.id):
                    return
            case ari.ChannelHangupRequest(channel=channel, cause=cause, soft=soft):
                # The cause of a soft hang-up is a flag of Asterisk's own, no hang-up cause.
                self._book.hang_up_requested(channel.id, 0 if soft or cause is None else cause)
            case ari.StasisEnd(channel=channel):
                # Asterisk ends the application's interest with StasisEnd: of a caller who hangs up no ChannelDestroyed comes.
                cause = self._book.left(channel.id)
                translated = ChannelLeft(channel.id, destroyed=cause is not None, cause=cause or 0)
            case ari.ChannelDestroyed(channel=channel):
                self._book.left(channel.id)
        if translated is not None and not self._queue.put(translated) and isinstance(translated, ChannelEntered):
            # No task will ever care for this channel: the dialplan behind Stasis() must.
            send_on = self.client.continue_in_dialplan(translated.channel_id)
            self._spawn(self._clean_ups, self._quietly(send_on), name="pbx-send-on")

    def _connection_lost(self) -> None:
        self._queue.put(PbxConnection("ari", up=False))

    async def _connection_back(self) -> None:
        await self._resynchronise()
        self._queue.put(PbxConnection("ari", up=True))

    async def _resynchronise(self) -> None:
        """Tell of the channels that came and went while nobody listened, and listen again to those that are still there."""
        known = self._book.snapshot()
        channels = await self.client.channels()
        listed = {channel.id for channel in channels}
        subscribed = set(await self.application_channels())
        for channel_id in self._book.still_known(known - listed):
            self._book.left(channel_id)
            self._queue.put(_gone(channel_id))
        for channel_id in self._book.still_known((known & listed) - subscribed):
            try:
                await self.client.subscribe(f"channel:{channel_id}")
            except ChannelGone:
                self._book.left(channel_id)
                self._queue.put(_gone(channel_id))

        for channel in channels:
            if channel.id in subscribed and channel.dialplan.app_name == "Stasis":
                self._tell_if_missed(channel)

    def _tell_if_missed(self, channel: ari.Channel) -> None:
        """StasisStart is sent once, also to a connection that is dead and of which Asterisk does not know it yet."""
        app, *args = channel.dialplan.app_data.split(",")
        if app != self._app or channel.dialplan.exten == "h":
            return
        if self._book.is_inside(channel.id) or self._book.was_found(channel.id):
            return
        if not self._book.is_abandoned(channel.id) and not self._book.entered(channel.id):
            log.info("channel_entered_unnoticed", channel_id=channel.id)
            self._queue.put(entered(channel, args))

    # ------------------------------------------------------------------------------------------------ tasks of our own

    async def _pump(self, source: AsyncIterable[PbxEvent]) -> None:
        try:
            async for event in source:
                self._queue.put(event)
        except Exception:
            log.exception("pbx_feed_failed")

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except AriAppError as error:
            log.warning("pbx_clean_up_failed", error=error.message)

    @staticmethod
    def _spawn(tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        tasks.add(task)
        task.add_done_callback(tasks.discard)


def _gone(channel_id: str) -> ChannelLeft:
    return ChannelLeft(channel_id, destroyed=True)
