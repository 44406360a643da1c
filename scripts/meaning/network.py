"""Trains the small networks of ari_app/language/acts.py in NumPy: one hidden layer beside a straight one, AdamW, dropout."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from samples import Sample

from ari_app.call.model import Party
from ari_app.escalation.meaning import ASSISTANT_ACTS, CALLER_ACTS
from ari_app.language.acts import ActReader, Layers, inputs
from ari_app.language.embedding import Embedder, Floats

HIDDEN, NETWORKS, EPOCHS, BATCH, RATE, DECAY = 64, 3, 12, 64, 2e-3, 0.02
DROP_INPUT, DROP_HIDDEN, DROP_STRAIGHT = 0.2, 0.5, 0.1
SPREAD = {"minilm": (0.1, 0.85), "words": (0.2, 0.95)}
"""The cosines at which two sentences are unlike, and of one meaning: a rule's example counts from 0.72 of the way."""


def train_reader(samples: Sequence[Sample], embedder: Embedder, name: str) -> tuple[ActReader, dict[str, Floats]]:
    """A reader and its arrays, as they are written to acts-NAME.npz."""
    layers = {}
    for party, acts in ((Party.CALLER, CALLER_ACTS), (Party.ASSISTANT, ASSISTANT_ACTS)):
        own = [sample for sample in samples if sample.turn.party is party]
        x = np.vstack([inputs([each.turn.text], each.turn, each.before, embedder) for each in own])
        y = np.array([[act in each.acts for act in acts] for each in own], np.float32)
        nets = [_train(x, y, np.random.default_rng(seed)) for seed in range(NETWORKS)]
        layers[party] = Layers(*(np.stack(part).astype(np.float16) for part in zip(*nets, strict=True)))
    arrays = {f"{party.value}-{field}": part for party, set_ in layers.items() for field, part in set_._asdict().items()}
    arrays["spread"] = np.array(SPREAD[name], np.float32)
    full = {party: Layers(*(part.astype(np.float32) for part in set_)) for party, set_ in layers.items()}
    return ActReader(embedder, full[Party.CALLER], full[Party.ASSISTANT], SPREAD[name]), arrays


def _train(x: Floats, y: Floats, random: Generator) -> list[Floats]:
    """bias, straight, hidden, offset, out."""
    inside, acts = x.shape[1], y.shape[1]

    def spread(rows: int, columns: int) -> Floats:
        return random.uniform(-1, 1, (rows, columns)).astype(np.float32) / np.float32(np.sqrt(rows))

    weights = [np.full(acts, -2.0, np.float32), spread(inside, acts), spread(inside, HIDDEN)]
    weights += [np.zeros(HIDDEN, np.float32), spread(HIDDEN, acts)]
    means, squares = ([np.zeros_like(each) for each in weights] for _ in range(2))
    steps = EPOCHS * -(-len(x) // BATCH)
    step = 0
    for _ in range(EPOCHS):
        order = random.permutation(len(x))
        for start in range(0, len(x), BATCH):
            rows = order[start : start + BATCH]
            slopes = _slopes(weights, x[rows], y[rows], random)
            rate = RATE * max(0.01, 1.0 - step / steps)
            step += 1
            for place, slope in enumerate(slopes):
                means[place] += 0.1 * (slope - means[place])
                squares[place] += 0.001 * (slope * slope - squares[place])
                moved = (means[place] / (1 - 0.9**step)) / (np.sqrt(squares[place] / (1 - 0.999**step)) + 1e-8)
                weights[place] -= (rate * (moved + DECAY * weights[place])).astype(np.float32)
    return weights


def _slopes(weights: list[Floats], x: Floats, y: Floats, random: Generator) -> list[Floats]:
    """The gradients of the summed cross-entropy, a sample on average."""
    bias, straight, hidden, offset, out = weights
    plain, seen = _dropped(x, DROP_STRAIGHT, random), _dropped(x, DROP_INPUT, random)
    before = seen @ hidden + offset
    curve = np.tanh(0.7978845608 * (before + 0.044715 * before**3))
    kept = _dropped(np.ones_like(before), DROP_HIDDEN, random)
    inner = 0.5 * before * (1 + curve) * kept
    error = (1 / (1 + np.exp(-(bias + plain @ straight + inner @ out))) - y) / np.float32(len(x))
    steep = 0.5 * (1 + curve) + 0.5 * before * (1 - curve**2) * 0.7978845608 * (1 + 3 * 0.044715 * before**2)
    back = (error @ out.T) * kept * steep
    return [error.sum(0), plain.T @ error, seen.T @ back, back.sum(0), inner.T @ error]


def _dropped(x: Floats, share: float, random: Generator) -> Floats:
    kept = random.random(x.shape, np.float32) >= share
    masked: Floats = x * kept / np.float32(1 - share)
    return masked
