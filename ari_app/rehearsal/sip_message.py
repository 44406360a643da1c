"""SIP messages as values, because a phone that can be read and tested needs its wire format apart from its sockets."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

_COMPACT: Final = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
    "k": "supported",
    "s": "subject",
    "e": "content-encoding",
}
_REASONS: Final = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    603: "Decline",
}


class SipParseError(ValueError):
    """The datagram is not a SIP message."""


@dataclass(frozen=True, slots=True)
class _Headed:
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def get(self, name: str) -> str:
        """The first header of that name (case and compact form do not matter), `""` when there is none."""
        return next(iter(self.get_all(name)), "")

    def get_all(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self.headers if _long_form(key) == wanted]

    @property
    def call_id(self) -> str:
        return self.get("Call-ID")

    @property
    def branch(self) -> str:
        return parameter(self.get("Via"), "branch")

    @property
    def cseq(self) -> tuple[int, str]:
        """(number, method); (0, "") when the header is unusable."""
        parts = self.get("CSeq").split()
        if len(parts) != 2 or not parts[0].isdigit():
            return 0, ""
        return int(parts[0]), parts[1]

    def _serialise(self, first_line: str) -> bytes:
        lines = [first_line, *(f"{name}: {value}" for name, value in self.headers)]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode() + self.body


@dataclass(frozen=True, slots=True)
class Request(_Headed):
    method: str
    uri: str

    def to_bytes(self) -> bytes:
        return self._serialise(f"{self.method} {self.uri} SIP/2.0")


@dataclass(frozen=True, slots=True)
class Response(_Headed):
    status: int
    reason: str

    def to_bytes(self) -> bytes:
        return self._serialise(f"SIP/2.0 {self.status} {self.reason}")


@dataclass(frozen=True, slots=True)
class Address:
    """A From, To, Contact or identity header: `"David Miller" <sip:+15551234567@host>;tag=x`."""

    name: str
    uri: str
    parameters: str

    @property
    def user(self) -> str:
        return uri_user(self.uri)

    @property
    def tag(self) -> str:
        return parameter(self.parameters, "tag")


def parse(datagram: bytes) -> Request | Response:
    """Reads one datagram. Raises `SipParseError` when it is no SIP message."""
    head, _, body = datagram.lstrip(b"\r\n").partition(b"\r\n\r\n")
    try:
        first, *lines = re.sub(r"\r\n[ \t]+", " ", head.decode()).split("\r\n")
    except UnicodeDecodeError as error:
        raise SipParseError("the head is not UTF-8") from error
    headers = tuple(_header(line) for line in lines if line)
    length = next((value for key, value in headers if _long_form(key) == "content-length"), "")
    if length.isdigit():
        body = body[: int(length)]
    if first.startswith("SIP/2.0 "):
        _, status, *reason = first.split(" ", 2)
        if not status.isdigit():
            raise SipParseError(f"no status in {first!r}")
        return Response(headers, body, int(status), reason[0] if reason else "")
    words = first.split(" ")
    if len(words) != 3 or words[2] != "SIP/2.0":
        raise SipParseError(f"neither request nor response: {first[:60]!r}")
    return Request(headers, body, words[0], words[1])


def parse_address(value: str) -> Address:
    """Reads a name-addr or addr-spec. An empty value gives an empty address."""
    found = re.match(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*?))\s*<([^>]*)>(.*)', value)
    if found:
        quoted, plain, uri, rest = found.groups()
        name = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
        return Address(name.strip(), uri.strip(), rest.strip())
    uri, _, rest = value.strip().partition(";")
    return Address("", uri, f";{rest}" if rest else "")


def format_address(name: str, uri: str, tag: str = "") -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    shown = f'"{escaped}" ' if name else ""
    return f"{shown}<{uri}>" + (f";tag={tag}" if tag else "")


def uri_user(uri: str) -> str:
    """`sip:%2B1555;x=y@host` → `+1555`; `tel:+1555` → `+1555`; `""` when the URI has no user part."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() == "tel":
        return rest.partition(";")[0]
    user, at, _ = rest.partition("@")
    return unquote(user.partition(";")[0].partition(":")[0]) if at else ""


def parameter(value: str, name: str) -> str:
    """The value of `;name=…` in a header, `""` when it is missing."""
    found = re.search(rf";\s*{re.escape(name)}\s*=\s*\"?([^;,\s\"]+)", value, re.IGNORECASE)
    return found.group(1) if found else ""


def respond(
    request: Request, status: int, *, to_tag: str = "", extra: tuple[tuple[str, str], ...] = (), body: bytes = b""
) -> Response:
    """The response to a request: Via, From, To, Call-ID, CSeq and Record-Route copied as RFC 3261 8.2.6 asks."""
    copied: list[tuple[str, str]] = []
    for name in ("Via", "Record-Route", "From", "To", "Call-ID", "CSeq"):
        for value in request.get_all(name):
            if name == "To" and to_tag and not parse_address(value).tag:
                value = f"{value};tag={to_tag}"
            copied.append((name, value))
    return Response((*copied, *extra), body, status, _REASONS.get(status, "Unknown"))


def new_branch() -> str:
    return "z9hG4bK" + secrets.token_hex(8)


def new_tag() -> str:
    return secrets.token_hex(6)


def _long_form(name: str) -> str:
    lowered = name.lower()
    return _COMPACT.get(lowered, lowered)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise SipParseError(f"no header: {line[:60]!r}")
    return name.strip(), value.strip()
