"""Reads the knowledge base: Markdown files whose second-level headings are questions."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ari_app.assistant.spoken import sentences, speakable
from ari_app.assistant.yaml_file import read_text
from ari_app.errors import BadSettings

_HEADING = re.compile(r"^##(?!#)\s*(.*?)\s*#*$")
_FRONT_LINE = re.compile(r"^(also asked|for|answer is)\s*:\s*(.+)$", re.I)
_REMEDY = "Write each article as '## question', an optional line 'Also asked: …; …', then the answer."


@dataclass(frozen=True, slots=True)
class Article:
    """One question and its answer. `sentences` are speakable; `source` is file:line."""

    id: str
    title: str
    answer: str
    sentences: tuple[str, ...]
    also_asked: tuple[str, ...] = ()
    agents_only: bool = False
    referral: bool = False
    source: str = ""


def read_articles(paths: Iterable[Path], referral_phrases: Sequence[str] = ()) -> tuple[Article, ...]:
    """All articles of all files, in order. Raises BadSettings naming file and line when one cannot be used.

    An article is a referral when its front line says so or when every sentence but the first holds a referral phrase.
    """
    articles: list[Article] = []
    seen: dict[str, Article] = {}
    for path in paths:
        for article in _read_file(path, referral_phrases):
            if article.id in seen:
                raise BadSettings(
                    f"Knowledge {article.source}: the question is already answered at {seen[article.id].source}.",
                    remedy="Merge the two articles, or reword one question.",
                )
            seen[article.id] = article
            articles.append(article)
    return tuple(articles)


def _read_file(path: Path, referral_phrases: Sequence[str]) -> list[Article]:
    text = read_text(path, "Knowledge file")
    blocks: list[tuple[int, str, list[str]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        heading = _HEADING.match(line)
        if heading:
            blocks.append((number, heading[1], []))
        elif blocks:
            blocks[-1][2].append(line)
    if not blocks:
        raise BadSettings(f"Knowledge file {path} holds no article.", remedy=_REMEDY)
    return [_article(f"{path}:{number}", title, lines, referral_phrases) for number, title, lines in blocks]


def _article(source: str, title: str, lines: list[str], referral_phrases: Sequence[str]) -> Article:
    if not title:
        raise BadSettings(f"Knowledge {source}: the heading has no question.", remedy=_REMEDY)
    also: tuple[str, ...] = ()
    agents_only = referral = False
    body = "\n".join(lines).strip().splitlines()
    while body and (front := _FRONT_LINE.match(body[0].strip())):
        key, value = front[1].lower(), front[2].strip()
        if key == "also asked":
            also += tuple(part.strip() for part in value.split(";") if part.strip())
        elif key == "for" and value.lower().startswith("agents"):
            agents_only = True
        elif key == "answer is" and "referral" in value.lower():
            referral = True
        else:
            raise BadSettings(
                f"Knowledge {source}: '{body[0].strip()}' is not understood.",
                remedy="Known lines: 'Also asked: …; …', 'For: agents only', 'Answer is: a referral'.",
            )
        body.pop(0)
    answer = "\n".join(body).strip()
    spoken = tuple(sentences(speakable(answer)))
    if not spoken:
        raise BadSettings(f"Knowledge {source}: '{title}' has no answer.", remedy="Write the answer under the question.")
    referral = referral or _sends_elsewhere(spoken, referral_phrases)
    identity = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return Article(identity, title, answer, spoken, also, agents_only, referral, source)


def _sends_elsewhere(spoken: Sequence[str], referral_phrases: Sequence[str]) -> bool:
    elsewhere = [any(phrase in sentence.lower() for phrase in referral_phrases) for sentence in spoken]
    return any(elsewhere) and len(spoken) <= 2 and elsewhere[-1]
