"""Reads calls and labels that were written down as JSON lines into the same turns that live calls are made of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from json import JSONDecodeError, loads
from typing import Any, TypeVar

from ari_app.call.model import AnswerKind, AnswerReport, Party, Prosody, Turn
from ari_app.errors import BadSettings
from ari_app.escalation.backtest import Label

_SECONDS_PER_TURN = 6.0  # for calls that were written without times
Number = int | float
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """`began`: wall time, for rules with hours; None counts as within them. `returns`: seconds at which a handover had ended
    and the assistant went on. `unsaid`: the turns that were scored and then not said. `cut`: what followed was no longer
    between the caller and the assistant alone, and is left out.
    """

    call_id: str
    turns: tuple[Turn, ...]
    began: datetime | None = None
    returns: tuple[float, ...] = ()
    unsaid: frozenset[int] = frozenset()
    cut: bool = False


def read_calls(text: str, name: str) -> list[WrittenCall]:
    """One call per line. `name` stands for the file in messages. BadSettings names every bad line (the first ten)."""
    return _read(text, name, _call, 'one call per line: {"call_id": "…", "turns": [{"speaker": "caller", "text": "…"}, …]}')


def written_call(record: Mapping[str, Any]) -> WrittenCall:
    """A call's record as the call that its scorer was told of: a record is a written call that knows more. ValueError if not."""
    return _call(record)


def read_labels(text: str, name: str) -> dict[str, Label]:
    """One label per line, by call_id."""
    labels = _read(text, name, _label, 'one label per line: {"call_id": "…", "expect": "escalate", "turn_from": 3, "turn_to": 5}')
    return {label.call_id: label for label in labels}


class _Bad(ValueError):
    """What is wrong with a line."""


def _read(text: str, name: str, parse: Any, form: str) -> list[Any]:
    read: list[Any] = []
    wrong: list[str] = []
    seen: set[str] = set()
    for number, data in _lines(text):
        try:
            if isinstance(data, JSONDecodeError):
                raise _Bad(f"this is not JSON: {data.msg} at column {data.colno}")
            if not isinstance(data, dict):
                raise _Bad("a line is one JSON object in braces")
            each = parse(data)
            if each.call_id in seen:
                raise _Bad(f'"call_id" {each.call_id} was there before')
            seen.add(each.call_id)
            read.append(each)
        except _Bad as error:
            wrong.append(f"{name}, line {number}: {error}")
    if wrong:
        more = [f"… and {len(wrong) - 10} more"] if len(wrong) > 10 else []
        raise BadSettings("\n".join([*wrong[:10], *more]), form)
    if not read:
        raise BadSettings(f"{name} is empty", form)
    return read


def _lines(text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, loads(line)
            except JSONDecodeError as error:
                yield number, error
            except RecursionError:
                yield number, None


def _call(data: Mapping[str, Any]) -> WrittenCall:
    call_id, recorded = _string(data, "call_id"), _is_record(data)
    turns = data.get("turns")
    if not isinstance(turns, list) or not (turns or recorded):
        raise _Bad('"turns" is missing or empty: a list of turns is needed')
    read, unsaid = _turns(turns), _turns(data.get("unsaid") or [])
    if recorded:
        said = [turn for turn, told in zip(read, turns, strict=True) if told["points"] is not None]
        read = sorted((*said, *unsaid), key=lambda turn: turn.index)
    return WrittenCall(call_id, tuple(read), _began(data), _returns(data), frozenset(turn.index for turn in unsaid))


def _is_record(data: Mapping[str, Any]) -> bool:
    """Records of running calls tell by the points which turns were scored: company and announcements were not."""
    turns = data.get("turns")
    told = [isinstance(turn, dict) and "points" in turn for turn in turns] if isinstance(turns, list) else []
    return "handovers" in data and all(told)


def _turns(turns: Any) -> list[Turn]:
    read: list[Turn] = []
    at = 0.0
    for index, turn in enumerate(turns if isinstance(turns, list) else ()):
        try:
            read.append(_turn(turn, index, at))
        except _Bad as error:
            raise _Bad(f"turn {index}: {error}") from None
        at = read[-1].end
    return read


def _began(data: Mapping[str, Any]) -> datetime | None:
    given = data.get("started")
    if given is None:
        return None
    try:
        return datetime.fromisoformat(given)
    except (TypeError, ValueError):
        raise _Bad(f'"started" is {given!r}; write a date and time like "2030-01-31T09:30"') from None


def _returns(data: Mapping[str, Any]) -> tuple[float, ...]:
    handovers = data.get("handovers")
    ended = [one.get("ended_at") for one in handovers if isinstance(one, dict)] if isinstance(handovers, list) else []
    return tuple(float(at) for at in ended if isinstance(at, Number))


def _turn(data: Any, index: int, at: float) -> Turn:
    if not isinstance(data, dict):
        raise _Bad("a turn is a JSON object in braces")
    number = data.get("index")
    speaker = _string(data, "speaker")
    if speaker not in list(Party):
        raise _Bad(f'"speaker" is "{speaker}"; write caller, assistant or agent')
    if not isinstance(data.get("text"), str):
        raise _Bad('"text" is missing: the words of the turn')
    start = _number(data, "start")
    start = at if start is None else start
    end = _number(data, "end")
    prosody = Prosody(_number(data, "loudness_db"), _number(data, "pitch_hz"), _number(data, "centroid_hz"))
    return Turn(
        index=number if isinstance(number, int) and not isinstance(number, bool) else index,
        party=Party(speaker),
        text=data["text"],
        start=start,
        end=start + _SECONDS_PER_TURN if end is None else max(end, start),
        confidence=_number(data, "confidence", 0.0, 1.0),
        prosody=prosody,
        polarity=_number(data, "polarity", -1.0, 1.0),
        report=_report(data.get("report")),
    )


def _report(data: Any) -> AnswerReport | None:
    if data is None:
        return None
    if not isinstance(data, dict) or data.get("kind") not in list(AnswerKind):
        raise _Bad(f'"report" needs a "kind", one of: {", ".join(AnswerKind)}')
    article = data.get("article")
    return AnswerReport(AnswerKind(data["kind"]), article if isinstance(article, str) else None, _number(data, "match", 0.0, 1.0))


def _label(data: Mapping[str, Any]) -> Label:
    call_id = _string(data, "call_id")
    expect = _string(data, "expect")
    if expect not in ("escalate", "stay"):
        raise _Bad(f'"expect" is "{expect}"; write escalate or stay')
    cause, style = data.get("cause") or [], data.get("style")
    causes = (cause,) if isinstance(cause, str) else tuple(str(each) for each in cause) if isinstance(cause, list) else ()
    if expect == "stay":
        return Label(call_id, None, causes, style if isinstance(style, str) else "")
    first, last = data.get("turn_from"), data.get("turn_to")
    for field, value in (("turn_from", first), ("turn_to", last)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise _Bad(f'"{field}" is missing: the number of a turn is needed where a call should escalate')
    if not isinstance(first, int) or not isinstance(last, int) or first > last:
        raise _Bad('"turn_from" is after "turn_to"')
    return Label(call_id, (first, last), causes, style if isinstance(style, str) else "")


def _string(data: Mapping[str, Any], field: str) -> str:
    value = data.get(field)
    if isinstance(value, int) and field == "call_id" and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise _Bad(f'"{field}" is missing')
    return value


def _number(data: Mapping[str, Any], field: str, least: float = float("-inf"), most: float = float("inf")) -> float | None:
    value = data.get(field)
    if value is None:
        return None
    if not isinstance(value, Number) or isinstance(value, bool) or not least <= value <= most:
        raise _Bad(f'"{field}" is {value!r}; a number{f" from {least:g} to {most:g}" if least > float("-inf") else ""} is needed')
    return float(value)
