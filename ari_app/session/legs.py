"""The legs of one call in Asterisk and who opened them: conversation bridge, voice, ears and queue leg, released exactly once."""

import asyncio
from collections.abc import Mapping

from ari_app.call.call import Call
from ari_app.call.commands import RingQueue
from ari_app.errors import AriAppError
from ari_app.session.ports import MediaDirection, MediaLeg
from ari_app.session.services import Services


class Legs:
    """All requests about channels and bridges for one call. Methods raise ChannelGone or NotReachable."""

    def __init__(self, call: Call, services: Services) -> None:
        self._call_id, self._caller = call.call_id, call.caller_channel_id
        self._bridge = call.conversation_bridge_id
        self._pbx, self._media, self._settings = services.pbx, services.media, services.settings
        self._voice: tuple[str, MediaLeg] | None = None
        self._ears: tuple[str, MediaLeg] | None = None
        self._opened = 0

    async def sweep(self, keep: str) -> None:
        """Free whatever Asterisk still holds of this call (after a restart, a lost connection), but for the leg `keep`."""
        for channel_id in await self._pbx.channels():
            owner, _, rest = channel_id.partition(".")
            if owner == self._call_id and not (keep and channel_id.startswith(keep)):  # the far half is called `<keep>;2`
                number = "".join(filter(str.isdigit, rest.partition("-")[0]))
                self._opened = max(self._opened, int(number or 0))
                await self._pbx.hang_up(channel_id)
        for bridge_id in await self._pbx.bridges():
            if bridge_id.partition(".")[0] == self._call_id and bridge_id != self._bridge:
                await self._pbx.destroy_bridge(bridge_id)

    async def take_caller(self) -> None:
        """Answer and bridge the caller; for a call that is already so, nothing changes."""
        if self._bridge not in await self._pbx.bridges():
            await self._pbx.create_bridge(self._bridge, f"ari-app {self._call_id}")
        await self._pbx.answer(self._caller)
        await self._pbx.add_channel(self._bridge, self._caller)

    async def open_voice(self) -> MediaLeg:
        if self._voice is not None:
            return self._voice[1]
        self._opened += 1
        channel_id = f"{self._call_id}.voice{self._opened:02d}"
        leg = await self._media.open(channel_id, MediaDirection.SPEAK)
        self._voice = (channel_id, leg)
        try:
            await self._pbx.external_media(channel_id, leg)
            await self._pbx.add_channel(self._bridge, channel_id)
        except AriAppError:
            await self.close_voice()
            raise
        return leg

    async def close_voice(self) -> None:
        if self._voice is not None:
            (channel_id, leg), self._voice = self._voice, None
            await self._pbx.hang_up(channel_id)
            await leg.close()

    async def open_ears(self) -> MediaLeg | None:
        """The tap of the caller's voice; None when it is open already."""
        if self._ears is not None:
            return None
        self._opened += 1
        name = f"{self._call_id}.ears{self._opened:02d}"
        leg = await self._media.open(f"{name}-media", MediaDirection.LISTEN)
        self._ears = (name, leg)
        try:
            await self._tap(name, leg)
        except AriAppError:
            await self.close_ears()
            raise
        return leg

    async def _tap(self, name: str, leg: MediaLeg) -> None:
        await self._pbx.create_bridge(f"{name}-bridge", name)
        await asyncio.gather(
            self._pbx.external_media(f"{name}-media", leg),
            self._pbx.snoop(self._caller, snoop_id=f"{name}-snoop", spy="in"),
        )
        await self._pbx.add_channel(f"{name}-bridge", f"{name}-snoop")
        await self._pbx.add_channel(f"{name}-bridge", f"{name}-media")

    async def close_ears(self) -> None:
        if self._ears is not None:
            (name, leg), self._ears = self._ears, None
            for channel_id in (f"{name}-snoop", f"{name}-media"):
                await self._pbx.hang_up(channel_id)
            await self._pbx.destroy_bridge(f"{name}-bridge")
            await leg.close()

    def is_voice(self, channel_id: str) -> bool:
        return self._voice is not None and channel_id == self._voice[0]

    def is_ears(self, channel_id: str) -> bool:
        return self._ears is not None and channel_id in (f"{self._ears[0]}-snoop", f"{self._ears[0]}-media")

    async def ring_queue(self, call: Call, ring: RingQueue, whisper_mode: str) -> None:
        variables: Mapping[str, str] = {
            "__ARI_APP_CALL": self._call_id,
            "__ARI_APP_WHISPER_MODE": whisper_mode,
            "ARI_APP_CALLER_NUMBER": call.caller_number,
            "ARI_APP_DISPLAY": ring.display,
            "ARI_APP_WAIT": str(round(ring.wait_seconds)),
            **({"ARI_APP_PRIORITY": str(ring.priority)} if ring.priority else {}),
        }
        await self._pbx.originate(
            ring.leg_id,
            f"Local/{ring.queue}@{self._settings.queue_context}/n",
            caller_id=f'"{ring.display}" <{call.caller_number}>',
            variables=variables,
            timeout=ring.wait_seconds + self._settings.ring_margin,
        )

    async def join(self, leg_id: str) -> None:
        await self._pbx.add_channel(self._bridge, leg_id)

    async def cancel_agent(self, leg_id: str, agent_channel_id: str) -> None:
        for channel_id in (leg_id, agent_channel_id):
            if channel_id:
                await self._pbx.hang_up(channel_id)

    async def hang_up_caller(self) -> None:
        await self._pbx.hang_up(self._caller)

    async def give_to_fallback(self) -> None:
        """The dialplan's queue takes the caller, who leaves the bridge and the application."""
        await self._pbx.continue_in_dialplan(self._caller, self._settings.fallback_context, "s")

    async def release(self) -> None:
        """Everything but the caller's own channel, also what could not be freed when its time came. Idempotent."""
        await self.close_ears()
        await self.close_voice()
        await self._pbx.destroy_bridge(self._bridge)
        await self.sweep(keep="")
