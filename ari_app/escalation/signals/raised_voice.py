"""The caller's voice rises above its own level: louder, higher, sharper; not joy, not noise, not because asked to speak up."""

from collections.abc import Callable
from math import log2
from statistics import median

from ari_app.call.model import Prosody, Signal
from ari_app.escalation.context import Context

_RAISED_DB = 7.5  # over the own baseline; on natural levels this alone found 89 % and was wrong on none
_PITCH_SEMITONES = 4.0
_CENTROID_RATIO = 1.25


def find(context: Context) -> list[Signal]:
    if not context.by_caller or not context.caller_before or _innocent(context):
        return []
    louder = _above(context, lambda prosody: prosody.loudness_db)
    strength, evidence = 0.0, ""
    if louder is not None and louder >= _RAISED_DB:
        strength, evidence = min(1.0, 0.7 + 0.06 * (louder - _RAISED_DB)), f"{louder:.0f} dB over the own level"
    pitch, centroid = _rise(context)
    if pitch >= _PITCH_SEMITONES and centroid >= _CENTROID_RATIO:  # a gateway that levels the volume hides loudness, not these
        strength = max(strength, 0.7)
        evidence = evidence or f"{pitch:.0f} semitones higher, sharper by {100 * (centroid - 1):.0f} %"
    return [Signal("raised_voice", context.now.index, round(strength, 2), evidence)] if strength else []


def _innocent(context: Context) -> bool:
    reading = context.reading
    if reading.has("glad", "thanks", "to someone else", "loud reason"):
        return True
    before = context.assistant_before[-1:] + context.caller_before[-1:]
    return any(context.read(turn).has("speak up please", "loud reason") for turn in before)


def _above(context: Context, of: Callable[[Prosody], float | None]) -> float | None:
    """How far this turn lies over the caller's own baseline: the median of the quieter half of the turns before."""
    levels = sorted(level for turn in context.caller_before if (level := of(turn.prosody)) is not None)
    now = of(context.now.prosody)
    return now - median(levels[: max(1, (len(levels) + 1) // 2)]) if levels and now is not None else None


def _rise(context: Context) -> tuple[float, float]:
    """Pitch over the own median in semitones, spectral centroid over the own median as a ratio; (0, 1) where unknown."""
    pitches = [turn.prosody.pitch_hz for turn in context.caller_before if turn.prosody.pitch_hz]
    centroids = [turn.prosody.centroid_hz for turn in context.caller_before if turn.prosody.centroid_hz]
    now = context.now.prosody
    if not pitches or not centroids or not now.pitch_hz or not now.centroid_hz:
        return 0.0, 1.0
    return 12 * log2(now.pitch_hz / median(pitches)), now.centroid_hz / median(centroids)
