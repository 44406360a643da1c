"""What the listener needs of any speech recogniser, so that another engine can take Vosk's place."""

from collections.abc import Mapping
from typing import Protocol

from ari_app.call.model import Word


class Recogniser(Protocol):
    """One stream of speech, cut into stretches. Blocking and not thread-safe: one thread at a time, off the event loop.

    A stretch begins with the first `accept` and ends with `finish`; the next `accept` begins another one. Any method raises
    ListeningFailed when the engine breaks down.
    """

    def accept(self, pcm: bytes) -> None:
        """Feed 16-bit little-endian mono PCM at the recogniser's input rate, any number of samples."""
        ...

    def partial(self) -> str:
        """The words of this stretch so far; lags the audio by up to 0.4 s and may still change."""
        ...

    def finish(self) -> tuple[Word, ...]:
        """Everything that was fed in this stretch as words; their times are seconds since the stretch's first sample."""
        ...


class RecogniserFactory(Protocol):
    """A loaded model that opens streams. Safe to use from several threads."""

    def open(self, input_rate: int) -> Recogniser:
        """A recogniser that takes PCM at `input_rate` (8000 or 16000 Hz) and converts it to the model's rate itself."""
        ...

    def describe(self) -> Mapping[str, object]:
        """What runs here, for people and for /health (JSON-able values)."""
        ...
