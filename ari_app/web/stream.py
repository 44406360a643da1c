"""Sends live events to a client for as long as it listens, as lines of JSON or as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, cast

from aiohttp import web

KEEP_ALIVE = 15.0  # seconds; also how soon a client that is gone is noticed
_LONGEST_WRITE = 30.0  # a client that takes nothing for so long is gone

Event = Mapping[str, Any]


async def send_events(request: web.Request, events: AsyncIterator[Event], keep_alive: float = KEEP_ALIVE) -> web.StreamResponse:
    """`?call=ID` limits the events to one call. Accept: text/event-stream chooses server-sent events."""
    as_sse = "text/event-stream" in request.headers.get("Accept", "")
    only = request.query.get("call")
    response = web.StreamResponse(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    response.content_type = "text/event-stream" if as_sse else "application/x-ndjson"
    await response.prepare(request)
    try:
        async with aclosing(cast(Any, events)):
            async for event in _with_silence(events, keep_alive):
                if event is None or only in (None, event.get("call_id")) or event.get("type") == "dropped":
                    async with asyncio.timeout(_LONGEST_WRITE):
                        await response.write(_line(event, as_sse))
    except (ConnectionResetError, TimeoutError):
        pass  # the client has left
    return response


def _line(event: Event | None, as_sse: bool) -> bytes:
    if event is None:
        return b": still here\n\n" if as_sse else b"\n"
    text = json.dumps(event, ensure_ascii=False, default=str)
    return f"event: {event.get('type', 'event')}\ndata: {text}\n\n".encode() if as_sse else f"{text}\n".encode()


async def _with_silence(events: AsyncIterator[Event], keep_alive: float) -> AsyncIterator[Event | None]:
    """The events, and None whenever there was none for `keep_alive` seconds; first a None, so that the client sees it is on."""
    following = asyncio.ensure_future(anext(events, None))
    try:
        yield None
        while True:
            done, _ = await asyncio.wait({following}, timeout=keep_alive)
            if not done:
                yield None
                continue
            event = following.result()
            if event is None:
                return
            following = asyncio.ensure_future(anext(events, None))
            yield event
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
