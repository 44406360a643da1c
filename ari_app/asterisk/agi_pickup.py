"""Holds the agent's channel between pick-up and the queue's bridge, with sound flowing to the phone and keys heard."""

import asyncio
import contextlib

import structlog

from ari_app.asterisk.agi_connection import AgiConnection, AgiReply, BadAgiPeer
from ari_app.errors import ChannelGone

log = structlog.get_logger(__name__)

_KEYS = "0123456789*#"
_SILENCE_SOUND = "silence/10"
_SILENCE_TONE = "!0/1000"
_TONE_RENEWED_SECONDS = 0.5
_SLICE_MS = 25
_REPLY_SECONDS = 5.0
_STREAM_SECONDS = 10.0 + _REPLY_SECONDS
_TONE_RELEASE_SECONDS = 0.5


class HeldAgent:
    """AgentAtPickUp over FastAGI.

    A snoop can whisper only into frames that Asterisk sends to the phone, and WAIT FOR DIGIT alone sends none. So the agent
    is held by STREAM FILE with a sound of silence: keys end it, and so does the end of the connection, at once and without
    a word in Asterisk's log. Where that sound is not installed a tone of 0 Hz flows instead, renewed in short pieces so that
    it cannot outlast us, and WAIT FOR DIGIT listens for keys in slices short enough for a quick release.
    """

    def __init__(self, connection: AgiConnection, call_id: str, mode: str, channel_id: str, channel_name: str) -> None:
        self.call_id = call_id
        self.mode = mode
        self.channel_id = channel_id
        self.channel_name = channel_name
        self._connection = connection
        self._keys: asyncio.Queue[str] = asyncio.Queue(maxsize=32)
        self._over = asyncio.Event()
        self._released = False
        self._by_tone = False

    async def wait_for_key(self, seconds: float) -> str | None:
        """The next key within `seconds`, or None. A key pressed before counts. Raises ChannelGone when the agent hung up."""
        if self._keys.empty() and not self._over.is_set():
            key = asyncio.ensure_future(self._keys.get())
            over = asyncio.ensure_future(self._over.wait())
            try:
                await asyncio.wait({key, over}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
                if key.done():
                    return key.result()
            finally:
                key.cancel()
                over.cancel()
        elif not self._keys.empty():
            return self._keys.get_nowait()
        if self._over.is_set() and not self._released:
            raise ChannelGone("the agent hung up before the bridge")
        return None

    async def release(self) -> None:
        """Let the queue bridge the agent now. Idempotent; never raises."""
        self._released = True
        if self._by_tone and not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TONE_RELEASE_SECONDS):
                    await self._over.wait()
        self._connection.close()
        self._over.set()

    @property
    def hung_up(self) -> bool:
        """The agent left while held."""
        return self._over.is_set() and not self._released

    async def hold(self) -> None:
        """Returns when the agent was released or hung up."""
        try:
            await self._hold_by_sound()
            if not self._released:
                log.info("Asterisk has no sound of silence, holding by tone", sound=_SILENCE_SOUND, call_id=self.call_id)
                self._by_tone = True
                await self._hold_by_tone()
        except (ChannelGone, BadAgiPeer, TimeoutError) as error:
            if not self._released:
                log.info("agent's channel ended while held", call_id=self.call_id, reason=str(error))
        finally:
            self._over.set()

    async def _hold_by_sound(self) -> None:
        """Returns when released, or when Asterisk has no such sound."""
        while not self._released:
            reply = await self._connection.command("STREAM FILE", _SILENCE_SOUND, _KEYS, timeout=_STREAM_SECONDS)
            self._pressed(reply)
            if reply.result == "-1":
                await self._check_channel()
                return

    async def _hold_by_tone(self) -> None:
        loop = asyncio.get_running_loop()
        renew_at = loop.time()
        while not self._released:
            if loop.time() >= renew_at:
                await self._connection.execute("PlayTones", _SILENCE_TONE, _REPLY_SECONDS)
                renew_at = loop.time() + _TONE_RENEWED_SECONDS
            reply = await self._connection.command("WAIT FOR DIGIT", str(_SLICE_MS), timeout=_REPLY_SECONDS)
            self._pressed(reply)
            if reply.result == "-1":
                raise ChannelGone("the agent's channel is gone")
        await self._connection.execute("StopPlayTones", timeout=_REPLY_SECONDS)  # the caller is not heard over a tone

    async def _check_channel(self) -> None:
        """STREAM FILE answers -1 for a hang-up and for a sound that is not there. Raises ChannelGone after a hang-up."""
        if (await self._connection.command("CHANNEL STATUS", timeout=_REPLY_SECONDS)).result == "-1":
            raise ChannelGone("the agent's channel is gone")

    def _pressed(self, reply: AgiReply) -> None:
        """Keep the key in a reply: its result is the character's code, 0 when time passed."""
        key = chr(int(reply.result)) if reply.result.isdigit() and int(reply.result) < 128 else ""
        if not key or key not in _KEYS:
            return
        if self._keys.full():  # nobody listens to keys; the last ones matter
            self._keys.get_nowait()
        self._keys.put_nowait(key)
