"""What the HTTP side needs from the running application, as a protocol, and the refusals it turns into answers."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from ari_app.errors import AriAppError


class NoSuchCall(AriAppError):
    """There is no call with this id, running or recorded."""


class HandoverRefused(AriAppError):
    """The call is in a state in which no handover can begin."""


@dataclass(frozen=True, slots=True)
class RulesHealth:
    """Which rules hold. `problem`: why a newer file on the disk is not in force; empty when none is refused."""

    file: str
    fingerprint: str
    rules: int
    shadow: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """How the application is. `recogniser`: in words; `spooled`: records that Redis does not have yet; `notes`: for people."""

    ari: bool
    ami: bool
    redis: bool
    calls: int
    recogniser: str
    synthesised_voices_only: bool = False
    spooled: int = 0
    asterisk_version: str = ""
    notes: tuple[str, ...] = ()
    rules: RulesHealth | None = None

    @property
    def ok(self) -> bool:
        return self.ari and self.ami and self.redis

    def as_values(self) -> dict[str, Any]:
        return {
            "status": "ok" if self.ok else "degraded",
            "asterisk": {"ari": self.ari, "ami": self.ami, "version": self.asterisk_version},
            "redis": {"up": self.redis, "spooled": self.spooled},
            "recogniser": {"description": self.recogniser, "synthesised_voices_only": self.synthesised_voices_only},
            "rules": asdict(self.rules) if self.rules else None,
            "calls": self.calls,
            "notes": list(self.notes),
        }


class WebServices(Protocol):
    """The running application. Records are those of ari_app.call.record; reading them may raise NotReachable."""

    def health(self) -> Health: ...

    def live_calls(self) -> Sequence[Mapping[str, Any]]:
        """The records of all running calls as they stand now."""
        ...

    async def calls(self, limit: int, since: float) -> Sequence[Mapping[str, Any]]:
        """Recorded calls, newest first; `since` in seconds since the epoch."""
        ...

    async def call(self, call_id: str) -> Mapping[str, Any] | None: ...

    async def handovers(self, limit: int, since: float) -> Sequence[Mapping[str, Any]]: ...

    def watch(self) -> AsyncIterator[Mapping[str, Any]]:
        """Every event from now on. Bounded: a watcher that is too slow gets {"type": "dropped", "count": n} in between."""
        ...

    async def hand_over(self, call_id: str, queue: str | None, reason: str) -> None:
        """Start a handover now. Raises NoSuchCall or HandoverRefused."""
        ...
