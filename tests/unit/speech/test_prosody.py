"""Loudness, pitch and brightness of sounds whose values are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ari_app.speech.prosody import prosody

RATE = 8000


def voice(pitch: float, seconds: float = 1.0, amplitude: float = 3000.0, slope: float = 1.0) -> NDArray[np.float64]:
    """A buzz with all harmonics up to 3.4 kHz, falling with their number to the power of `slope`."""
    time = np.arange(int(seconds * RATE)) / RATE
    harmonics = range(1, int(3400 / pitch) + 1)
    sound = sum((np.sin(2 * np.pi * pitch * n * time + n * n) / n**slope for n in harmonics), np.zeros(len(time)))
    return np.asarray(amplitude * sound / np.sqrt(np.mean(sound**2)), dtype=np.float64)


@pytest.mark.parametrize("pitch", [75.0, 110.0, 175.0, 240.0, 330.0])
def test_pitch_is_found_within_two_percent(pitch: float) -> None:
    found = prosody(voice(pitch), RATE).pitch_hz
    assert found == pytest.approx(pitch, rel=0.02)


@pytest.mark.parametrize("pitch", [110.0, 200.0])
def test_pitch_is_found_although_the_telephone_cuts_the_fundamental(pitch: float) -> None:
    spectrum = np.fft.rfft(voice(pitch))
    spectrum[np.fft.rfftfreq(RATE, 1 / RATE) < 300] = 0
    assert prosody(np.fft.irfft(spectrum), RATE).pitch_hz == pytest.approx(pitch, rel=0.02)


def test_loudness_is_rms_in_dbfs() -> None:
    assert prosody(voice(120, amplitude=32768 * 10 ** (-26 / 20)), RATE).loudness_db == pytest.approx(-26.0, abs=0.3)


def test_loudness_ignores_the_pauses_inside() -> None:
    sound = voice(120, amplitude=32768 * 10 ** (-20 / 20))
    with_pauses = np.concatenate([sound, np.zeros(RATE), sound])
    assert prosody(with_pauses, RATE).loudness_db == pytest.approx(-20.0, abs=0.6)


def test_a_strained_voice_is_brighter() -> None:
    relaxed, strained = prosody(voice(150, slope=1.5), RATE), prosody(voice(150, slope=0.3), RATE)
    assert relaxed.centroid_hz is not None and strained.centroid_hz is not None
    assert strained.centroid_hz > 1.5 * relaxed.centroid_hz


def hiss(seconds: float, amplitude: float, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, amplitude, int(seconds * RATE))


@pytest.mark.parametrize("amplitude", [300.0, 900.0])
def test_noise_makes_no_voice_sharper_once_the_line_is_known_without_it(amplitude: float) -> None:
    sound, quiet = voice(150, slope=1.5), hiss(0.6, amplitude, 5)
    clean, noisy = prosody(sound, RATE), prosody(sound + hiss(1.0, amplitude, 6), RATE)
    known = prosody(sound + hiss(1.0, amplitude, 6), RATE, quiet)
    assert clean.centroid_hz is not None and noisy.centroid_hz is not None and known.centroid_hz is not None
    assert noisy.centroid_hz > 1.5 * clean.centroid_hz
    assert abs(known.centroid_hz - clean.centroid_hz) < 0.5 * (noisy.centroid_hz - clean.centroid_hz)


def test_a_knock_in_the_pause_is_no_noise_of_the_line() -> None:
    sound, quiet = voice(150) + hiss(1.0, 300, 6), hiss(0.8, 300, 5)
    knocked = quiet.copy()
    knocked[1000:1400] += hiss(0.05, 9000, 7)
    calm, knock = prosody(sound, RATE, quiet).centroid_hz, prosody(sound, RATE, knocked).centroid_hz
    assert calm is not None and knock == pytest.approx(calm, rel=0.05)


def test_a_line_that_is_hardly_known_changes_nothing() -> None:
    sound = voice(150)
    assert prosody(sound, RATE, np.zeros(0)) == prosody(sound, RATE, hiss(0.1, 900, 5)) == prosody(sound, RATE)


def test_hiss_has_loudness_but_no_pitch() -> None:
    found = prosody(np.random.default_rng(3).normal(0, 3000, RATE), RATE)
    assert found.pitch_hz is None
    assert found.loudness_db is not None


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(RATE), voice(120, seconds=0.1)])
def test_too_little_says_nothing(samples: NDArray[np.float64]) -> None:
    found = prosody(samples, RATE)
    assert (found.loudness_db, found.pitch_hz, found.centroid_hz) == (None, None, None)


def test_the_sample_rate_does_not_matter() -> None:
    time = np.arange(16000) / 16000
    buzz = sum((np.sin(2 * np.pi * 140 * n * time + n * n) / n for n in range(1, 24)), np.zeros(16000))
    assert prosody(2000 * buzz, 16000).pitch_hz == pytest.approx(140, rel=0.02)
