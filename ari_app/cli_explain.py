"""`ari-app rules explain`: a call turn by turn, scored anew by the rules as they are now, held against what was decided then."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ari_app.call.model import Score
from ari_app.call.recorded import RecordedDecision, handovers_of, shadows_of
from ari_app.cli_settings import Config, local, rules_for, settings_if_any
from ari_app.cli_stored import find_call, records
from ari_app.cli_text import tell, tell_json
from ari_app.cli_written import text_of
from ari_app.errors import BadSettings
from ari_app.escalation.explain import explain, what_counted
from ari_app.escalation.replay import follow
from ari_app.escalation.written_calls import WrittenCall, read_calls, written_call
from ari_app.language.rules_file import RulesFile
from ari_app.language.sentiment import with_polarity
from ari_app.rules_in_force import scorer_for
from ari_app.settings import Settings


@dataclass(frozen=True, slots=True)
class Explained:
    """A call under the rules that were asked for; `then`: what was decided when it was live, as far as it is recorded."""

    call: WrittenCall
    rules: RulesFile
    scores: tuple[Score, ...]
    then: tuple[RecordedDecision, ...]
    recorded: bool

    @property
    def now(self) -> tuple[Score, ...]:
        """The scores that decide."""
        return tuple(score for score in self.scores if score.decision)


def explain_call(
    call: Annotated[
        str, typer.Argument(metavar="CALL", help="A recorded call's id or its beginning, `last`, FILE.jsonl or FILE.jsonl#ID.")
    ],
    rules: Annotated[Path | None, typer.Option(metavar="FILE", help="Other rules than those in force.")] = None,
    call_id: Annotated[str, typer.Option("--call", metavar="ID", help="Which call of FILE.jsonl.")] = "",
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Show turn by turn what counted in a call and why, by the rules as they are now, and where the decision of then differs."""
    settings = settings_if_any(config)
    found, record = _found(call, call_id, settings)
    book = rules_for(settings, rules)
    scored = with_polarity(replace(found, began=local(found.began, settings)), book.book.language)
    explained = Explained(scored, book, follow(scored, scorer_for(book.book)), _decided(record, scored), bool(record))
    if as_json:
        tell_json(_values(explained))
    else:
        _tell(explained, record, settings)


# ------------------------------------------------------------------------------------------------ which call


def _found(given: str, call_id: str, settings: Settings | None) -> tuple[WrittenCall, Mapping[str, Any]]:
    """The call, and its record where it is one."""
    path, _, inside = given.rpartition("#") if "#" in given else (given, "", "")
    if Path(path).is_file() or path.endswith(".jsonl"):
        return _in_file(Path(path), call_id or inside)
    if settings is None:
        raise BadSettings("There is no settings file here that says where calls are recorded.", "Name it: -c FILE")
    record = asyncio.run(_stored(settings, given))
    try:
        return written_call(record), record
    except (ValueError, KeyError, TypeError) as error:
        raise BadSettings(f"The record of call {given} cannot be read: {error}") from None


async def _stored(settings: Settings, given: str) -> dict[str, Any]:
    async with records(settings) as reader:
        return await find_call(reader, given)


def _in_file(file: Path, call_id: str) -> tuple[WrittenCall, Mapping[str, Any]]:
    text = text_of(file)
    calls = read_calls(text, str(file))
    chosen = [call for call in calls if call.call_id.startswith(call_id)]
    exact = [call for call in chosen if call.call_id == call_id] or chosen
    if len(exact) != 1:
        names = ", ".join(call.call_id for call in (exact or calls)[:8]) + (" …" if len(exact or calls) > 8 else "")
        what = f"{file} has no call {call_id}" if not exact else f"{file} has {len(exact)} calls{f' {call_id}…' * bool(call_id)}"
        raise BadSettings(f"{what}. It has: {names}", f"Name one: {file}#ID, or --call ID")
    lines = (json.loads(line) for line in text.split("\n") if line.strip())
    record = next(line for line in lines if str(line.get("call_id")) == exact[0].call_id)
    return exact[0], record if "handovers" in record else {}


def _decided(record: Mapping[str, Any], call: WrittenCall) -> tuple[RecordedDecision, ...]:
    try:
        both = (*handovers_of(record, call.turns), *shadows_of(record))
    except (KeyError, TypeError, ValueError) as error:
        raise BadSettings(f"The record of call {call.call_id} cannot be read: {error}") from None
    return tuple(sorted(both, key=lambda one: one.at))


# ------------------------------------------------------------------------------------------------ for people


def _tell(explained: Explained, record: Mapping[str, Any], settings: Settings | None) -> None:
    call, rules = explained.call, explained.rules
    caller = record.get("caller") or {}
    parts = [call.call_id, f"{call.began:%Y-%m-%d %H:%M:%S %Z}".strip() if call.began else ""]
    parts += [f"{caller.get('name', '')} {caller.get('number', '')}".strip(), str(record.get("state", ""))]
    tell("  ".join(part for part in parts if part))
    tell(f"scored by {rules.name}, {rules.fingerprint}\n")
    if not explained.scores:
        tell("Nothing was said in this call that could be scored.")
    else:
        tell(explain(explained.scores, call.turns, rules.book, call.unsaid))
    if explained.recorded:
        tell(f"\n{_then(explained)}\n{_now(explained)}\n{held_against(explained)}")


def _then(explained: Explained) -> str:
    lines = [
        f"{_after(one.turn)}, {_by(one)} → queue {one.queue}{' (shadow: noted only)' * one.shadow}"
        + (f", rules {one.fingerprint}" if one.fingerprint else "")
        for one in explained.then
    ]
    return "\n".join(f"{'then' if not number else '':<6}{line}" for number, line in enumerate(lines or ["not handed over"]))


def _by(one: RecordedDecision) -> str:
    names = ", ".join(one.rules)
    return f"{names}, {one.points:.1f} points" if one.by == "score" else f"{names} (not the score: {one.points:.1f} points)"


def _now(explained: Explained) -> str:
    lines = []
    for score in explained.now:
        assert score.decision is not None
        shadow = " (shadow: noted only)" if score.decision.shadow else ""
        names = ", ".join(score.decision.rules)
        lines.append(f"{_after(score.turn)}, {names}, {score.points:.1f} points → queue {score.decision.queue}{shadow}")
    return "\n".join(f"{'now' if not number else '':<6}{line}" for number, line in enumerate(lines or ["not handed over"]))


def _after(turn: int | None) -> str:
    return f"after turn {turn}" if turn is not None else "before any turn"


def held_against(explained: Explained) -> str:
    """In one sentence: whether the rules of now decide as it was decided then."""
    then = next((one for one in explained.then if not one.shadow), None)
    now = next((score for score in explained.now if score.decision and not score.decision.shadow), None)
    if then is None or now is None or now.decision is None:
        if then is None and now is None:
            return "The same: not handed over."
        return "These rules would have handed it over." if then is None else _never(then)
    if then.by != "score":
        sooner = now.turn < (then.turn if then.turn is not None else -1)
        return "These rules would have handed it over before." if sooner else "It was no rule that decided then."
    found = []
    if then.turn is not None and now.turn != then.turn:
        found.append(f"{abs(now.turn - then.turn)} turns {'earlier' if now.turn < then.turn else 'later'}")
    if now.decision.queue != then.queue:
        found.append(f"to {now.decision.queue} instead of {then.queue}")
    if not found:
        return "The same decision as then."
    same = " The rules file is the same: how signals are heard has changed since." * (
        then.fingerprint == explained.rules.fingerprint
    )
    return f"Other than then: {', '.join(found)}.{same}"


def _never(then: RecordedDecision) -> str:
    if then.by != "score":
        return "It was no rule that decided then, and these would not have decided either."
    return "Other than then: these rules would not have handed it over."


# ------------------------------------------------------------------------------------------------ for programs


def _values(explained: Explained) -> dict[str, Any]:
    turns, before = [], None
    by_index = {turn.index: turn for turn in explained.call.turns}
    for score in explained.scores:
        turn = by_index[score.turn]
        turns.append(
            {
                "turn": turn.index,
                "speaker": turn.party.value,
                "text": turn.text,
                "said": turn.index not in explained.call.unsaid,
                "points": score.points,
                "counted": what_counted(score, before, explained.rules.book),
                "decision": _decision(score),
            }
        )
        before = score
    return {
        "call_id": explained.call.call_id,
        "rules": {"file": explained.rules.name, "fingerprint": explained.rules.fingerprint},
        "threshold": explained.rules.book.threshold,
        "turns": turns,
        "now": [{"turn": score.turn, "points": score.points, **(_decision(score) or {})} for score in explained.now],
        "then": [_recorded(one) for one in explained.then] if explained.recorded else None,
        "differs": held_against(explained).startswith(("Other", "These")) if explained.recorded else None,
        "verdict": held_against(explained) if explained.recorded else None,
    }


def _decision(score: Score) -> dict[str, Any] | None:
    made = score.decision
    return {"rules": list(made.rules), "queue": made.queue, "reason": made.reason, "shadow": made.shadow} if made else None


def _recorded(one: RecordedDecision) -> dict[str, Any]:
    return {
        "turn": one.turn,
        "at": one.at,
        "by": one.by,
        "rules": list(one.rules),
        "queue": one.queue,
        "points": one.points,
        "fingerprint": one.fingerprint,
        "shadow": one.shadow,
    }
