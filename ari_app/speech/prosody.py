"""How an utterance sounded: loudness, pitch and brightness of its voiced frames, from plain NumPy."""

import numpy as np
from numpy.typing import NDArray

from ari_app.call.model import Prosody

FRAME_SECONDS = 0.048  # nearly three periods of the lowest pitch
HOP_SECONDS = 0.024
LOWEST_PITCH, HIGHEST_PITCH = 60.0, 400.0  # Hz
PERIODICITY = 0.45  # normalised autocorrelation from which a frame counts as having a pitch
FIRST_PEAK = 0.87  # an earlier peak this close to the best one wins: the best is often a multiple of the period
FLOOR_DB = 25.0  # frames this far below the loudest are pauses inside the speech
FEWEST_FRAMES = 5
SILENCE_DB = -90.0
FEWEST_QUIET_FRAMES = 5
LEAST_LEFT = 0.01  # of a frequency's power, however loud the noise


def prosody(samples: NDArray[np.float64], rate: int, quiet: NDArray[np.float64] | None = None) -> Prosody:
    """Of one utterance's voiced samples (±32768) at `rate` Hz; every value None when less than about 0.15 s is loud enough.

    quiet: the line in its pauses and right after it, at the same gain therefore: its noise makes a soft voice sound sharper than
    a loud one, and is taken off the spectrum.
    """
    size, hop = round(FRAME_SECONDS * rate), round(HOP_SECONDS * rate)
    if len(samples) < size + (FEWEST_FRAMES - 1) * hop:
        return Prosody()
    frames = np.lib.stride_tricks.sliding_window_view(samples / 32768.0, size)[::hop]
    frames = frames - frames.mean(axis=1, keepdims=True)
    power = np.mean(frames**2, axis=1)
    loud = power > max(float(power.max()) * 10 ** (-FLOOR_DB / 10), 10 ** (SILENCE_DB / 10))
    if int(loud.sum()) < FEWEST_FRAMES:
        return Prosody()
    frames, power = frames[loud], power[loud]
    pitches, voiced = _pitches(frames, rate)
    # Hiss and plosives would pull the medians up: prefer the frames that have a pitch, when there are enough of them.
    chosen = voiced if int(voiced.sum()) >= FEWEST_FRAMES else np.ones(len(frames), dtype=bool)
    return Prosody(
        loudness_db=round(float(10 * np.log10(np.mean(power[chosen]))), 2),
        pitch_hz=round(float(np.median(pitches[voiced])), 1) if int(voiced.sum()) >= FEWEST_FRAMES else None,
        centroid_hz=round(_centroid(frames[chosen], rate, quiet), 1),
    )


def _pitches(frames: NDArray[np.float64], rate: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """F0 in Hz per frame, and whether the frame is periodic enough to have one."""
    size = frames.shape[1]
    spectrum = np.fft.rfft(frames * np.hanning(size), 2 * size, axis=1)
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(size), 2 * size)) ** 2)[:size]
    correlation = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :size]
    # Dividing by the window's own autocorrelation undoes its taper (Boersma 1993).
    normalised = correlation / np.maximum(correlation[:, :1], 1e-12) / np.maximum(window / window[0], 1e-3)
    shortest, longest = int(rate / HIGHEST_PITCH), int(rate / LOWEST_PITCH)
    region = normalised[:, shortest - 1 : longest + 2]
    inner = region[:, 1:-1]
    peaks = np.where((inner >= region[:, :-2]) & (inner >= region[:, 2:]), inner, 0.0)
    best = peaks.max(axis=1)
    first = np.argmax(peaks >= FIRST_PEAK * best[:, None], axis=1)
    rows = np.arange(len(frames))
    left, middle, right = region[rows, first], region[rows, first + 1], region[rows, first + 2]
    curvature = left - 2 * middle + right
    shift = np.where(np.abs(curvature) > 1e-9, 0.5 * (left - right) / np.where(curvature == 0, 1, curvature), 0.0)
    return rate / (shortest + first + np.clip(shift, -0.5, 0.5)), best > PERIODICITY


def _centroid(frames: NDArray[np.float64], rate: int, quiet: NDArray[np.float64] | None) -> float:
    """Centre of mass in Hz of the mean spectrum, as magnitudes. Loud frames weigh more: they say most of how it was voiced."""
    power = _power(frames).mean(axis=0)
    if quiet is not None:
        power = np.maximum(power - _noise(quiet, frames.shape[1]), LEAST_LEFT * power)
    magnitude = np.sqrt(power)
    return float(magnitude @ np.fft.rfftfreq(frames.shape[1], 1 / rate) / max(float(magnitude.sum()), 1e-12))


def _power(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.abs(np.fft.rfft(frames * np.hanning(frames.shape[1]), axis=1)) ** 2, dtype=np.float64)


def _noise(quiet: NDArray[np.float64], size: int) -> NDArray[np.float64] | float:
    """Mean power of the noise by frequency, from medians, which the end of a word or a knock leaves alone; 0 when unknown."""
    if len(quiet) < FEWEST_QUIET_FRAMES * size:
        return 0.0
    frames = (quiet[: len(quiet) // size * size] / 32768.0).reshape(-1, size)
    return np.asarray(np.median(_power(frames), axis=0) / np.log(2), dtype=np.float64)  # the power of noise falls exponentially
