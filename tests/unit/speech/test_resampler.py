"""Sample rates change, the sound does not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ari_app.speech.resampler import Resampler, from_pcm, resample, to_pcm


def tone(frequency: float, rate: int, seconds: float = 0.5) -> NDArray[np.float64]:
    return 8000.0 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)


@pytest.mark.parametrize(("rate_in", "rate_out"), [(8000, 16000), (16000, 8000), (22050, 8000), (24000, 8000), (44100, 8000)])
@pytest.mark.parametrize("frequency", [300.0, 1000.0, 3000.0])
def test_a_tone_stays_the_same_tone_at_the_same_level(rate_in: int, rate_out: int, frequency: float) -> None:
    found = resample(tone(frequency, rate_in), rate_in, rate_out)
    assert len(found) == pytest.approx(0.5 * rate_out, abs=40)
    expected = tone(frequency, rate_out)
    middle = slice(rate_out // 10, 4 * rate_out // 10)
    error = found[middle] - expected[middle]
    assert np.sqrt(np.mean(error**2)) < 0.03 * 8000 / np.sqrt(2)


def test_what_the_lower_rate_cannot_hold_is_removed() -> None:
    found = resample(tone(6000, 16000), 16000, 8000)
    assert np.sqrt(np.mean(found**2)) < 0.005 * 8000


@given(
    st.lists(st.integers(min_value=1, max_value=700), min_size=1, max_size=12), st.sampled_from([(8000, 16000), (22050, 8000)])
)
@settings(max_examples=40, deadline=None)
def test_the_result_does_not_depend_on_how_the_input_was_cut(cuts: list[int], rates: tuple[int, int]) -> None:
    sound = np.random.default_rng(len(cuts)).normal(0, 1000, sum(cuts))
    whole, pieces = Resampler(*rates), Resampler(*rates)
    at, joined = 0, []
    for cut in cuts:
        joined.append(pieces.process(sound[at : at + cut]))
        at += cut
    np.testing.assert_allclose(np.concatenate(joined), whole.process(sound), atol=1e-9)


def test_equal_rates_pass_bytes_through_untouched() -> None:
    assert Resampler(8000, 8000).process_pcm(b"\x01\x02\x03\x04") == b"\x01\x02\x03\x04"


def test_pcm_is_clipped_not_wrapped() -> None:
    assert list(from_pcm(to_pcm(np.array([40000.0, -40000.0, 1.4])))) == [32767.0, -32768.0, 1.0]
