"""Where a rehearsal is held: the PBX, and the accounts of its caller and agents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ari_app.errors import BadSettings
from ari_app.rehearsal.phone import Account


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Sip(_Part):
    host: str
    port: int = 5060


class CallerAccount(_Part):
    username: str
    password: str
    extension: str


class AgentAccount(_Part):
    username: str
    password: str
    extension: str = ""
    queue: str = ""


class Target(_Part):
    """The shape that `scripts/sandbox up --json` prints; what is not needed of it is ignored."""

    sip: Sip
    caller: CallerAccount
    agents: tuple[AgentAccount, ...] = ()
    allow_remote: bool = False

    @classmethod
    def from_mapping(cls, value: Mapping[str, Any]) -> Target:
        """Raises `BadSettings` that names every missing or wrong field."""
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            raise BadSettings(
                f"the rehearsal's target cannot be used: {problems}", "give the JSON that `scripts/sandbox up --json` prints"
            ) from error

    def caller_account(self) -> Account:
        return Account(self.caller.username, self.caller.password, self.sip.host, self.sip.port)

    def agent_account(self, username: str | None, turn: int) -> Account:
        """The agent of that user name, or the `turn`-th one. Raises `BadSettings` when there is none."""
        named = [agent for agent in self.agents if agent.username == username]
        found = named[0] if named else self.agents[turn] if username is None and turn < len(self.agents) else None
        if found is None:
            known = ", ".join(agent.username for agent in self.agents) or "none"
            wanted = f"agent {username!r}" if username else f"agent number {turn + 1}"
            raise BadSettings(f"the target has no {wanted} (it has: {known})", "add the account, or change the script")
        return Account(found.username, found.password, self.sip.host, self.sip.port)
