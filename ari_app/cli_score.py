"""`ari-app score`: runs written or recorded calls through the very same scorer as live ones, and measures or compares."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ari_app.cli_backtest import Backtest, backtest
from ari_app.cli_settings import Config
from ari_app.cli_text import shown
from ari_app.cli_written import SHEET, outcomes_of, read_labelled, read_written
from ari_app.errors import BadSettings
from ari_app.escalation import replay
from ari_app.escalation.backtest import Label, Measures, Outcome, by_cause, measure
from ari_app.escalation.explain import verdict, what_counted
from ari_app.escalation.replay import Verdict
from ari_app.escalation.rules import RuleBook
from ari_app.escalation.scorer import Scorer
from ari_app.escalation.written_calls import WrittenCall
from ari_app.language.rules_file import load_rules
from ari_app.language.sentiment import with_polarity
from ari_app.language.understanding import Choice
from ari_app.rules_in_force import scorer_for

_PIPED_WIDTH = 160


def decide(call: WrittenCall, scorer: Scorer) -> Verdict:
    """Feed the call turn by turn, as it would be heard, until the scorer decides or it ends."""
    return replay.decide(with_polarity(call, scorer.rules.language), scorer)


def score(
    calls: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CALLS.jsonl]", help="Written calls, one JSON object per line; or a call sheet (.txt), with its labels."
        ),
    ] = None,
    rules: Annotated[Path | None, typer.Option(metavar="FILE", help="A rules file; without it the shipped rules hold.")] = None,
    labels: Annotated[
        Path | None, typer.Option(metavar="LABELS.jsonl", help="What should have happened; prints how often it did.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: one line per call, with labels a last one with totals.")
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option(metavar="OLD.yaml", help="Say call by call what --rules would have done otherwise than this file."),
    ] = None,
    compare: Annotated[bool, typer.Option("--compare", help="The same against the rules in force.")] = False,
    stored: Annotated[bool, typer.Option("--stored", help="The recorded calls instead of written ones, compared.")] = False,
    since: Annotated[str, typer.Option(metavar="7d", help="With --stored: only calls of the last days, hours or weeks.")] = "",
    meaning: Annotated[
        Choice,
        typer.Option(metavar="built-in|minilm|off", help="What measures meaning.", envvar="ARI_APP_MEANING"),
    ] = "built-in",
    config: Config = None,
) -> None:
    """Run calls through the scorer: which ones would be handed to a person, at which turn, and why.

    With --against, --compare or --stored: what a changed rules file would have done differently, call by call.
    """
    _sensible(calls, stored, since)
    if calls is None or compare or against:
        backtest(Backtest(calls, rules, against, labels, since, config, as_json))
        return
    written = read_written(calls)
    expected = read_labelled(labels or (calls if calls.suffix == SHEET else None), written)
    book = load_rules(rules)
    scorer = scorer_for(book, meaning)
    verdicts = [decide(call, scorer) for call in written]
    if as_json:
        _print_json(verdicts, expected)
    else:
        _print_tables(verdicts, expected, book)


def _sensible(calls: Path | None, stored: bool, since: str) -> None:
    if calls is None and not stored:
        raise BadSettings("Which calls?", "Name CALLS.jsonl, or say --stored for the recorded ones.")
    if calls is not None and stored:
        raise BadSettings("Written calls or recorded ones?", "Name CALLS.jsonl, or say --stored.")
    if since and not stored:
        raise BadSettings("--since is for recorded calls.", "Add --stored, or leave it out.")


def _print_json(verdicts: Sequence[Verdict], labels: dict[str, Label]) -> None:
    for each in verdicts:
        typer.echo(json.dumps(each.to_dict(), ensure_ascii=False))
    if labels:
        outcomes = outcomes_of(verdicts, labels)
        causes = {cause: measures.to_dict() for cause, measures in by_cause(outcomes, labels).items()}
        typer.echo(
            json.dumps({"summary": {"calls": len(outcomes), **measure(list(outcomes.values())).to_dict(), "causes": causes}})
        )


def _print_tables(verdicts: Sequence[Verdict], labels: dict[str, Label], book: RuleBook) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    outcomes = outcomes_of(verdicts, labels) if labels else {}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("call", "handed over", "score", shown("because" if not labels else "outcome · because")):
        table.add_column(heading, overflow="fold")
    for each in verdicts:
        decision = each.last.decision
        because = f"{verdict(decision, book.threshold)}: {'; '.join(what_counted(each.last))}" if decision else ""
        found = f"{outcomes[each.call.call_id].value} · " if each.call.call_id in outcomes else ""
        when = f"after turn {each.turn}" if each.turn is not None else "no"
        table.add_row(each.call.call_id, when, f"{each.last.points:.1f}", shown(f"{found}{because}".rstrip(" ·")))
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
