"""How well a raised voice is told from one that only seems so: synthesised calls through the real listener and signal."""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

import numpy as np

from ari_app.call.model import Party, Prosody, Turn, Word
from ari_app.escalation.context import Context
from ari_app.escalation.reading import Reader
from ari_app.escalation.signals import raised_voice
from ari_app.language.loading import load_lexicon
from ari_app.session.ears import BATCH_SECONDS
from ari_app.session.ports import UtteranceHeard
from ari_app.speech.listener import SpeechListener
from ari_app.speech.voice_activity import SileroPool
from bench_lib.findings import Estimate, Finding, Part
from bench_lib.voice_calls import CALM, RAISED, RATE, Line, Sound, SpokenCall, on_the_line, plan, speak

RAISED_CALLS, CALLS_OF_EACH_KIND = 56, 8
SEED = 11  # the thresholds were chosen on calls from other seeds
RESAMPLINGS = 1000
SETTINGS = {False: "AGC off", True: "AGC on"}
NOT_HEARD = -99.0  # as a score: below everything that is heard


class Place(Enum):
    """Of a caller's turn in its call: before the end that the call is about, that end, and the next turn of a raised voice."""

    BEFORE = auto()
    END = auto()
    STILL = auto()


@dataclass(frozen=True, slots=True)
class Judged:
    """One turn. rise: None where it was not heard. excused: by the words, as by the signal itself."""

    kind: str
    place: Place
    rise: raised_voice.Rise | None
    excused: bool
    fired: bool

    def sound(self) -> float:
        return NOT_HEARD if self.rise is None else self.rise.score - self.rise.needed


def _known(value: float | None) -> float:
    return NOT_HEARD if value is None else value


SCORES: Mapping[str, Callable[[Judged], float]] = {
    "the whole signal": lambda each: NOT_HEARD if each.excused else each.sound(),
    "its sound, whatever the words": Judged.sound,
    "loudness alone": lambda each: _known(each.rise.louder_db if each.rise else None),
    "pitch alone": lambda each: _known(each.rise.semitones if each.rise else None),
    "spectral centroid alone": lambda each: _known(each.rise.octaves if each.rise else None),
}


class NoWords:
    """The listener's recogniser: the bench knows the words."""

    def accept(self, pcm: bytes) -> None:
        pass

    def partial(self) -> str:
        return ""

    def finish(self) -> tuple[Word, ...]:
        return ()


def measure_voice(raised: int = RAISED_CALLS, of_each_kind: int = CALLS_OF_EACH_KIND, seed: int = SEED) -> Part:
    calls = plan(raised, of_each_kind, seed)
    spoken, pool, reader = speak(calls), SileroPool(RATE), Reader(load_lexicon("en"))
    judged: dict[bool, list[Judged]] = {agc: [] for agc in SETTINGS}
    with ThreadPoolExecutor(len(SETTINGS)) as threads:  # the detector, which takes the longest, lets others run meanwhile
        for call in calls:
            heard = threads.map(partial(hear, on_the_line(call, spoken), pool), SETTINGS)
            for agc, sounds in zip(SETTINGS, heard, strict=True):
                judged[agc] += judge(call, sounds, reader)
    return Part(
        "voice",
        f"{raised} calls whose last two turns are raised (+6…+14 dB, +2…+6 semitones, faster, brighter), {of_each_kind} of each "
        "other kind; three flite voices in five sizes, telephone band, noise, µ-law, through listener and signal. Synthesised "
        "voices: good for comparing, no promise for real callers. In brackets: 95 % (AUC: bootstrap by calls; shares: Wilson).",
        [each for agc, found in judged.items() for each in findings(SETTINGS[agc], found)],
    )


def hear(line: Line, pool: SileroPool, agc: bool) -> list[Prosody]:
    """How each turn sounds to our listener, fed as a live call feeds it."""
    detector = pool.take()
    listener, pcm = SpeechListener(RATE, detector, NoWords()), line.arriving(agc=agc)
    size = 2 * round(BATCH_SECONDS * RATE)
    events = [event for at in range(0, len(pcm), size) for event in listener.process(pcm[at : at + size])]
    utterances = [event for event in (*events, *listener.close()) if isinstance(event, UtteranceHeard)]
    pool.give_back(detector)
    return [_of_span(span, utterances) for span in line.spans]


def _of_span(span: tuple[float, float], utterances: Sequence[UtteranceHeard]) -> Prosody:
    def shared(utterance: UtteranceHeard) -> float:
        return min(utterance.end, span[1]) - max(utterance.start, span[0])

    best = max(utterances, key=shared, default=None)
    return best.prosody if best is not None and shared(best) > 0 else Prosody()


def judge(call: SpokenCall, sounds: Sequence[Prosody], reader: Reader) -> list[Judged]:
    """Every turn of the caller but the first, which has nothing to be held against."""
    turns: list[Turn] = []
    found: list[Judged] = []
    for at, (manner, sound) in enumerate(zip(call.turns, sounds, strict=True)):
        turns.append(Turn(2 * at, Party.ASSISTANT, "One moment please.", 8.0 * at, 8.0 * at + 2))
        turn = Turn(2 * at + 1, Party.CALLER, manner.words, 8.0 * at + 3, 8.0 * at + 7, prosody=sound)
        context = Context(turn, tuple(turns), (), reader)
        turns.append(turn)
        if at:
            place = Place.BEFORE if at < call.ends_at else Place.END if at == call.ends_at else Place.STILL
            excused, fired = raised_voice.innocent(context), bool(raised_voice.find(context))
            found.append(Judged(call.kind, place, raised_voice.rise(context), excused, fired))
    return found


# ---------------------------------------------------------------------------------------------------- figures


def findings(setting: str, judged: Sequence[Judged]) -> list[Finding]:
    ends = [each for each in judged if each.place is Place.END]
    raised, calm = ([each for each in ends if (each.kind == RAISED) is wanted] for wanted in (True, False))
    curves: list[Finding] = [
        _area(f"AUC of {name}", setting, [score(each) for each in raised], [score(each) for each in calm])
        for name, score in SCORES.items()
    ]
    wrong: list[Finding] = [
        _share(f"false alarms: {kind}", setting, [each for each in calm if each.kind == kind]) for kind in CALM
    ]
    return [
        *curves,
        _share("raised voices found", setting, raised),
        _share("found in the turn after, too", setting, [each for each in judged if each.place is Place.STILL]),
        _share("false alarms: all kinds below", setting, calm),
        *wrong,
        _share("false alarms: turns before the end", setting, [each for each in judged if each.place is Place.BEFORE]),
        Estimate("turns that were not heard", setting, float(sum(each.rise is None for each in ends)), None, len(ends)),
    ]


def _area(name: str, setting: str, raised: Sequence[float], calm: Sequence[float]) -> Estimate:
    chance = np.random.default_rng(SEED)
    above, below = np.array(raised), np.array(calm)
    again = [auc(chance.choice(above, len(above)), chance.choice(below, len(below))) for _ in range(RESAMPLINGS)]
    interval = float(np.quantile(again, 0.025)), float(np.quantile(again, 0.975))
    return Estimate(name, setting, auc(above, below), interval, len(raised) + len(calm))


def auc(raised: Sound, calm: Sound) -> float:
    """How often a raised one scores higher than a calm one; a draw is half a win."""
    higher, equal = raised[:, None] > calm, raised[:, None] == calm
    return float(np.mean(higher + 0.5 * equal))


def _share(name: str, setting: str, judged: Sequence[Judged]) -> Estimate:
    fired, of = sum(each.fired for each in judged), len(judged)
    return Estimate(name, setting, fired / of, wilson(fired, of), of)


def wilson(found: int, of: int) -> tuple[float, float]:
    """95 % interval of a share; holds near 0 and 1, too."""
    z, share = 1.96, found / of
    middle = share + z * z / (2 * of)
    around = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, (middle - around) / (1 + z * z / of)), min(1.0, (middle + around) / (1 + z * z / of))
