"""Finding one recording inside another: the only proof of who heard whom that asks no application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ari_app.rehearsal.recording import RATE, Track

Signal = NDArray[np.float64]

_BLOCK: Final = round(0.06 * RATE)
_HOP: Final = round(0.02 * RATE)
_MATCH: Final = 0.35
_SAME_DELAY: Final = 8  # samples
_CONFIRMATIONS: Final = 5
_CONFIRM_WITHIN: Final = round(1.5 * RATE)
_CHUNK: Final = RATE
_PATH_TAPS: Final = 48
_SECOND_IS_THERE: Final = 0.5
_WHOLE_IS_THERE: Final = 0.1


@dataclass(frozen=True, slots=True)
class FirstHeard:
    """From which moment (monotonic s) one side's audio is in the other's ear, after which delay (s), how alike (0–1).

    `not_before`: the line may have carried it from here on, but was too loud with other audio to tell; usually `at`.
    """

    at: float
    delay: float
    likeness: float
    not_before: float


@dataclass(frozen=True, slots=True)
class Found:
    """Whether a stretch of audio is in a recording, and by how much (normalised cross-correlations, 0–1).

    `second`: the best match of any one second of it at the same time of day (anywhere, for audio from another clock);
    `whole`: the median match of its seconds at one common delay. A voice made of recorded pieces says the same word twice
    with the same samples, so a single match somewhere else proves nothing; a common delay or the same moment does.
    """

    found: bool
    second: float
    whole: float


def normalised(needle: Signal, hay: Signal) -> Signal:
    """Normalised cross-correlation at every position where the whole needle lies in the hay; values -1…1."""
    if len(hay) < len(needle) or len(needle) == 0:
        return np.zeros(0)
    size = 1 << (len(hay) + len(needle) - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(hay, size) * np.conj(np.fft.rfft(needle, size)), size)
    products = product[: len(hay) - len(needle) + 1]
    energy = np.concatenate([[0.0], np.cumsum(hay * hay)])
    energies = energy[len(needle) :] - energy[: len(energy) - len(needle)]
    # A stretch of near silence against a loud needle is noise of the arithmetic, not likeness.
    floor = max(float(np.max(energies, initial=0.0)) * 1e-9, 1e-9)
    norms: Signal = np.sqrt(np.maximum(energies, floor) * max(float(needle @ needle), 1e-9))
    likeness: Signal = products / norms
    return np.where(energies > floor, likeness, 0.0)


def flattened(track: Track, start: float, end: float) -> Signal:
    """A stretch of a track, its spectrum tilted up: speech alone is so low-pitched that all of it looks alike."""
    samples = track.between(start, end).astype(np.float64)
    if len(samples) == 0:
        return samples
    tilted = samples.copy()
    tilted[1:] -= 0.95 * samples[:-1]
    return tilted


def first_heard(sent: Track, heard: Track, start: float, end: float, *, longest_delay: float = 0.4) -> FirstHeard | None:
    """The first moment in `start`…`end` from which `sent` is found in `heard`; `None` when it is not.

    Blocks of 60 ms are searched for at every delay; a delay that at least five blocks within 1.5 s agree on is the path.
    The moment itself is then the change point that explains the recording best, to the sample on a quiet line.
    """
    lags = round(longest_delay * RATE)
    x = flattened(sent, start - longest_delay, end)
    y = flattened(heard, start, end)
    lead = sent.index(start) - sent.index(start - longest_delay)
    candidates: list[tuple[int, int, float]] = []
    for position in range(0, len(y) - _BLOCK, _HOP):
        match = _best_delay(x, y, position, lead, lags)
        if match is not None:
            candidates.append((position, *match))
    for position, delay, likeness in candidates:
        agreeing = [
            other
            for other, its_delay, _ in candidates
            if 0 <= other - position <= _CONFIRM_WITHIN and abs(its_delay - delay) <= _SAME_DELAY
        ]
        if len(agreeing) >= _CONFIRMATIONS:
            onset = _onset(x, y, position, lead, delay)
            earliest = _unmasked(y, onset)
            at = max(heard.origin, start)
            return FirstHeard(at + onset / RATE, delay / RATE, likeness, at + earliest / RATE)
    return None


def without(heard: Track, sent: Track, delay: float, start: float, end: float) -> Track:
    """`heard` with `sent` taken out of it between `start` and `end`, by the least-squares filter of the path."""
    before = _PATH_TAPS // 2
    first, last = heard.index(start), heard.index(end)
    y = heard.samples[first:last].astype(np.float64)
    begin = round((heard.moment(first) - delay - sent.origin) * RATE) - before
    rows = np.arange(len(y)) + begin
    x = np.concatenate([np.zeros(_PATH_TAPS), sent.samples.astype(np.float64), np.zeros(_PATH_TAPS)])
    columns = [x[np.clip(rows + tap + _PATH_TAPS, 0, len(x) - 1)] for tap in range(_PATH_TAPS)]
    matrix = np.stack(columns, axis=1)
    normal = matrix.T @ matrix
    path = np.linalg.solve(normal + np.eye(_PATH_TAPS) * (1e-6 * np.trace(normal) + 1e-6), matrix.T @ y)
    rest = heard.samples.copy()
    rest[first:last] = np.clip(np.round(y - matrix @ path), -32768, 32767).astype(np.int16)
    return Track(heard.origin, rest)


def find(needle: Track, needle_span: tuple[float, float], hay: Track, span: tuple[float, float], *, same_clock: bool) -> Found:
    """Looks for a stretch (start, end) of one track in a stretch of another.

    `same_clock`: both tracks are on one clock, so what leaked lies at most 0.6 s later.
    """
    whole = flattened(needle, *needle_span)
    field = np.concatenate([np.zeros(len(whole)), flattened(hay, *span), np.zeros(len(whole))])
    pieces = _seconds(whole)
    if not pieces:
        return Found(False, 0.0, 0.0)
    matches = [normalised(piece, field) for _, piece in pieces]
    # Where the whole needle would begin, for every second's best match: the only delays worth asking all of them about.
    begins = {int(np.argmax(match)) - at for (at, _), match in zip(pieces, matches, strict=True)}
    begins.add(int(np.argmax(normalised(whole, field))))
    whole_match = max(_median_at(pieces, matches, begin) for begin in begins)
    offset = round((needle_span[0] - max(span[0], hay.origin)) * RATE) + len(whole) if same_clock else None
    second = max(_near(match, at, offset) for (at, _), match in zip(pieces, matches, strict=True))
    # Few seconds agree by chance more easily than many.
    enough = max(_WHOLE_IS_THERE, 0.35 / len(pieces) ** 0.5)
    return Found(whole_match >= enough or (same_clock and second >= _SECOND_IS_THERE), second, whole_match)


def _seconds(whole: Signal) -> list[tuple[int, Signal]]:
    """(position, samples) of the whole's seconds that carry enough of its voice."""
    cut = [(at, whole[at : at + _CHUNK]) for at in range(0, max(len(whole) - _CHUNK // 2, 1), _CHUNK // 2)]
    powers = [float(piece @ piece) / max(len(piece), 1) for _, piece in cut]
    return [each for each, power in zip(cut, powers, strict=True) if power > 0 and power > max(powers) / 10]


def _median_at(pieces: list[tuple[int, Signal]], matches: list[Signal], begin: int) -> float:
    found = [
        float(match[begin + at]) if 0 <= begin + at < len(match) else 0.0 for (at, _), match in zip(pieces, matches, strict=True)
    ]
    return float(np.median(found))


def _near(match: Signal, at: int, offset: int | None) -> float:
    """The best match of one second: anywhere, or from 0.1 s before to 0.6 s after its own moment."""
    if offset is None:
        return _peak(match)
    return _peak(match[max(offset + at - _CHUNK // 10, 0) : max(offset + at + _CHUNK * 6 // 10, 0)])


def _best_delay(x: Signal, y: Signal, position: int, lead: int, lags: int) -> tuple[int, float] | None:
    block = y[position : position + _BLOCK]
    if float(block @ block) < _BLOCK:  # digital silence
        return None
    first = max(position + lead - lags, 0)
    likeness = normalised(block, x[first : position + lead + _BLOCK])
    if len(likeness) == 0:
        return None
    best = int(np.argmax(likeness))
    if likeness[best] < _MATCH:
        return None
    return position + lead - (first + best), float(likeness[best])


def _onset(x: Signal, y: Signal, position: int, lead: int, delay: int) -> int:
    """The sample at which “not there” turns into “there”, for the least squared error."""
    begin = max(position - 2 * _BLOCK, 0)
    end = position + _BLOCK
    shift = lead - delay
    if begin + shift < 0:
        begin = -shift
    theirs = x[begin + shift : end + shift]
    ours = y[begin:end]
    tail_x, tail_y = theirs[-_BLOCK:], ours[-_BLOCK:]
    gain = float(tail_x @ tail_y) / max(float(tail_x @ tail_x), 1e-9)
    gained = ours**2 - (ours - gain * theirs) ** 2
    # gained[n] > 0 where the path explains the sample: the onset maximises the sum from it to the end. Of equal ones (digital
    # silence on both sides) the latest is the right one.
    return begin + len(gained) - 1 - int(np.argmax(np.cumsum(gained[::-1])))


def _unmasked(y: Signal, onset: int) -> int:
    """Back from the onset over frames that are too loud with other audio to find a room's noise in."""
    earliest = onset
    while earliest - _HOP >= 0:
        frame = y[earliest - _HOP : earliest]
        if float(np.sqrt(np.mean(frame**2))) < 250.0:
            break
        earliest -= _HOP
    return earliest


def _peak(likeness: Signal) -> float:
    return float(np.max(likeness, initial=0.0))
