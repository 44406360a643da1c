"""The account of sound that Asterisk plays from its own buffer."""

import asyncio

import pytest

from ari_app.asterisk.media.bulk_sound import BulkSound, Piece

SECOND = 8000


def account() -> BulkSound:
    return BulkSound(SECOND)


def future() -> "asyncio.Future[None]":
    return asyncio.get_running_loop().create_future()


def sent(sound: BulkSound, seconds: float, now: float) -> Piece:
    piece = sound.add(bytes(range(250)) * round(seconds * 32), future())
    sound.sent(piece, len(piece.data), now)
    return piece


async def test_pieces_end_in_order_and_time_is_reckoned_between() -> None:
    sound = account()
    first, second = sent(sound, 1.0, 10.0), sent(sound, 2.0, 10.0)
    assert sound.seconds_ahead(10.25) == pytest.approx(2.75)
    assert sound.played_seconds(10.5) == pytest.approx(0.5)
    sound.finished(first.number, 11.1)
    assert first.done.done() and not second.done.done()
    assert sound.played_seconds(11.6) == pytest.approx(1.5)
    sound.finished(second.number, 13.1)
    assert sound.played_seconds(20.0) == pytest.approx(3.0)
    assert sound.pieces == ()


async def test_dropping_counts_what_was_heard_and_lets_everyone_go() -> None:
    sound = account()
    first, second = sent(sound, 1.0, 0.0), sent(sound, 1.0, 0.0)
    sound.drop(0.4)
    assert first.done.done() and second.done.done()
    assert sound.played_seconds(5.0) == pytest.approx(0.4)
    sound.finished(first.number, 6.0)  # a report that crossed with the flush
    assert sound.played_seconds(7.0) == pytest.approx(0.4)


async def test_taking_back_a_waiting_piece_leaves_the_rest_of_the_first_to_be_said_again() -> None:
    sound = account()
    first, second = sent(sound, 1.0, 0.0), sent(sound, 1.0, 0.0)
    whole = first.data
    assert sound.take_back(second, 0.25) == [first]
    assert first.data == whole[2000:] and first.sent == 0 and first.begun is None
    assert sound.played_seconds(9.0) == pytest.approx(0.25)


async def test_taking_back_the_first_leaves_the_second_whole() -> None:
    sound = account()
    first, second = sent(sound, 1.0, 0.0), sent(sound, 1.0, 0.0)
    assert sound.take_back(first, 0.25) == [second]
    assert len(second.data) == SECOND


async def test_a_piece_whose_end_is_never_reported_becomes_overdue() -> None:
    sound = account()
    piece = sent(sound, 1.0, 0.0)
    assert sound.overdue(2.9, 2.0) is None
    assert sound.overdue(3.1, 2.0) is piece
