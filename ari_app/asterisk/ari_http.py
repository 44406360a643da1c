"""One authenticated way to Asterisk's ARI over HTTP, which turns every refusal into one of our own errors."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

from ari_app.asterisk.system_errors import in_words
from ari_app.errors import AriAppError, ChannelGone, NotReachable

Value = str | int


@dataclass(frozen=True, slots=True)
class AriAccess:
    """Where ARI is and who we are there.

    `url`: "http://127.0.0.1:8088" or with Asterisk's own path, "http://pbx:8088/ari". Times in seconds. `max_connections`
    counts the WebSocket too and should stay well under `sessionlimit` in http.conf (100 by default, for all clients).
    """

    url: str
    username: str
    password: str = field(repr=False)
    app: str = "ari-app"
    request_timeout: float = 5.0
    max_connections: int = 16

    @property
    def base(self) -> str:
        """The address with the path `/ari`, whether it was written or not."""
        url = self.url.rstrip("/")
        return url if urlsplit(url).path.endswith("/ari") else f"{url}/ari"


class AriRefused(AriAppError):
    """Asterisk understood the request and will not do it now. `status` is HTTP's, `said` Asterisk's own sentence."""

    def __init__(self, what: str, status: int, said: str) -> None:
        super().__init__(f"Asterisk refused {what}: {said} ({status})")
        self.status = status
        self.said = said


class NotLetIn(NotReachable):
    """Asterisk runs, but waiting will not help: wrong credentials, or ARI is not served at this address."""


class NeverSent(NotReachable):
    """No connection could be made, so Asterisk knows nothing of the request: it is safe to send it later."""


class AriHttp:
    """Requests to one ARI. Open it inside a running event loop; safe for concurrent use by many tasks."""

    def __init__(self, access: AriAccess) -> None:
        self.access = access
        self._authorization = aiohttp.encode_basic_auth(access.username, access.password)
        self._session: aiohttp.ClientSession | None = None
        self._close_each = False

    def close_each_connection(self, wanted: bool = True) -> None:
        """Use a fresh connection for every request, where kept-alive ones are slow."""
        self._close_each = wanted

    async def request(
        self,
        method: str,
        *path: str,
        query: Mapping[str, Value | None] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> bytes:
        """The answer's body. Raises ChannelGone (404), AriRefused (other refusals), NotReachable (no way to ask)."""
        what = f"{method} /{'/'.join(path)}"
        headers = {"Connection": "close"} if self._close_each else {}
        try:
            async with self._opened().request(
                method, self._address(path, query), json=body, headers=headers, allow_redirects=False
            ) as answer:
                content = await answer.read()
                if answer.status < 300:
                    return content
                raise self._refusal(what, answer.status, content)
        except TimeoutError as error:
            raise NotReachable(
                f"Asterisk's ARI at {self.access.base} did not answer {what} within {self.access.request_timeout:g} s.",
                "Asterisk may be overloaded or stopped in a debugger: look at 'core show taskprocessors'.",
            ) from error
        except aiohttp.ClientError as error:
            raise self._unreachable(error) from error

    async def open_socket(self, *, heartbeat: float, timeout: float) -> "aiohttp.ClientWebSocketResponse[bool]":
        """A WebSocket for the application's events, whose peer must answer a ping every `heartbeat` seconds."""
        query = {"app": self.access.app, "subscribeAll": "false"}
        try:
            async with asyncio.timeout(timeout):
                return await self._opened().ws_connect(
                    self._address(("events",), query),
                    heartbeat=heartbeat,
                    timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                )
        except aiohttp.WSServerHandshakeError as error:
            raise self._refusal("GET /events", error.status, b"") from error
        except TimeoutError as error:
            raise NotReachable(
                f"Asterisk's ARI at {self.access.base} did not open its event socket within {timeout:g} s.",
                "Is 'sessionlimit' in http.conf exhausted? See 'http show status'.",
            ) from error
        except aiohttp.ClientError as error:
            raise self._unreachable(error) from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Asterisk closes a kept-alive connection after 15 s (session_keep_alive): let go of it well before that.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self.access.max_connections, keepalive_timeout=5.0),
                timeout=aiohttp.ClientTimeout(total=self.access.request_timeout),
                headers={"Authorization": self._authorization},
            )
        return self._session

    def _address(self, path: Sequence[str], query: Mapping[str, Value | None] | None) -> URL:
        """Identifiers may hold anything ("PJSIP/agent1", "a;2"), so each step of the path is quoted by itself."""
        steps = "/".join(quote(step, safe="") for step in path)
        pairs = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in (query or {}).items() if value is not None)
        return URL(f"{self.access.base}/{steps}{'?' if pairs else ''}{pairs}", encoded=True)

    def _refusal(self, what: str, status: int, content: bytes) -> AriAppError:
        said = _sentence_in(content)
        if status in (401, 403):
            return NotLetIn(
                f"Asterisk's ARI at {self.access.base} does not let the user '{self.access.username}' in ({status}).",
                f"ari.conf needs a section [{self.access.username}] with type=user, read_only=no and the password from the "
                "settings; then 'module reload res_ari.so'.",
            )
        if status == 404 and said in (None, "Resource not found"):
            return NotLetIn(
                f"The web server at {self.access.base} has no ARI there ({what} gave 404).",
                "Check the address (http.conf may set a prefix), enabled=yes in ari.conf, and that res_ari.so and its parts "
                "are loaded: 'module show like res_ari'.",
            )
        if status == 404:
            return ChannelGone(f"Not in Asterisk any more: {what}: {said}")
        return AriRefused(what, status, said or "no reason given")

    def _unreachable(self, error: aiohttp.ClientError) -> NotReachable:
        kind = NeverSent if isinstance(error, aiohttp.ClientConnectorError) else NotReachable
        return kind(
            f"Asterisk's ARI at {self.access.base} cannot be reached: {_cause(error)}",
            "Is Asterisk running, with enabled=yes and this address in http.conf? See 'http show status'.",
        )


def _cause(error: aiohttp.ClientError) -> str:
    """In a few words; aiohttp's own texts repeat the address and name the exception."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return in_words(error.os_error)
    if isinstance(error, aiohttp.ClientResponseError):
        return "what answers there does not speak HTTP"
    return str(error) or type(error).__name__


def _sentence_in(content: bytes) -> str | None:
    """ARI's own words. None when the answer is not ARI's (Asterisk's web server answers in HTML)."""
    try:
        answer = json.loads(content)
    except ValueError:
        return None
    if not isinstance(answer, dict):
        return None
    said = answer.get("message") or answer.get("error")
    return str(said) if said else None
