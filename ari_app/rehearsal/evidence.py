"""From the phones' recordings and the timeline to the report, and onto the disk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from ari_app.rehearsal.agent_at_phone import AgentAtPhone
from ari_app.rehearsal.errors import StepFailed
from ari_app.rehearsal.measure import Evidence, Measured, Span, measure, word_error_rate
from ari_app.rehearsal.phone_call import PhoneCall
from ari_app.rehearsal.recording import Track, save_stereo
from ari_app.rehearsal.report import Report, Words, event_to_builtins, judge
from ari_app.rehearsal.script import Script
from ari_app.rehearsal.stage import Stage
from ari_app.rehearsal.timeline import ApplicationReported, CardArrived, Joined, PickedUp, Rang, Spoke

_RECOGNITION_LAG: Final = 2.0


def collect(
    script: Script,
    stage: Stage,
    call: PhoneCall | None,
    agents: Sequence[AgentAtPhone],
    *,
    failure: StepFailed | None,
    folder: Path,
    whisper_reference: Track | None,
) -> Report:
    """Measures, judges, and writes the recordings."""
    folder.mkdir(parents=True, exist_ok=True)
    end = time.monotonic()
    talked = _who_talked(stage, agents)
    evidence = _evidence(stage, call, talked, end, whisper_reference)
    rings = stage.of(Rang, talked.name if talked else None)
    cards = stage.of(CardArrived, talked.name if talked else None)
    report = Report(
        script=script.name,
        origin=stage.origin,
        seconds=end - stage.origin,
        failure=failure.message if failure else None,
        remedy=failure.remedy if failure else "",
        agent=talked.name if talked else None,
        shown_number=rings[-1].number if rings else "",
        shown_name=rings[-1].name if rings else "",
        card=cards[-1].text if cards else "",
        queue=_queue(stage),
        measured=measure(evidence) if evidence else Measured(threshold_dbfs=0.0),
        words=_words(stage),
        pacing={name: one.rtp.pacing() for name, one in _last_calls(call, agents).items()},
        folder=folder,
        recordings=_save_recordings(folder, stage, _last_calls(call, agents), end),
        timeline=tuple(sorted(stage.events, key=lambda event: event.at)),
    )
    return replace(report, checks=judge(script.expect, report))


def save(report: Report) -> None:
    """Writes `report.json` and `timeline.json` beside the recordings."""
    (report.folder / "report.json").write_bytes(report.to_json())
    events = [event_to_builtins(event) for event in report.timeline]
    (report.folder / "timeline.json").write_bytes(msgspec.json.format(msgspec.json.encode(events), indent=2))


def recognised_by(events: Sequence[ApplicationReported], until: float) -> list[str]:
    """The caller's words as the application understood them, in order, up to `until` seconds."""
    return [
        str(event.fields["text"])
        for event in events
        if event.fields.get("party") == "caller"
        and isinstance(event.fields.get("text"), str)
        and event.fields.get("final", True)
        and event.at <= until
    ]


def _who_talked(stage: Stage, agents: Sequence[AgentAtPhone]) -> AgentAtPhone | None:
    """The agent who joined the caller, else the one who picked up last."""
    named = [event.phone for event in (*stage.of(PickedUp), *stage.of(Joined))]
    return next((agent for agent in agents if named and agent.name == named[-1]), None)


def _evidence(
    stage: Stage, call: PhoneCall | None, talked: AgentAtPhone | None, end: float, reference: Track | None
) -> Evidence | None:
    if call is None:
        return None
    origin = stage.origin
    answered = [one for one in talked.phone.calls if one.answered_at is not None] if talked else []
    theirs = answered[-1] if answered else None
    first_ring = next((event.at for event in stage.of(Rang)), None)
    deciding = _deciding(stage, first_ring)
    words = stage.of(Spoke, talked.name) if talked else []
    return Evidence(
        caller_sent=call.rtp.sent(origin, end),
        caller_heard=call.rtp.heard(origin, end),
        agent_sent=theirs.rtp.sent(origin, end) if theirs else None,
        agent_heard=theirs.rtp.heard(origin, end) if theirs else None,
        deciding=Span(origin + deciding.start, origin + deciding.at) if deciding else None,
        agent_rang_at=_ring_after(stage, deciding),
        picked_up_at=theirs.answered_at if theirs else None,
        agent_ended_at=theirs.ended_at if theirs else None,
        first_words=Span(origin + words[0].start, origin + words[0].at) if words else None,
        whisper_reference=reference,
    )


def _deciding(stage: Stage, first_ring: float | None) -> Spoke | None:
    """The utterance marked in the script, else the last that began before any agent's phone rang."""
    spoken = stage.of(Spoke, "caller")
    marked = [event for event in spoken if event.deciding]
    before = [event for event in spoken if first_ring is not None and event.start < first_ring]
    return marked[-1] if marked else before[-1] if before else None


def _ring_after(stage: Stage, deciding: Spoke | None) -> float | None:
    """The first ringing after the deciding words began: recognition of partial words may decide before their end."""
    rings = [event.at for event in stage.of(Rang) if deciding is None or event.at >= deciding.start]
    return stage.origin + rings[0] if rings else None


def _words(stage: Stage) -> Words | None:
    """`None` when the application was not listened to or understood nothing."""
    joined = next((event.at for event in stage.of(Joined)), float("inf"))
    recognised = recognised_by(stage.of(ApplicationReported), joined + _RECOGNITION_LAG)
    if not recognised:
        return None
    said = " ".join(event.text for event in stage.of(Spoke, "caller") if event.at < joined)
    return Words(said, " ".join(recognised), word_error_rate(said, " ".join(recognised)))


def _queue(stage: Stage) -> str | None:
    named = [event.fields["queue"] for event in stage.of(ApplicationReported) if event.fields.get("queue")]
    return str(named[-1]) if named else None


def _last_calls(call: PhoneCall | None, agents: Sequence[AgentAtPhone]) -> dict[str, PhoneCall]:
    found = {"caller": call} if call else {}
    for agent in agents:
        answered = [one for one in agent.phone.calls if one.answered_at is not None]
        if answered:
            found[agent.name] = answered[-1]
    return found


def _save_recordings(folder: Path, stage: Stage, calls: dict[str, PhoneCall], end: float) -> dict[str, Path]:
    paths: dict[str, Path] = {}
    for name, call in calls.items():
        path = folder / f"{''.join(letter if letter.isalnum() else '-' for letter in name)}.wav"
        save_stereo(path, call.rtp.sent(stage.origin, end), call.rtp.heard(stage.origin, end))
        paths[name] = path
    return paths
