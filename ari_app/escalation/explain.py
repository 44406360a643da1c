"""Shows turn by turn what counted and why, as plain text."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from ari_app.call.model import Contribution, Decision, Score, Signal, Turn
from ari_app.escalation.firing import times_seen
from ari_app.escalation.rules import RuleBook, title

_WORDS = 52
_WORTH_A_WORD = 0.3  # points; fainter ones count, and are not shown


def explain(scores: Sequence[Score], turns: Sequence[Turn], rules: RuleBook | None = None, unsaid: Collection[int] = ()) -> str:
    """A table of the turns with score, points given and evidence; under a decision the rules, threshold and queue.

    With the rules it also says how far a signal that counts from the n-th time on has come: "dead end 1 of 2". `unsaid`: the
    numbers of replies that were scored and then not said.
    """
    lines = [heading()]
    by_index = {turn.index: turn for turn in turns}
    before: Score | None = None
    seen: list[Signal] = []
    for score in scores:
        turn = by_index[score.turn]
        seen.extend(score.new_signals)
        note = "(not said) " if turn.index in unsaid else ""
        lines.append(row(replace(turn, text=f"{note}{turn.text}"), score, what_counted(score, before, rules, seen)))
        if score.decision:
            lines.append(" " * (_WORDS + 28) + verdict(score.decision, score.threshold))
        before = score
    return "\n".join(lines)


def heading() -> str:
    """The table's first line."""
    return f"{'turn':>4}  {'who':<9}  {'words':<{_WORDS}}  {'score':>5}  what counted"


def row(turn: Turn, score: Score, counted: Sequence[str]) -> str:
    """The table's line for one turn."""
    told = " · ".join(counted)
    return f"{turn.index:>4}  {turn.party.value:<9}  {_cut(turn.text):<{_WORDS}}  {score.points:>5.1f}  {told}".rstrip()


def what_counted(
    score: Score, before: Score | None = None, rules: RuleBook | None = None, seen: Sequence[Signal] = ()
) -> list[str]:
    """E.g. ['urgency +4.0 "ceremony in twelve hours"', 'dead end 1 of 2 (sends the caller elsewhere)'].

    `before`: the score of the turn before. `seen`: all signals so far.
    """
    fired = [line for each in score.contributions if (line := _fired(each, score.turn, before))]
    counted = {signal for each in score.contributions for signal in each.signals}
    noticed = [each for each in score.new_signals if each not in counted and each.turn == score.turn]
    return fired + [
        f"{title(each.name)}{_so_far(each.name, rules, seen)} {_evidence([each])}" for each in noticed if each.strength >= 0.2
    ]


def _so_far(name: str, rules: RuleBook | None, seen: Sequence[Signal]) -> str:
    needed = rules.own_weights()[name].times if rules and name in rules.own_weights() else 1
    return f" {min(times_seen(seen, name), needed)} of {needed}" if needed > 1 else " noticed"


def verdict(decision: Decision, threshold: float) -> str:
    """E.g. "→ Caller goes in circles · threshold 10 → queue support"."""
    shadow = " (shadow: logged only)" if decision.shadow else ""
    return f"→ {', '.join(decision.rules)} · threshold {threshold:g} → queue {decision.queue}{shadow}"


def _fired(each: Contribution, turn: int, before: Score | None) -> str:
    new = [signal for signal in each.signals if signal.turn == turn]
    if not new:
        return ""
    had = next((old.points for old in before.contributions if old.rule == each.rule), 0.0) if before else 0.0
    return f"{each.rule} {each.points - had:+.1f} {_evidence(new)}" if abs(each.points - had) >= _WORTH_A_WORD else ""


def _evidence(signals: Sequence[Signal]) -> str:
    return ", ".join(
        dict.fromkeys(signal.evidence if signal.evidence.startswith('"') else f"({signal.evidence})" for signal in signals)
    )


def _cut(text: str) -> str:
    return text if len(text) <= _WORDS else text[: _WORDS - 1].rstrip() + "…"
