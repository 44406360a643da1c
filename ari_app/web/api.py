"""The API: calls and handovers as JSON, live events, and the operator's own handover."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import structlog
from aiohttp import web

from ari_app.web.answers import BadRequest, json_answer
from ari_app.web.metrics import CONTENT_TYPE, Metrics
from ari_app.web.services import NoSuchCall, WebServices
from ari_app.web.stream import send_events

log = structlog.get_logger(__name__)

_MOST = 1000
_LONGEST_REASON = 24  # what a desk phone's display shows


class Api:
    """The handlers, over one running application."""

    def __init__(self, services: WebServices, metrics: Metrics) -> None:
        self._services = services
        self._metrics = metrics

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/health", self.health),
            web.get("/metrics", self.metrics),
            web.get("/api/calls", self.calls),
            web.get("/api/calls/{call_id}", self.call),
            web.post("/api/calls/{call_id}/handover", self.hand_over),
            web.get("/api/handovers", self.handovers),
            web.get("/api/events", self.events),
        ]

    async def health(self, request: web.Request) -> web.Response:
        return json_answer(self._services.health().as_values())

    async def metrics(self, request: web.Request) -> web.Response:
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    async def calls(self, request: web.Request) -> web.Response:
        """Recorded calls, newest first; with ?live=true the running ones."""
        if request.query.get("live", "").lower() in ("1", "true", "yes"):
            return json_answer({"calls": list(self._services.live_calls())})
        limit, since = _limit(request), _since(request)
        return json_answer({"calls": list(await self._services.calls(limit, since))})

    async def call(self, request: web.Request) -> web.Response:
        call_id = request.match_info["call_id"]
        running = (record for record in self._services.live_calls() if record.get("call_id") == call_id)
        record = next(running, None) or await self._services.call(call_id)
        if record is None:
            raise NoSuchCall(f"There is no call {call_id}.", remedy="GET /api/calls lists them.")
        return json_answer(record)

    async def handovers(self, request: web.Request) -> web.Response:
        limit, since = _limit(request), _since(request)
        return json_answer({"handovers": list(await self._services.handovers(limit, since))})

    async def events(self, request: web.Request) -> web.StreamResponse:
        return await send_events(request, self._services.watch())

    async def hand_over(self, request: web.Request) -> web.StreamResponse:
        """Body (optional): {"queue": name, "reason": text}, or the page's form."""
        call_id = request.match_info["call_id"]
        wanted = await _body(request)
        queue, reason = _text(wanted, "queue"), _text(wanted, "reason") or "operator"
        if len(reason) > _LONGEST_REASON:
            raise BadRequest(f"'reason' is longer than {_LONGEST_REASON} characters.", "A desk phone's display shows no more.")
        await self._services.hand_over(call_id, queue or None, reason)
        log.info("an operator asked for a handover", call_id=call_id)
        if request.content_type == "application/x-www-form-urlencoded":
            raise web.HTTPSeeOther("/")
        return json_answer({"call_id": call_id, "handover": "started"}, 202)


async def _body(request: web.Request) -> dict[str, Any]:
    if not request.can_read_body:
        return {}
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(await request.post())
    try:
        content = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise BadRequest("The body is not JSON.", remedy='Send {"queue": "support", "reason": "…"} or nothing.') from None
    if not isinstance(content, dict):
        raise BadRequest("The body is not a JSON object.", remedy='Send {"queue": "support", "reason": "…"} or nothing.')
    unknown = set(content) - {"queue", "reason"}
    if unknown:
        raise BadRequest(f"'{sorted(unknown)[0]}' is not known.", remedy="Known: queue, reason.")
    return content


def _text(wanted: dict[str, Any], name: str) -> str:
    value = wanted.get(name) or ""
    if not isinstance(value, str) or not value.isprintable():
        raise BadRequest(f"'{name}' is not a line of text.")
    return value.strip()


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", "50")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _MOST:
        raise BadRequest(f"limit={text} is not a number from 1 to {_MOST}.")
    return int(text)


def _since(request: web.Request) -> float:
    """Seconds since the epoch, given as such or as a date and time (UTC unless it says otherwise)."""
    text = request.query.get("since", "0")
    try:
        seconds = float(text)
    except ValueError:
        try:
            at = datetime.fromisoformat(text.replace(" ", "+"))  # a "+" in an address arrives as a space
        except ValueError:
            raise BadRequest(f"since={text} is no time.", remedy="Seconds since the epoch, or 2030-01-31T12:00Z.") from None
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    if not math.isfinite(seconds):
        raise BadRequest(f"since={text} is no time.")
    return seconds
