"""What the assistant remembers of one call, so that a restart can go on where it stood."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ari_app.assistant.bookings import Booking, booking_from_values
from ari_app.call.model import Fact

REFERENCE = "reference"
MORE = "more"
ANYTHING_ELSE = "anything else"
CONFIRMED = "confirmed"  # it told what the booking says, which the caller may deny


@dataclass(slots=True)
class Memory:
    """Mutable state of one dialogue; JSON-able but for `booking` and `facts`, which `as_values` turns into values."""

    awaiting: str = ""  # what the assistant's last question was about
    spelled: str = ""  # signs of a reference heard so far
    failures: int = 0  # references that were not found
    without_reference: bool = False
    asked_about_booking: str = ""  # a question that waits for the reference
    said: str = ""
    question: str = ""  # the caller's open question
    article: str = ""  # id of the article that answered last
    told: int = 0  # sentences of it that were spoken
    told_articles: list[str] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)  # lines of wording used so far, by key
    remarks: dict[str, str] = field(default_factory=dict)  # company remarks, by their number
    remark_groups: list[int] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    booking: Booking | None = None

    def as_values(self) -> dict[str, Any]:
        values: dict[str, Any] = {
            spec.name: getattr(self, spec.name) for spec in fields(self) if spec.name not in ("facts", "booking")
        }
        values["facts"] = [asdict(fact) for fact in self.facts]
        values["booking"] = self.booking.as_values() if self.booking else None
        return values


def memory_from_values(values: Mapping[str, Any]) -> Memory:
    """The way back of `as_values`; unknown keys are ignored, missing ones get their first value."""
    known = {spec.name for spec in fields(Memory)}
    kept = {name: value for name, value in values.items() if name in known}
    kept["facts"] = [Fact(**fact) for fact in values.get("facts", ())]
    booking = values.get("booking")
    kept["booking"] = booking_from_values(booking) if booking else None
    return Memory(**kept)
