"""The rules file's schema: what a supervisor may write about signals, and how it reads."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from rapidfuzz import process

from ari_app.escalation.signals import NAMES

SURE = 0.75  # how strong a signal must be for "escalate: now" where the rule does not say
NOTICEABLE = 0.2  # … and for points
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ORDINALS = {"second": 2, "third": 3, "fourth": 4, "fifth": 5, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5}


def title(name: str) -> str:
    """A signal's name as people read it: "negative sentiment"."""
    return name.replace("_", " ")


def did_you_mean(written: str, known: list[str]) -> str:
    near = process.extractOne(written, known, score_cutoff=60)
    return f'did you mean "{near[0]}"?' if near else "known: " + ", ".join(known)


def _signal_name(value: Any) -> str:
    name = str(value).strip().lower().replace(" ", "_").replace("-", "_")
    if name not in NAMES:
        raise ValueError(f'no signal is called "{value}"; {did_you_mean(title(name), [title(known) for known in NAMES])}')
    return name


def _signal_names(values: list[Any]) -> tuple[str, ...]:
    """All of them, or every mistake in a line of its own."""
    names, wrong = [], []
    for value in values:
        try:
            names.append(_signal_name(value))
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise ValueError("\n".join(wrong))
    return tuple(names)


class When(BaseModel):
    """The signals of a rule. `together`: all of them must have been seen, else any one."""

    model_config = ConfigDict(frozen=True)
    names: tuple[str, ...]
    together: bool = False


def _when(value: Any) -> Any:
    """ "urgency", ["negative sentiment", "raised voice"] (all of them), "urgency or dead end", "repetition and dead end"."""
    if isinstance(value, When):
        return value
    if isinstance(value, list):
        if not value:
            raise ValueError("the list is empty; name a signal in it")
        return When(names=_signal_names(value), together=True)
    if not isinstance(value, str):
        raise ValueError("write the name of a signal, or a list of names")
    parts = re.split(r"\s+(or|and)\s+", value.strip())
    if len(set(parts[1::2])) > 1:
        raise ValueError('use either "and" or "or" between signals, not both')
    return When(names=_signal_names(parts[::2]), together="and" in parts[1::2])


def _per_minute(value: Any) -> Any:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:points?)?\s*per minute", str(value).strip())
    if match:
        return float(match.group(1))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError('write it like "1 per minute"')


def _turns(value: Any) -> Any:
    match = re.fullmatch(r"(\d+)\s*(?:turns?)?", str(value).strip())
    if not match:
        raise ValueError('write it like "3 turns"')
    return int(match.group(1))


def _seconds(value: Any) -> Any:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(seconds?|minutes?|s|min)?", str(value).strip())
    if not match:
        raise ValueError('write it like "2 minutes" or "30 seconds"')
    return float(match.group(1)) * (60 if (match.group(2) or "").startswith("m") else 1)


class Hours(BaseModel):
    """Days (0 = Monday) and the time of day, minutes since midnight; `until` before `since` runs past midnight."""

    model_config = ConfigDict(frozen=True)
    days: tuple[int, ...]
    since: int
    until: int

    def include(self, moment: datetime) -> bool:
        minute = moment.hour * 60 + moment.minute
        if self.since <= self.until:
            return moment.weekday() in self.days and self.since <= minute < self.until
        if minute >= self.since:
            return moment.weekday() in self.days
        return (moment.weekday() - 1) % 7 in self.days and minute < self.until


def _hours(value: Any) -> Any:
    if isinstance(value, Hours):
        return value
    match = re.fullmatch(
        r"(?:([a-z]{3})(?:\s*-\s*([a-z]{3}))?\s+)?(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)", str(value).strip().lower()
    )
    first, last, *clock = match.groups() if match else (None, None)
    if not match or any(day and day not in _DAYS for day in (first, last)) or not _valid_clock([int(part) for part in clock]):
        raise ValueError('write it like "mon-fri 08:00-18:00"')
    start = _DAYS.index(first) if first else 0
    end = _DAYS.index(last) if last else start if first else 6
    days = tuple((start + step) % 7 for step in range((end - start) % 7 + 1))
    numbers = [int(part) for part in clock]
    return Hours(days=days, since=numbers[0] * 60 + numbers[1], until=numbers[2] * 60 + numbers[3])


def _valid_clock(numbers: list[int]) -> bool:
    return all(hour * 60 + minute <= 24 * 60 and minute < 60 for hour, minute in zip(numbers[::2], numbers[1::2], strict=True))


class Weight(BaseModel):
    """What a signal counts on its own: points at full strength, from its n-th time on."""

    model_config = ConfigDict(frozen=True)
    points: float
    times: int = 1


def _weight(value: Any) -> Any:
    if isinstance(value, Weight):
        return value
    match = re.fullmatch(r"(-?\d+(?:\.\d+)?)\s*(?:points?)?(?:\s+from the (\w+) time)?", str(value).strip())
    times = _ORDINALS.get(match.group(2)) if match and match.group(2) else 1
    if not match or times is None:
        raise ValueError('write points, like 6 or "6 from the second time"')
    return Weight(points=float(match.group(1)), times=times)


def _weights(value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError("write one signal per line with its points")
    return {_signal_name(name): points for name, points in value.items()}


def _escalate(value: Any) -> Any:
    if str(value).strip().lower() != "now":
        raise ValueError('the only value is "now"; leave the line out to let points decide')
    return "now"


Points = Annotated[float, Field(ge=-100, le=100)]


class Rule(BaseModel):
    """One rule. `examples` also raise the rule's signal where the words resemble them; `never` keeps the rule out of a turn."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[str, Field(min_length=1, max_length=80)]
    when: Annotated[When, BeforeValidator(_when)]
    times: Annotated[int, Field(ge=1, le=20)] = 1
    within: Annotated[int | None, BeforeValidator(_turns)] = None
    strength: Annotated[float | None, Field(ge=0, le=1)] = None
    points: Points | None = None
    escalate: Annotated[Literal["now"] | None, BeforeValidator(_escalate)] = None
    examples: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    queue: Annotated[str, Field(min_length=1)] | None = None
    priority: Annotated[int, Field(ge=0, le=100)] = 0
    say: str | None = None
    hours: Annotated[Hours | None, BeforeValidator(_hours)] = None
    mode: Literal["live", "shadow"] = "live"

    @model_validator(mode="after")
    def _counts_somehow(self) -> "Rule":
        if (self.points is None) == (self.escalate is None):
            raise ValueError('a rule has either "points" or "escalate: now"')
        return self

    @property
    def least(self) -> float:
        """How strong a signal must be to count."""
        if self.strength is not None:
            return self.strength
        return SURE if self.escalate else NOTICEABLE


class RuleBook(BaseModel):
    """A whole rules file. `signals`: what each counts on its own, unless a rule with points names it alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    language: str = "en"
    threshold: Annotated[float, Field(gt=0)] = 10.0
    decay: Annotated[float, BeforeValidator(_per_minute), Field(ge=0)] = 1.0
    queue: Annotated[str, Field(min_length=1)] = "support"
    say: str = "Let me connect you to a specialist who can help."
    cool_down: Annotated[float, BeforeValidator(_seconds)] = 60.0
    mode: Literal["live", "shadow"] = "live"
    signals: Annotated[dict[str, Annotated[Weight, BeforeValidator(_weight)]], BeforeValidator(_weights)] = Field(
        default_factory=dict
    )
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> "RuleBook":
        names = [rule.name for rule in self.rules]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f'two rules are called "{twice}"; give each its own name')
        return self

    def own_weights(self) -> dict[str, Weight]:
        """The signals that count on their own: all but those that an operator's rule gives points to by themselves."""
        ruled = {rule.when.names[0] for rule in self.rules if len(rule.when.names) == 1 and rule.points and rule.mode == "live"}
        return {name: weight for name, weight in self.signals.items() if name not in ruled and weight.points}
