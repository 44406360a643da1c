"""One party's ears: cuts what is heard into utterances and says, as early as possible, which words they hold."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

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

SILENCE_DB = -90.0
NOISE_ADAPTS = 0.15  # share of a new window in the estimate of the line's noise


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """Lengths in seconds, levels in dB, probabilities 0–1."""

    pauses: PauseLengths = field(default_factory=PauseLengths)
    lead_in: float = 0.35  # audio before the detected onset that the recogniser gets: soft first consonants
    rejoin: float = 8.0  # a stretch up to this long is recognised anew when the speaker goes on after a pause
    longest: float = 30.0  # an utterance is cut here, so that memory and lattices stay bounded
    partial_every: float = 0.1
    voice_starts: float = 0.5
    voice_lasts: float = 0.4
    quietest_voice_db: float = -58.0  # dBFS; below it nothing is a voice, whatever the detector says
    # The detector lags at the end of speech by 0.1 s, more on a noisy line: the level tells it earlier.
    below_loudest_db: float = 30.0
    above_noise_db: float = 6.0
    least_range_db: float = 12.0  # never take what is this close to the loudest for the line's noise


@dataclass(slots=True)
class _Utterance:
    """What is known of the present utterance (or of the quiet before it)."""

    words: tuple[Word, ...] = ()
    voiced: list[NDArray[np.float64]] = field(default_factory=list)
    quiet: list[NDArray[np.float64]] = field(default_factory=list)  # its pauses, the one that ends it too
    loudest: float = SILENCE_DB  # of its windows, dBFS
    unfinished: bool = False  # its words stop in mid-phrase
    partial: str = ""
    partial_at: float = 0.0
    # The stretch that the recogniser has now, or had last: its windows, its start, and the words from before it.
    stretch: list[NDArray[np.float64]] = field(default_factory=list)
    stretch_start: float = 0.0
    words_before: tuple[Word, ...] = ()


class SpeechListener:
    """Listener of the session, from voice activity, prosody and a recogniser. Its clock is the audio fed, nothing else.

    The recogniser hears the voice only, cut at pauses: its complete answer is asked for at every short pause (that takes a few
    milliseconds), not at the utterance's end, when it would come 0.3 s later. When the speaker then goes on, what was said before
    is recognised again together with the new words, so that no word or context is lost at the seam.
    Raises ListeningFailed from every method when the recogniser or the detector breaks down.
    """

    def __init__(
        self,
        rate: int,
        activity: VoiceActivity,
        recogniser: Recogniser,
        limits: ListenerLimits | None = None,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self.rate = rate
        self._on_close = on_close
        self._activity = activity
        self._recogniser = recogniser
        self._limits = limits or ListenerLimits()
        self._endpointer = Endpointer(self._limits.pauses)
        self._pending = np.zeros(0)
        self._heard = 0  # samples taken so far: the clock
        self._recent: list[NDArray[np.float64]] = []  # windows not (yet) given to the recogniser: lead-in, or a pause
        self._lead_windows = round(self._limits.lead_in / WINDOW_SECONDS)
        self._noise = SILENCE_DB  # level of the quiet line
        self._said = _Utterance()

    def process(self, pcm: bytes) -> Sequence[HeardEvent]:
        """Feed 16-bit little-endian mono PCM at `rate`; returns what was noticed meanwhile, in order. Blocking."""
        self._pending = np.concatenate([self._pending, from_pcm(pcm)])
        size = self._activity.window_samples
        events: list[HeardEvent] = []
        while len(self._pending) >= size:
            window, self._pending = self._pending[:size], self._pending[size:]
            events += self._process_window(window)
        return events

    def close(self) -> Sequence[HeardEvent]:
        """Finish what was being said; the listener must not be used afterwards."""
        on_close, self._on_close = self._on_close, None
        try:
            if not self._endpointer.in_utterance:
                return []
            if self._endpointer.speaking:
                self._feed(self._pending)
                self._finish_stretch()
            return [self._utterance()]
        finally:
            if on_close is not None:
                on_close()

    # ------------------------------------------------------------------------------------------------ windows

    @property
    def _now(self) -> float:
        return self._heard / self.rate

    def _process_window(self, window: NDArray[np.float64]) -> list[HeardEvent]:
        self._heard += len(window)
        edge = self._endpointer.process(WINDOW_SECONDS, self._is_voice(window), self._said.unfinished)
        if edge is Edge.STARTED:
            return self._start(window)
        if edge is Edge.PAUSED:
            return self._pause(window)
        if edge is Edge.RESUMED:
            return self._resume(window)
        if edge is Edge.ENDED:
            return self._end(window)
        if self._endpointer.speaking:
            return self._go_on(window)
        self._recent.append(window)
        if not self._endpointer.in_utterance:
            self._recent = self._recent[-self._lead_windows :]
            if not self._endpointer.rising:
                self._said = _Utterance()
        return []

    def _is_voice(self, window: NDArray[np.float64]) -> bool:
        said, limits = self._said, self._limits
        probability = self._activity.probability((window / 32768.0).astype(np.float32))
        level = _level_db(window)
        speaking = self._endpointer.speaking
        voice = probability >= (limits.voice_lasts if speaking else limits.voice_starts) and level >= self._quietest_voice()
        if not self._endpointer.in_utterance and probability < limits.voice_starts:
            self._noise += NOISE_ADAPTS * (level - self._noise)
        if voice:
            said.loudest = max(said.loudest, level)
            said.voiced.append(window)
        elif self._endpointer.in_utterance and probability < limits.voice_lasts:
            said.quiet.append(window)
        return voice

    def _quietest_voice(self) -> float:
        """The level in dBFS below which a window is no voice, whatever the detector says."""
        limits, loudest = self._limits, self._said.loudest
        bounds = [limits.quietest_voice_db, loudest - limits.below_loudest_db]
        if self._endpointer.speaking:
            bounds.append(min(self._noise + limits.above_noise_db, loudest - limits.least_range_db))
        return max(bounds)

    def _start(self, window: NDArray[np.float64]) -> list[HeardEvent]:
        self._recent.append(window)
        self._begin_stretch()
        return [VoiceStarted(self._now)]

    def _go_on(self, window: NDArray[np.float64]) -> list[HeardEvent]:
        self._feed(window)
        if self._now - self._endpointer.started_at >= self._limits.longest:
            return self._cut()
        said = self._said
        if self._now - said.partial_at < self._limits.partial_every:
            return []
        said.partial_at = self._now
        text = " ".join([*(word.text for word in said.words_before), self._recogniser.partial()]).strip()
        if text == said.partial:
            return []
        said.partial = text
        return [PartialHeard(self._now, text)]

    def _pause(self, window: NDArray[np.float64]) -> list[HeardEvent]:
        self._feed(window)
        self._finish_stretch()
        words = self._said.words
        return [VoicePaused(self._now, _text(words), words, _confidence(words))] if words else []

    def _resume(self, window: NDArray[np.float64]) -> list[HeardEvent]:
        self._recent.append(window)
        said = self._said
        if self._now - said.stretch_start <= self._limits.rejoin:
            self._recent = [*said.stretch, *self._recent]
            said.words = said.words_before
        self._begin_stretch()
        return []

    def _end(self, window: NDArray[np.float64]) -> list[HeardEvent]:
        utterance = self._utterance()
        self._recent = [*self._recent, window][-self._lead_windows :]
        self._said = _Utterance()
        return [utterance]

    def _cut(self) -> list[HeardEvent]:
        self._finish_stretch()
        utterance = self._utterance()
        self._endpointer.restart()
        self._said = _Utterance(loudest=self._said.loudest, stretch_start=self._now)
        return [utterance]

    # ------------------------------------------------------------------------------------------------ stretches

    def _begin_stretch(self) -> None:
        """Give the recogniser all recent windows, the present one included, as the first of a stretch."""
        said, windows = self._said, self._recent
        said.stretch_start = self._now - sum(len(window) for window in windows) / self.rate
        said.words_before = said.words
        said.stretch, self._recent = [], []
        for window in windows:
            self._feed(window)

    def _feed(self, window: NDArray[np.float64]) -> None:
        self._said.stretch.append(window)
        self._recogniser.accept(to_pcm(window))

    def _finish_stretch(self) -> None:
        said = self._said
        shift = said.stretch_start
        found = (replace(word, start=word.start + shift, end=word.end + shift) for word in self._recogniser.finish())
        said.words = (*said.words_before, *found)
        said.unfinished = is_unfinished([word.text for word in said.words])

    def _utterance(self) -> UtteranceHeard:
        said = self._said
        return UtteranceHeard(
            start=self._endpointer.started_at,
            end=self._endpointer.voice_ended_at,
            text=_text(said.words),
            words=said.words,
            confidence=_confidence(said.words),
            prosody=prosody(_joined(said.voiced), self.rate, _joined(said.quiet)) if said.voiced else Prosody(),
        )


def _joined(windows: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.concatenate(windows) if windows else np.zeros(0)


def _level_db(window: NDArray[np.float64]) -> float:
    """RMS in dBFS, not below SILENCE_DB."""
    return max(SILENCE_DB, 20 * math.log10(math.sqrt(float(np.mean(window**2))) / 32768 + 1e-9))


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _confidence(words: Sequence[Word]) -> float:
    """Mean over the words; 0 when there are none."""
    return sum(word.confidence for word in words) / len(words) if words else 0.0
