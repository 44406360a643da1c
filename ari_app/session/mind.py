"""The thinking part of one call: scores turns and asks the assistant, one thing after the other, off the call's own task."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from ari_app.call import commands as do
from ari_app.call import events as on
from ari_app.call.call import Call
from ari_app.call.model import Carried, Party, Score, Turn
from ari_app.errors import AriAppError
from ari_app.session.services import Services

log = structlog.get_logger()

PENDING = 100  # thoughts that may wait; a call that has more is beyond help and gets a human


class Mind:
    """One per call: the assistant's side of the conversation and the scorer's state."""

    def __init__(self, call: Call, services: Services, post: Callable[[on.Event], None], now: Callable[[], float]) -> None:
        self._services, self._post, self._now, self._call_id = services, post, now, call.call_id
        self.dialogue = services.assistant.open(call.call_id, call.caller_number, call.caller_name)
        self._scoring = services.scorer().start()
        self._call = call
        self._thoughts: asyncio.Queue[do.ScoreTurn | do.AskAssistant | do.AskAssistantForNobody] = asyncio.Queue(PENDING)

    def update(self, call: Call) -> None:
        """The call as it is now; asked for replies and remarks are made from it."""
        self._call = call

    async def greet(self) -> None:
        self._post(on.AssistantReplied(self.dialogue.greet(), self._now()))

    def enqueue(self, thought: do.ScoreTurn | do.AskAssistant | do.AskAssistantForNobody) -> None:
        try:
            self._thoughts.put_nowait(thought)
        except asyncio.QueueFull:
            log.error("mind overloaded", call_id=self._call_id, dropped=type(thought).__name__)
            self._post(on.AssistantFailed(self._now(), speech=False))

    async def run(self) -> None:
        """The mind's task; ends when it is cancelled. A thought that fails leads to a human, never to silence."""
        while True:
            thought = await self._thoughts.get()
            try:
                await self._think(thought)
            except AriAppError as error:
                log.warning("thought failed", call_id=self._call_id, thought=type(thought).__name__, error=str(error))
                self._post(on.AssistantFailed(self._now(), speech=False))
            except Exception:  # top of the task: a fault in a reply or a rule must not leave the caller in silence
                log.exception("thought crashed", call_id=self._call_id, thought=type(thought).__name__)
                self._post(on.AssistantFailed(self._now(), speech=False))

    async def preview(self, text: str, confidence: float, at: float) -> Score:
        """What the words so far would lead to if the caller had finished."""
        turn = Turn(len(self._call.transcript.turns), Party.CALLER, text, at, at, confidence=confidence)
        turn = await self._with_polarity(turn)
        scorer, now = self._services.scorer(), self._services.local_time()
        return await asyncio.get_running_loop().run_in_executor(self._services.pool, scorer.preview, self._scoring, turn, now)

    def weigh(self, text: str, at: float) -> Carried:
        """What words that are still being said carry by themselves. Blocking for some milliseconds, for any thread."""
        turn = Turn(len(self._call.transcript.turns), Party.CALLER, text, at, at)
        return self._services.scorer().weigh(self._scoring, turn, self._services.local_time())

    def remark(self, number: int) -> str:
        """The n-th remark that keeps the caller company."""
        return self.dialogue.company(self._call.transcript, self._call.facts, number).text

    def snapshot(self) -> dict[str, Any]:
        return {"dialogue": self.dialogue.snapshot(), "scoring": self._scoring.to_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot. KeyError, TypeError or ValueError when it is none."""
        self.dialogue.restore(state["dialogue"])
        self._scoring = type(self._scoring).from_dict(state["scoring"])

    def cool_down(self) -> None:
        """A handover has ended: what was counted so far does not lead to the next one at once."""
        self._scoring = self._services.scorer().handed_back(self._scoring, self._now())

    async def _think(self, thought: do.ScoreTurn | do.AskAssistant | do.AskAssistantForNobody) -> None:
        match thought:
            case do.ScoreTurn(turn=turn):
                turn = await self._with_polarity(turn) if turn.party is Party.CALLER else turn
                score = await self._consider(turn)
                self._post(on.TurnScored(score, self._now(), turn.polarity))
            case do.AskAssistant(turn=turn, waiting=waiting):
                reply = await self.dialogue.answer(turn, self._call.transcript, waiting=waiting)
                self._post(on.AssistantReplied(reply, self._now()))
            case do.AskAssistantForNobody():
                self._post(on.AssistantReplied(self.dialogue.nobody(), self._now()))

    async def _consider(self, turn: Turn) -> Score:
        """Off the loop: to measure meaning takes longer than a frame of audio. Anew where a cool-down came in between."""
        loop = asyncio.get_running_loop()
        while True:
            scorer, before = self._services.scorer(), self._scoring
            work = loop.run_in_executor(self._services.pool, scorer.consider, before, turn, self._services.local_time())
            after, score = await work
            if self._scoring is before:
                self._scoring = after
                return score

    async def _with_polarity(self, turn: Turn) -> Turn:
        return replace(turn, polarity=await self._services.sentiment.polarity(turn.text))
