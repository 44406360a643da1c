"""One party's ears: cuts what is heard into utterances and says, as early as possible, which words they hold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ari_app.call.model import Prosody, Word
from ari_app.session.ports import HeardEvent, PartialHeard, UtteranceHeard, VoicePaused, VoiceStarted
from ari_app.speech.endpointing import Edge, Endpointer, PauseLengths
from ari_app.speech.prosody import prosody
from ari_app.speech.recogniser import Recogniser
from ari_app.speech.resampler import from_pcm, to_pcm
from ari_app.speech.unfinished import is_unfinished
from ari_app.speech.voice_activity import WINDOW_SECONDS, VoiceActivity


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """Lengths in seconds, levels in dB, probabilities 0–1."""

    pauses: PauseLengths = PauseLengths()
    lead_in: float = 0.35  # audio before the detected onset that the recogniser gets: soft first consonants
    rejoin: float = 8.0  # a stretch up to this long is recognised anew when the speaker goes on after a pause
    longest: float = 30.0  # an utterance is cut here, so that memory and lattices stay bounded
    partial_every: float = 0.1
    voice_starts: float = 0.5
    voice_lasts: float = 0.4
    quietest_voice_db: float = -58.0  # dBFS; below it nothing is a voice, whatever the detector says
    below_loudest_db: float = 30.0  # the detector lags at the end of speech by 0.1 s: the level tells it earlier


class SpeechListener:
    """Listener of the session, from voice activity, prosody and a recogniser. Its clock is the audio fed, nothing else.

    The recogniser hears the voice only, cut at pauses: its answer is asked for at every short pause (a complete one, for the price
    of a few milliseconds), not at the utterance's end, when it would come 0.3 s later. When the speaker then goes on, what was
    said before is recognised again together with the new words, so that no word or context is lost at the seam.
    Raises ListeningFailed from every method when the recogniser or the detector breaks down.
    """

    def __init__(self, rate: int, activity: VoiceActivity, recogniser: Recogniser, limits: ListenerLimits | None = None) -> None:
        self.rate = rate
        self._activity = activity
        self._recogniser = recogniser
        self._limits = limits or ListenerLimits()
        self._endpointer = Endpointer(self._limits.pauses)
        self._window = activity.window_samples
        self._pending = np.zeros(0)
        self._heard = 0  # samples taken so far: the clock
        self._recent: list[NDArray[np.float64]] = []  # windows not (yet) given to the recogniser: lead-in, or a pause
        self._lead_windows = round(self._limits.lead_in / WINDOW_SECONDS)
        self._reset()

    def process(self, pcm: bytes) -> Sequence[HeardEvent]:
        """Feed 16-bit little-endian mono PCM at `rate`; returns what was noticed meanwhile, in order. Blocking."""
        self._pending = np.concatenate([self._pending, from_pcm(pcm)])
        events: list[HeardEvent] = []
        while len(self._pending) >= self._window:
            window, self._pending = self._pending[: self._window], self._pending[self._window :]
            events += self._process_window(window)
        return events

    def close(self) -> Sequence[HeardEvent]:
        """Finish what was being said; the listener must not be used afterwards."""
        if not self._endpointer.in_utterance:
            return []
        if self._endpointer.speaking:
            if len(self._pending):
                self._feed(self._pending)
            self._finish_stretch()
        return [self._utterance()]

    # ------------------------------------------------------------------------------------------------ windows

    @property
    def _now(self) -> float:
        return self._heard / self.rate

    def _process_window(self, window: NDArray[np.float64]) -> list[HeardEvent]:
        self._heard += len(window)
        voice = self._is_voice(window)
        if voice:
            self._voiced.append(window)
        edge = self._endpointer.process(WINDOW_SECONDS, voice, self._unfinished)
        if edge is Edge.STARTED:
            return self._start(window)
        if edge is Edge.RESUMED:
            self._resume(window)
            return []
        if edge is Edge.PAUSED:
            return self._pause(window)
        if edge is Edge.ENDED:
            self._recent.append(window)
            return self._end()
        if self._endpointer.speaking:
            return self._go_on(window)
        self._keep(window, voice)
        return []

    def _is_voice(self, window: NDArray[np.float64]) -> bool:
        probability = self._activity.probability((window / 32768.0).astype(np.float32))
        level = 10 * np.log10(max(float(np.mean(window**2)), 1e-3)) - 90.31
        if not self._endpointer.in_utterance:
            self._loudest = -90.0 if not self._voiced else self._loudest
        enough = self._limits.voice_lasts if self._endpointer.speaking else self._limits.voice_starts
        voice = probability >= enough and level >= max(
            self._limits.quietest_voice_db, self._loudest - self._limits.below_loudest_db
        )
        if voice:
            self._loudest = max(self._loudest, level)
        return voice

    def _start(self, window: NDArray[np.float64]) -> list[HeardEvent]:
        self._recent.append(window)
        self._begin_stretch()
        return [VoiceStarted(self._now)]

    def _go_on(self, window: NDArray[np.float64]) -> list[HeardEvent]:
        self._feed(window)
        if self._now - self._endpointer.started_at >= self._limits.longest:
            return self._cut()
        if self._now - self._partial_at < self._limits.partial_every:
            return []
        self._partial_at = self._now
        text = " ".join([*(word.text for word in self._words), self._recogniser.partial()]).strip()
        if text == self._partial_text:
            return []
        self._partial_text = text
        return [PartialHeard(self._now, text)]

    def _pause(self, window: NDArray[np.float64]) -> list[HeardEvent]:
        self._feed(window)
        self._finish_stretch()
        if not self._words:
            return []
        return [VoicePaused(self._now, _text(self._words), self._words, _confidence(self._words))]

    def _resume(self, window: NDArray[np.float64]) -> None:
        self._recent.append(window)
        if self._stretch and self._now - self._stretch_start <= self._limits.rejoin:
            # Recognise the last stretch again together with what follows: the pause was in mid-phrase.
            self._words = self._words[: self._words_before]
            self._recent = [*self._stretch, *self._recent]
        self._begin_stretch()

    def _end(self) -> list[HeardEvent]:
        utterance = self._utterance()
        self._reset()
        return [utterance]

    def _cut(self) -> list[HeardEvent]:
        self._finish_stretch()
        utterance = self._utterance()
        self._reset()
        self._endpointer.restart()
        self._stretch_start = self._now
        return [utterance]

    # ------------------------------------------------------------------------------------------------ stretches

    def _begin_stretch(self) -> None:
        """Give the recogniser all recent windows, the present one included, as the first of a stretch."""
        self._stretch_start = self._now - sum(len(window) for window in self._recent) / self.rate
        self._words_before = len(self._words)
        self._stretch = []
        for window in self._recent:
            self._feed(window)
        self._recent = []

    def _feed(self, window: NDArray[np.float64]) -> None:
        self._stretch.append(window)
        self._recogniser.accept(to_pcm(window))

    def _finish_stretch(self) -> None:
        shift = self._stretch_start
        found = self._recogniser.finish()
        self._words = (*self._words, *(replace(word, start=word.start + shift, end=word.end + shift) for word in found))
        self._unfinished = is_unfinished([word.text for word in self._words])

    def _keep(self, window: NDArray[np.float64], voice: bool) -> None:
        self._recent.append(window)
        if not self._endpointer.in_utterance:
            self._recent = self._recent[-self._lead_windows :]
            if not voice:
                self._voiced = []

    def _reset(self) -> None:
        self._recent = self._recent[-self._lead_windows :]
        self._stretch: list[NDArray[np.float64]] = []
        self._stretch_start = 0.0
        self._words: tuple[Word, ...] = ()
        self._words_before = 0
        self._unfinished = False
        self._voiced: list[NDArray[np.float64]] = []
        self._loudest = -90.0
        self._partial_text = ""
        self._partial_at = 0.0

    def _utterance(self) -> UtteranceHeard:
        sound = prosody(np.concatenate(self._voiced), self.rate) if self._voiced else Prosody()
        return UtteranceHeard(
            start=self._endpointer.started_at,
            end=self._endpointer.voice_ended_at,
            text=_text(self._words),
            words=self._words,
            confidence=_confidence(self._words),
            prosody=sound,
        )


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _confidence(words: Sequence[Word]) -> float:
    """Mean over the words; 0 when there are none."""
    return sum(word.confidence for word in words) / len(words) if words else 0.0
