"""What a rehearsal found, as one value that is written as JSON and judged against the script's expectations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from ari_app.rehearsal.measure import Measured
from ari_app.rehearsal.rtp import Pacing
from ari_app.rehearsal.script import Expectations
from ari_app.rehearsal.timeline import Joined, PhoneEvent


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation: what was expected and what was found, in words; `passed` is `None` when it could not be told."""

    name: str
    expected: str
    found: str
    passed: bool | None


@dataclass(frozen=True, slots=True)
class Words:
    """What the caller said before an agent was there, and what the application recognised of it."""

    said: str
    recognised: str
    error_rate: float


@dataclass(frozen=True, slots=True)
class Report:
    """Times: `measured` holds monotonic moments (subtract `origin`) and milliseconds; timeline events count from `origin`.

    `agent` is the script's name of the agent who talked to the caller. `leftovers` is for whoever asks Asterisk afterwards.
    """

    script: str
    origin: float
    seconds: float
    failure: str | None
    remedy: str
    agent: str | None
    shown_number: str
    shown_name: str
    card: str
    queue: str | None
    measured: Measured
    words: Words | None
    pacing: Mapping[str, Pacing]
    folder: Path
    recordings: Mapping[str, Path]
    timeline: Sequence[PhoneEvent]
    checks: Sequence[Check] = ()
    leftovers: Mapping[str, int] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """No step failed and no expectation was missed; one that could not be told counts as missed."""
        return self.failure is None and all(check.passed for check in self.checks) and not any(self.leftovers.values())

    def to_json(self) -> bytes:
        """Indented JSON; events carry their kind in `event`, moments of `measured` stay monotonic."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        fields["passed"] = self.passed
        fields["timeline"] = [event_to_builtins(event) for event in self.timeline]
        return msgspec.json.format(msgspec.json.encode(fields, enc_hook=_plain), indent=2)


def event_to_builtins(event: PhoneEvent) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(event, enc_hook=_plain)
    return {"event": type(event).__name__, **fields}


def judge(expected: Expectations, report: Report) -> tuple[Check, ...]:
    """One check for every expectation that the script gives."""
    measured = report.measured
    happened = any(isinstance(event, Joined) for event in report.timeline) and measured.agent_hears_caller is not None
    in_agent, in_caller = measured.whisper_in_agent, measured.whisper_in_caller
    silence = measured.silence_heard.ms if measured.silence_heard else None
    checks = [
        _same("handover", expected.handover, happened),
        _same("queue", expected.queue, report.queue),
        _same("agent", expected.agent, report.agent),
        _same("number on the desk phone", expected.number, report.shown_number or None),
        _contains("card", expected.card, report.card or None),
        _same("whisper heard by the agent", expected.whisper_heard_by_agent, in_agent and in_agent.found),
        _same("whisper heard by the caller", expected.whisper_heard_by_caller, in_caller and in_caller.found),
        _at_most("trigger → phone rings", expected.ring_within, measured.ring_ms, "ms"),
        _at_most("pick-up → whisper", expected.whisper_within, measured.whisper_start_ms, "ms"),
        _at_most("whisper end → two-way audio", expected.two_way_within, measured.two_way_ms, "ms"),
        _at_most("longest silence on the caller's line", expected.longest_silence, silence, "ms"),
        _at_most("word error rate", expected.word_error_rate, report.words.error_rate if report.words else None, ""),
    ]
    return tuple(check for check in checks if check is not None)


def _same(name: str, expected: object, found: object) -> Check | None:
    if expected is None:
        return None
    return Check(name, _word(expected), _word(found), None if found is None else found == expected)


def _contains(name: str, expected: str | None, found: str | None) -> Check | None:
    if expected is None:
        return None
    return Check(name, f"contains “{expected}”", found or "nothing", expected.lower() in (found or "").lower())


def _at_most(name: str, limit: float | None, found: float | None, unit: str) -> Check | None:
    if limit is None:
        return None
    shown = "not measured" if found is None else f"{found:.2f}" if unit == "" else f"{found:.0f} {unit}"
    return Check(name, f"at most {limit:g} {unit}".strip(), shown, None if found is None else found <= limit)


def _word(value: object) -> str:
    if value is None:
        return "not known"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"cannot write {type(value).__name__} as JSON")
