"""Reads calls and labels that were written down as JSON lines into the same turns that live calls are made of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
    call_id: str
    turns: tuple[Turn, ...]


def read_calls(text: str, name: str) -> list[WrittenCall]:
    """One call per line. `name` stands for the file in messages. BadSettings names every bad line (the first ten)."""
    return _read(text, name, _call, 'one call per line: {"call_id": "…", "turns": [{"speaker": "caller", "text": "…"}, …]}')


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
    call_id = _string(data, "call_id")
    turns = data.get("turns")
    if not isinstance(turns, list) or not turns:
        raise _Bad('"turns" is missing or empty: a list of turns is needed')
    read: list[Turn] = []
    at = 0.0
    for index, turn in enumerate(turns):
        try:
            read.append(_turn(turn, index, at))
        except _Bad as error:
            raise _Bad(f"turn {index}: {error}") from None
        at = read[-1].end
    return WrittenCall(call_id, tuple(read))


def _turn(data: Any, index: int, at: float) -> Turn:
    if not isinstance(data, dict):
        raise _Bad("a turn is a JSON object in braces")
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
        index=index,
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
