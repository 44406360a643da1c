"""Turns what happens to a call into items for those who watch: the demo's display, the dashboard, other programs."""

from collections.abc import Iterator, Mapping
from typing import Any

from ari_app.call import events as on
from ari_app.call.call import Call, CallState
from ari_app.call.record import handover_record, score_record, shadow_record, turn_record


def items(before: Call, event: on.Event, after: Call) -> Iterator[Mapping[str, Any]]:
    """Zero or more feed items, each with `type`, `call_id` and `at` (seconds since the call began)."""
    common = {"call_id": after.call_id, "at": round(event.at, 3)}
    if isinstance(event, on.CallerPaused) and event.decision is not None:
        yield {**common, "type": "heard so far", "text": event.text, "points": event.points}
    if isinstance(event, on.CallerSaidEnough):
        yield {**common, "type": "heard so far", "text": event.text, "points": event.points, "speaking": True}
    yield from _decision(before, after, common)
    for turn in after.transcript.turns[len(before.transcript.turns) :]:
        yield {**common, "type": "said", "party": str(turn.party), **turn_record(turn)}
    match event:
        case on.TurnScored(score=score):
            yield {**common, "type": "scored", **score_record(score)}
        case on.AgentRang():
            yield {**common, "type": "agent rings", "interface": event.interface, "name": event.name}
        case on.AgentRefused():
            yield {**common, "type": "agent refused", "interface": event.interface, "declined": event.declined}
        case on.AgentPickedUp():
            yield {**common, "type": "agent picked up", "interface": event.interface}
        case on.WhisperStarted(seconds=seconds):
            text = after.handover.whisper_text if after.handover else ""
            yield {**common, "type": "whisper started", "seconds": round(seconds, 2), "text": text}
        case on.WhisperEnded(how=how):
            yield {**common, "type": "whisper ended", "how": str(how)}
        case on.ListeningFailed():
            yield {**common, "type": "listening failed"}
    for shadow in after.shadow_decisions[len(before.shadow_decisions) :]:
        yield {**shadow_record(after, shadow), **common, "type": "shadow decision"}
    yield from _changes(before, after, common)


def _decision(before: Call, after: Call, common: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if after.state is CallState.SEEKING and after.handover is not None and before.handover is None:
        record = handover_record(after, after.handover)
        yield {**common, "type": "decided", "queue": after.handover.decision.queue, **record}


def _changes(before: Call, after: Call, common: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if after.state is not before.state:
        number = {"number": after.caller_number, "name": after.caller_name}
        yield {**common, "type": "state", "state": str(after.state), "was": str(before.state), "caller": number}
    if len(after.past_handovers) > len(before.past_handovers):
        yield {**common, "type": "handover ended", **handover_record(after, after.past_handovers[-1])}
