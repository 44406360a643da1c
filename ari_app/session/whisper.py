"""The whisper of one handover: its sound and media are ready before the agent picks up, and only that agent hears it."""

import asyncio

import structlog

from ari_app.call.call import Whispering
from ari_app.errors import AriAppError
from ari_app.session.ports import MediaDirection, MediaFactory, MediaLeg, Pbx, Synthesiser

log = structlog.get_logger()

BYTES_PER_SECOND = 16_000


class Whisperer:
    """Prepares, plays and ends the whisper. Its snoop (`whisper=out`, `spy=none`) is on the agent's channel alone."""

    def __init__(self, call_id: str, pbx: Pbx, media: MediaFactory, synthesiser: Synthesiser) -> None:
        self._call_id, self._pbx, self._media, self._synthesiser = call_id, pbx, media, synthesiser
        self._sound: asyncio.Task[bytes] | None = None
        self._leg: MediaLeg | None = None
        self._number = 0
        self._opening: asyncio.Task[None] | None = None
        self._skipped = False

    @property
    def _name(self) -> str:
        return f"{self._call_id}.whisper{self._number:02d}"

    def prepare(self, text: str) -> None:
        """Synthesise `text` and open the media, both in the background; a newer text replaces an older one."""
        if self._sound is not None:
            self._sound.cancel()
        self._sound = asyncio.ensure_future(self._synthesiser.synthesise(text))
        if self._opening is None:
            self._number += 1
            self._opening = asyncio.ensure_future(self._open())

    async def start(self, agent_channel_id: str) -> float:
        """Let the agent's channel hear the whisper's bridge; seconds that the whisper takes. Raises AriAppError."""
        if self._sound is None or self._opening is None:
            raise AriAppError("There is no whisper to play.")
        self._skipped = False
        snoop_id = f"{self._name}-snoop"
        _, sound = await asyncio.gather(self._opening, self._sound)
        await self._pbx.snoop(agent_channel_id, snoop_id=snoop_id, spy="none", whisper="out")
        await self._pbx.add_channel(f"{self._name}-bridge", snoop_id)
        return len(sound) / BYTES_PER_SECOND

    async def play(self) -> Whispering:
        """Play it to its end, or until `skip`. Cut off when the agent's channel goes (the caller of this then cancels it)."""
        if self._leg is None or self._sound is None:
            return Whispering.FAILED
        await self._leg.play(await self._sound)
        return Whispering.SKIPPED if self._skipped else Whispering.HEARD

    def skip(self) -> None:
        self._skipped = True
        if self._leg is not None:
            self._leg.stop()

    async def close(self) -> None:
        """Free everything. Idempotent; a whisper may be prepared again afterwards."""
        opening, sound, leg = self._opening, self._sound, self._leg
        name = self._name
        self._opening = self._sound = self._leg = None
        if sound is not None:
            sound.cancel()
        if opening is None:
            return
        opening.cancel()
        for channel in (f"{name}-snoop", f"{name}-media"):
            await self._pbx.hang_up(channel)
        await self._pbx.destroy_bridge(f"{name}-bridge")
        if leg is not None:
            await leg.close()

    async def _open(self) -> None:
        """Media and bridge while the phone still rings, so that the whisper starts at once at pick-up."""
        name = self._name
        leg = self._leg = await self._media.open(f"{name}-media", MediaDirection.SPEAK)
        await self._pbx.create_bridge(f"{name}-bridge", name)
        await self._pbx.external_media(f"{name}-media", leg)
        await self._pbx.add_channel(f"{name}-bridge", f"{name}-media")
