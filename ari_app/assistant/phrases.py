"""Picks what to say from the wording, so that no line comes twice running where there are several."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ari_app.assistant.bookings import Booking, Flight
from ari_app.assistant.memory import Memory
from ari_app.assistant.spoken import clock_time, day, spaced


def line(memory: Memory, key: str, lines: Sequence[str], **values: str) -> str:
    """The next of `lines`, filled in; `memory` counts the lines used under `key`."""
    used = memory.used.get(key, 0)
    memory.used[key] = used + 1
    return filled(lines[used % len(lines)], values)


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with its {words} filled in; "p.m." at a sentence's end brings its own full stop."""
    return text.format(**values).replace("..", ".")


def booking_values(booking: Booking, now: datetime) -> dict[str, str]:
    """A booking's details as they are spoken."""
    values = {"name": booking.name, "destination": booking.flight.destination, **_flight_values(booking.flight, now, "")}
    if booking.rebooked:
        values |= _flight_values(booking.rebooked, now, "new_")
    return values | {"seat": spaced(booking.seat or ""), "bags": str(booking.checked_bags)}


def _flight_values(flight: Flight, now: datetime, prefix: str) -> dict[str, str]:
    return {
        f"{prefix}number": spaced(flight.number),
        f"{prefix}day": day(flight.departs.date(), now.date()),
        f"{prefix}time": clock_time(flight.departs),
    }
