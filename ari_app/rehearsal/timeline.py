"""What the phones (and the application, if it is listened to) did, as facts with a time, for the live display and the report."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PhoneEvent:
    """`at`: seconds since the rehearsal began; `phone`: `caller` or the agent's name in the script."""

    at: float
    phone: str


@dataclass(frozen=True, slots=True)
class Registered(PhoneEvent):
    username: str


@dataclass(frozen=True, slots=True)
class Dialled(PhoneEvent):
    extension: str
    number: str
    name: str


@dataclass(frozen=True, slots=True)
class Rang(PhoneEvent):
    """The phone rings and shows this number and name; `source` is the SIP header they came in."""

    number: str
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class DisplayChanged(PhoneEvent):
    number: str
    name: str


@dataclass(frozen=True, slots=True)
class PickedUp(PhoneEvent):
    pass


@dataclass(frozen=True, slots=True)
class CallAnswered(PhoneEvent):
    """The caller's call was answered."""


@dataclass(frozen=True, slots=True)
class Declined(PhoneEvent):
    pass


@dataclass(frozen=True, slots=True)
class RingingStopped(PhoneEvent):
    """The call went away before this phone picked up."""


@dataclass(frozen=True, slots=True)
class CardArrived(PhoneEvent):
    text: str


@dataclass(frozen=True, slots=True)
class SpeakingBegan(PhoneEvent):
    text: str


@dataclass(frozen=True, slots=True)
class Spoke(PhoneEvent):
    """Said `text` from `start` to `at`; `complete` is false when it was cut off."""

    text: str
    start: float
    complete: bool
    deciding: bool = False


@dataclass(frozen=True, slots=True)
class WhisperHeard(PhoneEvent):
    """A voice was on the agent's line from `start` to `end`, before the caller was."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Joined(PhoneEvent):
    """The agent's ear: the line came alive with the caller's room."""


@dataclass(frozen=True, slots=True)
class Pressed(PhoneEvent):
    keys: str


@dataclass(frozen=True, slots=True)
class KeyHeard(PhoneEvent):
    key: str


@dataclass(frozen=True, slots=True)
class HungUp(PhoneEvent):
    """The call on this phone ended; `by` is `us` or `them`."""

    by: str
    status: int


@dataclass(frozen=True, slots=True)
class StepBegan(PhoneEvent):
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class StepDidFail(PhoneEvent):
    number: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class ApplicationReported(PhoneEvent):
    """One event of the application; `phone` is `application`."""

    kind: str
    fields: Mapping[str, object] = field(default_factory=dict)


class Application(Protocol):
    """Where the runner gets the application's own events from: one mapping per event, as `/api/events` sends them.

    The iterator ends, or is closed by the runner, with the rehearsal. An event's kind stands in `type`. What the report looks
    for: a key `queue` in any event; `text` in events with `party: caller` whose `final` is not false.
    """

    def events(self) -> AsyncIterator[Mapping[str, object]]: ...
