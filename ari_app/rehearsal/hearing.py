"""What a person at the phone notices by ear: a voice, quiet, a line that came alive; by energy, with time as an argument."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ari_app.rehearsal.g711 import Samples

VOICE_DBFS: Final = -42.0
ALIVE_DBFS: Final = -62.0
SILENCE_DBFS: Final = -120.0
_FRAME: Final = 0.02
_VOICED_FRAMES, _WINDOW_FRAMES = 3, 5
_SHORT_PAUSE: Final = 0.4
_LOST_FRAMES: Final = 4


def level_dbfs(samples: Samples) -> float:
    """Root mean square against full scale; -120 for digital silence."""
    if len(samples) == 0:
        return SILENCE_DBFS
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    return max(20 * float(np.log10(rms / 32768.0)), SILENCE_DBFS) if rms > 0 else SILENCE_DBFS


@dataclass(frozen=True, slots=True)
class Heard:
    """One stretch of voice. `end` is the end of its last voiced frame."""

    start: float
    end: float


@dataclass(slots=True)
class Hearing:
    """Feeds on 20 ms frames (`frame`) and on the clock (`now`); a missing frame is silence.

    A voice has begun when 3 of 5 frames are above `voice_dbfs`; it has ended when no frame was for 0.4 s. The line is
    alive while frame after frame carries a room's noise: a synthesised voice alone has digital silence between its words.
    """

    voice_dbfs: float = VOICE_DBFS
    alive_dbfs: float = ALIVE_DBFS
    stretches: list[Heard] = field(default_factory=list)
    _start: float | None = None
    _last_voice: float = -1e9
    _recent: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=_WINDOW_FRAMES))
    _alive_since: float | None = None
    _last_alive: float = -1e9

    def frame(self, at: float, level: float) -> None:
        """One frame that arrived at `at` seconds with `level` dBFS."""
        self.settle(at)
        voiced = level >= self.voice_dbfs
        self._recent.append((at, voiced))
        if voiced:
            self._last_voice = at + _FRAME
        self._note_room(at, level)
        voiced_ats = [when for when, is_voice in self._recent if is_voice]
        if self._start is None and len(voiced_ats) >= _VOICED_FRAMES and voiced_ats[0] > at - _WINDOW_FRAMES * _FRAME:
            self._start = voiced_ats[0]

    def _note_room(self, at: float, level: float) -> None:
        unbroken = at - self._last_alive <= _LOST_FRAMES * _FRAME
        if not self.alive_dbfs <= level < self.voice_dbfs:
            self._alive_since = None
            return
        if self._alive_since is None or not unbroken:
            self._alive_since = at
        self._last_alive = at

    def settle(self, now: float) -> None:
        """Closes a stretch of voice that ended 0.4 s ago."""
        if self._start is not None and now - self._last_voice >= _SHORT_PAUSE:
            self.stretches.append(Heard(self._start, self._last_voice))
            self._start = None

    def spoken_since(self, since: float, now: float) -> float:
        """Seconds of voice (pauses under 0.4 s included) heard after `since`."""
        return sum(span.end - max(span.start, since) for span in self.spans(since, now))

    def spans(self, since: float, now: float) -> list[Heard]:
        """The stretches of voice that end after `since`; the last may still be going on."""
        self.settle(now)
        going_on = [Heard(self._start, self._last_voice)] if self._start is not None else []
        return [span for span in (*self.stretches, *going_on) if span.end > since]

    def quiet_for(self, now: float) -> float:
        """Seconds since the last voiced frame; very large when there was none."""
        return now - self._last_voice

    def alive_for(self, now: float) -> float:
        """For how many seconds, up to now, every frame has carried room noise and no voice."""
        if self._alive_since is None or now - self._last_alive > _LOST_FRAMES * _FRAME:
            return 0.0
        return self._last_alive - self._alive_since
