"""Where known sounds lie in the phones' recordings, to the sample: when the whisper ended, who heard it, when two could talk."""

from __future__ import annotations

import numpy as np

from ari_app.rehearsal.correlation import find, first_heard, flattened, normalised, without
from ari_app.rehearsal.measure import Span
from ari_app.rehearsal.recording import RATE, Track

_EDGE = 0.05  # seconds left out at the whisper's end, where the joined line may already be heard


def locate(sound: bytes, heard: Track, start: float, end: float) -> Span | None:
    """The stretch of `start`…`end` (monotonic s) in which `sound` (8 kHz PCM) was heard; None when it was not."""
    needle = Track(0.0, np.frombuffer(sound, dtype="<i2").astype(np.int16))
    if not find(needle, (0.0, needle.end), heard, (start, end), same_clock=False).found:
        return None
    whole, stretch = flattened(needle, 0.0, needle.end), flattened(heard, start, end)
    nothing = np.zeros(len(whole))  # the first or last samples may be cut off by the edge of the stretch
    likeness = normalised(whole, np.concatenate([nothing, stretch, nothing]))
    begin = max(start, heard.origin) + (int(np.argmax(likeness)) - len(whole)) / RATE
    return Span(begin, begin + needle.end)


def leaked(agent_heard: Track, span: Span, caller_heard: Track) -> bool:
    """Whether what the agent heard in `span` is in the caller's ear at the same time."""
    whole = (span.start, max(span.end - _EDGE, span.start))
    return find(agent_heard, whole, caller_heard, (span.start - 1.0, span.end + 3.0), same_clock=True).found


def heard_from(sent: Track, heard: Track, start: float, end: float, masking: bytes = b"") -> float | None:
    """From which moment on one side's room is in the other's ear; None when it never is.

    `masking`: a sentence of the assistant (8 kHz PCM) that may cover the moment of joining; it is taken out first, because a
    room's noise cannot be found under a voice.
    """
    covered = locate(masking, heard, start, end) if masking else None
    if covered is not None:
        voice = Track(covered.start, np.frombuffer(masking, dtype="<i2").astype(np.int16))
        heard = without(heard, voice, 0.0, covered.start, min(covered.end, heard.end))
    found = first_heard(sent, heard, start, end)
    return found.at if found else None
