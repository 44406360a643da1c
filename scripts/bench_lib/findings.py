"""What a measurement found, as values that are printed as tables and written as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Spread:
    """Repeated measurements of one thing; at least one value."""

    values: tuple[float, ...]

    def quantile(self, share: float) -> float:
        """Between the values interpolated linearly; `share` 0–1."""
        return float(np.quantile(self.values, share))

    @property
    def median(self) -> float:
        return self.quantile(0.5)

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)

    def to_dict(self) -> dict[str, Any]:
        figures = {"n": len(self.values), "p50": self.median, "p95": self.quantile(0.95), "min": self.low, "max": self.high}
        return {name: _short(value) for name, value in figures.items()} | {"values": [_short(value) for value in self.values]}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ours against the bare library on the same input, repetition by repetition; `ratio` is ours / bare of each repetition.

    `unit`: of both rates, more is better. `facts`: what was done with them, checked in the same run.
    """

    name: str
    unit: str
    ours: Spread
    bare: Spread
    bare_name: str
    facts: Mapping[str, float | int | str] = field(default_factory=dict)

    @property
    def ratio(self) -> Spread:
        pairs = zip(self.ours.values, self.bare.values, strict=True)
        return Spread(tuple(ours / bare for ours, bare in pairs))

    def to_dict(self) -> dict[str, Any]:
        spreads = {"ours": self.ours.to_dict(), "bare": self.bare.to_dict(), "ratio": self.ratio.to_dict()}
        return {"name": self.name, "unit": self.unit, "bare_name": self.bare_name, **spreads, "facts": dict(self.facts)}


@dataclass(frozen=True, slots=True)
class Distribution:
    """One figure of many calls; `missing` counts the calls in which it could not be measured, `target` is the promised limit."""

    name: str
    unit: str
    found: Spread | None
    missing: int = 0
    target: float | None = None

    def to_dict(self) -> dict[str, Any]:
        found = self.found.to_dict() if self.found else None
        return {"name": self.name, "unit": self.unit, "found": found, "missing": self.missing, "target": self.target}


@dataclass(frozen=True, slots=True)
class Count:
    """In how many of the calls something was so; `wanted` is how many it should have been."""

    name: str
    found: int
    of: int
    wanted: int

    @property
    def good(self) -> bool:
        return self.found == self.wanted

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "good": self.good}


@dataclass(frozen=True, slots=True)
class Figure:
    """A single measured value."""

    name: str
    unit: str
    value: float
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "value": _short(self.value)}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share or an area (0–1) estimated from `of` calls or turns, under one of several settings, with its 95 % interval."""

    name: str
    setting: str
    value: float
    interval: tuple[float, float] | None
    of: int

    def to_dict(self) -> dict[str, Any]:
        interval = [_short(bound) for bound in self.interval] if self.interval else None
        return {**asdict(self), "value": _short(self.value), "interval": interval}


Finding = Comparison | Distribution | Count | Figure | Estimate


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the bench: its findings, the conditions they hold under, and what went wrong meanwhile."""

    name: str
    conditions: str
    findings: Sequence[Finding]
    problems: Sequence[str] = ()

    def to_dict(self) -> dict[str, Any]:
        kinds = {
            "comparisons": Comparison,
            "distributions": Distribution,
            "counts": Count,
            "figures": Figure,
            "estimates": Estimate,
        }
        listed = {name: [each.to_dict() for each in self.findings if isinstance(each, kind)] for name, kind in kinds.items()}
        filled = {name: each for name, each in listed.items() if each}
        return {"conditions": self.conditions, **filled, "problems": list(self.problems)}


def _short(value: float) -> float:
    """Six significant digits: more are noise."""
    return value if isinstance(value, int) else float(f"{value:.6g}")
