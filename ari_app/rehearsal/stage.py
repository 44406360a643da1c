"""What the persons of one rehearsal share: its clock, its timeline, and the moments they wait for in each other's part."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from ari_app.rehearsal.script import AgentMoment
from ari_app.rehearsal.timeline import ApplicationReported, PhoneEvent

E = TypeVar("E", bound=PhoneEvent)
Show = Callable[[PhoneEvent], None]


class Stage:
    """`origin` is the monotonic second at which the rehearsal began."""

    def __init__(self, show: Show) -> None:
        self.origin = time.monotonic()
        self.events: list[PhoneEvent] = []
        self._show = show
        self._moments: dict[str, asyncio.Event] = {}

    def now(self) -> float:
        return time.monotonic() - self.origin

    def relative(self, at: float) -> float:
        return at - self.origin

    def tell(self, event: PhoneEvent) -> None:
        self.events.append(event)
        self._show(event)
        if isinstance(event, ApplicationReported):
            self._moment(f"application {event.kind}").set()

    def reached(self, moment: AgentMoment) -> None:
        """Some agent's part reached this moment; whoever waits for any agent's moment goes on."""
        self._moment(f"agent {moment}").set()

    async def until_agent(self, moment: AgentMoment) -> None:
        await self._moment(f"agent {moment}").wait()

    async def until_application(self, kind: str) -> None:
        await self._moment(f"application {kind}").wait()

    def of(self, kind: type[E], phone: str | None = None) -> list[E]:
        """The events of one kind so far, oldest first."""
        return [event for event in self.events if isinstance(event, kind) and phone in (None, event.phone)]

    def _moment(self, name: str) -> asyncio.Event:
        return self._moments.setdefault(name, asyncio.Event())
