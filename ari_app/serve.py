"""Runs the application until it is told to stop, and leaves live calls in Asterisk in good hands."""

import asyncio
import signal

import structlog

from ari_app import __version__
from ari_app.settings import Settings
from ari_app.wiring import application

log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Raises AriAppError when it cannot start."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with application(settings) as app:
        routing = asyncio.create_task(app.router.run(), name="router")
        await app.router.adopt(await app.store.live())
        version = ".".join(map(str, app.version))
        log.info("ready", version=__version__, asterisk=version, app=settings.asterisk.app)
        stopping = asyncio.create_task(stop.wait(), name="stop")
        await asyncio.wait({routing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        log.info("stopping", calls=len(app.router.sessions))
        stopping.cancel()
        routing.cancel()
        ended = await asyncio.gather(routing, stopping, return_exceptions=True)
        if isinstance(ended[0], Exception):
            raise ended[0]
