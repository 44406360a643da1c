"""The caller's voice rises above its own level: louder, higher, sharper; not joy, not noise, not because asked to speak up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log2, sqrt
from statistics import median, stdev

from ari_app.call.model import Party, Prosody, Signal, Turn
from ari_app.escalation.context import Context

_ALONE_DB = 7.5  # where only the loudness is known; on natural levels this found 89 % and was wrong on none
# Where all three are known each gives a part of the 1 that makes a raised voice, and none can give it alone: louder is a
# microphone that is nearer now, sharper another sentence or noise, higher a question or joy. What is 1 by itself, and the most:
_DB = (10.0, 0.6)
_SEMITONES = (8.0, 0.5)
_OCTAVES = (0.5, 0.7)  # of the spectral centroid
_LEAST = -0.25  # of each part: a voice that is louder and lower was not raised
_SURE = 4  # earlier turns: the median of fewer is itself uncertain, so more is needed
_STAYS = 2  # a voice that was up for more than twice as many turns as it was calm is this caller's voice on this line
_SPEAKS_UP_DB = 3.0
# Turns that are all equally loud come through a gateway that levels the volume: loudness can give nothing, so less is needed.
_LEVELLED_DB, _FEWEST_LEVELLED, _LEVELLED_NEEDS = 0.8, 3, 0.8


@dataclass(frozen=True, slots=True)
class Rise:
    """How far a turn lies over the caller's calm ones; None where not known. octaves: of the spectral centroid.

    `needed`: the score that makes a raised voice.
    """

    louder_db: float | None
    semitones: float | None
    octaves: float | None
    needed: float = 1.0

    @property
    def score(self) -> float:
        if self.semitones is None or self.octaves is None:  # `alone`
            return (self.louder_db or 0.0) / _ALONE_DB
        return _part(self.louder_db or 0.0, _DB) + _part(self.semitones, _SEMITONES) + _part(self.octaves, _OCTAVES)

    @property
    def raised(self) -> bool:
        return self.score >= self.needed

    @property
    def strength(self) -> float:
        """Of one that is raised, 0.7–1: as strong as can be at 12.5 dB alone, or with all three parts at their most."""
        slope = 0.45 if self.alone else 0.3 / (_DB[1] + _SEMITONES[1] + _OCTAVES[1] - 1)
        return min(1.0, 0.7 + slope * (self.score - self.needed))

    @property
    def alone(self) -> bool:
        """Only the loudness can be judged."""
        return self.semitones is None or self.octaves is None

    @property
    def evidence(self) -> str:
        """ "9 dB over the own level, 4 semitones higher, sharper by 30 %": what there is of it."""
        parts = []
        if self.louder_db is not None and self.louder_db >= 1.5:
            parts.append(f"{self.louder_db:.0f} dB over the own level")
        if self.semitones is not None and self.semitones >= 1.5:
            parts.append(f"{self.semitones:.0f} semitones higher")
        if self.octaves is not None and self.octaves >= 0.07:
            parts.append(f"sharper by {100 * (2**self.octaves - 1):.0f} %")
        return ", ".join(parts)


def find(context: Context) -> list[Signal]:
    found = rise(context)
    if found is None or not found.raised or innocent(context):
        return []
    return [Signal("raised_voice", context.now.index, round(found.strength, 2), found.evidence)]


def rise(context: Context) -> Rise | None:
    """Of this turn, whatever its words; None where it is not the caller's, or there is nothing to hold it against."""
    if not context.by_caller or not _known(context.now):
        return None
    calm = _calm_turns(context)
    return _over(context.now.prosody, calm) if calm else None


def innocent(context: Context) -> bool:
    """The words give another reason for a loud voice."""
    at = len(context.before)
    elsewhere = context.reading.has("glad", "thanks", "to someone else")
    return elsewhere or _asked_to_speak_up(context, at) or _says_why(context, context.now, at)


def _calm_turns(context: Context) -> list[Turn]:
    """The caller's turns that show how he speaks when calm: a raised voice must not become the measure at once."""
    calm: list[Turn] = []
    raised: list[Turn] = []
    for at, turn in enumerate(context.before):
        if turn.party is not Party.CALLER or not _known(turn):
            continue
        found = _over(turn.prosody, calm) if calm else None
        if found is not None and (found.louder_db or 0.0) >= _SPEAKS_UP_DB and _asked_to_speak_up(context, at):
            calm, raised = [turn], []  # and goes on like that
        elif found is not None and found.raised and not _says_why(context, turn, at):
            raised.append(turn)
        else:
            calm.append(turn)
        if len(raised) > _STAYS * len(calm):
            calm, raised = calm + raised, []
    return calm


def _over(now: Prosody, calm: Sequence[Turn]) -> Rise:
    level = _median(turn.prosody.loudness_db for turn in calm)
    pitch = _median(turn.prosody.pitch_hz for turn in calm)
    centroid = _median(turn.prosody.centroid_hz for turn in calm)
    louder = now.loudness_db - level if now.loudness_db is not None and level is not None else None
    semitones = 12 * log2(now.pitch_hz / pitch) if now.pitch_hz and pitch else None
    octaves = log2(now.centroid_hz / centroid) if now.centroid_hz and centroid else None
    if semitones is None or octaves is None:
        return Rise(louder, semitones, octaves)
    # As the standard deviation of the difference between one turn and the median of so many falls.
    needed = max(1.0, sqrt((1 + 1 / len(calm)) / (1 + 1 / _SURE)))
    return Rise(louder, semitones, octaves, needed * (_LEVELLED_NEEDS if _levelled(calm, louder) else 1.0))


def _levelled(calm: Sequence[Turn], louder: float | None) -> bool:
    levels = [turn.prosody.loudness_db for turn in calm if turn.prosody.loudness_db is not None]
    return len(levels) >= _FEWEST_LEVELLED and stdev(levels) < _LEVELLED_DB and louder is not None and louder < _SPEAKS_UP_DB


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _part(value: float, of: tuple[float, float]) -> float:
    whole, most = of
    return max(_LEAST, min(most, value / whole))


def _known(turn: Turn) -> bool:
    return turn.prosody != Prosody()


def _asked_to_speak_up(context: Context, at: int) -> bool:
    """By the assistant's latest turn before place `at`."""
    asked = _latest(context.before[:at], Party.ASSISTANT)
    return asked is not None and context.read(asked).has("speak up please", "loud reason")


def _says_why(context: Context, turn: Turn, at: int) -> bool:
    """The caller, in this turn or the one before: it is noisy here."""
    before = _latest(context.before[:at], Party.CALLER)
    if context.read(turn).has("loud reason"):
        return True
    return before is not None and context.read(before).has("speak up please", "loud reason")


def _latest(turns: Sequence[Turn], party: Party) -> Turn | None:
    return next((turn for turn in reversed(turns) if turn.party is party), None)
