"""Packets of every kind of disorder become one frame for every 20 ms of wall clock."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.asterisk.media.timeline import Timeline

RATE, SAMPLES = 8000, 160
SILENCE = bytes(2 * SAMPLES)


def sound(number: int, samples: int = SAMPLES) -> bytes:
    return (number % 30000 + 1).to_bytes(2, "little") * samples


def test_an_even_stream_leaves_as_it_comes() -> None:
    line = Timeline(RATE, 100.0)
    frames = [frame for n in range(50) for frame in line.put(n * SAMPLES, sound(n), 100.02 + n * 0.02)]
    assert frames == [sound(n) for n in range(50)]


def test_silence_is_filled_while_asterisk_sends_nothing() -> None:
    line = Timeline(RATE, 0.0)
    frames = [frame for tick in range(1, 51) for frame in line.advance(tick * 0.02)]
    assert frames == [SILENCE] * 47  # all but the last 60 ms, which may still come
    assert line.silent_frames == 47


def test_after_a_pause_the_arrival_says_where_sound_belongs_whatever_the_timestamp() -> None:
    line = Timeline(RATE, 0.0)
    early = line.put(0, sound(1), 0.02)
    late = line.put(SAMPLES, sound(2), 1.02)  # a timestamp that did not go on
    assert early + late == [sound(1)] + [SILENCE] * 49 + [sound(2)]


def test_a_late_packet_is_waited_for_and_a_lost_one_becomes_silence() -> None:
    line = Timeline(RATE, 0.0)
    frames = line.put(0, sound(0), 0.02)
    frames += line.put(2 * SAMPLES, sound(2), 0.06)
    assert frames == [sound(0)]
    frames += line.put(SAMPLES, sound(1), 0.07)
    assert frames == [sound(0), sound(1), sound(2)]
    frames += line.put(4 * SAMPLES, sound(4), 0.10)
    frames += line.advance(0.15)
    assert frames == [sound(0), sound(1), sound(2), SILENCE, sound(4)]


def test_a_duplicate_and_a_straggler_change_nothing() -> None:
    line = Timeline(RATE, 0.0)
    frames = [frame for n in range(5) for frame in line.put(n * SAMPLES, sound(n), 0.02 + n * 0.02)]
    frames += line.put(4 * SAMPLES, sound(4), 0.105)
    frames += line.put(1 * SAMPLES, sound(9), 0.106)
    frames += line.put(5 * SAMPLES, sound(5), 0.12)
    assert frames == [sound(n) for n in range(6)]
    assert line.late_packets == 2


def test_jitter_below_the_patience_loses_nothing() -> None:
    chance = random.Random(1)
    line = Timeline(RATE, 0.0)
    arrivals = sorted((0.02 + n * 0.02 + chance.uniform(0, 0.035), n) for n in range(1, 200))
    frames = line.put(0, sound(0), 0.02)
    for arrival, number in arrivals:
        frames += line.put(number * SAMPLES, sound(number), arrival)
    assert frames == [sound(n) for n in range(200)]


def test_a_timestamp_that_jumps_starts_the_count_anew() -> None:
    line = Timeline(RATE, 0.0)
    frames = line.put(0, sound(0), 0.02) + line.put(2**31 - 1, sound(1), 0.04) + line.put(2**31 + 159, sound(2), 0.06)
    assert frames == [sound(0), sound(1), sound(2)]


@pytest.mark.parametrize("samples", [80, 240, 320])
def test_packets_of_another_length_make_frames_of_20_ms(samples: int) -> None:
    line = Timeline(RATE, 0.0)
    seconds = samples / RATE
    frames = [frame for n in range(40) for frame in line.put(n * samples, sound(5, samples), 0.02 + n * seconds)]
    assert frames == [sound(5)] * (40 * samples // SAMPLES)


def test_the_senders_clock_may_run_fast_or_slow_for_an_hour() -> None:
    for speed in (0.9995, 1.0005):
        line = Timeline(RATE, 0.0)
        frames = [frame for n in range(180_000) for frame in line.put(n * SAMPLES, sound(n), 0.02 + n * 0.02 * speed)]
        assert len(frames) == pytest.approx(180_000 * speed, abs=8)
        assert sum(frame != SILENCE for frame in frames) > 179_800


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.floats(0, 0.2), st.floats(0, 0.3))
def test_one_frame_for_every_20_ms_whatever_comes(chance: random.Random, jitter: float, loss: float) -> None:
    line = Timeline(RATE, 0.0)
    packets = [(0.02 + n * 0.02 + chance.uniform(0, jitter), n) for n in range(150) if chance.random() >= loss]
    frames: list[bytes] = []
    clock = 0.0
    for arrival, number in sorted(packets):
        while clock + 0.02 <= arrival:
            clock += 0.02
            frames += line.advance(clock)
            assert abs(len(frames) - clock / 0.02) <= 12
        frames += line.put(number * SAMPLES, sound(number), arrival, new_spurt=chance.random() < 0.02)
    frames += line.advance(10.0)
    assert len(frames) == pytest.approx(497, abs=1)
    assert all(len(frame) == 2 * SAMPLES for frame in frames)
