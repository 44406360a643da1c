"""Makes synthesised speech fit for a telephone: no dead air around it, one level for every voice, no clipping."""

import numpy as np
from numpy.typing import NDArray

FRAME_SECONDS = 0.01
KEPT_SECONDS = 0.015  # of the silence before and after
SPEECH_BELOW_PEAK_DB = 38.0  # the loudest frame minus this: where speech begins and ends
VOICED_BELOW_PEAK_DB = 20.0  # frames that count for the level
TARGET_DB = -20.0  # dBFS RMS over those frames
KNEE = 0.70 * 32768  # peaks above are bent, so that nothing reaches 0.98 of full scale
CEILING = 0.98 * 32768


def fit_for_telephone(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Trim, level and limit speech on the scale ±32768. Empty when there is no sound in it."""
    frame = max(1, round(FRAME_SECONDS * rate))
    count = len(samples) // frame
    if count == 0:
        return np.zeros(0)
    power = np.mean(samples[: count * frame].reshape(count, frame) ** 2, axis=1)
    peak = float(power.max())
    if peak < 1.0:
        return np.zeros(0)
    sounding = np.nonzero(power > peak * 10 ** (-SPEECH_BELOW_PEAK_DB / 10))[0]
    kept = round(KEPT_SECONDS * rate)
    first, last = max(0, int(sounding[0]) * frame - kept), min(len(samples), (int(sounding[-1]) + 1) * frame + kept)
    level = float(np.sqrt(np.mean(power[power > peak * 10 ** (-VOICED_BELOW_PEAK_DB / 10)])))
    return _limit(samples[first:last] * (32768 * 10 ** (TARGET_DB / 20) / level))


def _limit(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leave everything below the knee alone and bend what is above it, without a step in the slope."""
    size = np.abs(samples)
    bent = KNEE + (CEILING - KNEE) * np.tanh((size - KNEE) / (CEILING - KNEE))
    return np.where(size > KNEE, np.sign(samples) * bent, samples)
