"""How the application's own account of a call looks in the live display: who says what, the score and why, the handover."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rich.text import Text

EVENT_COLUMN: Final = 21
"""Width of time and name before an event's text."""
_INDENT: Final = " " * 22
_QUIET: Final = "dim"


def application_line(at: float, fields: Mapping[str, Any], kind: str) -> Text | None:
    """One or more lines for a feed item; None for items that the phones show better."""
    render = _LINES.get(kind)
    body = render(fields) if render else None
    if body is None:
        return None
    line = Text(f"{at:6.1f} s  ", style=_QUIET)
    line.append_text(body)
    return line


def _said(fields: Mapping[str, Any]) -> Text | None:
    if fields.get("party") == "caller":
        confidence = fields.get("confidence")
        sure = f"  ({confidence:.0%} sure)" if isinstance(confidence, float) else ""
        return Text(f"{'':<10} heard: {fields['text'] or '(no words)'}{sure}", style=_QUIET)
    line = Text(f"{'assistant':<10} ", style="bold blue")
    line.append(f"“{fields['text']}”", style="blue")
    return line


def _so_far(fields: Mapping[str, Any]) -> Text:
    return Text(f"{'':<10} heard so far: {fields['text']} … that is enough ({fields['points']:.1f} points)", style=_QUIET)


def _scored(fields: Mapping[str, Any]) -> Text | None:
    signals: Sequence[Mapping[str, Any]] = fields.get("new_signals", ())
    if not signals:
        return None
    points, threshold = float(fields["points"]), float(fields["threshold"])
    line = Text(f"{'score':<10} ", style="bold")
    line.append(f"{_gauge(points, threshold)} {points:4.1f} of {threshold:g}", style="bold yellow" if points >= threshold else "")
    for signal in signals:
        sign = "−" if signal["strength"] < 0 else "+"
        name = str(signal["name"]).replace("_", " ")
        line.append(f"\n{_INDENT}{sign} {name} {abs(signal['strength']):.2f}  {signal['evidence']}", style=_QUIET)
    return line


def _decided(fields: Mapping[str, Any]) -> Text:
    decision = fields["decision"]
    rules = " · ".join(str(rule).replace("_", " ") for rule in decision["rules"])
    line = Text(f"{'decision':<10} ", style="bold")
    line.append(f"a human is needed → queue {decision['queue']}", style="bold magenta")
    line.append(f"   because of: {rules}", style="magenta")
    return line


def _whisper(fields: Mapping[str, Any]) -> Text:
    line = Text(f"{'whisper':<10} ", style="bold magenta")
    line.append(f"“{fields['text']}”", style="italic magenta")
    line.append("  (only the agent hears it)", style=_QUIET)
    return line


def _refused(fields: Mapping[str, Any]) -> Text:
    how = "declined" if fields.get("declined") else "did not answer"
    return Text(f"{'queue':<10} {fields['interface']} {how}; the queue rings the next one", style="yellow")


def _state(fields: Mapping[str, Any]) -> Text | None:
    text = {
        "connected": "caller and agent share the bridge; the assistant is gone",
        "closing": "the agent has left; the assistant asks whether anything is left",
        "ended": "the call is over; every leg is released and the record is written",
    }.get(str(fields["state"]))
    return Text(f"{'call':<10} {text}", style="bold") if text else None


def _ended(fields: Mapping[str, Any]) -> Text:
    return Text(
        f"{'record':<10} handover {fields['handover_id']}: {fields['outcome']}, whisper {fields['whispering']}", style=_QUIET
    )


def _gauge(points: float, threshold: float, width: int = 12) -> str:
    filled = min(width, max(0, round(width * points / threshold))) if threshold else width
    return "█" * filled + "░" * (width - filled)


_LINES: Final[Mapping[str, Callable[[Mapping[str, Any]], Text | None]]] = {
    "said": _said,
    "heard so far": _so_far,
    "scored": _scored,
    "decided": _decided,
    "whisper started": _whisper,
    "agent refused": _refused,
    "state": _state,
    "handover ended": _ended,
}
