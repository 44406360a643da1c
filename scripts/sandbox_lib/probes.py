"""Asks each part whether it really answers; a listening port alone proves little."""

import base64
import contextlib
import json
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path


def ari_answers(url: str, username: str, password: str) -> bool:
    """True when ARI says which Asterisk it is. `url` ends in /ari."""
    token = base64.b64encode(f"{username}:{password}".encode()).decode()
    request = urllib.request.Request(f"{url}/asterisk/info?only=system", headers={"Authorization": f"Basic {token}"})
    return _get(request) is not None


def ami_answers(host: str, port: int, username: str, password: str) -> bool:
    """True when AMI greets and accepts the login."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=2) as peer:
        peer.settimeout(2)
        peer.sendall(f"Action: Login\r\nUsername: {username}\r\nSecret: {password}\r\nEvents: off\r\n\r\n".encode())
        received = b""
        while b"Authentication" not in received:
            chunk = peer.recv(4096)
            if not chunk:
                return False
            received += chunk
        return received.startswith(b"Asterisk Call Manager") and b"Authentication accepted" in received
    return False


def fully_booted(console: Sequence[str]) -> bool:
    """True when every module is loaded; ARI and AMI answer some time before. `console` is `asterisk -C … -rx`."""
    try:
        done = subprocess.run([*console, "core waitfullybooted"], capture_output=True, text=True, timeout=20)
    except subprocess.TimeoutExpired:
        return False
    return "fully booted" in done.stdout


def redis_answers(path: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(2)
        peer.connect(str(path))
        peer.sendall(b"PING\r\n")
        return peer.recv(16).startswith(b"+PONG")
    return False


def application_answers(url: str) -> bool:
    """True when /health answers at all: an application that says "degraded" is up, and says why by itself."""
    return _get(urllib.request.Request(f"{url}/health")) is not None


def _get(request: urllib.request.Request) -> object | None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never ask a proxy for 127.0.0.1
    try:
        with opener.open(request, timeout=2) as answer:
            return json.loads(answer.read() or b"null") or {}
    except urllib.error.HTTPError as error:
        return {} if error.code == 503 else None
    except (OSError, ValueError):
        return None
