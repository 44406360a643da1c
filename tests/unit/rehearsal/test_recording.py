"""Recordings lie on the clock: gaps stay gaps, jitter does not tear them."""

import numpy as np
import pytest

from ari_app.rehearsal.recording import AudioPacket, Track, lay_out, load_stereo, save_stereo


def stream(first_at, count, *, timestamp=0, source=1, value=1000, jitter=None):
    late = jitter if jitter is not None else [0.0] * count
    return [
        AudioPacket(first_at + n * 0.02 + late[n], source, timestamp + n * 160, np.full(160, value, np.int16))
        for n in range(count)
    ]


def test_jitter_neither_tears_nor_shifts_a_stream():
    jitter = list(np.random.default_rng(1).uniform(0, 0.03, 50))
    jitter[10] = 0.0
    track = lay_out(stream(10.5, 50, jitter=jitter), 10.0, 12.0)
    filled = np.flatnonzero(track.samples)
    assert len(filled) == 8000
    assert filled[-1] - filled[0] == 7999
    assert track.moment(int(filled[0])) == pytest.approx(10.5, abs=0.005)


def test_a_gap_in_time_is_zeros_even_when_time_stamps_go_on_without_it():
    packets = [*stream(0.0, 5), *stream(1.0, 5, timestamp=800)]
    track = lay_out(packets, 0.0, 2.0)
    assert np.count_nonzero(track.between(0.0, 0.1)) == 800
    assert np.count_nonzero(track.between(0.1, 1.0)) == 0
    assert np.count_nonzero(track.between(1.0, 1.1)) == 800


def test_a_new_source_is_placed_by_its_own_arrival():
    packets = [*stream(0.0, 5), *stream(0.1, 5, timestamp=987654, source=2, value=2000)]
    track = lay_out(packets, 0.0, 0.2)
    assert list(track.samples) == [1000] * 800 + [2000] * 800


def test_what_lies_outside_the_recording_is_cut_off():
    assert list(lay_out(stream(-0.01, 1), 0.0, 0.005).samples) == [1000] * 40


def test_a_stereo_file_comes_back(tmp_path):
    left, right = Track(0.0, np.arange(100, dtype=np.int16)), Track(0.0, np.arange(50, dtype=np.int16))
    save_stereo(tmp_path / "a.wav", left, right)
    again_left, again_right = load_stereo(tmp_path / "a.wav")
    assert np.array_equal(again_left.samples, left.samples)
    assert np.array_equal(again_right.samples[:50], right.samples)
    assert not again_right.samples[50:].any()


def test_moments_outside_a_track_are_clipped():
    track = Track(5.0, np.zeros(8000, np.int16))
    assert track.index(4.0) == 0 and track.index(9.0) == 8000
    assert len(track.between(5.5, 5.25)) == 0
