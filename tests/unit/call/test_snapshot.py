"""A call survives the trip to the store and back."""

import json
from dataclasses import replace

import pytest

from ari_app.call import events as on
from ari_app.call.model import AnswerKind, AnswerReport, Contribution, Fact, Party, Prosody, Score, Signal, Turn, Word
from ari_app.call.snapshot import from_dict, to_dict
from tests.unit.call.conversations import DECISION, Driven, said


def test_a_call_in_the_middle_of_a_handover_comes_back_as_it_was():
    driven = Driven().briefing()
    driven.then(said("is it still on its way", 24.0))
    turn = Turn(9, Party.ASSISTANT, "Yes.", 1.0, 2.0, 0.5, (Word("yes", 1.0, 2.0, 0.5),), Prosody(-20.0, 120.0, None), 0.1)
    turn = replace(turn, report=AnswerReport(AnswerKind.ANSWERED, "Bags", 0.7))
    part = Contribution("Upset", 5.0, (Signal("urgency", 1, 0.5, "in twelve hours"),))
    call = replace(
        driven.call,
        transcript=driven.call.transcript.with_turn(turn),
        score=Score(9, 12.0, 10.0, (part,), part.signals, DECISION),
        facts=(Fact("booking", "ABC123", "alpha bravo charlie", True),),
    )
    assert from_dict(json.loads(json.dumps(to_dict(call)))) == call


def test_a_call_with_ended_handovers_comes_back_as_it_was():
    driven = Driven().connected()
    driven.then(on.QueueLegEnded("call-1.leg01-01", 60.0))
    assert from_dict(json.loads(json.dumps(to_dict(driven.call)))) == driven.call


@pytest.mark.parametrize("broken", [{}, {"call_id": "x"}, {"state": "no such state"}])
def test_something_else_is_refused(broken):
    with pytest.raises(ValueError, match="no snapshot of a call"):
        from_dict(broken)
