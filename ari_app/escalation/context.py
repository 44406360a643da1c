"""What a signal may look at: the turn now, the turns before it, how the assistant did, and the signals so far."""

from dataclasses import dataclass
from functools import cached_property

from ari_app.call.model import AnswerKind, Party, Signal, Turn
from ari_app.escalation.answers import Answer, judge
from ari_app.escalation.meaning import Meaning, Understanding
from ari_app.escalation.reading import Reader, Reading

_FAINT = 0.2


@dataclass(frozen=True)
class Context:
    """`before`: the turns so far, oldest first. `signals`: all so far, those already found in this turn among them."""

    now: Turn
    before: tuple[Turn, ...]
    signals: tuple[Signal, ...]
    reader: Reader
    understanding: Understanding | None = None

    @cached_property
    def reading(self) -> Reading:
        return self.reader.read(self.now.text)

    @cached_property
    def meaning(self) -> Meaning | None:
        """What this turn does; None where meaning is not measured."""
        return self.understanding.read(self.now, self.before) if self.understanding else None

    @cached_property
    def last_meaning(self) -> Meaning | None:
        """What the assistant's latest turn did; None before its first answer, or where meaning is not measured."""
        for place in range(len(self.before) - 1, 0, -1):
            if self.before[place].party is Party.ASSISTANT and self.understanding:
                return self.understanding.read(self.before[place], self.before[:place])
        return None

    def read(self, turn: Turn) -> Reading:
        return self.reader.read(turn.text)

    @cached_property
    def caller_before(self) -> tuple[Turn, ...]:
        return tuple(turn for turn in self.before if turn.party is Party.CALLER)

    @cached_property
    def assistant_before(self) -> tuple[Turn, ...]:
        return tuple(turn for turn in self.before if turn.party is Party.ASSISTANT)

    @property
    def by_caller(self) -> bool:
        return self.now.party is Party.CALLER

    @cached_property
    def last_answer(self) -> Answer | None:
        """How the assistant's latest turn served the caller; None before its first one or after its greeting only."""
        for place in range(len(self.before) - 1, -1, -1):
            if self.before[place].party is Party.ASSISTANT:
                return judge(self.before[place], self.before[:place], self.reader) if place else None
        return None

    @cached_property
    def this_answer(self) -> Answer | None:
        """The same of this turn, where it is the assistant's and follows something that the caller said."""
        if self.by_caller or not self.caller_before:
            return None
        return judge(self.now, self.before, self.reader)

    def recent(self, name: str, turns: int) -> tuple[Signal, ...]:
        """The signals of that name in the latest `turns` turns, this one included; faint ones are left out."""
        since = self.now.index - turns
        return tuple(each for each in self.signals if each.name == name and each.turn > since and abs(each.strength) >= _FAINT)

    @property
    def in_trouble(self) -> bool:
        """The assistant's latest turn did not serve, or it was stuck lately."""
        answer = self.last_answer
        return bool(answer and answer.unhelpful) or bool(self.recent("dead_end", 4))

    def asked_to_repeat(self) -> bool:
        """The assistant has just asked for these words: saying or spelling them again is no repetition."""
        answer = self.last_answer
        return answer is not None and answer.kind in (AnswerKind.NOT_UNDERSTOOD, AnswerKind.CONFIRMED)
