"""Finding one recording in another, on sounds whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.rehearsal.correlation import find, first_heard, normalised, without
from ari_app.rehearsal.recording import RATE
from tests.unit.rehearsal.sounds import Tape, room, voice

ORIGIN = 100.0


def test_normalised_correlation_is_one_where_the_needle_lies_and_says_nothing_about_silence():
    hay = np.zeros(2000)
    needle = np.random.default_rng(1).normal(0, 100, 300)
    hay[700:1000] = needle * 0.3
    likeness = normalised(needle, hay)
    assert int(np.argmax(likeness)) == 700
    assert likeness[700] == pytest.approx(1.0)
    assert likeness[0] == 0.0
    assert len(normalised(hay, needle)) == 0


@settings(max_examples=25, deadline=None)
@given(joined=st.floats(2.0, 6.0), delay=st.floats(0.0, 0.25), seed=st.integers(1, 1000))
def test_room_noise_alone_shows_the_join_to_a_few_milliseconds(joined, delay, seed):
    sent = Tape(10).add(0, room(10, seed))
    heard = Tape(10).add(0.5, voice(1.2, seed + 5000))
    heard.add(joined + delay, sent.sound(joined, 10))
    found = first_heard(sent.track(), heard.track(), ORIGIN + 0.2, ORIGIN + 10)
    assert found.at == pytest.approx(ORIGIN + joined + delay, abs=0.005)
    assert found.delay == pytest.approx(delay, abs=0.0005)


def test_nobody_is_found_when_only_strangers_are_heard():
    sent = Tape(10).add(0, room(10, 1)).add(2, voice(6, 2))
    heard = Tape(10).add(0, room(10, 3)).add(1, voice(7, 4))
    assert first_heard(sent.track(), heard.track(), ORIGIN, ORIGIN + 10) is None


def test_a_join_in_the_middle_of_speech_is_found():
    sent = Tape(10).add(0, room(10, 1)).add(2, voice(6, 2))
    heard = Tape(10).add(4.03, sent.sound(4, 10))
    found = first_heard(sent.track(), heard.track(), ORIGIN, ORIGIN + 10)
    assert found.at == pytest.approx(ORIGIN + 4.03, abs=0.005)
    assert found.not_before == found.at


def test_a_join_under_a_loud_stranger_is_reported_with_its_earliest_moment():
    sent = Tape(10).add(0, room(10, 1))
    heard = Tape(10).add(3, np.random.default_rng(4).normal(0, 6000, 2 * RATE)).add(4, sent.sound(4, 10))
    found = first_heard(sent.track(), heard.track(), ORIGIN, ORIGIN + 10)
    assert found.not_before <= ORIGIN + 4.0 <= found.at + 0.005
    assert found.at == pytest.approx(ORIGIN + 5.0, abs=0.1)


def test_a_wideband_bridge_with_its_filter_does_not_hide_the_room():
    sent = Tape(10).add(0, room(10, 1))
    spectrum = np.fft.rfft(sent.samples)
    spectrum[round(3400 / 4000 * len(spectrum)) :] = 0  # the resampler's low pass
    filtered = np.fft.irfft(spectrum, len(sent.samples)) * 0.7
    heard = Tape(10).add(4.02, filtered[4 * RATE :])
    found = first_heard(sent.track(), heard.track(), ORIGIN, ORIGIN + 10)
    assert found.at == pytest.approx(ORIGIN + 4.02, abs=0.005)


def test_taking_one_side_out_leaves_the_other():
    sent = Tape(6).add(0, room(6, 1)).add(1, voice(4, 2))
    stranger = Tape(6).add(2, voice(1, 9))
    heard = Tape(6).add(0.01, sent.samples * 0.8).add(0, stranger.samples)
    rest = without(heard.track(), sent.track(), 0.01, ORIGIN, ORIGIN + 6)
    quiet = rest.between(ORIGIN + 3.5, ORIGIN + 5).astype(float)
    assert np.sqrt(np.mean(quiet**2)) < 60
    left = rest.between(ORIGIN + 2, ORIGIN + 3).astype(float)
    assert np.corrcoef(left, stranger.sound(2, 3))[0, 1] > 0.95


@pytest.mark.parametrize("leak_db", [0, -6, -12])
def test_a_leak_is_found_under_another_voice(leak_db):
    whisper = Tape(10).add(1, voice(6, 1))
    company = Tape(10).add(0, room(10, 5)).add(0.5, voice(8, 2))
    company.add(1.03, whisper.sound(1, 7) * 10 ** (leak_db / 20))
    span = (ORIGIN + 1, ORIGIN + 7)
    assert find(whisper.track(), span, company.track(), (ORIGIN, ORIGIN + 10), same_clock=True).found


def test_a_leak_of_one_second_only_is_found():
    whisper = Tape(10).add(1, voice(6, 1))
    company = Tape(10).add(0, room(10, 5)).add(3.04, whisper.sound(3, 4.6))
    found = find(whisper.track(), (ORIGIN + 1, ORIGIN + 7), company.track(), (ORIGIN, ORIGIN + 10), same_clock=True)
    assert found.found
    assert found.second > 0.9


def test_no_leak_is_no_leak_even_when_the_assistant_says_a_word_of_the_whisper_with_the_same_samples():
    whisper = Tape(12).add(1, voice(8, 1))
    company = Tape(12).add(0, room(12, 5)).add(0.5, voice(5, 2)).add(6.3, whisper.sound(2, 3.2))
    found = find(whisper.track(), (ORIGIN + 1, ORIGIN + 9), company.track(), (ORIGIN, ORIGIN + 12), same_clock=True)
    assert not found.found
    assert found.whole < 0.05


def test_audio_from_another_clock_is_found_by_its_common_delay():
    reference = Tape(6, origin=0.0).add(0, voice(6, 1))
    heard = Tape(12).add(4.21, reference.samples)
    found = find(reference.track(wire=False), (0.0, 6.0), heard.track(), (ORIGIN, ORIGIN + 12), same_clock=False)
    assert found.found
    assert found.whole > 0.9
    assert not find(
        Tape(6, origin=0.0).add(0, voice(6, 2)).track(), (0.0, 6.0), heard.track(), (ORIGIN, ORIGIN + 12), same_clock=False
    ).found


def test_silence_is_never_found():
    silence = Tape(5).track()
    assert not find(silence, (ORIGIN, ORIGIN + 5), silence, (ORIGIN, ORIGIN + 5), same_clock=True).found
