"""Keeps the caller company while a human is being fetched: one remark after another, personal, none twice running."""

from collections.abc import Callable, Sequence
from datetime import datetime
from string import Formatter

from ari_app.assistant import facts as told
from ari_app.assistant.language import Language
from ari_app.assistant.memory import Memory
from ari_app.assistant.phrases import booking_values, filled
from ari_app.assistant.retrieval import Knowledge
from ari_app.assistant.words import stem, tokens
from ari_app.call.model import Fact

_RELATED = 0.5
_MOST_ARTICLE_WORDS = 20
_MOST_AGAIN_WORDS = 22  # a later round puts a few words before each
_BAG = "bag"


class Company:
    """Chooses the remarks; what was said is in Memory, so that the n-th remark stays the n-th when it is asked for again."""

    def __init__(self, language: Language, knowledge: Knowledge, now: Callable[[], datetime]) -> None:
        self._wording = language.wording
        self._words = language.understanding
        self._knowledge = knowledge
        self._now = now
        self._canonical = language.understanding.canonical()

    def remark(self, memory: Memory, facts: Sequence[Fact], spoken: int) -> str:
        known = memory.remarks.get(str(spoken))
        if known is not None:
            return known
        values = self._values(memory, facts)
        groups = self._wording.company
        first_round = [index for index in range(len(groups)) if index not in memory.remark_groups]
        chosen = self._first_usable(first_round, values)
        if chosen is None:
            text = self._again(memory, values, spoken)
        else:
            index, text = chosen
            memory.remark_groups.append(index)
            if "article" in _fields(groups[index]):
                memory.told_articles.append(values["article_id"])
        memory.remarks[str(spoken)] = text
        return text

    def _first_usable(self, indices: Sequence[int], values: dict[str, str]) -> tuple[int, str] | None:
        for index in indices:
            for text in self._wording.company[index]:
                if _fields((text,)) <= values.keys():
                    return index, filled(text, values)
        return None

    def _again(self, memory: Memory, values: dict[str, str], spoken: int) -> str:
        """A later round: the usable remarks once more, each behind a few words that were not there before."""
        every = [found[1] for index in range(len(self._wording.company)) if (found := self._first_usable([index], values))]
        usable = [text for text in every if len(text.split()) <= _MOST_AGAIN_WORDS] or every
        lead = self._wording.company_again
        count = memory.used.get("company_again", 0)
        memory.used["company_again"] = count + 1
        rounds, at = divmod(count, len(usable))
        return f"{lead[(at + rounds) % len(lead)]} {usable[at]}"

    def _values(self, memory: Memory, facts: Sequence[Fact]) -> dict[str, str]:
        """What is known, by the names that the wording uses."""
        values: dict[str, str] = {}
        everything = [*memory.facts, *(fact for fact in facts if fact not in memory.facts)]
        for fact in everything:
            values.setdefault(fact.kind, fact.spoken or fact.value)
        known: dict[str, str] = {name: values[name] for name in ("name", "situation") if name in values}
        if "name" in known:
            known["first_name"] = known["name"].split()[0]
        if "booking" in values:
            known["reference"] = values["booking"]
        if memory.booking:
            known |= booking_values(memory.booking, self._now())
        return known | self._matter_values(everything) | self._article_values(memory, everything)

    def _matter_values(self, facts: Sequence[Fact]) -> dict[str, str]:
        matters = [fact.value for fact in facts if fact.kind == told.MATTER]
        deadlines = [fact.value for fact in facts if fact.kind == told.DEADLINE]
        values = {"topic": told.topic(matters[0], self._words.facts)} if matters else {}
        if deadlines and (name := told.event(deadlines[-1])):
            values["event"] = name
        if deadlines and (left := told.time_left(deadlines[-1])):
            values["deadline_left"] = left
        stems = {self._canonical.get(stem(word), word) for matter in matters for word in tokens(matter)}
        return values | ({"bag": _BAG} if _BAG in stems else {})

    def _article_values(self, memory: Memory, facts: Sequence[Fact]) -> dict[str, str]:
        """An article about the caller's matter that was not told yet and does not send elsewhere."""
        about = [fact.value for fact in facts if fact.kind in (told.MATTER, "situation")]
        about += [memory.question] if memory.question else []
        matches = [match for text in about for match in self._knowledge.ranked(text)[:2] if match.score >= _RELATED]
        for match in sorted(matches, key=lambda match: -match.score):
            article = match.article
            if article.referral or article.id in (*memory.told_articles, memory.article):
                continue
            if len(article.sentences[0].split()) > _MOST_ARTICLE_WORDS:
                continue
            text = self._wording.company_article[0].format(answer=article.sentences[0])
            return {"article": text, "article_id": article.id}
        return {}


def _fields(lines: Sequence[str]) -> set[str]:
    return {name for text in lines for _, name, _, _ in Formatter().parse(text) if name is not None}
