"""A stage for session tests: the router with all its fakes, and the questions that tests ask of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ari_app.call.call import CallState
from ari_app.call.policy import Policy
from ari_app.session.call_session import CallSession
from ari_app.session.router import Router
from ari_app.session.services import Services, SessionSettings
from tests.session import fakes
from tests.session.virtual_time import InlineExecutor


@dataclass
class Stage:
    policy: Policy = field(default_factory=Policy)
    pbx: fakes.FakePbx = field(default_factory=fakes.FakePbx)
    media: fakes.FakeMedia = field(default_factory=fakes.FakeMedia)
    synthesiser: fakes.FakeSynthesiser = field(default_factory=fakes.FakeSynthesiser)
    assistant: fakes.FakeAssistant = field(default_factory=fakes.FakeAssistant)
    store: fakes.FakeStore = field(default_factory=fakes.FakeStore)
    scorer: Callable[[], Any] = fakes.FakeScorer
    wall_time: datetime = datetime(2024, 1, 1, 12, 0)  # a Monday, at noon
    feed: list = field(default_factory=list)

    async def __aenter__(self) -> "Stage":
        loop = asyncio.get_running_loop()
        services = Services(
            pbx=self.pbx,
            media=self.media,
            listeners=fakes.FakeListeners(),
            synthesiser=self.synthesiser,
            whisper_synthesiser=self.synthesiser,
            split=lambda text: [text],
            sentiment=fakes.FakeSentiment(),
            scorer=lambda: self.scorer(),
            assistant=self.assistant,
            store=self.store,
            policy=lambda: self.policy,
            publish=self.feed.append,
            clock=loop.time,
            wall_clock=lambda: 1_700_000_000.0 + loop.time(),
            local_time=lambda: self.wall_time,
            pool=InlineExecutor(),
            settings=SessionSettings(),
        )
        self.router = Router(services)
        self._task = asyncio.create_task(self.router.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    async def kill(self) -> None:
        """As kill -9 does: all tasks end, nothing is said to the PBX."""
        self._task.cancel()
        for task in self.router.tasks:
            task.cancel()
        await asyncio.gather(self._task, *self.router.tasks, return_exceptions=True)

    @property
    def session(self) -> CallSession:
        return next(iter(self.router.sessions.values()))

    @property
    def state(self) -> CallState | None:
        return self.session.call.state if self.router.sessions else None

    async def until(self, state: CallState | None, seconds: float = 60.0) -> None:
        """Wait for the call to be in `state` (None: to be gone)."""
        for _ in range(int(seconds / 0.02)):
            if self.state is state:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"the call is {self.state} and never became {state}")

    async def conversing(self) -> CallSession:
        self.pbx.caller_rings()
        await self.until(CallState.CONVERSING)
        await asyncio.sleep(3.0)
        return self.session

    def caller_says(self, text: str) -> None:
        self.media.named("ears").speak(text)

    async def caller_is_saying(self, *texts: str, every: float = 0.35) -> None:
        """The recogniser's words so far, one text after the other, from the beginning of an utterance."""
        self.caller_says("SOUND: ")
        await asyncio.sleep(0.1)
        await self.caller_goes_on(*texts, every=every)

    async def caller_goes_on(self, *texts: str, every: float = 0.35) -> None:
        for text in texts:
            self.caller_says(f"SO FAR: {text}")
            await asyncio.sleep(every)

    async def caller_pauses(self, text: str, *, end: bool = True) -> None:
        """After 0.2 s the words so far, after 0.35 s more the utterance."""
        await asyncio.sleep(0.2)
        self.caller_says(f"PAUSE: {text}")
        await asyncio.sleep(0.35)
        if end:
            self.caller_says(f"END: {text}")
            await asyncio.sleep(0.1)

    async def seeking(self) -> str:
        """The id of the queue leg that is ringing."""
        await self.conversing()
        self.caller_says("the wedding dress of my sister is in my checked bag and the ceremony is in twelve hours")
        await asyncio.sleep(8.0)
        self.caller_says("i want a human")
        await self.until(CallState.SEEKING)
        await asyncio.sleep(0.2)
        return self.session.call.queue_leg_id

    async def briefing(self) -> tuple[fakes.FakeAgent, asyncio.Task[None]]:
        leg_id = await self.seeking()
        channel_id = self.pbx.agent_rings(leg_id)
        await asyncio.sleep(1.0)
        agent = fakes.FakeAgent(self.session.call.call_id, self.pbx, leg_id, channel_id)
        task = asyncio.create_task(self.router.agent_picked_up(agent))
        await self.until(CallState.BRIEFING)
        await asyncio.sleep(0.3)
        return agent, task

    def said(self) -> list[str]:
        return [item["text"] for item in self.feed if item["type"] == "said" and item["speaker"] == "assistant"]

    def sound_on_the_callers_line(self) -> list[tuple[float, float]]:
        voice = [leg for name, leg in self.media.legs.items() if ".voice" in name]
        return sorted(span for leg in voice for span in leg.heard)

    def nothing_left(self) -> bool:
        return (
            self.pbx.existing <= {"1700000000.1"} and not self.pbx.bridged and all(leg.closed for leg in self.media.legs.values())
        )
