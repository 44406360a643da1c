"""Builds the assistant from its files: knowledge, bookings and wording."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ari_app.assistant.articles import read_articles
from ari_app.assistant.bookings import Bookings, FileBookings
from ari_app.assistant.company import Company
from ari_app.assistant.dialogue import KnowledgeDialogue, Parts
from ari_app.assistant.facts import FactFinder
from ari_app.assistant.intents import Intents
from ari_app.assistant.language import read_language
from ari_app.assistant.reference import ReferenceListener
from ari_app.assistant.retrieval import Knowledge, LexicalSimilarity
from ari_app.assistant.verification import Verification

_DATA = Path(__file__).parent / "knowledge"
DEMO_KNOWLEDGE = _DATA / "airline.md"
DEMO_BOOKINGS = _DATA / "airline_bookings.yaml"


@dataclass(frozen=True, slots=True)
class AssistantSettings:
    """The assistant's files and limits.

    `knowledge`: Markdown files. `wording`: a file of an operator's own instead of the language's. `threshold`: matches (0–1)
    below it are no answer. `min_confidence`: recognition below it (0–1) is not understood. `lookup_timeout` in seconds.
    """

    company: str = "Kestrel Bay Air"
    knowledge: tuple[Path, ...] = (DEMO_KNOWLEDGE,)
    bookings: Path = DEMO_BOOKINGS
    language: str = "en"
    wording: Path | None = None
    threshold: float = 0.45
    min_confidence: float = 0.45
    lookup_timeout: float = 2.0


class KnowledgeAssistant:
    """Implements the Assistant of ari_app.session.ports."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def open(self, call_id: str, caller_number: str, caller_name: str) -> KnowledgeDialogue:
        return KnowledgeDialogue(self._parts)


def open_assistant(
    settings: AssistantSettings = AssistantSettings(),
    *,
    bookings: Bookings | None = None,
    reference_pattern: str | None = None,
    now: Callable[[], datetime] = datetime.now,
) -> KnowledgeAssistant:
    """Reads all files; raises BadSettings naming file, line and remedy.

    `bookings` with `reference_pattern` (a regular expression, capitals and digits) takes the place of the bookings file.
    """
    language = read_language(settings.language, settings.wording)
    words = language.understanding
    articles = read_articles(settings.knowledge, words.referral_phrases)
    lexical = LexicalSimilarity(articles, words)
    knowledge = Knowledge(articles, lexical)
    if bookings is None:
        file = FileBookings(settings.bookings, now)
        bookings, reference_pattern = file, reference_pattern or file.pattern
    listener = ReferenceListener(reference_pattern or "[A-Z0-9]{6}", language.spelling, words.stop)
    return KnowledgeAssistant(
        Parts(
            company_name=settings.company,
            language=language,
            knowledge=knowledge,
            lexical=lexical,
            verification=Verification(language, bookings, listener, now, settings.lookup_timeout),
            intents=Intents(words.intents, words.booking_questions),
            finder=FactFinder(words.facts),
            company=Company(language, knowledge, now),
            threshold=settings.threshold,
            min_confidence=settings.min_confidence,
        )
    )
