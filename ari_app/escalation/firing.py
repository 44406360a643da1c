"""Lets rules fire: which signals of a call a rule counts now, and the points that it gives for them."""

from collections.abc import Sequence
from datetime import datetime

from ari_app.call.model import Signal, Turn
from ari_app.escalation.rules import Rule, Weight, title
from ari_app.escalation.similarity import Similarity
from ari_app.escalation.state import Firing

_COUNTS = 0.05  # how strong a signal must be to count by itself: many faint ones add up
FADES = 0.25  # share of the standing points that is gone when the caller speaks again
_RESEMBLES, _AS_GOOD_AS = 0.72, 0.85
_COUNTS_FROM = {"repetition": 1}  # the first repetition is the second time of asking


class RuleMatcher:
    """One rule at work on one turn."""

    def __init__(self, rule: Rule, similarity: Similarity) -> None:
        self.rule = rule
        self._similarity = similarity

    def from_examples(self, turn: Turn) -> list[Signal]:
        """A signal that the rule's own examples raise where the turn resembles one; as good as said is strong enough."""
        if not self.rule.examples or self.rule.when.together:
            return []
        alike, example = self._similarity.best(turn.text, self.rule.examples)
        if alike < _RESEMBLES or self._never(turn, alike):
            return []
        return [
            Signal(
                self.rule.when.names[0],
                turn.index,
                round(max(alike, self.rule.least) if alike >= _AS_GOOD_AS else alike, 2),
                f'like "{example}"',
            )
        ]

    def fires(self, turn: Turn, signals: Sequence[Signal], now: datetime | None) -> tuple[Signal, ...]:
        """The signals that make the rule fire in this turn; empty where it does not."""
        rule = self.rule
        if (rule.hours and now and not rule.hours.include(now)) or self._never(turn, self._likeness(turn)):
            return ()
        since = turn.index - rule.within if rule.within else -1
        counted = [s for s in signals if s.name in rule.when.names and s.strength >= rule.least and s.turn > since]
        if not any(signal.turn == turn.index for signal in counted):
            return ()
        if rule.when.together and {signal.name for signal in counted} != set(rule.when.names):
            return ()
        times = max((times_seen(counted, name) for name in rule.when.names), default=0)
        if times < rule.times:
            return ()
        return _carrying(counted, turn.index, rule.when.together)

    def _likeness(self, turn: Turn) -> float:
        """To the nearest example: a never that is further away does not speak of this turn."""
        return self._similarity.best(turn.text, self.rule.examples)[0] if self.rule.never else 0.0

    def _never(self, turn: Turn, alike: float) -> bool:
        against, _ = self._similarity.best(turn.text, self.rule.never)
        return against >= _RESEMBLES and against >= alike


def times_seen(signals: Sequence[Signal], name: str) -> int:
    """In how many turns the signal was seen; a repetition's first asking counts too."""
    turns = len({signal.turn for signal in signals if signal.name == name})
    return turns + _COUNTS_FROM.get(name, 0) if turns else 0


def weigh(name: str, weight: Weight, turn: int, signals: Sequence[Signal]) -> Firing | None:
    """What a signal counts on its own in this turn."""
    counted = [signal for signal in signals if signal.name == name and abs(signal.strength) >= _COUNTS]
    new = [signal for signal in counted if signal.turn == turn]
    if not new or times_seen(counted, name) < weight.times:
        return None
    strongest = max(new, key=lambda signal: abs(signal.strength))
    return fire(title(name), turn, weight.points * abs(strongest.strength), (strongest,))


def fire(rule: str, turn: int, points: float, signals: tuple[Signal, ...]) -> Firing:
    return Firing(rule, turn, round(points, 2), signals)


def _carrying(counted: list[Signal], turn: int, together: bool) -> tuple[Signal, ...]:
    if not together:
        return tuple(signal for signal in counted if signal.turn == turn)
    latest = {signal.name: signal for signal in counted}
    return tuple(latest.values())
