"""Decides who may ask: this machine's own programs, or whoever has the token; never another site's page in a browser."""

import base64
import binascii
import hmac
import ipaddress
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from ari_app.errors import BadSettings
from ari_app.web.answers import refusal

_OPEN = frozenset({"/health"})  # tells nothing about callers; load balancers ask without a token
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_loopback(host: str) -> bool:
    """
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0"), is_loopback("pbx")
    (True, True, True, False, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def require_token(host: str, token: str) -> None:
    """Raises BadSettings when others than this machine could ask without a token."""
    if not token and not is_loopback(host):
        raise BadSettings(
            f"http.host is {host}, which other machines can reach, but http.token is not set.",
            remedy="Set http.token to a long random text (openssl rand -hex 24), or http.host to 127.0.0.1.",
        )


def access(token: str) -> Middleware:
    """With a token every request but /health must bring it; without one only requests to a loopback name are answered."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method not in _SAFE and not _same_site(request):
            return refusal(403, "forbidden", "This request comes from another site's page.")
        if token:
            if request.path not in _OPEN and not _has_token(request, token):
                challenge = {"WWW-Authenticate": 'Basic realm="ari_app", charset="UTF-8"'}
                return refusal(
                    401, "unauthorized", "The token is missing or wrong.", "Send Authorization: Bearer TOKEN", challenge
                )
        elif not is_loopback(_host_name(request.host)):
            # a page whose name was pointed at 127.0.0.1 (DNS rebinding) still sends its own name
            return refusal(403, "forbidden", f"'{request.host}' is not this machine's own name.", "Ask for 127.0.0.1.")
        return await handler(request)

    return check


def _has_token(request: web.Request, token: str) -> bool:
    """Bearer for programs; Basic (any name, the token as password) for browsers, which can send nothing else by themselves."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    given = value.strip()
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.encode(), token.encode())


def _same_site(request: web.Request) -> bool:
    """Browsers name the page that sends a form or a script's request; programs do not."""
    origin = request.headers.get("Origin")
    if origin is not None:
        return urlsplit(origin).netloc.lower() == request.host.lower()
    return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")


def _host_name(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""
