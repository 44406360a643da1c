"""Sample rate conversion for speech, in pieces without a seam: the telephone's 8 kHz to what an engine wants, and back."""

import math

import numpy as np
from numpy.typing import NDArray

ZERO_CROSSINGS = 12
ROLL_OFF = 0.92  # of the lower Nyquist frequency; speech telephony ends at 3.4 kHz anyway
KAISER_BETA = 7.0


class Resampler:
    """Polyphase windowed-sinc conversion of a mono stream from `rate_in` to `rate_out` Hz.

    `process` may be called with pieces of any length; the joined output does not depend on how the input was cut. The output
    lags by ZERO_CROSSINGS samples of the lower rate (1.5 ms at 8 kHz); `flush` returns what is still inside.
    """

    def __init__(self, rate_in: int, rate_out: int) -> None:
        common = math.gcd(rate_in, rate_out)
        self._up, self._down = rate_out // common, rate_in // common
        self._half = math.ceil(ZERO_CROSSINGS * max(1.0, self._down / self._up))
        self._phases = _filter_bank(self._up, self._down, self._half)
        self._history = np.zeros(self._half - 1, dtype=np.float64)
        # Of the next output sample, in 1/up input samples; 0 lies on sample half-1 of the history.
        self._position = 0

    def process(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert the next samples (any scale); returns those output samples that are complete."""
        if self._up == self._down:
            return samples
        self._history = np.concatenate([self._history, samples])
        # An output at position p needs samples floor(p) … floor(p) + 2 * half - 1 of the history.
        ready = (len(self._history) - 2 * self._half + 1) * self._up - self._position
        if ready <= 0:
            return np.zeros(0)
        positions = self._position + self._down * np.arange(-(-ready // self._down))
        first = positions // self._up
        windows = np.lib.stride_tricks.sliding_window_view(self._history, 2 * self._half)[first]
        output = np.einsum("ij,ij->i", windows, self._phases[positions % self._up])
        following = int(positions[-1]) + self._down
        used = min(following // self._up, len(self._history))
        self._history = self._history[used:]
        self._position = following - used * self._up
        return np.asarray(output, dtype=np.float64)

    def flush(self) -> NDArray[np.float64]:
        """The tail of the stream; the resampler must not be used afterwards."""
        return self.process(np.zeros(self._half))

    def process_pcm(self, pcm: bytes) -> bytes:
        """The same for 16-bit little-endian mono PCM."""
        if self._up == self._down:
            return pcm
        return to_pcm(self.process(from_pcm(pcm)))


def _filter_bank(up: int, down: int, half: int) -> NDArray[np.float64]:
    """Row p: the 2*half coefficients for an output sample that lies p/up of an input sample after input `half - 1`."""
    cutoff = ROLL_OFF * min(1.0, up / down)
    offsets = np.arange(2 * half)[None, :] - (half - 1) - np.arange(up)[:, None] / up
    window = np.i0(KAISER_BETA * np.sqrt(np.clip(1 - (offsets / half) ** 2, 0, None))) / np.i0(KAISER_BETA)
    bank = cutoff * np.sinc(cutoff * offsets) * window
    return np.asarray(bank / bank.sum(axis=1, keepdims=True), dtype=np.float64)


def resample(samples: NDArray[np.float64], rate_in: int, rate_out: int) -> NDArray[np.float64]:
    """Convert a whole signal at once."""
    resampler = Resampler(rate_in, rate_out)
    return np.concatenate([resampler.process(samples), resampler.flush()]) if rate_in != rate_out else samples


def from_pcm(pcm: bytes) -> NDArray[np.float64]:
    """16-bit little-endian PCM as floats of the same scale (±32768)."""
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64)


def to_pcm(samples: NDArray[np.float64]) -> bytes:
    """Floats on the scale ±32768 as 16-bit little-endian PCM, clipped."""
    return bytes(np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes())
