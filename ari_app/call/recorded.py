"""Reads the decisions of a recorded call back, so that they can be held against what other rules would have decided."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ari_app.call.model import Turn


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """`turn`: the scored turn that it followed; None where it came before any. `at`: seconds since the call began.

    `by`: "score", or whoever else wanted a human. `shadow`: it was noted and not acted upon.
    """

    turn: int | None
    at: float
    by: str
    rules: tuple[str, ...]
    queue: str
    points: float
    fingerprint: str
    shadow: bool = False


def handovers_of(record: Mapping[str, Any], turns: Sequence[Turn]) -> tuple[RecordedDecision, ...]:
    """In order. `turns`: those that were scored. KeyError, TypeError or ValueError where the record is none."""
    return tuple(_handovers(record, turns))


def shadows_of(record: Mapping[str, Any]) -> tuple[RecordedDecision, ...]:
    """What rules in shadow mode would have done; records of earlier versions name none."""
    return tuple(_decision(one, one["turn"], one["at"], "score", one["points"], True) for one in record.get("shadow") or ())


def _handovers(record: Mapping[str, Any], turns: Sequence[Turn]) -> Iterator[RecordedDecision]:
    for one in record.get("handovers") or ():
        at = float(one["decided_at"])
        yield _decision(one, _followed(one.get("turn"), at, turns), at, str(one["by"]), one["score"], False)


def _decision(one: Mapping[str, Any], turn: int | None, at: float, by: str, points: float, shadow: bool) -> RecordedDecision:
    decision = one["decision"]
    rules = tuple(str(rule) for rule in decision["rules"])
    fingerprint = str(decision.get("fingerprint") or "")
    return RecordedDecision(turn, float(at), by, rules, str(decision["queue"]), float(points), fingerprint, shadow)


def _followed(number: int | None, at: float, turns: Sequence[Turn]) -> int | None:
    """Words at a pause decide before they are a turn, and the announcement then takes their number: theirs comes next."""
    if number is not None and any(turn.index == number for turn in turns):
        return number
    begun = [turn.index for turn in turns if turn.start <= at]
    after = (index for index in begun if number is not None and index > number)
    return next(after, max(begun, default=None))
