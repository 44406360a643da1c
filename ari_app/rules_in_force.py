"""Which rules hold: those that the settings name, or the shipped ones; and the scorer that decides by them at this moment."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ari_app.call.model import Carried, Decision, Score, Turn
from ari_app.escalation.partial_evidence import PartialEvidence
from ari_app.escalation.partials import PartialTriggers
from ari_app.escalation.requested import as_requested
from ari_app.escalation.rules import RuleBook
from ari_app.escalation.scorer import Scorer
from ari_app.escalation.state import ScoringState
from ari_app.language.loading import load_lexicon
from ari_app.language.rules_file import RulesFile, read_rules
from ari_app.language.understanding import Choice, understanding
from ari_app.settings import Settings


def rules_path(settings: Settings) -> Path | None:
    """The operator's rules file; None where the shipped rules hold."""
    return settings.path(settings.rules) if settings.rules else None


def load_rules_in_force(settings: Settings) -> RulesFile:
    """As the settings and the file say now. BadSettings with every mistake."""
    return for_settings(read_rules(rules_path(settings)), settings)


def for_settings(file: RulesFile, settings: Settings) -> RulesFile:
    """Rules that name no queue of their own send callers to queues.default."""
    if settings.rules and "queue" in file.book.model_fields_set:
        return file
    return replace(file, book=file.book.model_copy(update={"queue": settings.queues.default}))


def scorer_for(book: RuleBook, meaning: Choice = "built-in") -> Scorer:
    """The one way in which a scorer is made, for live calls and for all commands. BadSettings without a lexicon.

    `meaning`: what measures it, see `language/understanding.py`.
    """
    return Scorer(book, load_lexicon(book.language), understanding(book.language, meaning))


@dataclass(frozen=True, slots=True)
class NamedScorer:
    """The scorer of a rules file: every score and decision names the file's fingerprint. Implements TurnScorer."""

    file: RulesFile
    scorer: Scorer
    evidence: PartialEvidence

    def start(self) -> ScoringState:
        return self.scorer.start()

    def consider(self, state: ScoringState, turn: Turn, now: datetime | None = None) -> tuple[ScoringState, Score]:
        after, score = self.scorer.consider(state, turn, now)
        return after, self._named(score)

    def preview(self, state: ScoringState, partial: Turn, now: datetime | None = None) -> Score:
        return self._named(self.scorer.preview(state, partial, now))

    def triggers(self) -> PartialTriggers:
        return PartialTriggers()

    def weigh(self, state: ScoringState, partial: Turn, now: datetime | None = None) -> Carried:
        carried = self.evidence.weigh(state, partial, now)
        return replace(carried, score=self._named(carried.score)) if carried.score else carried

    def asked(self, decision: Decision, now: datetime | None = None) -> Decision:
        return replace(as_requested(self.file.book, decision, now), fingerprint=self.file.fingerprint)

    def handed_back(self, state: ScoringState, now: float) -> ScoringState:
        return self.scorer.handed_back(state, now)

    def _named(self, score: Score) -> Score:
        name = self.file.fingerprint
        decision = replace(score.decision, fingerprint=name) if score.decision else None
        return replace(score, decision=decision, fingerprint=name)


class RulesInForce:
    """Holds the current scorer; calls that run ask for it turn by turn, so that changed rules hold for them too."""

    def __init__(self, file: RulesFile, make: Callable[[RuleBook], Scorer] = scorer_for) -> None:
        self._make = make
        self.current = self.made(file)
        self.problem = ""
        """Why the file on the disk is not in force, for people; empty when it is."""

    @property
    def file(self) -> RulesFile:
        return self.current.file

    def scorer(self) -> NamedScorer:
        return self.current

    def made(self, file: RulesFile) -> NamedScorer:
        """A scorer for other rules; blocking: off the loop."""
        return NamedScorer(file, self._make(file.book), PartialEvidence(file.book, load_lexicon(file.book.language)))

    def change(self, scorer: NamedScorer) -> None:
        self.current, self.problem = scorer, ""
