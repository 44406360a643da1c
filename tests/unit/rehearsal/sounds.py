"""Synthetic sounds for tests: voices that differ, rooms, and paths through µ-law with a delay."""

import numpy as np

from ari_app.rehearsal import g711
from ari_app.rehearsal.recording import RATE, Track

ROOM = 32768 * 10 ** (-52 / 20)


def room(seconds, seed):
    return np.random.default_rng(seed).normal(0, ROOM, round(seconds * RATE))


def voice(seconds, seed, level=2500.0):
    """Noise in syllables: coloured like speech (low-pitched), four syllables a second with short dips, at about -22 dBFS."""
    random = np.random.default_rng(seed)
    count = round(seconds * RATE)
    white = random.normal(0, 1, count + 64)
    coloured = np.convolve(white, np.hanning(12), mode="same")[:count]
    moments = np.arange(count) / RATE
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * moments + random.uniform(0, 6))
    return coloured / np.std(coloured) * syllables * level


class Tape:
    """A track that things are laid onto."""

    def __init__(self, seconds, origin=100.0):
        self.origin = origin
        self.samples = np.zeros(round(seconds * RATE))

    def add(self, at, sound):
        """`at`: seconds from the tape's beginning."""
        first = round(at * RATE)
        sound = sound[: max(len(self.samples) - first, 0)]
        self.samples[first : first + len(sound)] += sound
        return self

    def track(self, *, wire=True):
        whole = np.clip(self.samples, -32768, 32767).astype(np.int16)
        if wire:
            whole = g711.decode(g711.encode(whole, "ulaw"), "ulaw")
        return Track(self.origin, whole)

    def sound(self, start, end):
        return self.samples[round(start * RATE) : round(end * RATE)]
