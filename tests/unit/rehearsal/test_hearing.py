"""What a person notices by ear, on frames with made-up levels."""

import numpy as np
import pytest

from ari_app.rehearsal.hearing import Heard, Hearing, level_dbfs


def listen(*parts):
    """Parts: (seconds, level or None for no packets). Returns (hearing, now)."""
    hearing, frame = Hearing(), 0
    for seconds, level in parts:
        for _ in range(round(seconds / 0.02)):
            if level is not None:
                hearing.frame(frame * 0.02, level)
            frame += 1
    return hearing, frame * 0.02


def test_a_voice_begins_and_ends_with_its_own_frames():
    hearing, now = listen((1.0, -52), (0.6, -20), (0.8, -52))
    (heard,) = hearing.spans(0, now)
    assert heard.start == pytest.approx(1.0)
    assert heard.end == pytest.approx(1.6)
    assert hearing.quiet_for(now) == pytest.approx(0.8)
    assert hearing.spoken_since(1.4, now) == pytest.approx(0.2)


def test_two_loud_frames_are_a_click_and_no_voice():
    hearing, now = listen((0.5, -52), (0.04, -10), (1.0, -52))
    assert hearing.spans(0, now) == []


def test_a_pause_shorter_than_400_ms_does_not_end_a_voice():
    hearing, now = listen((0.5, -20), (0.3, -52), (0.5, -20))
    assert len(hearing.spans(0, now)) == 1
    hearing, now = listen((0.5, -20), (0.5, -52), (0.5, -20))
    assert len(hearing.spans(0, now)) == 2


def test_no_packets_are_silence():
    hearing, now = listen((0.5, -20), (1.0, None))
    assert hearing.spans(0, now) == [Heard(0.0, pytest.approx(0.5))]


def test_the_line_is_alive_with_room_noise_and_not_with_digital_silence_voice_or_nothing():
    for level, alive in ((-52, True), (-90, False), (-20, False), (None, False)):
        hearing, now = listen((0.3, -52), (0.4, level))
        assert (hearing.alive_for(now) >= 0.2) is alive, level


def test_a_lost_packet_does_not_make_the_line_dead():
    hearing, now = listen((0.2, -52), (0.02, None), (0.2, -52))
    assert hearing.alive_for(now) == pytest.approx(0.4, abs=0.03)


def test_levels():
    assert level_dbfs(np.full(160, 32767, np.int16)) == pytest.approx(0.0, abs=0.01)
    assert level_dbfs(np.full(160, 328, np.int16)) == pytest.approx(-40.0, abs=0.05)
    assert level_dbfs(np.zeros(160, np.int16)) == -120
    assert level_dbfs(np.zeros(0, np.int16)) == -120
