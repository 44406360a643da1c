"""How a rehearsal looks in a terminal: one line per event while it happens, and the measured facts at its end."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ari_app.rehearsal.correlation import Found
from ari_app.rehearsal.measure import Measured, Silence
from ari_app.rehearsal.report import Check, Report
from ari_app.rehearsal.timeline import (
    CallAnswered,
    CardArrived,
    Declined,
    Dialled,
    DisplayChanged,
    HungUp,
    Joined,
    KeyHeard,
    PhoneEvent,
    PickedUp,
    Pressed,
    Rang,
    Registered,
    RingingStopped,
    SpeakingBegan,
    StepDidFail,
    WhisperHeard,
)

_CALLER, _AGENT, _QUIET = "cyan", "green", "dim"


def event_line(event: PhoneEvent) -> Text | None:
    """One line for the live display: time, who, what. `None` for events that only the report needs."""
    what = _what(event)
    if what is None:
        return None
    line = Text(f"{event.at:6.1f} s  ", style=_QUIET)
    line.append(f"{event.phone:<10} ", style=f"bold {_CALLER if event.phone == 'caller' else _AGENT}")
    line.append_text(what)
    return line


def render(report: Report) -> RenderableType:
    """The whole report."""
    parts: list[RenderableType] = [Rule(f"[bold]{report.script}[/]", align="left"), _facts(report)]
    if report.card:
        parts.append(Panel(report.card, title="the card on the agent's phone", title_align="left", border_style=_AGENT, width=60))
    if report.checks:
        parts.append(_expectations(report))
    if report.failure:
        parts.append(Text(f"✗ {report.failure}", style="bold red"))
        parts.append(Text(f"  {report.remedy}", style="red"))
    parts.append(Text(f"Recordings (left: sent, right: heard), timeline and report: {report.folder}", style=_QUIET))
    parts.append(Text("passed", style="bold green") if report.passed else Text("not passed", style="bold red"))
    return Group(*parts)


def _what(event: PhoneEvent) -> Text | None:
    match event:
        case Registered():
            return Text(f"at the desk, phone {event.username} registered", style=_QUIET)
        case Dialled():
            return Text(f"dials {event.extension} as {event.name} {event.number}".replace("  ", " "))
        case CallAnswered():
            return Text("is answered")
        case SpeakingBegan():
            return Text(f"“{event.text}”", style=_CALLER if event.phone == "caller" else _AGENT)
        case Rang():
            return Text(f"☎ rings: {event.name or '(no name)'} · {event.number or '(no number)'}", style="bold yellow")
        case DisplayChanged():
            return Text(f"display changes: {event.name} · {event.number}", style=_QUIET)
        case CardArrived():
            return Text("card: " + event.text.replace("\n", "\n" + " " * 26), style="yellow")
        case PickedUp():
            return Text("picks up", style="bold")
        case Declined():
            return Text("declines", style="bold red")
        case RingingStopped():
            return Text("stops ringing")
        case WhisperHeard():
            return Text(f"heard the whisper, {event.end - event.start:.1f} s", style="magenta")
        case Joined():
            return Text("hears the caller's line: joined", style="bold magenta")
        case Pressed():
            return Text(f"presses {event.keys}")
        case KeyHeard():
            return Text(f"hears key {event.key}", style=_QUIET)
        case HungUp():
            return Text("hangs up" if event.by == "us" else "the other side hung up")
        case StepDidFail():
            return Text(f"✗ step {event.number}, {event.text}: {event.reason}", style="bold red")
        case _:
            return None


def _facts(report: Report) -> Table:
    measured = report.measured
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style=_QUIET)
    table.add_column(justify="right")
    table.add_column(style=_QUIET)
    shown = " · ".join(part for part in (report.shown_name, report.shown_number) if part)
    rows: list[tuple[str, str, str]] = [
        ("trigger → phone rings", _ms(measured.ring_ms), f"it showed {shown}" if shown else ""),
        ("pick-up → whisper starts", _ms(measured.whisper_start_ms), _whisper_length(measured)),
        ("whisper end → two-way audio", _ms(measured.two_way_ms), _directions(measured)),
        ("longest silence on the caller's line", _silence(measured.silence_heard), _or_own(measured)),
        ("whisper in the agent's recording", *_found(measured.whisper_in_agent)),
        ("whisper in the caller's recording", *_found(measured.whisper_in_caller)),
    ]
    if report.words is not None:
        rows.append(("caller's words recognised", f"{report.words.error_rate * 100:.1f} %", "word error rate"))
    pace = max((one.worst_ms for one in report.pacing.values()), default=0.0)
    rows.append(("the phones' own pacing", _ms(pace), "worst packet, against the 20 ms grid"))
    if report.leftovers:
        left = ", ".join(f"{count} {name}" for name, count in report.leftovers.items())
        rows.append(("left in Asterisk", str(sum(report.leftovers.values())), left))
    for row in rows:
        table.add_row(*row)
    return table


def _expectations(report: Report) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for check in report.checks:
        table.add_row(_mark(check), check.name, f"expected {check.expected}", f"found {check.found}")
    return table


def _mark(check: Check) -> Text:
    if check.passed is None:
        return Text("?", style="bold yellow")
    return Text("✓", style="bold green") if check.passed else Text("✗", style="bold red")


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f} ms"


def _silence(silence: Silence | None) -> str:
    return _ms(silence.ms if silence else None)


def _or_own(measured: Measured) -> str:
    own = _silence(measured.silence_heard_or_own)
    return f"{own} when the caller's own words count; silence: below {measured.threshold_dbfs:g} dBFS"


def _whisper_length(measured: Measured) -> str:
    return f"{measured.whisper.seconds:.1f} s long" if measured.whisper else ""


def _directions(measured: Measured) -> str:
    agent, caller = measured.agent_hears_caller_ms, measured.caller_hears_agent_ms
    return "" if agent is None and caller is None else f"agent hears caller {_ms(agent)}, caller hears agent {_ms(caller)}"


def _found(found: Found | None) -> tuple[str, str]:
    if found is None:
        return "–", "not measured"
    return ("yes" if found.found else "no"), f"correlation {found.whole:.2f}, best second {found.second:.2f}"
