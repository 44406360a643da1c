"""Speaks with the assistant as a caller would, so that tests read as conversations."""

from datetime import datetime
from typing import Any

from ari_app.assistant.assistant import AssistantSettings, open_assistant
from ari_app.call.model import AnswerKind, Fact, Party, Reply, Transcript, Turn

NOW = datetime(2030, 1, 1, 19, 0)


class Conversation:
    """One call with the assistant, on the demo's airline unless told otherwise."""

    def __init__(self, settings: AssistantSettings | None = None, **plugged: Any) -> None:
        self.dialogue = open_assistant(settings or AssistantSettings(), now=lambda: NOW, **plugged).open("call-1", "", "")
        self.greeting = self.dialogue.greet()
        self.facts: list[Fact] = []
        self.last: Reply = self.greeting
        self._turns = 0

    async def say(self, text: str, *, waiting: bool = False, confidence: float | None = 0.95) -> Reply:
        self._turns += 1
        turn = Turn(self._turns, Party.CALLER, text, float(self._turns), self._turns + 1.0, confidence)
        self.last = await self.dialogue.answer(turn, Transcript(), waiting=waiting)
        self.facts += self.last.facts
        return self.last

    async def verify(self) -> "Conversation":
        await self.say("it's alpha bravo charlie one two three")
        assert self.last.report.kind is AnswerKind.CONFIRMED
        return self

    def company(self, spoken: int) -> str:
        return self.dialogue.company(Transcript(), self.facts, spoken).text
