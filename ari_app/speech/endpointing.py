"""When a speaker starts, pauses, goes on and has finished: counted in seconds of audio, never by a clock."""

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class PauseLengths:
    """How long a speaker may be quiet, in seconds.

    `short` ends a stretch of words (they may yet go on), `long` ends the utterance, `patient` one whose words stop in mid-phrase.
    """

    short: float = 0.20
    long: float = 0.55
    patient: float = 0.90


@dataclass(frozen=True, slots=True)
class OnsetLengths:
    """How much voice, in seconds, makes a start (out of quiet) or a continuation (after a short pause)."""

    start: float = 0.09
    resume: float = 0.06


class Edge(Enum):
    STARTED = auto()
    PAUSED = auto()
    RESUMED = auto()
    ENDED = auto()


class _State(Enum):
    QUIET = auto()
    SPEAKING = auto()
    PAUSED = auto()


class Endpointer:
    """Turns windows of voice / no voice into edges. Short noises count against themselves and leave no trace.

    `started_at` and `voice_ended_at` (seconds of audio) say where the voice of the present utterance began and last ended.
    """

    def __init__(self, pauses: PauseLengths | None = None, onsets: OnsetLengths | None = None) -> None:
        self._pauses = pauses or PauseLengths()
        self._onsets = onsets or OnsetLengths()
        self._state = _State.QUIET
        self._now = 0.0
        self._onset = 0.0
        self._onset_at = 0.0
        self.started_at = 0.0
        self.voice_ended_at = 0.0

    @property
    def speaking(self) -> bool:
        return self._state is _State.SPEAKING

    @property
    def in_utterance(self) -> bool:
        return self._state is not _State.QUIET

    @property
    def rising(self) -> bool:
        """A noise is being watched that may become a voice."""
        return self._onset > 0.0

    def process(self, seconds: float, voice: bool, unfinished: bool) -> Edge | None:
        """Take the next `seconds` of audio. `unfinished`: the words so far stop in mid-phrase, so be patient."""
        began, self._now = self._now, self._now + seconds
        if self._state is _State.SPEAKING:
            if voice:
                self.voice_ended_at = self._now
            elif self._quiet_for(self._pauses.short):
                self._state = _State.PAUSED
                self._onset = 0.0
                return Edge.PAUSED
            return None
        self._count_onset(began, seconds, voice)
        if self._state is _State.QUIET:
            return self._start() if self._onset >= self._onsets.start else None
        if self._onset >= self._onsets.resume:
            self._state = _State.SPEAKING
            self.voice_ended_at = self._now
            return Edge.RESUMED
        # A noise that is just becoming a voice must not be cut in two.
        if self._onset == 0.0 and self._quiet_for(self._pauses.patient if unfinished else self._pauses.long):
            self._state = _State.QUIET
            return Edge.ENDED
        return None

    def restart(self) -> None:
        """The present utterance is cut here, and the speaker goes on without a break."""
        self.started_at = self.voice_ended_at = self._now

    def _start(self) -> Edge:
        self._state = _State.SPEAKING
        self._onset = 0.0
        self.started_at = self._onset_at
        self.voice_ended_at = self._now
        return Edge.STARTED

    def _count_onset(self, began: float, seconds: float, voice: bool) -> None:
        if voice:
            if self._onset == 0.0:
                self._onset_at = began
            self._onset += seconds
        else:
            self._onset = max(0.0, self._onset - seconds)

    def _quiet_for(self, seconds: float) -> bool:
        return self._now - self.voice_ended_at >= seconds - 1e-9
