"""Takes the booking reference, looks it up, and answers what the booking knows."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from ari_app.assistant.bookings import Booking, Bookings
from ari_app.assistant.language import Language
from ari_app.assistant.memory import CONFIRMED, REFERENCE, Memory
from ari_app.assistant.phrases import booking_values, line
from ari_app.assistant.reference import HeardReference, ReferenceListener
from ari_app.call.model import AnswerKind, AnswerReport, Fact, Reply
from ari_app.errors import NotReachable

BOOKING = "booking"
_MOST_FAILURES = 2


class Verification:
    """The booking's part of every dialogue. Keeps no state: that is in Memory."""

    def __init__(
        self, language: Language, bookings: Bookings, listener: ReferenceListener, now: Callable[[], datetime], timeout: float
    ) -> None:
        self._wording = language.wording
        self._bookings = bookings
        self._listener = listener
        self._now = now
        self._timeout = timeout

    def hear(self, memory: Memory, text: str) -> HeardReference:
        return self._listener.hear(text, memory.spelled)

    async def look_up(self, memory: Memory, heard: HeardReference) -> Reply | None:
        """The reply to a heard reference. None when it fits no booking and the assistant had not asked for one.

        The caller of this method appends "How can I help you?" where nothing else follows.
        """
        try:
            booking = await self._find(heard)
        except NotReachable:
            memory.awaiting, memory.without_reference = "", True
            return _reply(AnswerKind.NO_ANSWER, line(memory, "lookup_failed", self._wording.lookup_failed))
        if booking is not None:
            return self._found(memory, booking)
        return self._not_found(memory, heard) if memory.awaiting == REFERENCE else None

    async def _find(self, heard: HeardReference) -> Booking | None:
        try:
            async with asyncio.timeout(self._timeout):
                for candidate in heard.candidates:
                    booking = await self._bookings.find(candidate)
                    if booking is not None:
                        return booking
        except TimeoutError:
            raise NotReachable("The booking system did not answer in time.") from None
        return None

    def _found(self, memory: Memory, booking: Booking) -> Reply:
        memory.booking, memory.awaiting, memory.spelled, memory.without_reference = booking, CONFIRMED, "", False
        wording, key = self._wording, "found_scheduled"
        if booking.flight.cancelled:
            key = "found_cancelled_rebooked" if booking.rebooked else "found_cancelled"
        text = line(memory, key, getattr(wording, key), **booking_values(booking, self._now()))
        return _reply(AnswerKind.CONFIRMED, text, facts=self.facts(booking))

    def facts(self, booking: Booking) -> tuple[Fact, ...]:
        """What the booking tells an agent, verified."""
        values = booking_values(booking, self._now())
        situation = self._wording.situation_cancelled if booking.flight.cancelled else self._wording.situation_scheduled
        return (
            Fact("name", booking.name, verified=True),
            Fact(BOOKING, booking.reference, self._listener.spoken(booking.reference), verified=True),
            Fact("situation", situation[0].format(**values), verified=True),
        )

    def _not_found(self, memory: Memory, heard: HeardReference) -> Reply:
        memory.failures += 1
        memory.spelled = ""
        if memory.failures >= _MOST_FAILURES:
            memory.awaiting, memory.without_reference, memory.asked_about_booking = "", True, ""
            text = line(memory, "reference_given_up", self._wording.reference_given_up)
            return _reply(AnswerKind.NO_ANSWER, text)
        spoken = self._listener.spoken(heard.candidates[0])
        return _reply(AnswerKind.ASKED, line(memory, "reference_unknown", self._wording.reference_unknown, heard=spoken))

    def part_heard(self, memory: Memory, heard: HeardReference) -> Reply:
        """The caller paused within the reference: say what is there and ask for the rest."""
        memory.spelled += heard.part
        spoken = self._listener.spoken(memory.spelled)
        return _reply(AnswerKind.ASKED, line(memory, "reference_part", self._wording.reference_part, heard=spoken))

    def wrong_booking(self, memory: Memory) -> Reply:
        """The caller says that the booking is somebody else's."""
        memory.booking, memory.awaiting = None, REFERENCE
        memory.facts = [fact for fact in memory.facts if not fact.verified]
        return _reply(AnswerKind.ASKED, line(memory, "wrong_booking", self._wording.wrong_booking))

    def spoken(self, reference: str) -> str:
        return self._listener.spoken(reference)

    def answer(self, memory: Memory, topic: str) -> Reply:
        """What the booking says about `topic`, a key of the word list's booking questions. Needs memory.booking."""
        booking = memory.booking
        assert booking is not None
        key = _answer_key(booking, topic)
        values = booking_values(booking, self._now())
        text = line(memory, key, getattr(self._wording, key), **values)
        return _reply(AnswerKind.ANSWERED, text, article="booking", match=1.0)


def _answer_key(booking: Booking, topic: str) -> str:
    if topic == "seat":
        return "booking_seat" if booking.seat else "booking_no_seat"
    if topic == "bags":
        return "booking_one_bag" if booking.checked_bags == 1 else "booking_bags"
    if not booking.flight.cancelled:
        return "booking_number" if topic == "number" else "booking_scheduled"
    if booking.rebooked is None:
        return "booking_cancelled"
    return "booking_cancelled_rebooked" if topic == "cancelled" else "booking_new_flight"


def _reply(
    kind: AnswerKind, text: str, *, facts: tuple[Fact, ...] = (), article: str | None = None, match: float | None = None
) -> Reply:
    return Reply(text, AnswerReport(kind, article, match), facts)
