"""The names of everything that the application keeps in Redis."""

from dataclasses import dataclass

CALL = "call"
HANDOVER = "handover"


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys begin with `prefix`, so that a Redis may be shared.

    >>> Keys().record(CALL, "17-1"), Keys().index(HANDOVER), Keys().live("17-1")
    ('ari-app:call:17-1', 'ari-app:handovers', 'ari-app:live:17-1')
    """

    prefix: str = "ari-app"

    def record(self, kind: str, identity: str) -> str:
        return f"{self.prefix}:{kind}:{identity}"

    def index(self, kind: str) -> str:
        """Sorted set of identities by start time."""
        return f"{self.prefix}:{kind}s"

    def live(self, call_id: str) -> str:
        return f"{self.prefix}:live:{call_id}"

    def call_of(self, live_key: str) -> str:
        return live_key.removeprefix(self.live(""))
