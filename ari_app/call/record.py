"""Calls and handovers as records: JSON-able dictionaries, the same in the store, the API and the command line."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ari_app.call.call import Call, Handover, ShadowDecision
from ari_app.call.model import Contribution, Score, Turn


def call_record(call: Call) -> dict[str, Any]:
    """All that is known of a call; may be taken at any moment of its life.

    `rules_fingerprint`: of the rules file that scored it last; each handover's decision names the one it was decided by.
    `unsaid`: replies that were scored and then not said. `shadow`: what rules in shadow mode would have done.
    """
    unsaid = {turn.index for turn in call.unsaid}
    points = {scored.turn: scored.points for scored in call.scored}
    said = {number: given for number, given in points.items() if number not in unsaid}
    return {
        "call_id": call.call_id,
        "state": str(call.state),
        "started": stamp(call.started_at),
        "started_at": call.started_at,
        "seconds": call.ended_at,
        "caller": {"number": call.caller_number, "name": call.caller_name, "dialled": call.dialled},
        "channel_id": call.caller_channel_id,
        "end_reason": call.end_reason,
        "facts": [asdict(fact) for fact in call.facts],
        "suggestion": call.suggestion,
        "score": score_record(call.score) if call.score else None,
        "rules_fingerprint": call.score.fingerprint if call.score else "",
        "turns": [turn_record(turn) | {"points": said.get(turn.index)} for turn in call.transcript.turns],
        "unsaid": [turn_record(turn) | {"points": points.get(turn.index)} for turn in call.unsaid],
        "shadow": [shadow_record(call, shadow) for shadow in call.shadow_decisions],
        "handovers": [handover_record(call, handover) for handover in (*call.past_handovers, *_running(call))],
    }


def handover_record(call: Call, handover: Handover) -> dict[str, Any]:
    """One handover with its reasons, its timings (seconds since the call began) and who was rung."""
    record = asdict(handover)
    record.update(
        handover_id=f"{call.call_id}-{handover.number}",
        call_id=call.call_id,
        started=stamp(call.started_at + handover.decided_at),
        started_at=call.started_at + handover.decided_at,
        caller={"number": call.caller_number, "name": call.caller_name},
        outcome=str(handover.outcome) if handover.outcome else None,
        whispering=str(handover.whispering),
        facts=[asdict(fact) for fact in call.facts],
        reasons=[contribution_record(part) for part in (call.score.contributions if call.score else ())],
    )
    return record


def shadow_record(call: Call, shadow: ShadowDecision) -> dict[str, Any]:
    """What would have happened, when, and by which rules."""
    return {
        "call_id": call.call_id,
        "started": stamp(call.started_at + shadow.at),
        "turn": shadow.turn,
        "at": round(shadow.at, 3),
        "points": shadow.points,
        "decision": asdict(shadow.decision),
    }


def score_record(score: Score) -> dict[str, Any]:
    return {
        "turn": score.turn,
        "points": score.points,
        "threshold": score.threshold,
        "contributions": [contribution_record(part) for part in score.contributions],
        "new_signals": [asdict(signal) for signal in score.new_signals],
        "decision": asdict(score.decision) if score.decision else None,
        "fingerprint": score.fingerprint,
    }


def contribution_record(part: Contribution) -> dict[str, Any]:
    return {"rule": part.rule, "points": part.points, "signals": [asdict(signal) for signal in part.signals]}


def turn_record(turn: Turn) -> dict[str, Any]:
    """All that the scorer looked at, in the form of written calls; single words' times are left out."""
    report: Mapping[str, Any] | None = None
    if turn.report is not None:
        report = {"kind": str(turn.report.kind), "article": turn.report.article, "match": turn.report.match}
    record: dict[str, Any] = {
        "index": turn.index,
        "speaker": str(turn.party),
        "text": turn.text,
        "start": round(turn.start, 3),
        "end": round(turn.end, 3),
        "confidence": turn.confidence,
        "loudness_db": turn.prosody.loudness_db,
        "pitch_hz": turn.prosody.pitch_hz,
        "centroid_hz": turn.prosody.centroid_hz,
        "polarity": turn.polarity,
        "report": report,
    }
    return record


def stamp(epoch: float) -> str:
    """ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="seconds")


def _running(call: Call) -> tuple[Handover, ...]:
    return (call.handover,) if call.handover else ()
