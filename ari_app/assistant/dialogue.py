"""The assistant's side of one call: what it answers to each turn, and what it honestly reports about its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ari_app.assistant.articles import Article
from ari_app.assistant.company import Company
from ari_app.assistant.facts import FactFinder, adds_nothing
from ari_app.assistant.intents import Intents
from ari_app.assistant.language import Language
from ari_app.assistant.memory import ANYTHING_ELSE, CONFIRMED, MORE, REFERENCE, Memory, memory_from_values
from ari_app.assistant.phrases import line
from ari_app.assistant.reference import HeardReference
from ari_app.assistant.retrieval import Knowledge, LexicalSimilarity, Match
from ari_app.assistant.verification import Verification
from ari_app.assistant.waiting import WaitingAnswers
from ari_app.assistant.words import tokens
from ari_app.call.model import AnswerKind, AnswerReport, Fact, Reply, Transcript, Turn

_MOST_WORDS = 30  # of an answer in one breath
_SHORT_TURN = 6
_FOR_AGENTS_AT_STAKE = 0.3


@dataclass(frozen=True, slots=True)
class Parts:
    """What all dialogues share. Matches below `threshold` are no answer; turns below `min_confidence` are not understood."""

    company_name: str
    language: Language
    knowledge: Knowledge
    lexical: LexicalSimilarity
    verification: Verification
    intents: Intents
    finder: FactFinder
    company: Company
    threshold: float
    min_confidence: float


class KnowledgeDialogue:
    """Answers from articles and the booking. Implements the Dialogue of ari_app.session.ports."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._wording = parts.language.wording
        self._memory = Memory()
        self._waiting = WaitingAnswers(parts.language, parts.verification)

    # ------------------------------------------------------------------------------------------------ the protocol

    def greet(self) -> Reply:
        self._memory.awaiting = REFERENCE
        return self._remembered(self._say(AnswerKind.SOCIAL, "greeting", company=self._parts.company_name))

    async def answer(self, turn: Turn, transcript: Transcript, *, waiting: bool) -> Reply:
        unsure = turn.confidence is not None and turn.confidence < self._parts.min_confidence
        understood = "" if unsure else turn.text.strip()
        learned = self._learn(understood)
        reply = await self._answer(understood, waiting=waiting)
        if learned and not waiting and reply.report.kind in (AnswerKind.ANSWERED, AnswerKind.REFERRED):
            reply = replace(reply, text=line(self._memory, "concerned", self._wording.concerned, answer=reply.text))
        self._memory.facts += [fact for fact in reply.facts if fact not in self._memory.facts]
        return self._remembered(replace(reply, facts=(*reply.facts, *learned), suggestion=self._suggestion(understood)))

    def company(self, transcript: Transcript, facts: Sequence[Fact], spoken: int) -> Reply:
        text = self._parts.company.remark(self._memory, facts, spoken)
        return self._remembered(Reply(text, AnswerReport(AnswerKind.SOCIAL)))

    def nobody(self) -> Reply:
        self._memory.awaiting = ""
        return self._remembered(self._say(AnswerKind.SOCIAL, "nobody"))

    def snapshot(self) -> dict[str, Any]:
        return self._memory.as_values()

    def restore(self, state: Mapping[str, Any]) -> None:
        self._memory = memory_from_values(state)

    # ------------------------------------------------------------------------------------------------ one turn

    async def _answer(self, text: str, *, waiting: bool) -> Reply:
        if not text:
            return (
                self._waiting.not_understood(self._memory) if waiting else self._say(AnswerKind.NOT_UNDERSTOOD, "not_understood")
            )
        intents = self._parts.intents.of(text)
        if "repeat" in intents and self._memory.said:
            return Reply(self._memory.said, AnswerReport(AnswerKind.SOCIAL))
        if waiting:
            return await self._while_waiting(text, intents)
        asked = self._memory.awaiting
        self._memory.awaiting = REFERENCE if asked == REFERENCE else ""
        return (
            self._farewell(intents, asked)
            or await self._reference(text, intents, asked)
            or self._person(intents)
            or self._about_booking(text)
            or self._more(intents, asked)
            or self._small_talk(intents, asked)
            or self._from_knowledge(text)
        )

    async def _while_waiting(self, text: str, intents: frozenset[str]) -> Reply:
        reply = await self._waiting.answer(self._memory, text, intents)
        if reply is not None:
            return reply
        topic = self._parts.intents.booking_question(text)
        if topic and self._memory.booking:
            return self._parts.verification.answer(self._memory, topic)
        match = self._parts.knowledge.find(text)
        if match and match.score >= self._parts.threshold and not match.article.referral:
            return self._tell(match.article, text, match.score)
        return self._waiting.unanswered(self._memory, text)

    def _farewell(self, intents: frozenset[str], asked: str) -> Reply | None:
        done = "no" in intents and asked == ANYTHING_ELSE
        if not ("goodbye" in intents or done):
            return None
        return replace(self._say(AnswerKind.SOCIAL, "goodbye", company=self._parts.company_name), ends_call=True)

    async def _reference(self, text: str, intents: frozenset[str], asked: str) -> Reply | None:
        """Everything about the booking reference; None when the turn is about something else."""
        memory, verification = self._memory, self._parts.verification
        heard = verification.hear(memory, text)
        if heard.candidates and not (memory.booking and memory.booking.reference in heard.candidates):
            reply = await verification.look_up(memory, heard)
            if reply is not None:
                return self._after_lookup(reply, heard)
        if memory.booking and ("wrong_booking" in intents or ("no" in intents and asked == CONFIRMED)):
            return verification.wrong_booking(memory)
        if asked != REFERENCE:
            return None
        if heard.part and len(self._parts.lexical.content(heard.rest)) <= len(tokens(heard.rest)) // 2 + len(heard.part):
            return verification.part_heard(memory, heard)
        if "no_reference" in intents or "no" in intents:
            memory.awaiting, memory.without_reference, memory.asked_about_booking = "", True, ""
            return self._say(AnswerKind.ASKED, "reference_declined")
        if "moment" in intents:
            return self._say(AnswerKind.SOCIAL, "take_your_time")
        if intents & {"yes", "okay", "hello", "thanks", "still_there"}:
            return self._say(AnswerKind.ASKED, "ask_reference")
        return None

    def _after_lookup(self, reply: Reply, heard: HeardReference) -> Reply:
        """What follows the confirmation: the answer to an open question, or "How can I help you?"."""
        if reply.report.kind is not AnswerKind.CONFIRMED:
            return reply
        topic = self._memory.asked_about_booking or self._parts.intents.booking_question(heard.rest)
        self._memory.asked_about_booking = ""
        if topic and topic not in ("cancelled", "new_flight"):  # the confirmation itself says these
            return replace(reply, text=f"{reply.text} {self._parts.verification.answer(self._memory, topic).text}")
        match = self._parts.knowledge.find(heard.rest)
        if match and match.score >= self._parts.threshold and len(tokens(heard.rest)) > _SHORT_TURN:
            return replace(reply, text=f"{reply.text} {self._tell(match.article, heard.rest, match.score).text}")
        return replace(reply, text=f"{reply.text} {line(self._memory, 'how_can_i_help', self._wording.how_can_i_help)}")

    def _person(self, intents: frozenset[str]) -> Reply | None:
        return self._say(AnswerKind.ASKED, "person_wanted") if "human" in intents else None

    def _about_booking(self, text: str) -> Reply | None:
        topic = self._parts.intents.booking_question(text)
        if topic is None:
            return None
        if self._memory.booking:
            self._memory.question = ""
            return self._parts.verification.answer(self._memory, topic)
        if self._memory.without_reference:
            return self._say(AnswerKind.NO_ANSWER, "only_with_reference")
        self._memory.awaiting, self._memory.asked_about_booking = REFERENCE, topic
        return self._say(AnswerKind.ASKED, "needs_reference")

    def _more(self, intents: frozenset[str], asked: str) -> Reply | None:
        """The rest of the last article."""
        article = self._parts.knowledge.by_id(self._memory.article)
        if not ("more" in intents or (asked == MORE and intents & {"yes", "okay"})):
            return None
        if article is None or self._memory.told >= len(article.sentences):
            return self._say(AnswerKind.SOCIAL, "nothing_more")
        return self._spoken(article, self._memory.told, 1.0)

    def _small_talk(self, intents: frozenset[str], asked: str) -> Reply | None:
        offered = asked == MORE
        if "thanks" in intents or (offered and "no" in intents):
            self._memory.awaiting = ANYTHING_ELSE
            return self._say(AnswerKind.SOCIAL, "anything_else")
        if "hello" in intents or "still_there" in intents:
            return self._say(AnswerKind.SOCIAL, "hello")
        if "moment" in intents:
            return self._say(AnswerKind.SOCIAL, "take_your_time")
        if "yes" in intents:
            return self._say(AnswerKind.ASKED, "what_else")
        if intents & {"okay", "no"}:
            self._memory.awaiting = ANYTHING_ELSE
            return self._say(AnswerKind.SOCIAL, "glad")
        return None

    # ------------------------------------------------------------------------------------------------ knowledge

    def _from_knowledge(self, text: str) -> Reply:
        match = self._parts.knowledge.find(text)
        if match and match.score >= self._parts.threshold:
            self._memory.question = text
            return self._tell(match.article, text, match.score)
        if self._memory.question and self._follows_up(text):
            return self._followed_up(text)
        self._memory.question, self._memory.article = text, ""
        score = round(match.score, 2) if match else None
        return self._say(AnswerKind.NO_ANSWER, "no_answer", match=score)

    def _follows_up(self, text: str) -> bool:
        said = " ".join(tokens(text))
        opens = any(said == word or said.startswith(f"{word} ") for word in self._parts.language.understanding.follow_up)
        return opens or len(said.split()) <= _SHORT_TURN

    def _followed_up(self, text: str) -> Reply:
        """A turn that makes sense only with the open question before it."""
        last = self._parts.knowledge.by_id(self._memory.article)
        if last is None:
            return self._say(AnswerKind.NO_ANSWER, "no_answer_still")
        if last.referral:
            return self._tell(last, text, self._match_with_context(text, last).score)
        start = self._parts.lexical.best_sentence(text, last.sentences)
        if start > 0:
            return self._spoken(last, start, self._match_with_context(text, last).score)
        return self._say(AnswerKind.NO_ANSWER, "no_answer_still", article=last.title)

    def _match_with_context(self, text: str, article: Article) -> Match:
        ranked = self._parts.knowledge.ranked(f"{self._memory.question}. {text}")
        return next(match for match in ranked if match.article == article)

    def _tell(self, article: Article, question: str, score: float) -> Reply:
        again = article.id == self._memory.article
        start = 0 if article.referral else self._parts.lexical.best_sentence(question, article.sentences)
        reply = self._spoken(article, start, score)
        if again and article.referral:
            return replace(reply, text=line(self._memory, "referred_again", self._wording.referred_again, answer=reply.text))
        return reply

    def _spoken(self, article: Article, start: int, score: float) -> Reply:
        """One or two sentences of the article from `start` on, and an offer of more when much is left."""
        memory, end = self._memory, start + 1
        while end < min(start + 2, len(article.sentences)) and _words(article.sentences[start : end + 1]) <= _MOST_WORDS:
            end += 1
        memory.article, memory.told = article.id, end
        memory.told_articles.append(article.id)
        text = " ".join(article.sentences[start:end])
        if not article.referral and len(article.sentences) - end >= 2:
            text = line(memory, "offer_more", self._wording.offer_more, answer=text)
            memory.awaiting = MORE if memory.awaiting != REFERENCE else REFERENCE
        kind = AnswerKind.REFERRED if article.referral else AnswerKind.ANSWERED
        return Reply(text, AnswerReport(kind, article.title, round(score, 2)))

    # ------------------------------------------------------------------------------------------------ for the agent

    def _learn(self, text: str) -> tuple[Fact, ...]:
        words = self._parts.language.understanding.facts
        new: list[Fact] = []
        for fact in self._parts.finder.find(text):
            if not adds_nothing(fact, [*self._memory.facts, *new], words):
                new.append(fact)
        self._memory.facts += new
        return tuple(new)

    def _suggestion(self, text: str) -> str | None:
        """Title of the agents' article about what the caller says now, or of the open question.

        Once the caller has told what is at stake a weaker match will do: the agent judges it.
        """
        knowledge = self._parts.knowledge
        at_stake = any(not fact.verified for fact in self._memory.facts)
        for question in filter(None, (text, self._memory.question)):
            match, answer = knowledge.find(question, for_agents=True), knowledge.find(question)
            if match is None:
                continue
            better = match.score >= self._parts.threshold and (answer is None or match.score > answer.score)
            if better or (at_stake and match.score >= _FOR_AGENTS_AT_STAKE):
                return match.article.title
        return None

    # ------------------------------------------------------------------------------------------------ words

    def _say(self, kind: AnswerKind, key: str, *, article: str | None = None, match: float | None = None, **values: str) -> Reply:
        text = line(self._memory, key, getattr(self._wording, key), **values)
        return Reply(text, AnswerReport(kind, article, match))

    def _remembered(self, reply: Reply) -> Reply:
        self._memory.said = reply.text
        return reply


def _words(sentences: Sequence[str]) -> int:
    return sum(len(sentence.split()) for sentence in sentences)
