"""Recordings on one clock: what a phone sent and what it heard, each sample at the moment it passed."""

from __future__ import annotations

import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ari_app.rehearsal.g711 import Samples

RATE: Final = 8000
_JUMP_SECONDS: Final = 0.04
_SEGMENT_SECONDS: Final = 20.0
_EARLY_PERCENTILE: Final = 10.0


@dataclass(frozen=True, slots=True)
class AudioPacket:
    """One packet of audio. `at`: monotonic seconds of its arrival; `timestamp`: RTP clock, in samples, unwrapped."""

    at: float
    source: int
    timestamp: int
    samples: Samples


@dataclass(frozen=True, slots=True)
class Track:
    """Mono 16-bit audio at 8 kHz; `origin` is the monotonic second of the first sample. Gaps are zeros."""

    origin: float
    samples: Samples

    @property
    def end(self) -> float:
        return self.origin + len(self.samples) / RATE

    def index(self, at: float) -> int:
        """The sample of a moment, clipped to the track."""
        return min(max(round((at - self.origin) * RATE), 0), len(self.samples))

    def moment(self, index: int) -> float:
        return self.origin + index / RATE

    def between(self, start: float, end: float) -> Samples:
        return self.samples[self.index(start) : max(self.index(end), self.index(start))]


def lay_out(packets: Iterable[AudioPacket], origin: float, end: float) -> Track:
    """Places packets on the clock.

    Arrival jitters, RTP time stamps do not: within a stretch of one source whose time stamps and arrivals agree, every
    packet sits at its time stamp plus the one offset that the earliest arrivals show. A new source, a jump of the time
    stamps (Asterisk changes both when it bridges) or 20 s begin a new stretch.
    """
    samples = np.zeros(max(round((end - origin) * RATE), 0), dtype=np.int16)
    for stretch in _stretches(list(packets)):
        offsets = [packet.at - packet.timestamp / RATE for packet in stretch]
        offset = float(np.percentile(offsets, _EARLY_PERCENTILE))
        for packet in stretch:
            # A packet arrives when its last sample was made, but is heard from its arrival on.
            start = round((offset + packet.timestamp / RATE - origin) * RATE)
            _write(samples, start, packet.samples)
    return Track(origin, samples)


def save_stereo(path: Path, left: Track, right: Track) -> None:
    """Writes two tracks of one origin as a stereo WAV file."""
    length = max(len(left.samples), len(right.samples))
    both = np.zeros((length, 2), dtype="<i2")
    both[: len(left.samples), 0] = left.samples
    both[: len(right.samples), 1] = right.samples
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(both.tobytes())


def load_stereo(path: Path, origin: float = 0.0) -> tuple[Track, Track]:
    """Reads what `save_stereo` wrote."""
    with wave.open(str(path), "rb") as file:
        both = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    return Track(origin, both[:, 0].astype(np.int16)), Track(origin, both[:, 1].astype(np.int16))


def _stretches(packets: Sequence[AudioPacket]) -> list[list[AudioPacket]]:
    stretches: list[list[AudioPacket]] = []
    for packet in packets:
        if stretches and _continues(stretches[-1], packet):
            stretches[-1].append(packet)
        else:
            stretches.append([packet])
    return stretches


def _continues(stretch: Sequence[AudioPacket], packet: AudioPacket) -> bool:
    first, last = stretch[0], stretch[-1]
    if packet.source != last.source or packet.at - first.at > _SEGMENT_SECONDS:
        return False
    by_clock, by_timestamp = packet.at - last.at, (packet.timestamp - last.timestamp) / RATE
    return abs(by_clock - by_timestamp) < _JUMP_SECONDS


def _write(samples: Samples, start: int, piece: Samples) -> None:
    begin, end = max(start, 0), min(start + len(piece), len(samples))
    if begin < end:
        samples[begin:end] = piece[begin - start : end - start]
