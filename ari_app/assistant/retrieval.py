"""Finds the article that answers a question, with a match 0–1 that is low when none does."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ari_app.assistant.articles import Article
from ari_app.assistant.language import Understanding
from ari_app.assistant.words import terms

_BODY_WEIGHT = 0.7  # a question's word found in the answer only counts less than one in the article's question
_COVERAGE_SHARE = 0.6  # the rest is how much of the article's question the caller said
_CLAUSE = re.compile(r"[.!?;,]+\s*|\s+(?:and|but|because|so)\s+", re.I)


class Similarity(Protocol):
    """How well a question fits each article; embeddings can take the place of words here."""

    def scores(self, question: str) -> Sequence[float]:
        """One value 0–1 per article, in the articles' order."""
        ...


@dataclass(frozen=True, slots=True)
class Match:
    article: Article
    score: float  # 0–1


class LexicalSimilarity:
    """Weighted word overlap, rare words counting more; words that no article knows count against all of them."""

    def __init__(self, articles: Sequence[Article], words: Understanding) -> None:
        self._stop = words.stop
        self._synonyms = words.canonical()
        self._asked = [[frozenset(self._terms(text)) for text in (a.title, *a.also_asked)] for a in articles]
        self._body = [frozenset(self._terms(" ".join(a.sentences))) for a in articles]
        known = [body.union(*asked) for body, asked in zip(self._body, self._asked, strict=True)]
        spread = Counter(term for document in known for term in document)
        size = len(articles)
        self._weight = {term: math.log(1 + (size - count + 0.5) / (count + 0.5)) for term, count in spread.items()}
        self._unknown = math.log(1 + (size + 0.5) / 0.5)

    def scores(self, question: str) -> list[float]:
        clauses = [frozenset(self._terms(clause)) for clause in _CLAUSE.split(question)]
        asked = [frozenset(self._terms(question)), *(clause for clause in clauses if len(clause) >= 2)]
        return [max(self._score(query, index) for query in asked) for index in range(len(self._body))]

    def best_sentence(self, question: str, sentences: Sequence[str]) -> int:
        """Index of the sentence to begin with: the first, unless a later one says clearly more of what was asked."""
        query = frozenset(self._terms(question))
        found = [self._sum(query & frozenset(self._terms(sentence))) for sentence in sentences]
        best = max(range(len(found)), key=lambda index: found[index], default=0)
        return best if found and found[best] > 1.5 * found[0] else 0

    def content(self, text: str) -> frozenset[str]:
        return frozenset(self._terms(text))

    def _score(self, query: frozenset[str], index: int) -> float:
        total = self._sum(query)
        if not total:
            return 0.0
        best = 0.0
        titles = frozenset[str]().union(*self._asked[index])
        in_body = self._sum((query & self._body[index]) - titles)
        for asked in self._asked[index]:
            in_title = self._sum(query & asked)
            elsewhere = self._sum((query & titles) - asked)
            covered = (in_title + 0.9 * elsewhere + _BODY_WEIGHT * in_body) / total
            alone = len(query & asked) < 2 <= len(asked)  # one common word is chance, not the same question
            said = 0.0 if alone or not asked else in_title / self._sum(asked)
            best = max(best, _COVERAGE_SHARE * covered + (1 - _COVERAGE_SHARE) * said)
        return min(best, 1.0)

    def _sum(self, found: frozenset[str]) -> float:
        return sum(self._weight.get(term, self._unknown) for term in found)

    def _terms(self, text: str) -> list[str]:
        return terms(text, self._stop, self._synonyms)


class Knowledge:
    """The articles and how to find them."""

    def __init__(self, articles: Sequence[Article], similarity: Similarity) -> None:
        self.articles = tuple(articles)
        self._similarity = similarity

    def find(self, question: str, *, for_agents: bool = False) -> Match | None:
        """The best article for callers, or the best one for agents only; None when there is none at all."""
        return next(iter(self.ranked(question, for_agents=for_agents)), None)

    def ranked(self, question: str, *, for_agents: bool = False) -> list[Match]:
        """Best first."""
        matches = [
            Match(article, score)
            for article, score in zip(self.articles, self._similarity.scores(question), strict=True)
            if article.agents_only is for_agents
        ]
        return sorted(matches, key=lambda match: -match.score)

    def by_id(self, identity: str | None) -> Article | None:
        return next((article for article in self.articles if article.id == identity), None)
