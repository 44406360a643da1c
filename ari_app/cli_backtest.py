"""Prints what a changed rules file would have done otherwise: call by call with turn, rules and points, and in all."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ari_app.call.model import Decision
from ari_app.call.recorded import handovers_of
from ari_app.cli_settings import local, rules_for, settings_if_any
from ari_app.cli_stored import records
from ari_app.cli_text import count, tell, tell_json
from ari_app.cli_written import outcomes_of, read_labelled, read_written
from ari_app.errors import BadSettings
from ari_app.escalation.backtest import Label, Measures, measure
from ari_app.escalation.comparison import Change, Compared, compare, totals
from ari_app.escalation.replay import Verdict, decide
from ari_app.escalation.scorer import Scorer
from ari_app.escalation.written_calls import WrittenCall, written_call
from ari_app.language.rules_file import RulesFile
from ari_app.language.sentiment import with_polarity
from ari_app.rules_in_force import scorer_for
from ari_app.settings import Settings

_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_WORDS = 70


@dataclass(frozen=True, slots=True)
class Backtest:
    """What was asked for. `calls` None: the recorded ones."""

    calls: Path | None
    rules: Path | None
    against: Path | None
    labels: Path | None
    since: str
    config: Path | None
    as_json: bool


def backtest(asked: Backtest) -> None:
    """Without `rules`, or without `against`, the rules in force stand for the one that is missing."""
    if asked.rules is None and asked.against is None:
        raise BadSettings("Both would be the rules in force.", "Name the changed file: --rules NEW.yaml")
    settings = settings_if_any(asked.config)
    old, new = rules_for(settings, asked.against), rules_for(settings, asked.rules)
    if asked.calls is not None:
        calls, left_out = read_written(asked.calls), 0
    else:
        calls, left_out = _stored(settings, asked.since)
    labels = read_labelled(asked.labels, calls)
    calls = [replace(call, began=local(call.began, settings)) for call in calls]
    before, after = scorer_for(old.book), scorer_for(new.book)
    compared = [compare(_decided(call, before), _decided(call, after)) for call in calls]
    if asked.as_json:
        _tell_json(compared, labels, old, new, left_out)
    else:
        _tell(compared, labels, old, new, left_out)


def _decided(call: WrittenCall, scorer: Scorer) -> Verdict:
    return decide(with_polarity(call, scorer.rules.language), scorer)


# ------------------------------------------------------------------------------------------------ recorded calls


def _stored(settings: Settings | None, since: str) -> tuple[list[WrittenCall], int]:
    """The recorded calls that are over, each until it was handed over; and how many calls are left out."""
    if settings is None:
        raise BadSettings("There is no settings file here that says where calls are recorded.", "Name it: -c FILE")
    found = asyncio.run(_read(settings, since_when(since, time.time(), settings)))
    calls = [call for record in found if record.get("state") == "ended" and (call := _until_handed_over(record)).turns]
    if not calls:
        when = f" since {since}" if since else ""
        raise BadSettings(f"There is no recorded call{when} in which something was said.", "Calls count when they have ended.")
    return calls, len(found) - len(calls)


async def _read(settings: Settings, since: float) -> list[dict[str, Any]]:
    async with records(settings) as reader:
        return [record async for record in reader.calls_since(since)]


def _until_handed_over(record: dict[str, Any]) -> WrittenCall:
    """What was said once a human was on the way tells nothing about when one should have been fetched."""
    try:
        call = written_call(record)
        first = next(iter(handovers_of(record, call.turns)), None)
    except (KeyError, TypeError, ValueError) as error:
        raise BadSettings(f"The record of call {record.get('call_id')} cannot be read: {error}") from None
    if first is None:
        return call
    last = first.turn if first.turn is not None else -1
    return replace(call, turns=tuple(turn for turn in call.turns if turn.index <= last), returns=(), cut=True)


def since_when(given: str, now: float, settings: Settings) -> float:
    """Seconds since the epoch: "7d", "12h", "2w", or a date. BadSettings for anything else."""
    if not given:
        return 0.0
    if match := re.fullmatch(r"(\d+)\s*([mhdw])", given.strip().lower()):
        return now - int(match.group(1)) * _SECONDS[match.group(2)]
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise BadSettings(f"--since {given} is no time.", "Write 12h, 7d, 2w, or a date like 2030-01-31.") from None
    if moment.tzinfo is None and (zone := settings.zone()):
        moment = moment.replace(tzinfo=zone)
    return moment.timestamp()


# ------------------------------------------------------------------------------------------------ for people


def _tell(compared: Sequence[Compared], labels: dict[str, Label], old: RulesFile, new: RulesFile, left_out: int) -> None:
    tell(f"old  {_named(old)}\nnew  {_named(new)}\n")
    width = max(len(each.call_id) for each in compared)
    for each in compared:
        for number, line in enumerate(_lines(each, labels)):
            tell(f"{'' if number else each.call_id:<{width}}  {line}")
    if any(_lines(each, labels) for each in compared):
        tell()
    for line in _in_all(compared, left_out):
        tell(line)
    if labels:
        tell("\n" + _side_by_side(_measured(compared, labels)))


def _named(rules: RulesFile) -> str:
    return f"{rules.name}, {rules.fingerprint}: {count(len(rules.book.rules), 'rule')}, threshold {rules.book.threshold:g}"


def _lines(each: Compared, labels: dict[str, Label]) -> list[str]:
    """Nothing for a call that goes as before."""
    lines = [f"{_what(each)}{_judged(each, labels)}"] if each.change is not Change.SAME else []
    if each.turn is not None:
        turn = next(turn for turn in each.after.call.turns if turn.index == each.turn)
        words = turn.text if len(turn.text) <= _WORDS else turn.text[: _WORDS - 1].rstrip() + "…"
        lines += [f'  turn {turn.index}, {turn.party.value}: "{words}"', f"  {_difference(each)}"]
    shadow, known = each.after.shadow, each.before.shadow
    if shadow and shadow.decision and not known:
        names = ", ".join(shadow.decision.rules)
        lines.append(f"in shadow (noted only): after turn {shadow.turn} by {names} → queue {shadow.decision.queue}")
    return lines


def _what(each: Compared) -> str:
    old, new = each.before.last.decision, each.after.last.decision
    match each.change:
        case Change.NEWLY:
            return f"newly handed over, after turn {each.after.turn} → queue {_by(new)}"
        case Change.NOT_BY_THEN:
            return f"not handed over by turn {each.before.turn}, and a human was fetched then; the rest is not known"
        case Change.NO_LONGER:
            return f"no longer handed over (was after turn {each.before.turn} → queue {_by(old)})"
        case Change.OTHER_QUEUE:
            return f"after turn {each.after.turn} → queue {_by(new)}; was queue {_by(old)}"
    was = f"; was queue {_by(old)}" if old and new and old.queue != new.queue else ""
    return f"{each.change.value}: after turn {each.after.turn} instead of {each.before.turn} → queue {_by(new)}{was}"


def _by(decision: Decision | None) -> str:
    return f"{decision.queue} by {', '.join(decision.rules)}" if decision else "?"


def _judged(each: Compared, labels: dict[str, Label]) -> str:
    if each.call_id not in labels:
        return ""
    old, new = (outcomes_of([verdict], labels)[each.call_id].value for verdict in (each.before, each.after))
    return f"  [{new}, was {old}]" if old != new else f"  [{new}, as before]"


def _difference(each: Compared) -> str:
    """The rules and points that made the difference at the turn where both part."""
    parts = [f"“{name}” hands over at once" for name in each.ordered_after]
    parts += [f"“{name}” handed over at once" for name in each.ordered_before]
    after = next(score for score in each.after.scores if score.turn == each.turn)
    parts += ["in shadow now"] if after.decision and after.decision.shadow else []
    parts += [f"{one.rule} {one.before:.1f} → {one.after:.1f}" for one in each.differences]
    points = (next(score.points for score in each.before.scores if score.turn == each.turn), after.points)
    if each.change is not Change.OTHER_QUEUE and (each.thresholds[0] != each.thresholds[1] or points[0] != points[1]):
        parts.append(f"{points[0]:.1f} of {each.thresholds[0]:g} → {points[1]:.1f} of {each.thresholds[1]:g} points")
    return " · ".join(parts) or "the points are the same; the queue is named otherwise"


def _in_all(compared: Sequence[Compared], left_out: int) -> list[str]:
    changes = ", ".join(f"{number} {change.value}" for change, number in totals(compared).items() if number)
    lines = [f"{count(len(compared), 'call')}: {changes}."]
    lines.append(f"Handed over: {_handed(compared, 'before')} by the old rules, {_handed(compared, 'after')} by the new.")
    shadows = [
        sum(verdict.shadow is not None for verdict in pair) for pair in zip(*((c.before, c.after) for c in compared), strict=True)
    ]
    if any(shadows):
        lines.append(f"In shadow (noted only): {shadows[0]} by the old rules, {shadows[1]} by the new.")
    if left_out:
        lines.append(f"Left out: {count(left_out, 'call')} still running, or without a scored word.")
    return lines


def _handed(compared: Sequence[Compared], which: str) -> int:
    verdicts: list[Verdict] = [getattr(each, which) for each in compared]
    return sum(verdict.turn is not None for verdict in verdicts)


def _measured(compared: Sequence[Compared], labels: dict[str, Label]) -> tuple[Measures, Measures]:
    before = outcomes_of([each.before for each in compared], labels)
    after = outcomes_of([each.after for each in compared], labels)
    return measure(list(before.values())), measure(list(after.values()))


def _side_by_side(measured: tuple[Measures, Measures]) -> str:
    values = [one.to_dict() for one in measured]
    rows = [f"{'':<16}{'old':>8}{'new':>8}"]
    for name in values[0]:
        rate = name in ("precision", "recall", "f1", "false_alarm_rate")
        cells = "".join(f"{value[name]:>8.2f}" if rate else f"{value[name]:>8}" for value in values)
        rows.append(f"{name.replace('_', ' '):<16}{cells}")
    return "\n".join(rows)


# ------------------------------------------------------------------------------------------------ for programs


def _tell_json(compared: Sequence[Compared], labels: dict[str, Label], old: RulesFile, new: RulesFile, left_out: int) -> None:
    for each in compared:
        tell_json(each.to_dict())
    summary: dict[str, Any] = {
        "old": {"file": old.name, "fingerprint": old.fingerprint, "handed_over": _handed(compared, "before")},
        "new": {"file": new.name, "fingerprint": new.fingerprint, "handed_over": _handed(compared, "after")},
        "calls": len(compared),
        "left_out": left_out,
        "changes": {change.value: number for change, number in totals(compared).items()},
    }
    if labels:
        before, after = _measured(compared, labels)
        summary["old"]["measures"], summary["new"]["measures"] = before.to_dict(), after.to_dict()
    tell_json({"summary": summary})
