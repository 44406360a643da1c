"""Connects to Redis so that a server that is away costs a call no time, and says what is wrong in words."""

import os

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotConnected

from ari_app.errors import BadSettings


def connect(url: str, timeout: float) -> "Redis":
    try:
        return Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),  # the default retries block a command for seconds when the server is away
            health_check_interval=0,
        )
    except (ValueError, TypeError) as error:
        raise BadSettings(
            f"redis.url '{without_password(url)}' is no Redis address: {error}.",
            remedy="Write redis://host:6379/0, rediss://… or unix:///path/to/redis.sock, or leave it empty for a private server.",
        ) from None


def without_password(url: str) -> str:
    scheme, at, rest = url.partition("://") if "://" in url else ("", "", url)
    return f"{scheme}{at}{rest.rpartition('@')[2]}"


def reason(error: Exception) -> str:
    """In a few words: the client's own text for a server that is away repeats the address and names an error number."""
    origin = error.__cause__ or error.__context__
    if isinstance(error, NotConnected) and isinstance(origin, OSError) and (origin.errno or 0) > 0:
        return os.strerror(origin.errno or 0)
    if isinstance(error, NotConnected) and error.__cause__ is not None:
        return str(error.__cause__).rstrip(".")
    return str(error).rstrip(".") or type(error).__name__
