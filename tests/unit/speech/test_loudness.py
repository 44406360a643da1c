"""Synthesised speech is trimmed, levelled and never clips."""

import numpy as np
import pytest

from ari_app.speech.loudness import CEILING, fit_for_telephone

RATE = 8000


def buzz(seconds: float, amplitude: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return amplitude * np.sin(2 * np.pi * 200 * np.arange(int(seconds * RATE)) / RATE)


def test_silence_around_the_speech_goes_but_for_15_ms() -> None:
    found = fit_for_telephone(np.concatenate([np.zeros(4000), buzz(1.0, 2000), np.zeros(6000)]), RATE)
    assert len(found) == pytest.approx(8000 + 2 * 120, abs=160)


def test_a_pause_inside_stays() -> None:
    found = fit_for_telephone(np.concatenate([buzz(0.5, 2000), np.zeros(2400), buzz(0.5, 2000)]), RATE)
    assert len(found) == pytest.approx(10400, abs=200)


@pytest.mark.parametrize("amplitude", [50.0, 2000.0, 30000.0])
def test_every_voice_comes_out_at_20_dbfs(amplitude: float) -> None:
    found = fit_for_telephone(buzz(1.0, amplitude), RATE)
    assert 20 * np.log10(np.sqrt(np.mean(found**2)) / 32768) == pytest.approx(-20.0, abs=0.3)


def test_sharp_peaks_are_bent_not_clipped() -> None:
    sound = buzz(1.0, 300.0)
    sound[::400] = 20000.0
    found = fit_for_telephone(sound, RATE)
    assert np.abs(found).max() <= CEILING
    assert len(np.unique(np.round(found[np.abs(found) > 20000]))) >= 1


def test_silence_gives_nothing() -> None:
    assert len(fit_for_telephone(np.zeros(8000), RATE)) == 0
    assert len(fit_for_telephone(np.zeros(0), RATE)) == 0
