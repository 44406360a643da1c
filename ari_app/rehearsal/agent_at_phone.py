"""An agent of the script at a desk phone: lets it ring, picks up or declines, and plays the part."""

from __future__ import annotations

import asyncio

from ari_app.rehearsal.errors import PhoneError, StepFailed
from ari_app.rehearsal.person import Person
from ari_app.rehearsal.phone import Card, Phone
from ari_app.rehearsal.phone_call import CallState, Display, PhoneCall
from ari_app.rehearsal.script import Agent
from ari_app.rehearsal.stage import Stage
from ari_app.rehearsal.timeline import (
    CardArrived,
    Declined,
    DisplayChanged,
    HungUp,
    KeyHeard,
    PickedUp,
    Rang,
    RingingStopped,
)


class AgentAtPhone:
    """Takes every call that comes to the phone, one after the other, with the same part."""

    def __init__(self, name: str, part: Agent, phone: Phone, stage: Stage) -> None:
        self.name = name
        self.phone = phone
        self._part = part
        self._stage = stage
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: asyncio.Future[StepFailed] = asyncio.get_running_loop().create_future()
        phone.on_call = self._rang
        phone.on_card = self._card

    async def failed(self) -> None:
        """Waits for the agent's part to fail, and raises that `StepFailed`."""
        raise await asyncio.shield(self._failure)

    async def leave(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.phone.close()
        self._failure.cancel()

    def _rang(self, call: PhoneCall) -> None:
        stage, shown = self._stage, call.display
        stage.tell(Rang(stage.relative(call.started_at), self.name, shown.number, shown.name, shown.source))
        stage.reached("ringing")
        call.on_display = self._display
        call.on_digit = lambda digit: stage.tell(KeyHeard(stage.relative(digit.at), self.name, digit.digit))
        task = asyncio.create_task(self._take(call), name=f"{self.name}-call")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _display(self, shown: Display) -> None:
        self._stage.tell(DisplayChanged(self._stage.now(), self.name, shown.number, shown.name))

    def _card(self, card: Card) -> None:
        self._stage.tell(CardArrived(self._stage.relative(card.at), self.name, card.text))

    async def _take(self, call: PhoneCall) -> None:
        if not await self._pick_up(call):
            return
        stage = self._stage
        stage.tell(PickedUp(stage.relative(call.answered_at or 0.0), self.name))
        stage.reached("answered")
        part = asyncio.create_task(Person(self.name, call, stage, voice=self._part.voice).run(self._part.all_steps()))
        ended = asyncio.create_task(call.ended.wait())
        try:
            await asyncio.wait([part, ended], return_when=asyncio.FIRST_COMPLETED)
            # A call that the other side ended is no failure of the agent's part; the caller's part judges that.
            if part.done() and call.state is not CallState.ENDED:
                part.result()
                await call.ended.wait()
        except StepFailed as failure:
            if not self._failure.done():
                self._failure.set_result(failure)
        finally:
            part.cancel()
            ended.cancel()
            await asyncio.gather(part, ended, return_exceptions=True)
            await call.hang_up()
            stage.tell(HungUp(stage.relative(call.ended_at or 0.0), self.name, call.ended_by, call.status))
            stage.reached("gone")

    async def _pick_up(self, call: PhoneCall) -> bool:
        """Whether the call was picked up; else it was declined, or stopped ringing."""
        after = self._part.answers_after
        try:
            await asyncio.wait_for(call.ended.wait(), after)
        except TimeoutError:
            if self._part.declines:
                call.decline()
                self._stage.tell(Declined(self._stage.now(), self.name))
                return False
            try:
                await call.answer()
                return True
            except PhoneError:
                pass
        self._stage.tell(RingingStopped(self._stage.relative(call.ended_at or 0.0), self.name))
        return False
