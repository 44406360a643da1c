"""What the assistant answers while a human is being fetched: it stays, notes, and never sends the caller elsewhere."""

from ari_app.assistant.language import Language
from ari_app.assistant.memory import REFERENCE, Memory
from ari_app.assistant.phrases import line
from ari_app.assistant.verification import Verification
from ari_app.assistant.words import listed, number, tokens
from ari_app.call.model import AnswerKind, AnswerReport, Fact, Reply

_TAG_DIGITS = range(6, 11)  # a bag tag has six to ten digits, with or without the airline's letters


class WaitingAnswers:
    """Answers that only make sense while waiting. Keeps no state: that is in Memory."""

    def __init__(self, language: Language, verification: Verification) -> None:
        self._wording = language.wording.waiting
        self._verification = verification

    def not_understood(self, memory: Memory) -> Reply:
        return self._say(memory, AnswerKind.NOT_UNDERSTOOD, "not_understood")

    async def answer(self, memory: Memory, text: str, intents: frozenset[str]) -> Reply | None:
        """The reply to small talk, a reference or a bag tag; None when the turn asks or tells something else."""
        for intent in ("still_there", "how_long", "goodbye", "human", "thanks", "okay"):
            if intent in intents:
                return self._say(memory, AnswerKind.SOCIAL, intent)
        if intents & {"yes", "no", "hello", "moment"}:
            return self._say(memory, AnswerKind.SOCIAL, "okay")
        tag = bag_tag(text)
        if tag is not None:
            fact = Fact("bag tag", tag, " ".join(tag))
            return self._say(memory, AnswerKind.CONFIRMED, "bag_tag", facts=(fact,), tag=" ".join(tag))
        return await self._reference(memory, text)

    async def _reference(self, memory: Memory, text: str) -> Reply | None:
        heard = self._verification.hear(memory, text)
        if memory.booking is not None or not heard.candidates:
            return None
        asked, memory.awaiting = memory.awaiting, ""
        reply = await self._verification.look_up(memory, heard)
        if reply is not None:
            return reply
        if asked != REFERENCE:
            return None
        spoken = self._verification.spoken(heard.candidates[0])
        return self._say(memory, AnswerKind.NO_ANSWER, "reference_unknown", heard=spoken)

    def unanswered(self, memory: Memory, text: str) -> Reply:
        """No article: a question is left to the agent and reported as unanswered; a statement is acknowledged."""
        asked = text.rstrip().endswith("?") or tokens(text)[:1] in _ASKING
        return self._say(memory, AnswerKind.NO_ANSWER, "no_answer") if asked else self._say(memory, AnswerKind.SOCIAL, "noted")

    def _say(self, memory: Memory, kind: AnswerKind, key: str, *, facts: tuple[Fact, ...] = (), **values: str) -> Reply:
        text = line(memory, f"waiting.{key}", getattr(self._wording, key), **values)
        return Reply(text, AnswerReport(kind), facts)


_ASKING = [[word] for word in listed("what when where who which how why can could do does did is are will would may")]


def bag_tag(text: str) -> str | None:
    """A bag tag number in spoken words: letters, then six to ten digits; None when there is none.

    >>> bag_tag("it's k b one two three four five six"), bag_tag("zero two two zero four four one one nine eight")
    ('KB123456', '0220441198')
    >>> bag_tag("in twelve hours") is None
    True
    """
    words = tokens(text)
    signs = ""
    best = ""
    at = 0
    while at < len(words):
        counted = (0, 1) if words[at] in ("oh", "o") and signs else number(words[at : at + 2])
        if counted is not None:
            signs += words[at] if words[at].isdigit() else str(counted[0])
            at += counted[1]
        else:
            letter = words[at].upper() if len(words[at]) == 1 else ""
            signs = signs + letter if letter and not any(sign.isdigit() for sign in signs) else letter
            at += 1
        digits = sum(sign.isdigit() for sign in signs)
        best = signs if digits in _TAG_DIGITS and len(signs) - digits <= 2 else best
    return best or None
