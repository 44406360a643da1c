"""Callers who raise their voice, and callers who only seem to: synthesised turns on a telephone line, with and without AGC."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sandbox_lib.sandbox import DEFAULT_SUITE, provision

from ari_app.asterisk.media import g711
from ari_app.speech.resampler import from_pcm, resample, to_pcm
from ari_app.speech.synthesiser import CommandSynthesiser

RATE = 8000
Sound = NDArray[np.float64]

RAISED = "raised"
GLAD, HAPPY = "joy in glad words", "joy in plain words"
LOUD, NOISE, NEARER, OTHER, NEUTRAL = (
    "loud from the start",
    "noise comes up",
    "microphone nearer",
    "another kind of sentence",
    "goes on as before",
)
CALM = (NEUTRAL, OTHER, GLAD, HAPPY, LOUD, NOISE, NEARER)

VOICES = ("slt", "awb", "kal16")  # flite's speakers whose pitch can be set
SIZES = (0.92, 0.96, 1.0, 1.04, 1.08)  # of head and larynx: formants and pitch together, so that each voice becomes five callers
PLAIN = (
    "i would like to change my booking please",
    "the number is four two seven one nine",
    "it was bought in the shop on the corner",
    "the parcel has not arrived yet",
    "i want to know when the next bus leaves",
    "my name is miller and i live in the old town",
    "we are two adults and one child",
    "can i pay for that with my other card",
    "the machine shows a red light",
    "you sent me a letter about the new contract",
    "i still have the same question about the bill",
    "nobody came to the house yesterday",
)
OTHERS = (
    "six six seven seven six",
    "no",
    "are you really sure you know where we are",
    "b c t p e",
    "all our orders were for you",
)
GLAD_WORDS = ("thats wonderful thank you so much", "oh that is amazing it is my birthday", "perfect i am so happy about that")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a turn is spoken. semitones: whole ones over the voice's own pitch; tilt: dB an octave more above 500 Hz."""

    words: str
    semitones: int = 0
    stretch: float = 1.0
    level_db: float = 0.0  # over the caller's own level
    tilt: float = 0.0
    size: float = 1.0
    noise_db: float = 0.0  # over the line's own noise


@dataclass(frozen=True, slots=True)
class SpokenCall:
    """`level_db`, `noise_db`: of voice and room, in dBFS."""

    kind: str
    voice: str
    level_db: float
    noise_db: float
    slope: float  # of the noise, dB an octave
    turns: tuple[Manner, ...]
    seed: tuple[int, ...]

    @property
    def ends_at(self) -> int:
        """The turn that the call is about; a raised voice stays up for one more."""
        return len(self.turns) - (2 if self.kind == RAISED else 1)


@dataclass(frozen=True, slots=True)
class Line:
    """Room and voice in the telephone band (±32768), and where each turn lies in it, in seconds."""

    sound: Sound
    spans: tuple[tuple[float, float], ...]

    def arriving(self, *, agc: bool) -> bytes:
        """16-bit little-endian PCM at 8 kHz as the application gets it: after the gateway's AGC, if it has one, and µ-law."""
        return g711.decode(g711.encode(to_pcm(levelled(self.sound) if agc else self.sound)))


def plan(raised: int, each: int, seed: int) -> list[SpokenCall]:
    """`raised` calls with a raised voice at their end, and `each` of every kind without."""
    wanted = {RAISED: raised} | dict.fromkeys(CALM, each)
    seeds = [(kind, [seed, place, number]) for place, kind in enumerate(wanted) for number in range(wanted[kind])]
    return [_call(kind, chance_seed) for kind, chance_seed in seeds]


def _call(kind: str, seed: Sequence[int]) -> SpokenCall:
    chance = np.random.default_rng(seed)
    size = float(chance.choice(SIZES))
    words = [str(each) for each in chance.permutation(PLAIN)]
    before = int(chance.integers(4, 7))
    turns = [_neutral(text, size, chance) for text in words[:before]]
    ends = [_end(kind, text, size, chance) for text in words[before : before + (2 if kind == RAISED else 1)]]
    if kind == LOUD:
        effort = chance.uniform()
        turns, ends = ([_raised(turn, effort) for turn in each] for each in (turns, ends))
    level, noise = float(chance.uniform(-34, -24)), float(chance.uniform(-60, -48))
    return SpokenCall(kind, str(chance.choice(VOICES)), level, noise, float(chance.choice([0, -3])), (*turns, *ends), tuple(seed))


def _neutral(words: str, size: float, chance: np.random.Generator) -> Manner:
    """Nobody says two sentences alike: about 1 semitone, 1.5 dB and 0.3 dB an octave of difference."""
    return Manner(
        words,
        int(np.clip(np.rint(chance.normal(0, 1)), -2, 2)),
        level_db=float(chance.normal(0, 1.5)),
        tilt=float(chance.normal(0, 0.3)),
        size=size * float(np.exp(chance.normal(0, 0.01))),
    )


def _end(kind: str, text: str, size: float, chance: np.random.Generator) -> Manner:
    now = _neutral(text, size, chance)
    if kind == RAISED:
        return _raised(now, chance.uniform())
    if kind in (GLAD, HAPPY):
        words = str(chance.choice(GLAD_WORDS)) if kind == GLAD else text
        return _with(now, words=words, semitones=int(chance.integers(2, 6)), level_db=chance.uniform(1, 5), tilt=0.3)
    if kind == OTHER:
        return _with(now, words=str(chance.choice(OTHERS)))
    if kind == NOISE:
        return _with(now, noise_db=chance.uniform(12, 22))
    if kind == NEARER:
        return _with(now, level_db=now.level_db + chance.uniform(6, 14))
    return now


def _raised(now: Manner, effort: float) -> Manner:
    """`effort` 0–1: +6…+14 dB, +2…+6 semitones, faster; 2 octaves up the spectrum gains half as much again."""
    gain = 6 + 8 * effort
    semitones = int(np.clip(round(2 + 4 * effort) + (now.semitones + 1) // 2, 2, 6))
    return _with(now, semitones=semitones, level_db=gain, tilt=now.tilt + 0.25 * gain, stretch=0.86)


def _with(now: Manner, **changes: float | int | str) -> Manner:
    values = {name: getattr(now, name) for name in Manner.__dataclass_fields__}
    return Manner(**(values | changes))  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------- sound


def speak(calls: Sequence[SpokenCall]) -> Mapping[tuple[str, str, int, float], Sound]:
    """Every turn of the calls by voice, words, semitones and stretch, at 8 kHz and -20 dBFS, from the sandbox's own flite."""
    return asyncio.run(_speak(sorted({_key(call.voice, turn) for call in calls for turn in call.turns})))


def _key(voice: str, turn: Manner) -> tuple[str, str, int, float]:
    return voice, turn.words, turn.semitones, turn.stretch


async def _speak(wanted: Sequence[tuple[str, str, int, float]]) -> dict[tuple[str, str, int, float], Sound]:
    _, prefix = provision(os.environ.get("ASTERISK_SUITE") or DEFAULT_SUITE)
    cache = Path(tempfile.gettempdir()) / f"ari-app-bench-{os.getuid()}"
    found: dict[tuple[str, str, int, float], Sound] = {}
    for semitones, stretch in sorted({each[2:] for each in wanted}):
        shift = f"--setf f0_shift={2 ** (semitones / 12):.4f} --setf duration_stretch={stretch:g}"
        command = f"{prefix.bin / 'flite'} {shift} -voice {{voice}} -f {{text_file}} -o {{out}}"
        synthesiser = CommandSynthesiser(command, voice=VOICES[0], cache_dir=cache)
        keys = [each for each in wanted if each[2:] == (semitones, stretch)]
        try:
            spoken = await asyncio.gather(*(synthesiser.synthesise(words, voice) for voice, words, *_ in keys))
        finally:
            await synthesiser.close()
        found |= {key: from_pcm(pcm) for key, pcm in zip(keys, spoken, strict=True)}
    return found


LEAD_IN, GAP = 0.6, 0.8  # seconds of the line alone before the first turn, and after each


def on_the_line(call: SpokenCall, spoken: Mapping[tuple[str, str, int, float], Sound]) -> Line:
    """The whole call as a gateway without AGC takes it in."""
    pieces, noise_levels, spans = [np.zeros(round(LEAD_IN * RATE))], [call.noise_db], []
    for turn in call.turns:
        sound = _as_spoken(spoken[_key(call.voice, turn)], turn) * 10 ** ((call.level_db + turn.level_db + 20) / 20)
        start = sum(map(len, pieces))
        pieces.append(np.concatenate([sound, np.zeros(round(GAP * RATE))]))
        noise_levels.append(call.noise_db + turn.noise_db)
        spans.append((start / RATE, (start + len(sound)) / RATE))
    chance = np.random.default_rng([*call.seed, 7])
    clean = np.concatenate(pieces)
    rise = np.repeat(10 ** (np.array(noise_levels) / 20), [len(piece) for piece in pieces])
    early = round(chance.uniform(0, GAP) * RATE)  # noise does not wait for the turn to begin
    rise = np.concatenate([rise[early:], np.full(early, rise[-1])])
    heard = telephone_band(clean) + rise * _noise(len(clean), call.slope, chance)
    return Line(heard, tuple(spans))


def _as_spoken(sound: Sound, turn: Manner) -> Sound:
    """At -20 dBFS, whatever the tilt does to it."""
    sized = resample(sound, RATE, round(RATE / turn.size / 20) * 20)
    tilted = _filtered(sized, lambda hertz: turn.tilt * np.log2(np.maximum(hertz, 500) / 500))
    return np.asarray(tilted * np.sqrt(np.mean(sized**2) / np.mean(tilted**2)))


def telephone_band(sound: Sound) -> Sound:
    """300–3400 Hz, with edges as soft as a channel filter's."""
    return _filtered(sound, lambda hertz: -40 * np.clip((300 - hertz) / 150, 0, 1) - 40 * np.clip((hertz - 3400) / 300, 0, 1))


def _noise(length: int, slope: float, chance: np.random.Generator) -> Sound:
    """At 0 dBFS in the telephone band, falling by `slope` dB an octave."""
    rough = _filtered(chance.normal(0, 1, length), lambda hertz: slope * np.log2(np.maximum(hertz, 100) / 1000))
    heard = telephone_band(rough)
    return np.asarray(32768 * heard / np.sqrt(np.mean(heard**2)))


def _filtered(sound: Sound, gain_db: Callable[[Sound], Sound]) -> Sound:
    size = 1 << (len(sound) - 1).bit_length()  # a power of two: some lengths take a hundred times longer
    gain = 10 ** (gain_db(np.fft.rfftfreq(size, 1 / RATE)) / 20)
    return np.asarray(np.fft.irfft(np.fft.rfft(sound, size) * gain, size)[: len(sound)])


AGC_TARGET_DB, AGC_RANGE_DB = -20.0, 24.0
AGC_FRAME, AGC_ATTACK, AGC_RELEASE = 0.01, 0.03, 0.4  # seconds
AGC_GATE_DB = 18.0  # this far below the level of late it is a pause, and the gain stays


def levelled(sound: Sound) -> Sound:
    """What a gateway that levels the volume makes of it: RMS to -20 dBFS, fast down, slowly up, standing still in pauses."""
    frame = round(AGC_FRAME * RATE)
    count = -(-len(sound) // frame)
    padded = np.pad(sound, (0, count * frame - len(sound))).reshape(count, frame)
    levels = 10 * np.log10(np.mean(padded**2, axis=1) / 32768**2 + 1e-12)
    gains, level, shares = [], -34.0, (1 - np.exp(-AGC_FRAME / AGC_ATTACK), 1 - np.exp(-AGC_FRAME / AGC_RELEASE))
    for now in levels.tolist():
        if now > level - AGC_GATE_DB and now > -50.0:
            level += (shares[0] if now > level else shares[1]) * (now - level)
        gains.append(min(AGC_RANGE_DB, max(-AGC_RANGE_DB, AGC_TARGET_DB - level)))
    smooth = np.interp(np.arange(len(sound)), np.arange(count) * frame, gains)
    return np.asarray(sound * 10 ** (smooth / 20))
