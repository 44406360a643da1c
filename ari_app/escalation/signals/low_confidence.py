"""The caller is hardly recognised over several turns: noise, a bad line, a language barrier. One bad turn is none."""

from ari_app.call.model import Signal
from ari_app.escalation.context import Context

_POOR = 0.6
_VERY_POOR = 0.5


def find(context: Context) -> list[Signal]:
    now = context.now.confidence
    if not context.by_caller or now is None or now > _POOR:
        return []
    run = [now]
    for turn in reversed(context.caller_before):
        if turn.confidence is None or turn.confidence > _POOR + 0.04:
            break
        run.append(turn.confidence)
    if len(run) < 2:
        return []
    mean = sum(run) / len(run)
    strength = 0.6 + 0.2 * (len(run) - 2) + (0.3 if mean <= _VERY_POOR else 0.0)
    return [Signal("low_confidence", context.now.index, min(1.0, round(strength, 2)), f"{len(run)} turns running at {mean:.2f}")]
