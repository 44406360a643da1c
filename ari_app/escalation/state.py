"""What the scorer remembers of a call: small, frozen, and writable as JSON, so that a restart loses nothing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ari_app.call.model import AnswerKind, AnswerReport, Party, Prosody, Signal, Turn


@dataclass(frozen=True, slots=True)
class Firing:
    """Points that a rule gave in one turn and what is left of them."""

    rule: str
    turn: int
    points: float
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class ScoringState:
    """`at`: the latest turn's end. `quiet_until`: no points decide before that time (cool-down after a hand-back).

    `decided`: a decision was made and is being acted upon. `shadowed`: a decision in shadow mode was logged.
    """

    turns: tuple[Turn, ...] = ()
    signals: tuple[Signal, ...] = ()
    firings: tuple[Firing, ...] = ()
    at: float = 0.0
    quiet_until: float = 0.0
    decided: bool = False
    shadowed: bool = False

    def cooled_down(self, now: float) -> bool:
        """Whether the cool-down after a hand-back is over; `now` in seconds since the start of the call."""
        return now >= self.quiet_until

    def to_dict(self) -> dict[str, Any]:
        """JSON-able values."""
        return {
            "turns": [_turn_out(turn) for turn in self.turns],
            "signals": [asdict(signal) for signal in self.signals],
            "firings": [asdict(firing) for firing in self.firings],
            "at": self.at,
            "quiet_until": self.quiet_until,
            "decided": self.decided,
            "shadowed": self.shadowed,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ScoringState":
        """The state that `to_dict` wrote. KeyError, TypeError or ValueError where it did not."""
        return cls(
            turns=tuple(_turn_in(turn) for turn in data["turns"]),
            signals=tuple(Signal(**signal) for signal in data["signals"]),
            firings=tuple(
                Firing(each["rule"], each["turn"], each["points"], tuple(Signal(**signal) for signal in each["signals"]))
                for each in data["firings"]
            ),
            at=float(data["at"]),
            quiet_until=float(data["quiet_until"]),
            decided=bool(data["decided"]),
            shadowed=bool(data["shadowed"]),
        )


def _turn_out(turn: Turn) -> dict[str, Any]:
    return asdict(turn) | {"words": []}  # single words' times are of no use to the signals


def _turn_in(data: Mapping[str, Any]) -> Turn:
    report = data["report"]
    return Turn(
        index=data["index"],
        party=Party(data["party"]),
        text=data["text"],
        start=data["start"],
        end=data["end"],
        confidence=data["confidence"],
        prosody=Prosody(**data["prosody"]),
        polarity=data["polarity"],
        report=AnswerReport(AnswerKind(report["kind"]), report["article"], report["match"]) if report else None,
    )
