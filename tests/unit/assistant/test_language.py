"""Wording and bookings are data: an operator's mistake in them is told with its place, and nothing starts half."""

from datetime import datetime
from pathlib import Path

import pytest

from ari_app.assistant.assistant import AssistantSettings, open_assistant
from ari_app.assistant.bookings import Booking, FileBookings, Flight, booking_from_values
from ari_app.assistant.language import LANGUAGES, read_language
from ari_app.errors import BadSettings

WORDING = (LANGUAGES / "en" / "wording.yaml").read_text()


def own_wording(tmp_path: Path, old: str, new: str) -> Path:
    assert old in WORDING
    file = tmp_path / "wording.yaml"
    file.write_text(WORDING.replace(old, new, 1))
    return file


def test_an_operators_own_wording_is_spoken(tmp_path: Path) -> None:
    file = own_wording(tmp_path, "Welcome to {company}.", "Good day, this is {company}.")
    dialogue = open_assistant(AssistantSettings(company="Acme", wording=file)).open("c", "", "")
    assert dialogue.greet().text.startswith("Good day, this is Acme.")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("{company}", "{compny}", r"greeting.*\{compny\} is unknown here; known: \{company\}"),
        ("goodbye:", "godbye:", "godbye"),
        ("{topic}", "{toopic}", r"company.*toopic"),
        ('glad: "Good. What else can I do for you?"', "glad: []", "glad"),
        ("waiting:", "waiting: 3\nunused:", "waiting"),
    ],
)
def test_a_mistake_in_the_wording_names_file_and_field(tmp_path: Path, old: str, new: str, says: str) -> None:
    file = own_wording(tmp_path, old, new)
    with pytest.raises(BadSettings, match=says) as raised:
        read_language("en", file)
    assert str(file) in raised.value.message and raised.value.remedy


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "wording.yaml"
    file.write_text('greeting: "hello"\nnobody: "unclosed\n')
    with pytest.raises(BadSettings, match=r"wording\.yaml:\d"):
        read_language("en", file)


def test_a_language_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(BadSettings, match="'xx'") as raised:
        read_language("xx")
    assert "en" in raised.value.remedy


# ------------------------------------------------------------------------------------------------ bookings


def bookings_file(tmp_path: Path, booking: str, pattern: str = "[A-Z]{3}[0-9]{3}") -> Path:
    file = tmp_path / "bookings.yaml"
    file.write_text(f'reference: "{pattern}"\nbookings:\n  - {booking}\n')
    return file


async def test_relative_times_count_from_the_day_of_the_lookup(tmp_path: Path) -> None:
    entry = "{reference: ABC123, name: N, flight: {number: K1, destination: Lisbon, departs: tomorrow 07:10}}"
    bookings = FileBookings(bookings_file(tmp_path, entry), now=lambda: datetime(2030, 12, 31, 23, 59))
    found = await bookings.find("abc123")
    assert found is not None and found.flight.departs == datetime(2031, 1, 1, 7, 10)
    assert await bookings.find("ABC124") is None


@pytest.mark.parametrize(
    ("booking", "says"),
    [
        ("{reference: ABC123, name: N}", "bookings.0.flight"),
        ("{reference: ABC123, name: N, flight: {number: K1, destination: L, departs: soon}}", "'soon' is no time"),
        ("{reference: ABC12, name: N, flight: {number: K1, destination: L, departs: today 10:00}}", "does not fit the pattern"),
    ],
)
def test_a_mistake_in_the_bookings_names_file_and_field(tmp_path: Path, booking: str, says: str) -> None:
    file = bookings_file(tmp_path, booking)
    with pytest.raises(BadSettings, match=says) as raised:
        FileBookings(file)
    assert str(file) in raised.value.message


def test_a_pattern_that_is_none_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="not a regular expression"):
        FileBookings(bookings_file(tmp_path, "{}", pattern="[A-Z"))


def test_a_booking_survives_being_written_down() -> None:
    flight = Flight("K1", "Lisbon", datetime(2030, 1, 2, 7, 10), cancelled=True)
    booking = Booking("ABC123", "N", flight, Flight("K2", "Lisbon", datetime(2030, 1, 2, 9, 0)), "Flex", "14C", 2)
    assert booking_from_values(booking.as_values()) == booking
