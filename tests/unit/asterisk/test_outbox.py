"""What play() and stop() promise, without sockets."""

import asyncio

import pytest

from ari_app.asterisk.media.outbox import Outbox


async def started(*coroutines: object) -> list[asyncio.Task[None]]:
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]  # type: ignore[arg-type]
    await asyncio.sleep(0)
    return tasks  # type: ignore[return-value]


async def test_pieces_follow_without_a_seam_and_the_last_frame_is_padded() -> None:
    box = Outbox(4, padding=0xFF)
    first, second = await started(box.play(b"abcdef"), box.play(b"ghi"))
    assert box.take_frame() == b"abcd"
    await asyncio.sleep(0)
    assert not first.done()
    assert box.take_frame() == b"efgh"
    await asyncio.sleep(0)
    assert first.done() and not second.done()
    assert box.take_frame() == b"i\xff\xff\xff"
    assert box.take_frame() is None
    await second
    assert box.frames_taken == 3


async def test_clear_drops_all_and_every_play_returns() -> None:
    box = Outbox(4, padding=0)
    tasks = await started(box.play(b"a" * 100), box.play(b"b" * 100))
    box.take_frame()
    box.clear()
    await asyncio.gather(*tasks)
    assert box.take_frame() is None and not box


async def test_cancelling_one_play_leaves_the_others() -> None:
    box = Outbox(2, padding=0)
    first, second = await started(box.play(b"aaaa"), box.play(b"bb"))
    box.take_frame()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert box.take_frame() == b"bb"
    await second


async def test_nothing_to_play_returns_at_once() -> None:
    await Outbox(2, padding=0).play(b"")
