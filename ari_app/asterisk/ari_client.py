"""ARI's REST resources as typed calls, one per thing that a call needs of Asterisk."""

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from ari_app.asterisk.ari_http import AriHttp, AriRefused, Value
from ari_app.asterisk.ari_models import Application, AsteriskInfo, Bridge, Channel, Module, Variable
from ari_app.errors import ChannelGone

T = TypeVar("T")

_LEG_FORMATS = "ulaw"
"""What a Local channel carries. Left to itself it is slin192: every frame of the call is resampled to 192 kHz and back, and a
whisper is played 24 times too slowly when the agent's channel writes µ-law before it reads its first frame (seen on Asterisk
16 and 22: the audiohook list goes up to 192 kHz with that frame and keeps its translator of 8 kHz)."""


class AriClient:
    """Thin and typed. Every call raises ChannelGone, AriRefused or NotReachable (see ari_http) and nothing else."""

    def __init__(self, http: AriHttp) -> None:
        self.http = http
        self._app = http.access.app

    # ------------------------------------------------------------------------------------------------ channels

    async def channels(self) -> list[Channel]:
        return await self._get(list[Channel], "channels")

    async def answer(self, channel_id: str) -> None:
        await self.http.request("POST", "channels", channel_id, "answer")

    async def hang_up(self, channel_id: str, reason: str) -> None:
        """Idempotent: a channel that is gone already is success."""
        await self._delete("channels", channel_id, query={"reason": reason})

    async def originate(
        self, channel_id: str, endpoint: str, *, app_args: str, caller_id: str, variables: Mapping[str, str], timeout: int
    ) -> Channel:
        """`timeout` in whole seconds. Returns when Asterisk has begun to dial."""
        query: dict[str, Value | None] = {
            "endpoint": endpoint,
            "app": self._app,
            "appArgs": app_args,
            "callerId": caller_id or None,
            "timeout": timeout,
            "formats": _LEG_FORMATS,
        }
        answer = await self.http.request("POST", "channels", channel_id, query=query, body={"variables": dict(variables)})
        return self._read(Channel, answer)

    async def snoop(self, channel_id: str, snoop_id: str, *, spy: str, whisper: str) -> Channel:
        """`spy`, `whisper`: none, in, out or both. Returns before the snoop has entered the application."""
        query = {"spy": spy, "whisper": whisper, "app": self._app, "appArgs": f"snoop,{snoop_id}"}
        return self._read(Channel, await self.http.request("POST", "channels", channel_id, "snoop", snoop_id, query=query))

    async def external_media(self, channel_id: str, options: Mapping[str, str]) -> Channel:
        """`options` as ARI names them (external_host, format, …). Returns before the channel has entered the application."""
        query = {**options, "app": self._app, "channelId": channel_id}
        return self._read(Channel, await self.http.request("POST", "channels", "externalMedia", query=query))

    async def continue_in_dialplan(
        self, channel_id: str, context: str | None = None, extension: str | None = None, priority: int | None = None
    ) -> None:
        """Without a place the channel goes on after its Stasis()."""
        query = {"context": context, "extension": extension, "priority": priority}
        await self.http.request("POST", "channels", channel_id, "continue", query=query)

    async def variable(self, channel_id: str, name: str) -> str | None:
        """None when the channel has no such variable; ChannelGone when there is no such channel."""
        try:
            answer = await self.http.request("GET", "channels", channel_id, "variable", query={"variable": name})
        except ChannelGone as error:
            if "variable" in error.message.rpartition(":")[2].lower():
                return None
            raise
        return self._read(Variable, answer).value

    async def set_variable(self, channel_id: str, name: str, value: str) -> None:
        await self.http.request("POST", "channels", channel_id, "variable", body={"variable": name, "value": value})

    # ------------------------------------------------------------------------------------------------ bridges

    async def bridges(self) -> list[Bridge]:
        return await self._get(list[Bridge], "bridges")

    async def create_bridge(self, bridge_id: str, name: str) -> Bridge:
        answer = await self.http.request("POST", "bridges", bridge_id, query={"type": "mixing", "name": name})
        return self._read(Bridge, answer)

    async def destroy_bridge(self, bridge_id: str) -> None:
        """Idempotent. Channels in it stay in the application."""
        await self._delete("bridges", bridge_id)

    async def add_channel(self, bridge_id: str, channel_id: str) -> None:
        try:
            await self.http.request("POST", "bridges", bridge_id, "addChannel", query={"channel": channel_id})
        except AriRefused as refused:
            if refused.status == 400:  # "Channel not found": 404 is kept for the bridge
                raise ChannelGone(f"Not in Asterisk any more: channel {channel_id}: {refused.said}") from refused
            raise

    async def remove_channel(self, bridge_id: str, channel_id: str) -> None:
        """Idempotent: success when either is gone, has left the application or is not in this bridge."""
        try:
            await self.http.request("POST", "bridges", bridge_id, "removeChannel", query={"channel": channel_id})
        except ChannelGone:
            pass
        except AriRefused as refused:
            if refused.status not in (400, 409, 422):
                raise

    # ------------------------------------------------------------------------------------------------ application, endpoints

    async def application(self) -> Application:
        """Raises ChannelGone when Asterisk does not know the application."""
        return await self._get(Application, "applications", self._app)

    async def subscribe(self, event_source: str) -> None:
        """`event_source` as ARI writes it: "channel:<id>", "endpoint:PJSIP/agent1". Raises ChannelGone when it is not there."""
        path = ("applications", self._app, "subscription")
        try:
            await self.http.request("POST", *path, query={"eventSource": event_source})
        except AriRefused as refused:
            if refused.status == 422:  # "Event source does not exist"
                raise ChannelGone(f"Not in Asterisk any more: {event_source}: {refused.said}") from refused
            raise

    async def send_message(self, endpoint: str, sender: str, text: str) -> None:
        """`endpoint` as "PJSIP/agent1"; `sender` a SIP URI. A missing endpoint is AriRefused: it is no channel."""
        technology, _, resource = endpoint.partition("/")
        try:
            path = ("endpoints", technology, resource, "sendMessage")
            await self.http.request("PUT", *path, body={"from": sender, "body": text})
        except ChannelGone as error:
            raise AriRefused(f"a message to {endpoint}", 404, error.message.rpartition(": ")[2]) from error

    # ------------------------------------------------------------------------------------------------ the server

    async def version(self) -> tuple[int, ...]:
        """Asterisk's version, (22, 10, 1). Empty when a build tells none (git builds)."""
        info = await self._get(AsteriskInfo, "asterisk", "info", query={"only": "system"})
        numbers = re.match(r"\d+(\.\d+)*", info.system.version if info.system else "")
        return tuple(int(number) for number in numbers.group().split(".")) if numbers else ()

    async def modules(self) -> list[Module]:
        return await self._get(list[Module], "asterisk", "modules")

    async def _get(self, kind: type[T], *path: str, query: Mapping[str, Value | None] | None = None) -> T:
        return self._read(kind, await self.http.request("GET", *path, query=query))

    async def _delete(self, *path: str, query: Mapping[str, Value | None] | None = None) -> None:
        try:
            await self.http.request("DELETE", *path, query=query)
        except ChannelGone:
            pass

    @staticmethod
    def _read(kind: type[T], answer: bytes) -> T:
        try:
            return msgspec.json.decode(answer, type=kind)
        except msgspec.DecodeError as error:
            raise AriRefused("to answer as its api-docs say", 200, str(error)) from error
