"""Tells what a turn does in the conversation (asks for a person, asks again, refers elsewhere, …) from sentence embeddings.

A small network reads the turn's vector, the vectors of the turns before it, and a few plain measures; `scripts/meaning/train`
makes it from the written calls under tests/data. Its verdicts are evidence among others: what they count is in the rules file.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import IO, Final, NamedTuple
from zipfile import BadZipFile

import numpy as np

from ari_app.call.model import Party, Turn
from ari_app.errors import AriAppError
from ari_app.escalation.meaning import ASSISTANT_ACTS, CALLER_ACTS, Meaning
from ari_app.language.clauses import clauses
from ari_app.language.embedding import Embedder, Floats

IN_A_CLAUSE: Final = 7
"""So many of CALLER_ACTS may be said in one clause of a longer turn; the rest are acts of the whole turn."""
_SHARE: Final = 0.5  # of the clause's verdict, where it is surer than the whole turn's
_SCALE: Final = np.float32(8.0)  # unit vectors have small components; networks learn best from values about 1
_PREVIOUS_OTHER, _PREVIOUS_OWN, _MEASURES = (np.float32(8.0 * share) for share in (0.6, 0.5, 0.5))
_LONG, _LATE, _CURT = 40, 12, 3
_REMEDY: Final = "install ari_app again, or make it with scripts/meaning/train"


class Layers(NamedTuple):
    """verdicts = bias + x · straight + gelu(x · hidden + offset) · out, averaged over several networks (the first axis, k)."""

    bias: Floats
    """(k, acts)"""
    straight: Floats
    """(k, inputs, acts)"""
    hidden: Floats
    """(k, inputs, h)"""
    offset: Floats
    """(k, h)"""
    out: Floats
    """(k, h, acts)"""


def gelu(x: Floats) -> Floats:
    """The tanh form of the Gaussian error linear unit."""
    return np.asarray(0.5 * x * (1.0 + np.tanh(0.7978845608 * (x + 0.044715 * x * x * x))), np.float32)


def inputs(texts: Sequence[str], turn: Turn, before: Sequence[Turn], embedder: Embedder) -> Floats:
    """(n, 3 d + 11): one row for each wording of the turn (the whole text, its clauses) amid the turns before it."""
    others = [each.text for each in before if each.party is not turn.party]
    own = [each.text for each in before if each.party is turn.party]
    if turn.party is Party.ASSISTANT and len(own) > 1:
        own = own[1:]  # the greeting is no answer
    vectors = embedder.embed([*texts, *others[-1:], *own])
    said, zero = vectors[: len(texts)], np.zeros(embedder.dimensions, np.float32)
    other = vectors[len(texts)] if others else zero
    earlier = vectors[len(texts) + bool(others) :]
    last = earlier[-1] if own else zero
    last_but_one = earlier[-2] if len(own) > 1 else zero
    alike = said @ earlier.T if own else np.zeros((len(texts), 1), np.float32)
    words = np.array([len(text.split()) for text in texts], np.float32)
    doubt = 1.0 - turn.confidence if turn.confidence is not None else 0.1
    shared = [min(len(before), _LATE) / _LATE, float(not own), float(last_but_one @ last), doubt]
    measures = np.column_stack(
        [
            *(alike.max(axis=1), alike[:, -1], said @ other, np.full(len(texts), last @ other), said @ last_but_one),
            *(np.minimum(words, _LONG) / _LONG, words <= _CURT, np.tile(np.array(shared, np.float32), (len(texts), 1))),
        ]
    )
    context = np.tile(np.concatenate([_PREVIOUS_OTHER * other, _PREVIOUS_OWN * last]), (len(texts), 1))
    return np.hstack([_SCALE * said, context, _MEASURES * measures]).astype(np.float32)


class ActReader:
    """Implements Understanding. One for all calls, callable from several threads at once."""

    def __init__(self, embedder: Embedder, caller: Layers, assistant: Layers, spread: tuple[float, float]) -> None:
        """`spread`: the cosines at which two sentences count as unlike (0) and as of one meaning (1)."""
        self._embedder = embedder
        self._layers = {Party.CALLER: caller, Party.ASSISTANT: assistant}
        self._spread = spread

    @classmethod
    def load(cls, embedder: Embedder, name: str) -> "ActReader":
        """The trained reader for an embedder, by its name ("minilm", "words"). AriAppError when it is missing or broken."""
        file = files("ari_app.language").joinpath("models", f"acts-{name}.npz")
        try:
            with file.open("rb") as stream:
                return cls.from_file(embedder, stream)
        except FileNotFoundError as error:
            raise AriAppError(f"the reader of meanings is missing: {file}", _REMEDY) from error
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise AriAppError(f"the reader of meanings {file} cannot be read: {error}", _REMEDY) from error

    @classmethod
    def from_file(cls, embedder: Embedder, stream: IO[bytes]) -> "ActReader":
        """As `scripts/meaning/train` wrote it."""
        with np.load(stream) as arrays:
            caller, assistant = (
                Layers(*(arrays[f"{party}-{name}"].astype(np.float32) for name in Layers._fields))
                for party in ("caller", "assistant")
            )
            unlike, same = arrays["spread"].tolist()
            return cls(embedder, caller, assistant, (unlike, same))

    def read(self, turn: Turn, before: Sequence[Turn]) -> Meaning:
        """What the turn does; nothing for an agent's turn, or one without words."""
        if turn.party is Party.AGENT or not turn.text.strip():
            return Meaning()
        parts = clauses(turn.text) if turn.party is Party.CALLER else []
        texts = [turn.text, *parts]
        logits = verdicts(inputs(texts, turn, before, self._embedder), self._layers[turn.party])
        acts = CALLER_ACTS if turn.party is Party.CALLER else ASSISTANT_ACTS
        whole = logits[0].copy()
        if parts:
            best = logits[1:, :IN_A_CLAUSE].max(axis=0)
            surer = best > whole[:IN_A_CLAUSE]
            whole[:IN_A_CLAUSE] += np.where(surer, _SHARE * (best - whole[:IN_A_CLAUSE]), 0.0)
        sure = 1.0 / (1.0 + np.exp(-whole.astype(np.float64)))
        clearest = logits[1:].argmax(axis=0) if parts else None
        told = {act: parts[clearest[place]] if clearest is not None else turn.text for place, act in enumerate(acts)}
        return Meaning({act: float(p) for act, p in zip(acts, sure, strict=True)}, told)

    def alike(self, one: str, other: str) -> float:
        first, second = self._embedder.embed([one, other])
        return self._likeness(float(first @ second))

    def best(self, text: str, examples: Sequence[str]) -> tuple[float, str]:
        if not examples or not text.strip():
            return 0.0, ""
        vectors = self._embedder.embed([text, *examples])
        cosines = vectors[1:] @ vectors[0]
        nearest = int(cosines.argmax())
        return self._likeness(float(cosines[nearest])), examples[nearest]

    def _likeness(self, cosine: float) -> float:
        unlike, same = self._spread
        return min(1.0, max(0.0, (cosine - unlike) / (same - unlike)))


def verdicts(x: Floats, layers: Layers) -> Floats:
    """(n, inputs) → (n, acts) log-odds."""
    total = np.zeros((len(x), layers.bias.shape[1]), np.float32)
    for bias, straight, hidden, offset, out in zip(*layers, strict=True):
        total += bias + x @ straight + gelu(x @ hidden + offset) @ out
    return total / np.float32(len(layers.bias))
