"""Says call by call what changed rules would have done differently, and which rules and points made the difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ari_app.call.model import Decision, Score
from ari_app.escalation.replay import Verdict

_LEAST = 0.05  # points; less is no difference worth a word


class Change(StrEnum):
    """What the new rules do with a call, seen from the old ones."""

    SAME = "as before"
    EARLIER = "earlier"
    LATER = "later"
    NEWLY = "newly handed over"
    NO_LONGER = "no longer handed over"
    NOT_BY_THEN = "not by then"  # a human came in fact, and what would have followed without one is not known
    OTHER_QUEUE = "to another queue"


@dataclass(frozen=True, slots=True)
class Difference:
    """What a rule counts at a turn by the old rules and by the new ones."""

    rule: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Compared:
    """One call under both. `turn`: where they part; None where they do not."""

    before: Verdict
    after: Verdict
    change: Change
    turn: int | None = None
    differences: tuple[Difference, ...] = ()
    thresholds: tuple[float, float] = (0.0, 0.0)
    ordered_before: tuple[str, ...] = ()
    ordered_after: tuple[str, ...] = ()

    @property
    def call_id(self) -> str:
        return self.after.call.call_id

    def to_dict(self) -> dict[str, Any]:
        """JSON-able values; the signals are left to `ari-app score` without a comparison."""
        return {
            "call_id": self.call_id,
            "change": self.change.value,
            "before": _verdict(self.before),
            "after": _verdict(self.after),
            "turn": self.turn,
            "differences": [
                {"rule": each.rule, "before": round(each.before, 2), "after": round(each.after, 2)} for each in self.differences
            ],
            "thresholds": list(self.thresholds) if self.turn is not None else [],
            "ordered_before": list(self.ordered_before),
            "ordered_after": list(self.ordered_after),
            "shadow_before": _decided(self.before.shadow),
            "shadow_after": _decided(self.after.shadow),
        }


def compare(before: Verdict, after: Verdict) -> Compared:
    """Both of the same call: `before` by the old rules, `after` by the new ones."""
    change = _change(before, after)
    if change is Change.SAME:
        return Compared(before, after, change)
    turn = min(each.turn for each in (before, after) if each.turn is not None)
    old, new = _score_at(before, turn), _score_at(after, turn)
    return Compared(
        before,
        after,
        change,
        turn,
        _differences(old, new),
        (old.threshold, new.threshold),
        tuple(name for name in _ordered(old) if name not in _ordered(new)),
        tuple(name for name in _ordered(new) if name not in _ordered(old)),
    )


def totals(compared: Sequence[Compared]) -> dict[Change, int]:
    """How many calls changed in which way, in the order in which a reader wants them."""
    return {change: sum(each.change is change for each in compared) for change in Change}


def _change(before: Verdict, after: Verdict) -> Change:
    old, new = before.turn, after.turn
    if old is None or new is None:
        if old is None:
            return Change.SAME if new is None else Change.NEWLY
        return Change.NOT_BY_THEN if after.call.cut else Change.NO_LONGER
    if old != new:
        return Change.EARLIER if new < old else Change.LATER
    return Change.SAME if _queue(before) == _queue(after) else Change.OTHER_QUEUE


def _queue(verdict: Verdict) -> str:
    decision = verdict.last.decision
    return decision.queue if decision else ""


def _score_at(verdict: Verdict, turn: int) -> Score:
    return next(score for score in verdict.scores if score.turn == turn)


def _differences(old: Score, new: Score) -> tuple[Difference, ...]:
    """By the size of the difference, the largest first."""
    before = {part.rule: part.points for part in old.contributions}
    after = {part.rule: part.points for part in new.contributions}
    each = [Difference(rule, before.get(rule, 0.0), after.get(rule, 0.0)) for rule in dict.fromkeys((*before, *after))]
    told = [one for one in each if abs(one.after - one.before) >= _LEAST]
    return tuple(sorted(told, key=lambda one: -abs(one.after - one.before)))


def _ordered(score: Score) -> tuple[str, ...]:
    """The rules that ordered a handover at once: those that a decision names though they gave no points."""
    decision: Decision | None = score.decision
    if decision is None or decision.shadow:
        return ()
    counted = {part.rule for part in score.contributions}
    return tuple(name for name in decision.rules if name not in counted)


def _verdict(verdict: Verdict) -> dict[str, Any]:
    made = _decided(verdict.last) if verdict.turn is not None else None
    return {
        "escalate": verdict.turn is not None,
        "turn": verdict.turn,
        "score": verdict.last.points,
        "queue": made["queue"] if made else None,
        "rules": made["rules"] if made else [],
    }


def _decided(score: Score | None) -> dict[str, Any] | None:
    if score is None or score.decision is None:
        return None
    return {"turn": score.turn, "queue": score.decision.queue, "rules": list(score.decision.rules)}
