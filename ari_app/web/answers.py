"""Turns every refusal and failure into one JSON shape that programs and people can read."""

import json
from typing import Any

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from ari_app.errors import AriAppError, NotReachable
from ari_app.web.services import HandoverRefused, NoSuchCall

log = structlog.get_logger(__name__)

_STATUS: tuple[tuple[type[AriAppError], int, str], ...] = (
    (NoSuchCall, 404, "no such call"),
    (HandoverRefused, 409, "handover refused"),
    (NotReachable, 503, "not reachable"),
)


def json_answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    text = json.dumps(content, ensure_ascii=False, default=str)
    return web.Response(text=text + "\n", status=status, content_type="application/json", headers=headers)


def refusal(status: int, code: str, message: str, remedy: str = "", headers: dict[str, str] | None = None) -> web.Response:
    """{"error": {"code", "message", "remedy"}}"""
    return json_answer({"error": {"code": code, "message": message, "remedy": remedy}}, status, headers)


class BadRequest(AriAppError):
    """A parameter or a body that cannot be used."""


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except BadRequest as error:
        return refusal(400, "bad request", error.message, error.remedy)
    except AriAppError as error:
        status, code = next(((status, code) for kind, status, code in _STATUS if isinstance(error, kind)), (500, "error"))
        return refusal(status, code, error.message, error.remedy)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return refusal(error.status, error.reason.lower(), f"{error.reason}: {request.method} {request.path}", headers=allowed)
    except Exception:  # top of the request: one that fails must not show its insides
        log.exception("request failed", method=request.method, path=request.match_info.route.name or "")
        return refusal(500, "internal error", "The request failed.", "The application's log says why.")
