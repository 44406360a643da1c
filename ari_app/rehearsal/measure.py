"""What really happened, read from the phones' recordings alone: how fast, how quiet, who heard the whisper."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ari_app.rehearsal.correlation import FirstHeard, Found, find, first_heard, without
from ari_app.rehearsal.hearing import VOICE_DBFS
from ari_app.rehearsal.recording import RATE, Track

_FRAME: Final = round(0.02 * RATE)
_HOP: Final = round(0.005 * RATE)
_SENTENCE_PAUSE: Final = 1.2
_LONGEST_WHISPER: Final = 30.0
_JOIN_SEARCH: Final = 60.0


@dataclass(frozen=True, slots=True)
class Span:
    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is measured from. Tracks share the monotonic clock; moments are on it, in seconds.

    `deciding`: the utterance after which the handover was due, as spoken; `first_words`: the agent's first utterance.
    """

    caller_sent: Track
    caller_heard: Track
    agent_sent: Track | None = None
    agent_heard: Track | None = None
    deciding: Span | None = None
    agent_rang_at: float | None = None
    picked_up_at: float | None = None
    agent_ended_at: float | None = None
    first_words: Span | None = None
    whisper_reference: Track | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """The longest stretch without voice: milliseconds, and when it began (monotonic s)."""

    ms: float
    at: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Moments are monotonic seconds, durations milliseconds; `None`: did not happen, or cannot be told.

    `two_way_ms` is counted from the last sample of the whisper to the later of the two directions; negative when both
    were joined before the whisper ended (mode `during`). `whisper_in_agent`/`_in_caller` hold the correlation peaks.
    """

    threshold_dbfs: float
    trigger_end: float | None = None
    ring_ms: float | None = None
    whisper_start_ms: float | None = None
    whisper: Span | None = None
    agent_hears_caller: FirstHeard | None = None
    caller_hears_agent: FirstHeard | None = None
    agent_hears_caller_ms: float | None = None
    caller_hears_agent_ms: float | None = None
    two_way_ms: float | None = None
    silence_heard: Silence | None = None
    silence_heard_or_own: Silence | None = None
    whisper_in_agent: Found | None = None
    whisper_in_caller: Found | None = None


def measure(evidence: Evidence, *, threshold_dbfs: float = VOICE_DBFS) -> Measured:
    """Reads all figures from the recordings. `threshold_dbfs`: 20 ms frames below it are silence."""
    trigger = _end_of_words(evidence, threshold_dbfs)
    ring = _ms(trigger, evidence.agent_rang_at)
    picked, heard, sent = evidence.picked_up_at, evidence.agent_heard, evidence.agent_sent
    if picked is None or heard is None or sent is None:
        return Measured(threshold_dbfs, trigger_end=trigger, ring_ms=ring)
    until = min(evidence.agent_ended_at or heard.end, picked + _JOIN_SEARCH)
    agent_hears = first_heard(evidence.caller_sent, heard, picked, until)
    caller_hears = first_heard(sent, evidence.caller_heard, picked, until)
    whisper = find_whisper(evidence, agent_hears, threshold_dbfs)
    directions = [_ms(whisper.end, way.at) if whisper and way else None for way in (agent_hears, caller_hears)]
    both = [way for way in directions if way is not None]
    silences = _silences(evidence, trigger, caller_hears, threshold_dbfs)
    return Measured(
        threshold_dbfs,
        trigger_end=trigger,
        ring_ms=ring,
        whisper_start_ms=_ms(picked, whisper.start) if whisper else None,
        whisper=whisper,
        agent_hears_caller=agent_hears,
        caller_hears_agent=caller_hears,
        agent_hears_caller_ms=directions[0],
        caller_hears_agent_ms=directions[1],
        two_way_ms=max(both) if len(both) == 2 else None,
        silence_heard=silences[0],
        silence_heard_or_own=silences[1],
        whisper_in_agent=_whisper_in_agent(evidence, whisper),
        whisper_in_caller=_whisper_in_caller(evidence, whisper),
    )


def find_whisper(evidence: Evidence, agent_hears: FirstHeard | None, threshold_dbfs: float) -> Span | None:
    """The voice in the agent's ear from the pick-up on that is not the caller's, pauses between its sentences included."""
    heard, picked = evidence.agent_heard, evidence.picked_up_at
    if heard is None or picked is None:
        return None
    end = min(evidence.agent_ended_at or heard.end, picked + _LONGEST_WHISPER)
    if agent_hears is not None:
        stop = min(end, heard.end)
        heard = without(heard, evidence.caller_sent, agent_hears.delay, min(agent_hears.at, stop), stop)
    spans = voice_spans(heard, picked, end, threshold_dbfs, pause=_SENTENCE_PAUSE)
    return next((span for span in spans if span.seconds >= 0.2), None)


def voice_spans(track: Track, start: float, end: float, threshold_dbfs: float, *, pause: float) -> list[Span]:
    """Stretches of frames above the threshold; stretches less than `pause` seconds apart are one. 5 ms resolution."""
    loud = np.flatnonzero(_levels(track.between(start, end), _HOP, _HOP) >= threshold_dbfs)
    if len(loud) == 0:
        return []
    breaks = np.flatnonzero(np.diff(loud) > pause * RATE / _HOP)
    firsts, lasts = np.concatenate([[0], breaks + 1]), np.concatenate([breaks, [len(loud) - 1]])
    begin = max(start, track.origin)
    return [
        Span(begin + int(loud[first]) * _HOP / RATE, begin + (int(loud[last]) + 1) * _HOP / RATE)
        for first, last in zip(firsts, lasts, strict=True)
    ]


def longest_silence(tracks: Sequence[Track], start: float, end: float, threshold_dbfs: float = VOICE_DBFS) -> Silence:
    """The longest stretch of `start`…`end` in which every track is below the threshold (20 ms frames, 5 ms steps)."""
    pieces = [_levels(track.between(start, end), _FRAME, _HOP) for track in tracks]
    length = min((len(piece) for piece in pieces), default=0)
    if length == 0:
        return Silence(0.0, start)
    quiet = np.all([piece[:length] < threshold_dbfs for piece in pieces], axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(np.int8)))
    begins, ends = edges[::2], edges[1::2]
    if len(begins) == 0:
        return Silence(0.0, start)
    longest = int(np.argmax(ends - begins))
    frames = int(ends[longest] - begins[longest])
    samples = (frames - 1) * _HOP + _FRAME
    return Silence(samples * 1000 / RATE, start + int(begins[longest]) * _HOP / RATE)


def word_error_rate(said: str, recognised: str) -> float:
    """Substitutions, insertions and deletions per said word; 0 when nothing was said and nothing recognised."""
    reference, hypothesis = words(said), words(recognised)
    row = list(range(len(hypothesis) + 1))
    for number, word in enumerate(reference, start=1):
        diagonal, row[0] = row[0], number
        for column, other in enumerate(hypothesis, start=1):
            best = min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other))
            diagonal, row[column] = row[column], best
    return row[-1] / len(reference) if reference else float(bool(hypothesis))


def words(text: str) -> list[str]:
    """Lower case, punctuation gone, apostrophes inside words kept."""
    return re.findall(r"[\w]+(?:'[\w]+)*", text.lower().replace("’", "'"))


def _end_of_words(evidence: Evidence, threshold_dbfs: float) -> float | None:
    if evidence.deciding is None:
        return None
    span = evidence.deciding
    spoken = voice_spans(evidence.caller_sent, span.start, span.end, threshold_dbfs, pause=span.seconds + 1)
    return spoken[0].end if spoken else span.end


def _silences(
    evidence: Evidence, trigger: float | None, caller_hears: FirstHeard | None, threshold_dbfs: float
) -> tuple[Silence | None, Silence | None]:
    """Between trigger and the agent's first word as it reached the caller; strictly heard, and heard or own speech."""
    if trigger is None or evidence.first_words is None or caller_hears is None:
        return None, None
    words_sent = evidence.first_words
    sent = evidence.agent_sent or evidence.caller_heard
    spoken = voice_spans(sent, words_sent.start, words_sent.end, threshold_dbfs, pause=1.0)
    first_word = (spoken[0].start if spoken else words_sent.start) + caller_hears.delay
    heard = longest_silence([evidence.caller_heard], trigger, first_word, threshold_dbfs)
    either = longest_silence([evidence.caller_heard, evidence.caller_sent], trigger, first_word, threshold_dbfs)
    return heard, either


def _whisper_in_agent(evidence: Evidence, whisper: Span | None) -> Found | None:
    """Against the reference where there is one; without one, what was heard is the whisper itself."""
    if evidence.agent_heard is None or evidence.picked_up_at is None:
        return None
    reference = evidence.whisper_reference
    if reference is None:
        peak = 1.0 if whisper is not None and whisper.seconds >= 1.0 else 0.0
        return Found(peak == 1.0, peak, peak)
    end = evidence.agent_ended_at or evidence.agent_heard.end
    span = (evidence.picked_up_at, end)
    return find(reference, (reference.origin, reference.end), evidence.agent_heard, span, same_clock=False)


def _whisper_in_caller(evidence: Evidence, whisper: Span | None) -> Found | None:
    if whisper is None or evidence.agent_heard is None:
        return None
    reference = evidence.whisper_reference
    if reference is not None and evidence.picked_up_at is not None:
        span = (evidence.picked_up_at, evidence.agent_ended_at or evidence.caller_heard.end)
        return find(reference, (reference.origin, reference.end), evidence.caller_heard, span, same_clock=False)
    around = (whisper.start - 1.0, whisper.end + 3.0)
    return find(evidence.agent_heard, (whisper.start, whisper.end), evidence.caller_heard, around, same_clock=True)


def _levels(samples: NDArray[np.int16], frame: int, hop: int) -> NDArray[np.float64]:
    """dBFS of frames of `frame` samples every `hop` samples; the last incomplete frame is left out."""
    count = (len(samples) - frame) // hop + 1
    if count <= 0:
        return np.zeros(0)
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    starts = np.arange(count) * hop
    mean = (energy[starts + frame] - energy[starts]) / frame
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum(mean / 32768.0**2, 1e-12))
    return levels


def _ms(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else (end - start) * 1000
