"""What is kept of a call is enough to score it anew, and to say what was decided and what shadow mode kept back."""

import json
from dataclasses import replace

import pytest

from ari_app.call import events as on
from ari_app.call.model import AnswerKind, AnswerReport, Contribution, Decision, Party, Prosody, Reply, Score, Signal, Turn
from ari_app.call.record import call_record, turn_record
from ari_app.call.recorded import handovers_of, shadows_of
from ari_app.escalation.written_calls import written_call
from tests.unit.call.conversations import DECISION, Driven, said

SHADOW = Decision(("Legal words",), "compliance", 0, "", "legal", shadow=True, fingerprint="aaaabbbbcccc")
REFERS = Reply("Please see our website.", AnswerReport(AnswerKind.REFERRED, "Bags", 0.7))


def scored(turn: int, points: float, decision: Decision | None = None, polarity: float | None = None) -> on.TurnScored:
    part = Contribution("Upset", points, (Signal("urgency", turn, 0.5, "now"),))
    return on.TurnScored(Score(turn, points, 10.0, (part,), decision=decision, fingerprint="aaaabbbbcccc"), 5.0 + turn, polarity)


def conversed() -> Driven:
    """The caller has asked, and the assistant's reply leads to a human before it is said."""
    driven = Driven().conversing()
    driven.then(said("where is my bag", 2.0))
    driven.then(scored(0, 3.0, polarity=-0.4))
    driven.then(on.AssistantReplied(REFERS, 3.0))
    driven.then(scored(1, 12.0, replace(DECISION, fingerprint="aaaabbbbcccc")))
    return driven


def through_json(driven: Driven) -> dict:
    return json.loads(json.dumps(call_record(driven.call)))


def test_a_turn_is_kept_with_all_that_the_scorer_looked_at():
    report = AnswerReport(AnswerKind.ANSWERED, "Bags", 0.7)
    turn = Turn(3, Party.CALLER, "hello", 1.0, 2.0, 0.8, (), Prosody(-20.0, 180.0, 1500.0), -0.3, report)
    record = turn_record(turn)
    call = written_call({"call_id": "c", "turns": [json.loads(json.dumps(record))]})
    assert call.turns == (turn,)


def test_points_stand_with_the_turns_that_were_scored_and_polarity_with_the_callers():
    driven = Driven().conversing()
    driven.then(said("where is my bag", 2.0))
    driven.then(scored(0, 3.0, polarity=-0.4))
    driven.then(on.AssistantSpoke(Turn(0, Party.ASSISTANT, "One moment.", 3.0, 3.0), 3.0))
    turns = through_json(driven)["turns"]
    assert [(turn["index"], turn["points"], turn["polarity"]) for turn in turns] == [(0, 3.0, -0.4), (1, None, None)]


def test_a_reply_that_led_to_a_human_and_was_not_said_is_kept_apart_with_its_points():
    record = through_json(conversed())
    assert [turn["text"] for turn in record["turns"]] == ["where is my bag", DECISION.say]
    assert [turn["points"] for turn in record["turns"]] == [3.0, None]
    assert [(turn["index"], turn["text"], turn["points"]) for turn in record["unsaid"]] == [(1, REFERS.text, 12.0)]


def test_a_record_is_read_as_the_turns_that_were_scored_in_their_order():
    call = written_call(through_json(conversed()))
    assert [(turn.index, turn.text) for turn in call.turns] == [(0, "where is my bag"), (1, REFERS.text)]
    assert call.turns[1].report == REFERS.report
    assert call.turns[0].polarity == -0.4
    assert call.unsaid == {1}
    assert call.began is not None


def test_the_record_names_the_rules_file_that_it_was_decided_by():
    record = through_json(conversed())
    assert record["rules_fingerprint"] == "aaaabbbbcccc"
    assert record["handovers"][0]["decision"]["fingerprint"] == "aaaabbbbcccc"


def test_a_decision_is_read_back_with_its_turn():
    driven = conversed()
    record = through_json(driven)
    (found,) = handovers_of(record, written_call(record).turns)
    assert (found.turn, found.by, found.queue, found.points) == (1, "score", "support", 12.0)


def test_words_that_decided_at_a_pause_are_the_turn_that_was_heard_after_the_announcement():
    driven = Driven().conversing()
    driven.then(on.CallerPaused("i want a human", 4.0, DECISION, 12.0))
    driven.then(said("i want a human please", 4.5))
    driven.then(scored(1, 12.0))
    record = through_json(driven)
    assert record["handovers"][0]["turn"] == 0
    (found,) = handovers_of(record, written_call(record).turns)
    assert found.turn == 1


def test_a_key_is_told_from_the_score():
    driven = Driven().conversing()
    driven.then(said("hello", 2.0))
    driven.then(scored(0, 1.0))
    driven.then(on.HumanRequested(DECISION, "key", 9.0))
    record = through_json(driven)
    (found,) = handovers_of(record, written_call(record).turns)
    assert (found.by, found.turn) == ("key", 0)


def test_a_shadow_decision_is_noted_once_and_nothing_else_happens():
    driven = Driven().conversing()
    driven.then(said("i will sue you", 2.0))
    before = driven.call.state
    commands = driven.then(scored(0, 4.0, SHADOW))
    assert [type(one).__name__ for one in commands] == ["AskAssistant"]
    assert driven.call.state is before
    driven.then(said("i will sue you", 9.0))
    driven.then(scored(1, 5.0, SHADOW))
    record = through_json(driven)
    assert [(one["turn"], one["points"], one["decision"]["queue"]) for one in record["shadow"]] == [(0, 4.0, "compliance")]
    (found,) = shadows_of(record)
    assert (found.turn, found.rules, found.shadow) == (0, ("Legal words",), True)


def test_another_rule_in_shadow_is_noted_too():
    driven = Driven().conversing()
    driven.then(said("i will sue you", 2.0))
    driven.then(scored(0, 4.0, SHADOW))
    driven.then(scored(0, 4.0, replace(SHADOW, rules=("Upset",), queue="support")))
    assert [one.decision.rules for one in driven.call.shadow_decisions] == [("Legal words",), ("Upset",)]


def test_after_a_handover_a_shadow_decision_is_noted_again():
    driven = Driven().conversing()
    driven.then(said("i will sue you", 2.0))
    driven.then(scored(0, 4.0, SHADOW))
    driven.then(on.HumanRequested(DECISION, "operator", 20.0))
    driven.then(on.QueueLegEnded(driven.call.queue_leg_id, 30.0))
    driven.then(said("i will sue you", 32.0))
    number = driven.call.transcript.turns[-1].index
    driven.then(on.TurnScored(Score(number, 4.0, 10.0, decision=SHADOW), 33.0))
    assert [one.turn for one in driven.call.shadow_decisions] == [0, number]


def test_a_record_of_an_earlier_version_is_read_with_all_its_turns():
    record = {
        "call_id": "old",
        "started": "2024-01-01T12:00:00+00:00",
        "turns": [{"speaker": "assistant", "text": "Hello.", "start": 0.0, "end": 1.0}, {"speaker": "caller", "text": "Hi."}],
        "handovers": [
            {"decided_at": 8.0, "by": "score", "score": 12.0, "decision": {"rules": ["A"], "queue": "support"}, "ended_at": None}
        ],
    }
    call = written_call(record)
    assert len(call.turns) == 2
    (found,) = handovers_of(record, call.turns)
    assert (found.turn, found.fingerprint) == (1, "")
    assert shadows_of(record) == ()


def test_when_a_handover_had_ended_is_read_for_the_cool_down():
    driven = conversed()
    driven.then(on.QueueLegEnded(driven.call.queue_leg_id, 40.0))
    assert written_call(through_json(driven)).returns == (40.0,)


@pytest.mark.parametrize("broken", [{}, {"call_id": "x"}, {"call_id": "x", "turns": [{"points": 1}], "handovers": []}])
def test_something_else_is_no_record(broken):
    with pytest.raises(ValueError, match="missing"):
        written_call(broken)
