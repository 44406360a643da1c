"""Answers to a SIP digest challenge (RFC 2617, RFC 7616), which every Asterisk endpoint with a password sends."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

_ALGORITHMS: Final[Mapping[str, Callable[[bytes], str]]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}


@dataclass(frozen=True, slots=True)
class Challenge:
    realm: str
    nonce: str
    algorithm: str
    qop: str
    opaque: str
    stale: bool


def parse_challenge(value: str) -> Challenge | None:
    """Reads a WWW- or Proxy-Authenticate header; `None` when this phone cannot answer it."""
    scheme, _, rest = value.strip().partition(" ")
    fields = {
        name.lower(): quoted if quoted else plain
        for name, quoted, plain in re.findall(r'([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))', rest)
    }
    algorithm = fields.get("algorithm", "MD5").upper()
    offered = [word.strip() for word in fields.get("qop", "").split(",") if word.strip()]
    unusable_qop = bool(offered) and "auth" not in offered
    if scheme.lower() != "digest" or algorithm not in _ALGORITHMS or unusable_qop or "nonce" not in fields:
        return None
    return Challenge(
        realm=fields.get("realm", ""),
        nonce=fields["nonce"],
        algorithm=algorithm,
        qop="auth" if offered else "",
        opaque=fields.get("opaque", ""),
        stale=fields.get("stale", "").lower() == "true",
    )


def answer(challenge: Challenge, *, username: str, password: str, method: str, uri: str, cnonce: str = "", count: int = 1) -> str:
    """The value of the Authorization header."""
    digest = _ALGORITHMS[challenge.algorithm]
    secret = digest(f"{username}:{challenge.realm}:{password}".encode())
    action = digest(f"{method}:{uri}".encode())
    parts = [f'username="{username}"', f'realm="{challenge.realm}"', f'nonce="{challenge.nonce}"', f'uri="{uri}"']
    if challenge.qop:
        cnonce = cnonce or secrets.token_hex(8)
        joined = f"{secret}:{challenge.nonce}:{count:08x}:{cnonce}:auth:{action}"
        parts += [f'cnonce="{cnonce}"', f"nc={count:08x}", "qop=auth"]
    else:
        joined = f"{secret}:{challenge.nonce}:{action}"
    parts += [f'response="{digest(joined.encode())}"', f"algorithm={challenge.algorithm}"]
    if challenge.opaque:
        parts.append(f'opaque="{challenge.opaque}"')
    return "Digest " + ", ".join(parts)
