"""Builds the HTTP side over a running application and puts it on a port."""

import asyncio
import errno
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, cast

import structlog
from aiohttp import web

from ari_app.errors import NotReachable
from ari_app.web.access import access, require_token
from ari_app.web.answers import errors_as_json
from ari_app.web.api import Api
from ari_app.web.metrics import Metrics
from ari_app.web.page import page
from ari_app.web.services import WebServices

log = structlog.get_logger(__name__)

_SHOWN = 20
_STREAMS: web.AppKey[set[asyncio.Task[Any]]] = web.AppKey("streams", set)
_CLOSING_PATIENCE = 2.0


def make_app(services: WebServices, *, token: str = "", clock: Callable[[], float] = time.time) -> web.Application:
    """The aiohttp application. `token` empty: only requests to a loopback name are answered."""
    metrics = Metrics(services.health)
    app = web.Application(middlewares=[errors_as_json, access(token), _ends_with_the_server], client_max_size=64 * 1024)
    app[_STREAMS] = set()
    app.add_routes(Api(services, metrics).routes())
    app.router.add_get("/", _page(services, clock))
    app.on_response_prepare.append(_harden)
    app.on_shutdown.append(_end_streams)
    app.cleanup_ctx.append(_counting(services, metrics))
    return app


class WebServer:
    """The application on its port."""

    def __init__(self, app: web.Application, host: str, port: int, *, token: str = "") -> None:
        """`port` 0: any free one. Raises BadSettings when other machines could ask without a token."""
        require_token(host, token)
        self._host, self._port = host, port
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSING_PATIENCE)

    async def start(self) -> str:
        """Returns the address ("http://127.0.0.1:8089"). Raises NotReachable when the port cannot be had."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise _no_port(self._host, self._port, error) from None
        host, port = self._runner.addresses[0][:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        log.info("http is up", url=url)
        return url

    async def close(self) -> None:
        await self._runner.cleanup()


def _no_port(host: str, port: int, error: OSError) -> NotReachable:
    why = {
        errno.EADDRINUSE: "another program has it",
        errno.EADDRNOTAVAIL: "this machine has no such address",
        errno.EACCES: "only root may use it",
    }.get(error.errno or 0, error.strerror or str(error))
    return NotReachable(
        f"The port {port} on {host} cannot be used: {why}.",
        remedy="Set http.port (0: any free one) or http.host in the settings, or end the other program.",
    )


def _page(services: WebServices, clock: Callable[[], float]) -> Callable[[web.Request], Any]:
    async def show(request: web.Request) -> web.Response:
        nonce = secrets.token_urlsafe(12)
        try:
            handovers = await services.handovers(_SHOWN, 0.0)
        except NotReachable:
            handovers = None
        text = page(services.health(), services.live_calls(), handovers, clock(), nonce)
        policy = (
            f"default-src 'none'; connect-src 'self'; form-action 'self'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'"
        )
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    return show


def _counting(services: WebServices, metrics: Metrics) -> Callable[[web.Application], AsyncIterator[None]]:
    """Feeds the metrics from the application's events for as long as the server runs."""

    async def count() -> None:
        async with aclosing(cast(Any, services.watch())) as events:
            async for event in events:
                try:
                    metrics.observe(event)
                except Exception:  # top of the task: an odd event must not end the counting
                    log.exception("event not counted", type=event.get("type"))

    async def run(app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(count(), name="metrics")
        await asyncio.sleep(0)  # it watches before the first request
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return run


@web.middleware
async def _ends_with_the_server(request: web.Request, handler: Any) -> web.StreamResponse:
    """Streams have no end of their own: remember their tasks, so that the server can end them."""
    task = asyncio.current_task()
    if request.path != "/api/events" or task is None:
        return cast(web.StreamResponse, await handler(request))
    request.app[_STREAMS].add(task)
    try:
        return cast(web.StreamResponse, await handler(request))
    finally:
        request.app[_STREAMS].discard(task)


async def _end_streams(app: web.Application) -> None:
    streams = app[_STREAMS]
    for task in tuple(streams):
        task.cancel()


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault("Cache-Control", "no-store")
