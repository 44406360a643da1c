"""A caller's voice as Asterisk delivers it: synthesised sentences on a line with noise and pauses, through G.711."""

import asyncio
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sandbox_lib.sandbox import DEFAULT_SUITE, provision

from ari_app.asterisk.media import g711
from ari_app.speech.resampler import from_pcm, to_pcm
from ari_app.speech.synthesiser import CommandSynthesiser

RATE = 8000
NOISE_DBFS = -52.0  # of a quiet room, as the rehearsal's phones send it
VOICE = "rms"  # the embedded model was not trained on this speaker
SENTENCES = Path(__file__).resolve().parents[1] / "model" / "check" / "demo.txt"


@dataclass(frozen=True, slots=True)
class Sound:
    """16-bit little-endian mono PCM at 8 kHz, and what is said in it. `voice`: share of the time that somebody speaks."""

    pcm: bytes
    said: str
    voice: float

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / RATE

    def pieces(self, seconds: float) -> list[bytes]:
        size = 2 * round(seconds * RATE)
        return [self.pcm[at : at + size] for at in range(0, len(self.pcm), size)]


def on_the_line(sentences: Sequence[bytes], said: str, pause: float) -> Sound:
    """Spoken sentences (PCM at 8 kHz) with `pause` times the length of each in quiet after it."""
    quiet = [np.zeros(round(pause * len(pcm) / 2)) for pcm in sentences]
    clean = np.concatenate([piece for pcm, gap in zip(sentences, quiet, strict=True) for piece in (from_pcm(pcm), gap)])
    noise = np.random.default_rng(1).normal(0, 32768 * 10 ** (NOISE_DBFS / 20), len(clean))
    spoken = sum(len(pcm) / 2 for pcm in sentences)
    return Sound(g711.decode(g711.encode(to_pcm(clean + noise))), said, spoken / len(clean))


def spoken_sentences(count: int) -> tuple[list[bytes], str]:
    """The first `count` sentences of a caller, spoken by the sandbox's own flite, and their words."""
    sentences = SENTENCES.read_text(encoding="utf-8").splitlines()[:count]
    return asyncio.run(_speak(sentences)), " ".join(sentences)


async def _speak(sentences: Sequence[str]) -> list[bytes]:
    _, prefix = provision(os.environ.get("ASTERISK_SUITE") or DEFAULT_SUITE)
    cache = Path(tempfile.gettempdir()) / f"ari-app-bench-{os.getuid()}"
    synthesiser = CommandSynthesiser(str(prefix.bin / "flite"), cache_dir=cache)
    try:
        return [await synthesiser.synthesise(sentence, VOICE) for sentence in sentences]
    finally:
        await synthesiser.close()
