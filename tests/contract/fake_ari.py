"""An ARI of our own on a loopback socket, so that tests can have Asterisk misbehave at will."""

import asyncio
import base64
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import WSCloseCode, web

from ari_app.asterisk.ari_http import AriAccess

APP = "ari-app"
USER, PASSWORD = "ari-app", "a secret"
WHEN = "2026-01-01T12:00:00.000+0000"

Answer = Callable[[web.Request], web.StreamResponse | Awaitable[web.StreamResponse]]


def channel(channel_id: str, name: str = "PJSIP/caller-00000001", number: str = "200", exten: str = "100") -> dict[str, Any]:
    return {
        "id": channel_id,
        "name": name,
        "state": "Up",
        "protocol_id": "",
        "caller": {"name": "David", "number": number},
        "connected": {"name": "", "number": ""},
        "accountcode": "",
        "dialplan": {"context": "callers", "exten": exten, "priority": 1, "app_name": "Stasis", "app_data": APP},
        "creationtime": WHEN,
        "language": "en",
    }


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "application": APP, "timestamp": WHEN, "asterisk_id": "00:00:00:00:00:00", **fields}


def stasis_start(channel_id: str, *args: str) -> dict[str, Any]:
    return event("StasisStart", args=list(args), channel=channel(channel_id))


class FakeAri:
    """Answers like Asterisk 22 unless told otherwise: `answers[(method, path)]` returns a response of the test's own."""

    def __init__(self) -> None:
        self.channels: dict[str, dict[str, Any]] = {}
        self.subscribed: list[str] = []
        self.registered = False
        self.register_on_connect = [True]  # one entry per coming connection, the last one for all after it
        self.answers_pings = True
        self.sockets: list[web.WebSocketResponse] = []
        self.connections = 0
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[Any] = []
        self.answers: dict[tuple[str, str], Answer] = {}
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self._port = 0

    # ------------------------------------------------------------------------------------------------ for tests

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def access(self, **changes: Any) -> AriAccess:
        usual = {"url": self.url, "username": USER, "password": PASSWORD, "app": APP, "request_timeout": 2.0}
        return AriAccess(**{**usual, **changes})

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/ari/{path:.*}", self._request)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Asterisk goes away; start() again on the same port brings it back."""
        await self.drop_sockets()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def drop_sockets(self) -> None:
        for socket in self.sockets:
            await socket.close(code=WSCloseCode.GOING_AWAY)
        self.sockets.clear()
        self.registered = False

    async def send(self, *messages: dict[str, Any]) -> None:
        for message in messages:
            await self.sockets[-1].send_json(message)

    async def send_text(self, text: str) -> None:
        await self.sockets[-1].send_str(text)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something that the application did here makes `condition` true."""
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(condition)

    def asked(self, method: str, path: str) -> list[dict[str, str]]:
        return [query for one_method, one_path, query in self.requests if (one_method, one_path) == (method, path)]

    # ------------------------------------------------------------------------------------------------ as Asterisk

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _refused(self, request: web.Request) -> web.Response | None:
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != wanted:
            return web.json_response({"message": "Authentication required"}, status=401)
        return None

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if refused := self._refused(request):
            return refused
        socket = web.WebSocketResponse(autoping=self.answers_pings)
        await socket.prepare(request)
        self.connections += 1
        registers = self.register_on_connect.pop(0) if len(self.register_on_connect) > 1 else self.register_on_connect[0]
        self.registered = registers
        self.sockets.append(socket)
        await self._note()
        async for _ in socket:
            pass
        await self._note()
        return socket

    async def _request(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        self.requests.append((request.method, path, dict(request.query)))
        self.headers.append(dict(request.headers))
        self.bodies.append(await request.json() if request.can_read_body else None)
        await self._note()
        if refused := self._refused(request):
            return refused
        own = self.answers.get((request.method, path))
        if own is not None:
            answer = own(request)
            return await answer if inspect.isawaitable(answer) else answer
        return self._default(request, path)

    def _default(self, request: web.Request, path: str) -> web.Response:
        match request.method, path.split("/"):
            case "GET", ["channels"]:
                return web.json_response(list(self.channels.values()))
            case "GET", ["applications", app] if self.registered and app == APP:
                return web.json_response(self._application())
            case "POST", ["applications", app, "subscription"] if self.registered and app == APP:
                self.subscribed.append(request.query["eventSource"].removeprefix("channel:"))
                return web.json_response(self._application())
            case "GET", ["asterisk", "info"]:
                return web.json_response({"system": {"version": "22.10.1~dfsg", "entity_id": "00:00:00:00:00:00"}})
            case "DELETE", ["channels", channel_id] if self.channels.pop(channel_id, None):
                return web.Response(status=204)
        return web.json_response({"message": "Channel not found"}, status=404)

    def _application(self) -> dict[str, Any]:
        lists: dict[str, list[str]] = {"bridge_ids": [], "endpoint_ids": [], "device_names": []}
        return {"name": APP, "channel_ids": self.subscribed, **lists, "events_allowed": [], "events_disallowed": []}
