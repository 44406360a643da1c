"""Fits what each evidence counts: a linear sum whose first crossing of the threshold shall fall into the supervisor's window.

The likelihood is that of a discrete-time hazard: a call to be handed over must not cross before its window and must cross within
it, a call that should stay must never. Evidence may only speak for a handover, contentment only against it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats64 = NDArray[np.float64]
Observed = tuple[Floats64, tuple[int, int] | None]
"""(turns, evidence) of a call, and its window."""


def fit(calls: Sequence[Observed], signs: Sequence[int], ridge: float = 0.3, steps: int = 4000) -> tuple[Floats64, float]:
    """Weights of the evidence and the offset (negative); plain projected gradient descent with momentum (Adam)."""
    matrix = np.vstack([rows if window is None else rows[: window[1] + 1] for rows, window in calls])
    width = matrix.shape[1]
    values = np.concatenate([np.zeros(width), [-3.0]])
    mean, square = np.zeros(width + 1), np.zeros(width + 1)
    least = np.array([0.0 if sign > 0 else -np.inf for sign in signs] + [-np.inf])
    most = np.array([np.inf if sign > 0 else 0.0 for sign in signs] + [np.inf])
    for step in range(1, steps + 1):
        slope = _slope(values, matrix, calls, ridge)
        mean += 0.1 * (slope - mean)
        square += 0.001 * (slope * slope - square)
        rate = 0.05 * (1 - step / steps) + 1e-4
        moved = rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-9)
        values = np.clip(values - moved, least, most)
    return values[:-1], float(values[-1])


def _slope(values: Floats64, matrix: Floats64, calls: Sequence[Observed], ridge: float) -> Floats64:
    logits = matrix @ values[:-1] + values[-1]
    stays = -np.logaddexp(0.0, logits)  # the logarithm of the chance that this turn does not hand over
    hazard = 1 / (1 + np.exp(-logits))
    pull = np.zeros_like(logits)
    at = 0
    for rows, window in calls:
        if window is None:
            pull[at : at + len(rows)] = hazard[at : at + len(rows)]
            at += len(rows)
            continue
        first, last = window
        pull[at : at + first] = hazard[at : at + first]
        inside = slice(at + first, at + last + 1)
        stayed = min(float(stays[inside].sum()), -1e-9)
        pull[inside] = -np.exp(stayed) / -np.expm1(stayed) * hazard[inside]
        at += last + 1
    return np.concatenate([matrix.T @ pull + ridge * values[:-1], [pull.sum()]])
