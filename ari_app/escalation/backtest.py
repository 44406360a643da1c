"""Measures decisions against labels: how often a call was handed over within the window in which a good supervisor would."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Label:
    """`window`: first and last acceptable turn, both inclusive; None for a call that should stay with the assistant."""

    call_id: str
    window: tuple[int, int] | None
    causes: tuple[str, ...] = ()
    style: str = ""


class Outcome(StrEnum):
    HIT = "hit"
    EARLY = "early"
    LATE = "late"
    MISSED = "missed"
    FALSE = "false"
    STAYED = "stayed"


@dataclass(frozen=True, slots=True)
class Measures:
    """Counts of outcomes and the rates from them; a rate over nothing is 0."""

    hit: int
    early: int
    late: int
    missed: int
    false: int
    stayed: int

    @property
    def precision(self) -> float:
        return _ratio(self.hit, self.hit + self.early + self.late + self.false)

    @property
    def recall(self) -> float:
        return _ratio(self.hit, self.hit + self.early + self.late + self.missed)

    @property
    def f1(self) -> float:
        return _ratio(2 * self.precision * self.recall, self.precision + self.recall)

    @property
    def false_rate(self) -> float:
        return _ratio(self.false, self.false + self.stayed)

    def to_dict(self) -> dict[str, float | int]:
        """Counts and rates by name, as `--json` prints them."""
        counts = {"hit": self.hit, "early": self.early, "late": self.late, "missed": self.missed}
        rates = {"precision": self.precision, "recall": self.recall, "f1": self.f1, "false_alarm_rate": self.false_rate}
        rounded = {name: round(rate, 4) for name, rate in rates.items()}
        return {**rounded, **counts, "false_alarms": self.false, "stayed": self.stayed}


def outcome(turn: int | None, label: Label) -> Outcome:
    """`turn`: the one after whose end the call was handed over; None where it was not."""
    if label.window is None:
        return Outcome.STAYED if turn is None else Outcome.FALSE
    if turn is None:
        return Outcome.MISSED
    first, last = label.window
    return Outcome.EARLY if turn < first else Outcome.LATE if turn > last else Outcome.HIT


def measure(outcomes: Sequence[Outcome]) -> Measures:
    return Measures(**{each.value: outcomes.count(each) for each in Outcome})


def by_cause(outcomes: Mapping[str, Outcome], labels: Mapping[str, Label]) -> dict[str, Measures]:
    """Measures of the calls with each main cause."""
    causes = sorted({label.causes[0] for label in labels.values() if label.causes})
    return {
        cause: measure([found for call, found in outcomes.items() if labels[call].causes[:1] == (cause,)]) for cause in causes
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
