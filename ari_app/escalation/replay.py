"""Tells a scorer of a call that is over, turn by turn as it was heard, and keeps what it would have decided."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from ari_app.call.model import Score, Signal
from ari_app.escalation.scorer import Scorer
from ari_app.escalation.written_calls import WrittenCall


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one call was decided: the turn after whose end it would be handed over (None: not at all)."""

    call: WrittenCall
    scores: tuple[Score, ...]
    turn: int | None

    @property
    def last(self) -> Score:
        """The score at the decision, or the highest one where there was none."""
        if self.turn is not None:
            return next(score for score in self.scores if score.turn == self.turn)
        return max(self.scores, key=lambda score: score.points, default=Score(0, 0.0, 0.0))

    @property
    def shadow(self) -> Score | None:
        """The first score that would have decided but for the shadow mode."""
        return next((score for score in self.scores if score.decision and score.decision.shadow), None)

    def signals(self) -> list[Signal]:
        until = self.turn if self.turn is not None else max((turn.index for turn in self.call.turns), default=0)
        return [signal for score in self.scores if score.turn <= until for signal in score.new_signals]

    def to_dict(self) -> dict[str, Any]:
        decision = self.last.decision
        return {
            "call_id": self.call.call_id,
            "escalate": self.turn is not None,
            "turn": self.turn,
            "score": self.last.points,
            "rules": list(decision.rules) if decision else [],
            "signals": [asdict(signal) for signal in self.signals()],
        }


def decide(call: WrittenCall, scorer: Scorer) -> Verdict:
    """Until the scorer decides, or the call ends."""
    scores: list[Score] = []
    for score in _scores(call, scorer):
        scores.append(score)
        if score.decision and not score.decision.shadow:
            return Verdict(call, tuple(scores), score.turn)
    return Verdict(call, tuple(scores), None)


def follow(call: WrittenCall, scorer: Scorer) -> tuple[Score, ...]:
    """To the end of the call, through its handovers."""
    return tuple(_scores(call, scorer))


def _scores(call: WrittenCall, scorer: Scorer) -> Iterator[Score]:
    state, returns = scorer.start(), sorted(call.returns)
    for turn in call.turns:
        while returns and returns[0] <= turn.end:
            state = scorer.handed_back(state, returns.pop(0))
        now = call.began + timedelta(seconds=turn.end) if call.began else None
        state, score = scorer.consider(state, turn, now)
        yield score
