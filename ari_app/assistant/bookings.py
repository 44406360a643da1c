"""Looks up bookings: a protocol that an operator can plug into, and a file of bookings for trying out."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, field_validator

from ari_app.assistant.yaml_file import read_yaml
from ari_app.errors import BadSettings

_RELATIVE = re.compile(r"^(?:(today|tomorrow)|in (\d+) days?)\s+(\d{1,2}):(\d{2})$")


@dataclass(frozen=True, slots=True)
class Flight:
    """One flight of a booking; `departs` is local time at the place of departure."""

    number: str
    destination: str
    departs: datetime
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Booking:
    reference: str
    name: str
    flight: Flight
    rebooked: Flight | None = None
    fare: str = ""
    seat: str | None = None
    checked_bags: int = 0

    def as_values(self) -> dict[str, Any]:
        """JSON-able values; `booking_from_values` is the way back."""
        return BookingEntry.of(self).model_dump(mode="json")


class Bookings(Protocol):
    """Where bookings are looked up."""

    async def find(self, reference: str) -> Booking | None:
        """The booking with this reference ("ABC123"), None when there is none. Raises NotReachable when that is not possible."""
        ...


class FlightEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: str
    destination: str
    departs: str
    cancelled: bool = False

    @field_validator("departs")
    @classmethod
    def _understood(cls, value: str) -> str:
        departure(value, datetime(2000, 1, 1))
        return value

    def flight(self, today: datetime) -> Flight:
        return Flight(self.number, self.destination, departure(self.departs, today), self.cancelled)


class BookingEntry(BaseModel):
    """One booking as it is written in a file."""

    model_config = ConfigDict(extra="forbid")
    reference: str
    name: str
    flight: FlightEntry
    rebooked: FlightEntry | None = None
    fare: str = ""
    seat: str | None = None
    checked_bags: int = 0

    def booking(self, today: datetime) -> Booking:
        rebooked = self.rebooked.flight(today) if self.rebooked else None
        return Booking(self.reference, self.name, self.flight.flight(today), rebooked, self.fare, self.seat, self.checked_bags)

    @classmethod
    def of(cls, booking: Booking) -> "BookingEntry":
        def entry(flight: Flight) -> FlightEntry:
            at = flight.departs.isoformat(sep=" ", timespec="minutes")
            return FlightEntry(number=flight.number, destination=flight.destination, departs=at, cancelled=flight.cancelled)

        return cls(
            reference=booking.reference,
            name=booking.name,
            flight=entry(booking.flight),
            rebooked=entry(booking.rebooked) if booking.rebooked else None,
            fare=booking.fare,
            seat=booking.seat,
            checked_bags=booking.checked_bags,
        )


class BookingsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reference: str
    bookings: list[BookingEntry]

    @field_validator("reference")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return value


def departure(text: str, today: datetime) -> datetime:
    """ "2030-01-02 07:10" or relative to today: "today 18:20", "tomorrow 07:10", "in 3 days 11:40". Raises ValueError.

    >>> departure("tomorrow 07:10", datetime(2030, 1, 1, 15, 0))
    datetime.datetime(2030, 1, 2, 7, 10)
    """
    relative = _RELATIVE.match(text.strip())
    if relative is None:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"'{text}' is no time: write 2030-01-02 07:10, tomorrow 07:10 or in 3 days 11:40") from None
    days = int(relative[2]) if relative[2] else {"today": 0, "tomorrow": 1}[relative[1]]
    return today.replace(hour=int(relative[3]), minute=int(relative[4]), second=0, microsecond=0) + timedelta(days=days)


def booking_from_values(values: Any) -> Booking:
    """Raises ValueError when `values` is not what Booking.as_values gave."""
    return BookingEntry.model_validate(values).booking(datetime(2000, 1, 1))


class FileBookings:
    """Bookings of one YAML file; relative times count from the day of the lookup."""

    def __init__(self, path: Path, now: Callable[[], datetime] = datetime.now) -> None:
        """Raises BadSettings naming the file and the field."""
        content = read_yaml(path, BookingsFile, "Bookings file")
        self.pattern = content.reference
        self._now = now
        self._entries = {entry.reference.upper(): entry for entry in content.bookings}
        odd = [reference for reference in self._entries if not re.fullmatch(self.pattern, reference)]
        if odd:
            raise BadSettings(
                f"Bookings file {path}: reference {odd[0]} does not fit the pattern '{self.pattern}'.",
                remedy="Correct the booking, or the pattern under 'reference'.",
            )

    async def find(self, reference: str) -> Booking | None:
        entry = self._entries.get(reference.upper())
        return entry.booking(self._now()) if entry else None
