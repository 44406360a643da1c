"""Shows turn by turn what counted and why, as plain text."""

from collections.abc import Sequence

from ari_app.call.model import Contribution, Decision, Score, Signal, Turn
from ari_app.escalation.rules import title

_WORDS = 52


def explain(scores: Sequence[Score], turns: Sequence[Turn]) -> str:
    """A table of the turns with score, points given and evidence; under a decision the rules, threshold and queue."""
    lines = [f"{'turn':>4}  {'who':<9}  {'words':<{_WORDS}}  {'score':>5}  what counted"]
    by_index = {turn.index: turn for turn in turns}
    before: Score | None = None
    for score in scores:
        turn = by_index[score.turn]
        counted = " · ".join(what_counted(score, before))
        lines.append(f"{turn.index:>4}  {turn.party.value:<9}  {_cut(turn.text):<{_WORDS}}  {score.points:>5.1f}  {counted}".rstrip())
        if score.decision:
            lines.append(" " * (_WORDS + 28) + verdict(score.decision, score.threshold))
        before = score
    return "\n".join(lines)


def what_counted(score: Score, before: Score | None = None) -> list[str]:
    """E.g. ['urgency +4.0 "ceremony in twelve hours"', 'dead end noticed: sends the caller elsewhere']."""
    fired = [line for each in score.contributions if (line := _fired(each, score.turn, before))]
    counted = {signal for each in score.contributions for signal in each.signals}
    noticed = [f"{title(s.name)} noticed: {s.evidence}" for s in score.new_signals if s not in counted and abs(s.strength) >= 0.2]
    return fired + noticed


def verdict(decision: Decision, threshold: float) -> str:
    """E.g. "→ Caller goes in circles · threshold 10 → queue support"."""
    shadow = " (shadow: logged only)" if decision.shadow else ""
    return f"→ {', '.join(decision.rules)} · threshold {threshold:g} → queue {decision.queue}{shadow}"


def _fired(each: Contribution, turn: int, before: Score | None) -> str:
    new = [signal for signal in each.signals if signal.turn == turn]
    if not new:
        return ""
    had = next((old.points for old in before.contributions if old.rule == each.rule), 0.0) if before else 0.0
    return f"{each.rule} {each.points - had:+.1f} {_evidence(new)}"


def _evidence(signals: Sequence[Signal]) -> str:
    return ", ".join(dict.fromkeys(signal.evidence if signal.evidence.startswith('"') else f"({signal.evidence})" for signal in signals))


def _cut(text: str) -> str:
    return text if len(text) <= _WORDS else text[: _WORDS - 1].rstrip() + "…"
