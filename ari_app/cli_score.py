"""`ari-app score`: runs written calls through the very same scorer as live ones, and measures it against labels."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ari_app.call.model import Party, Score, Signal
from ari_app.errors import BadSettings
from ari_app.escalation.backtest import Label, Measures, Outcome, by_cause, measure, outcome
from ari_app.escalation.explain import verdict, what_counted
from ari_app.escalation.rules import RuleBook
from ari_app.escalation.scorer import Scorer
from ari_app.escalation.written_calls import WrittenCall, read_calls, read_labels
from ari_app.language.loading import load_lexicon
from ari_app.language.rules_file import load_rules
from ari_app.language.sentiment import polarity

_PIPED_WIDTH = 160


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
        return max(self.scores, key=lambda score: score.points)

    def signals(self) -> list[Signal]:
        until = self.turn if self.turn is not None else len(self.call.turns)
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
    """Feed the call turn by turn, as it would be heard, until the scorer decides or it ends."""
    state, scores = scorer.start(), list[Score]()
    for turn in call.turns:
        if turn.party is Party.CALLER and turn.polarity is None:
            turn = replace(turn, polarity=polarity(turn.text))
        state, score = scorer.consider(state, turn)
        scores.append(score)
        if score.decision and not score.decision.shadow:
            return Verdict(call, tuple(scores), turn.index)
    return Verdict(call, tuple(scores), None)


def score(
    calls: Annotated[Path, typer.Argument(metavar="CALLS.jsonl", help="Written calls, one JSON object per line.")],
    rules: Annotated[Path | None, typer.Option(metavar="FILE", help="A rules file; without it the shipped rules hold.")] = None,
    labels: Annotated[
        Path | None, typer.Option(metavar="LABELS.jsonl", help="What should have happened; prints how often it did.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: one line per call, with labels a last one with totals.")
    ] = False,
) -> None:
    """Run written calls through the scorer: which ones would be handed to a person, at which turn, and why."""
    written = read_calls(_text(calls), str(calls))
    expected = read_labels(_text(labels), str(labels)) if labels else {}
    _check_labelled(written, expected, labels)
    book = load_rules(rules)
    scorer = Scorer(book, load_lexicon(book.language))
    verdicts = [decide(call, scorer) for call in written]
    if as_json:
        _print_json(verdicts, expected)
    else:
        _print_tables(verdicts, expected, book)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{file} cannot be read: {error}", "check its path, permissions and encoding (UTF-8)") from error


def _check_labelled(calls: Sequence[WrittenCall], labels: dict[str, Label], file: Path | None) -> None:
    if file and not any(call.call_id in labels for call in calls):
        raise BadSettings(f"{file} has no label for any of the calls", 'calls and labels belong together by their "call_id"')


def _outcomes(verdicts: Sequence[Verdict], labels: dict[str, Label]) -> dict[str, Outcome]:
    return {
        verdict.call.call_id: outcome(verdict.turn, labels[verdict.call.call_id])
        for verdict in verdicts
        if verdict.call.call_id in labels
    }


def _print_json(verdicts: Sequence[Verdict], labels: dict[str, Label]) -> None:
    for each in verdicts:
        typer.echo(json.dumps(each.to_dict(), ensure_ascii=False))
    if labels:
        outcomes = _outcomes(verdicts, labels)
        causes = {cause: measures.to_dict() for cause, measures in by_cause(outcomes, labels).items()}
        typer.echo(
            json.dumps({"summary": {"calls": len(outcomes), **measure(list(outcomes.values())).to_dict(), "causes": causes}})
        )


def _print_tables(verdicts: Sequence[Verdict], labels: dict[str, Label], book: RuleBook) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    outcomes = _outcomes(verdicts, labels) if labels else {}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("call", "handed over", "score", "because" if not labels else "outcome · because"):
        table.add_column(heading, overflow="fold")
    for each in verdicts:
        decision = each.last.decision
        because = f"{verdict(decision, book.threshold)}: {'; '.join(what_counted(each.last))}" if decision else ""
        found = f"{outcomes[each.call.call_id].value} · " if each.call.call_id in outcomes else ""
        when = f"after turn {each.turn}" if each.turn is not None else "no"
        table.add_row(each.call.call_id, when, f"{each.last.points:.1f}", f"{found}{because}".rstrip(" ·"))
    console.print(table)
    if outcomes:
        console.print()
        console.print(_summary(outcomes, labels))


def _summary(outcomes: dict[str, Outcome], labels: dict[str, Label]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    headings = ("calls", "precision", "recall", "F1", "hit", "early", "late", "missed", "false alarms")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "calls" else "right")
    groups = {"all": measure(list(outcomes.values()))}
    for style in sorted({labels[call].style for call in outcomes if labels[call].style}):
        groups[f"style {style}"] = measure([found for call, found in outcomes.items() if labels[call].style == style])
    for name, measures in groups.items():
        table.add_row(
            name, *_figures(measures), f"{measures.false} of {measures.false + measures.stayed} ({measures.false_rate:.1%})"
        )
    for cause, measures in by_cause(outcomes, labels).items():
        precision_free = ["", f"{measures.recall:.2f}", "", *_figures(measures)[3:], ""]
        table.add_row(f"cause {cause}", *precision_free)
    return table


def _figures(measures: Measures) -> list[str]:
    rates = [f"{rate:.2f}" for rate in (measures.precision, measures.recall, measures.f1)]
    return rates + [str(count) for count in (measures.hit, measures.early, measures.late, measures.missed)]
