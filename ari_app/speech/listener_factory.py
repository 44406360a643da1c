"""Opens listeners on one loaded model, and the threads that they run in."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ari_app.errors import BadSettings
from ari_app.speech.endpointing import PauseLengths
from ari_app.speech.listener import ListenerLimits, SpeechListener
from ari_app.speech.voice_activity import SileroPool
from ari_app.speech.vosk_recogniser import VoskModel

TELEPHONE_RATES = (8000, 16000)


class VoskListenerFactory:
    """ListenerFactory with Vosk and Silero. Loads the model at once (blocking, 0.1 s for the embedded one).

    model_path: folder of a Vosk model, None for the embedded one. rate: of the PCM that listeners get, 8000 or 16000 Hz.
    Pauses in seconds. Raises BadSettings naming the setting.
    """

    def __init__(
        self,
        model_path: Path | None = None,
        *,
        rate: int = 8000,
        short_pause: float = 0.20,
        long_pause: float = 0.55,
        patient_pause: float = 0.90,
    ) -> None:
        if rate not in TELEPHONE_RATES:
            raise BadSettings(f"speech.rate: {rate} Hz is not supported.", f"Use one of {', '.join(map(str, TELEPHONE_RATES))}.")
        if not 0.1 <= short_pause < long_pause <= patient_pause:
            raise BadSettings(
                f"speech: the pauses {short_pause}, {long_pause}, {patient_pause} s are out of order.",
                "Set 0.1 <= speech.short_pause < speech.long_pause <= speech.patient_pause.",
            )
        self.rate = rate
        self._model = VoskModel(model_path)
        self._detectors = SileroPool(rate)
        self._limits = ListenerLimits(pauses=PauseLengths(short_pause, long_pause, patient_pause))

    def open(self) -> SpeechListener:
        """A listener for one party. Blocking: 20-60 ms, near nothing when one was closed before. Raises ListeningFailed."""
        detector = self._detectors.take()
        recogniser = self._model.open(self.rate)
        return SpeechListener(self.rate, detector, recogniser, self._limits, lambda: self._detectors.give_back(detector))

    def describe(self) -> Mapping[str, object]:
        """For people and /health: engine, model, model_path, model_rate, synthesised_voices_only, input_rate."""
        return {**self._model.describe(), "input_rate": self.rate}

    @property
    def synthesised_voices_only(self) -> bool:
        """True for a model that knows synthesised voices only and is useless with real callers."""
        return self._model.synthesised_voices_only


def speech_pool(workers: int | None = None) -> ThreadPoolExecutor:
    """Threads for listeners: Vosk and Silero release the GIL."""
    return ThreadPoolExecutor(max_workers=workers, thread_name_prefix="speech")
