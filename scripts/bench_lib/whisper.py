"""Where a known whisper lies in a phone's recording, to the sample: the proof of who heard it, and until when."""

from __future__ import annotations

import numpy as np

from ari_app.rehearsal.correlation import find, flattened, normalised
from ari_app.rehearsal.measure import Span
from ari_app.rehearsal.recording import RATE, Track

_EDGE = 0.05  # seconds left out at the end, where the joined line may already be heard


def locate(whisper: bytes, heard: Track, start: float, end: float) -> Span | None:
    """The stretch of `start`…`end` (monotonic s) in which the whisper (8 kHz PCM) was heard whole; None when it was not."""
    needle = Track(0.0, np.frombuffer(whisper, dtype="<i2").astype(np.int16))
    if not find(needle, (0.0, needle.end), heard, (start, end), same_clock=False).found:
        return None
    likeness = normalised(flattened(needle, 0.0, needle.end), flattened(heard, start, end))
    if len(likeness) == 0:
        return None
    begin = max(start, heard.origin) + int(np.argmax(likeness)) / RATE
    return Span(begin, begin + needle.end)


def leaked(agent_heard: Track, span: Span, caller_heard: Track) -> bool:
    """Whether what the agent heard in `span` is in the caller's ear at the same time."""
    whole = (span.start, max(span.end - _EDGE, span.start))
    return find(agent_heard, whole, caller_heard, (span.start - 1.0, span.end + 3.0), same_clock=True).found
