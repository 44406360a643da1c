"""What words that are still being said carry: rules that order a handover at once, unless what was said is open or taken back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ari_app.call.model import Carried, Signal, Turn
from ari_app.escalation.firing import RuleMatcher
from ari_app.escalation.lexicon import Lexicon
from ari_app.escalation.reading import Reader, Reading, Span
from ari_app.escalation.rules import SURE, RuleBook
from ari_app.escalation.scorer import Scorer
from ari_app.escalation.similarity import LexicalSimilarity
from ari_app.escalation.state import ScoringState

SIGNALS = frozenset({"human_request", "urgency", "compliance"})
_HARM = ("medical crisis", "strong hazard", "hazard", "accident", "medicine")  # urgent by itself; a deadline is not
_ASKS = ("strong talk", "wants")
_DENIES = ("negation", "reported", "hypothetical")
_TAKES_BACK = "takes back"  # after the words that carry a rule: withdrawn, or told of somebody else
_OPEN = "left open"  # as the last word: what it means is still to come
_REACH = 7  # words within which "not … talk" is about the machine that follows


class PartialEvidence:
    """One per rules file, for all calls and any thread. Looks at words only, whatever else the scorer of whole turns goes by.

    In a language whose lexicon does not say which words take others back nothing is carried: every sentence is waited for.
    """

    def __init__(self, rules: RuleBook, lexicon: Lexicon) -> None:
        self._scorer = Scorer(rules, lexicon)
        self._reader = Reader(lexicon)
        self._similarity = LexicalSimilarity(self._reader)
        able = rules.mode == "live" and _TAKES_BACK in lexicon.classes and _OPEN in lexicon.classes
        counting = [rule for rule in rules.rules if able and rule.escalate and rule.mode == "live"]
        self._matchers = [
            RuleMatcher(rule, self._similarity)
            for rule in counting
            if (SIGNALS.issuperset if rule.when.together else SIGNALS.intersection)(rule.when.names)
        ]

    def weigh(self, state: ScoringState, partial: Turn, now: datetime | None = None) -> Carried:
        """The rules that the caller's words so far carry, with the score and decision that they would lead to.

        Blocking for about a millisecond. `now`: local wall time for rules with hours. The state does not move.
        """
        if not self._matchers or state.decided or not partial.text.strip():
            return Carried()
        score = self._scorer.preview(state, partial, now)
        decision = score.decision
        if decision is None or decision.shadow:
            return Carried()
        rules = self._ordering(state, partial, score.new_signals, now) & set(decision.rules)
        if not rules or self._open_or_taken_back(state, partial, rules, now):
            return Carried()
        return Carried(frozenset(rules), score)

    def _ordering(self, state: ScoringState, turn: Turn, found: Sequence[Signal], now: datetime | None) -> set[str]:
        """The names of the rules that these signals of the turn carry."""
        reading = self._reader.read(turn.text)
        said, like = self._by_examples(turn, reading)
        sure = [
            signal
            for signal in found
            if signal.name in SIGNALS
            and signal.turn == turn.index
            and signal.strength >= SURE
            and (signal in said or (signal not in like and _meant(signal, reading)))
        ]
        return {each.rule.name for each in self._matchers if each.fires(turn, (*state.signals, *sure), now)}

    def _by_examples(self, turn: Turn, reading: Reading) -> tuple[list[Signal], list[Signal]]:
        """The signals that examples of the rules raise: where all of the example has been said, and where part of it is to come.

        Likeness overlooks a "not", "said" or "if" in the words; here they count.
        """
        denied = {name for name in _DENIES if reading.has(name)}
        said: list[Signal] = []
        like: list[Signal] = []
        for matcher in self._matchers:
            for signal in matcher.from_examples(turn):
                _, text = self._similarity.best(turn.text, matcher.rule.examples)
                example = self._reader.read(text)
                whole = example.content <= reading.content and all(example.has(name) for name in denied)
                (said if whole else like).append(signal)
        return said, like

    def _open_or_taken_back(self, state: ScoringState, turn: Turn, rules: set[str], now: datetime | None) -> bool:
        """Whether words came after those that carry a rule, by which they may not have been meant."""
        reading = self._reader.read(turn.text)
        count = len(reading)
        if any(span.end == count for span in reading.classes.get(_OPEN, ())):
            return True
        doubts = sorted({span.start for span in reading.classes.get(_TAKES_BACK, ()) if span.start}, reverse=True)
        return any(self._carried_before(state, turn, reading, at, rules, now) for at in doubts)

    def _carried_before(
        self, state: ScoringState, turn: Turn, reading: Reading, at: int, rules: set[str], now: datetime | None
    ) -> bool:
        """Whether the words before that place carried one of the rules already."""
        head = replace(turn, text=" ".join(reading.words[:at]))
        score = self._scorer.preview(state, head, now)
        return bool(self._ordering(state, head, score.new_signals, now) & rules)


def _meant(signal: Signal, reading: Reading) -> bool:
    """A deadline can wait for the sentence's end, and "I don't want to talk to …" is no request, whatever follows."""
    if signal.name == "urgency":
        return reading.affirmed(*_HARM) is not None
    return signal.name != "human_request" or not any(_refused(reading, span) for span in _asking(reading))


def _asking(reading: Reading) -> list[Span]:
    return [span for name in _ASKS for span in reading.classes.get(name, ())]


def _refused(reading: Reading, asking: Span) -> bool:
    machines = reading.classes.get("machine", ())
    return reading.negated(asking) and not any(asking.start < one.start <= asking.start + _REACH for one in machines)
