"""The life of a call, event by event."""

import itertools
from dataclasses import replace

import pytest

from ari_app.call import commands as do
from ari_app.call import events as on
from ari_app.call.call import CallState, Outcome, Whispering
from ari_app.call.model import AnswerKind, AnswerReport, Reply, Score
from ari_app.call.policy import Policy
from ari_app.call.transitions import TABLE, as_markdown
from tests.unit.call.conversations import DECISION, Driven, kinds, said


def score(turn: int, points: float = 12.0, decision=DECISION) -> on.TurnScored:
    return on.TurnScored(Score(turn, points, 10.0, decision=decision), 5.0)


def test_caller_enters_then_he_is_greeted_and_heard():
    assert kinds(Driven().then(on.CallerEntered(0.0))) == ["TakeCaller", "OpenVoice", "Greet", "OpenEars"]


def test_caller_speaks_then_the_turn_is_scored_before_it_is_answered():
    driven = Driven().conversing()
    assert kinds(driven.then(said("what may my bag weigh"))) == ["ScoreTurn"]
    assert kinds(driven.then(score(0, 0.0, None))) == ["AskAssistant"]


def test_assistant_replies_then_the_reply_is_scored_before_it_is_said():
    driven = Driven().conversing()
    driven.then(said("what may my bag weigh"))
    reply = Reply("Twenty-three kilos.", AnswerReport(AnswerKind.ANSWERED))
    assert kinds(driven.then(on.AssistantReplied(reply, 2.0))) == ["ScoreTurn"]
    assert driven.then(score(1, 0.0, None)) == [do.Say("Twenty-three kilos.")]


def test_a_reply_whose_score_leads_to_a_human_is_never_said():
    driven = Driven().conversing()
    driven.then(said("where is my bag"))
    driven.then(on.AssistantReplied(Reply("Please see our website.", AnswerReport(AnswerKind.REFERRED)), 2.0))
    driven.then(score(1))
    assert [turn.text for turn in driven.call.transcript.turns] == ["where is my bag", DECISION.say]


def test_score_of_an_older_turn_arrives_late_then_only_the_newer_one_is_answered():
    driven = Driven().conversing()
    driven.then(said("what may my bag weigh"))
    driven.then(said("i mean my cabin bag"))
    assert driven.then(score(0, 0.0, None)) == []
    assert kinds(driven.then(score(1, 0.0, None))) == ["AskAssistant"]


def test_score_decides_then_the_queue_rings_while_the_assistant_goes_on_talking():
    driven = Driven().conversing()
    driven.then(said("this is an emergency"))
    commands = driven.then(score(0))
    assert driven.call.state is CallState.SEEKING
    assert kinds(commands) == ["Say", "RingQueue", "PrepareWhisper", "KeepCompany"]
    ring = commands[1]
    assert isinstance(ring, do.RingQueue)
    assert (ring.queue, ring.display) == ("support", "David M. / wedding bag 12h")


def test_words_that_decide_at_a_pause_are_acted_upon_without_waiting_for_the_end_of_the_sentence():
    driven = Driven().conversing()
    driven.then(on.CallerPaused("i want a human", 4.0, DECISION, 99.0))
    assert driven.call.state is CallState.SEEKING


def test_the_final_form_of_the_deciding_words_is_noted_but_not_answered_again():
    driven = Driven().conversing()
    driven.then(on.CallerPaused("i want a human", 4.0, DECISION, 99.0))
    assert kinds(driven.then(said("i want the human", 4.4))) == ["ScoreTurn"]
    assert kinds(driven.then(said("how long will it take", 9.0))) == ["ScoreTurn", "AskAssistant"]


ENOUGH = on.CallerSaidEnough("i want a human because", 4.0, DECISION, 12.0)


def test_words_that_decide_while_they_are_said_ring_the_queue_and_the_assistant_speaks_at_the_pause():
    driven = Driven().conversing()
    commands = driven.then(ENOUGH)
    assert driven.call.state is CallState.SEEKING
    assert commands[0] == do.Say(DECISION.say, do.SayKind.AT_PAUSE)
    assert [type(command) for command in commands[1:]] == [do.RingQueue, do.PrepareWhisper, do.KeepCompany]
    assert driven.call.handover.partial_words == "i want a human because"


def test_words_that_decide_while_they_are_said_say_what_they_gained_at_the_first_pause():
    driven = Driven().conversing()
    driven.then(ENOUGH)
    driven.then(on.CallerPaused("i want a human because my bag is lost", 5.5))
    driven.then(on.CallerPaused("i want a human because my bag is lost and gone", 7.0))
    assert driven.call.handover.gained == 1.5


def test_what_follows_the_deciding_words_is_answered_once():
    driven = Driven().conversing()
    driven.then(ENOUGH)
    text = "i want a human because my bag with the dress is lost"
    (asked,) = driven.then(on.CallerPaused(text, 5.5))
    assert (asked.turn.text, asked.waiting) == (text, True)
    assert [type(command) for command in driven.then(said(text, 6.0))] == [do.ScoreTurn]


def test_the_deciding_words_said_to_their_end_are_not_answered_again():
    driven = Driven().conversing()
    driven.then(ENOUGH)
    assert driven.then(on.CallerPaused("i want a human because yes", 5.5)) == []
    assert [type(command) for command in driven.then(said("i want a human because yes", 6.0))] == [do.ScoreTurn]


@pytest.mark.parametrize("stage", ["seeking", "ringing", "briefing", "connected"])
def test_words_that_would_decide_change_nothing_while_a_handover_runs(stage):
    driven = getattr(Driven(), stage)()
    before = driven.call
    assert driven.then(ENOUGH) == []
    assert driven.call is before


def test_words_that_are_being_said_decide_nothing_in_shadow():
    driven = Driven().conversing()
    assert driven.then(replace(ENOUGH, decision=replace(DECISION, shadow=True))) == []
    assert driven.call.state is CallState.CONVERSING


def test_a_reply_that_was_being_scored_when_the_callers_words_decided_is_said_after_all():
    driven = Driven().conversing()
    driven.then(said("where is my bag"))
    reply = Reply("It is in Lisbon.", AnswerReport(AnswerKind.ANSWERED, "Bags", 0.9))
    driven.then(on.AssistantReplied(reply, 2.0))
    driven.then(ENOUGH)
    assert do.Say("It is in Lisbon.") in driven.then(on.TurnScored(Score(1, 0.0, 10.0), 4.1))


def test_shadow_decision_is_kept_and_not_acted_upon():
    from dataclasses import replace

    driven = Driven().conversing()
    driven.then(said("i will call my lawyer"))
    assert kinds(driven.then(score(0, 12.0, replace(DECISION, shadow=True)))) == ["AskAssistant"]
    assert driven.call.state is CallState.CONVERSING


def test_assistant_cannot_hear_then_a_human_is_fetched():
    driven = Driven().conversing()
    driven.then(on.ListeningFailed(3.0))
    assert driven.call.state is CallState.SEEKING
    assert driven.call.handover and driven.call.handover.by == "listening failed"


def test_voice_is_lost_then_the_fallback_queue_takes_the_caller():
    commands = Driven().conversing().then(on.AssistantFailed(3.0, speech=True))
    assert kinds(commands) == ["SendCallerToFallback", "TearDown"]


def test_voice_is_lost_while_an_agent_rings_then_the_phone_stops_and_the_fallback_queue_takes_the_caller():
    driven = Driven().ringing()
    commands = driven.then(on.AssistantFailed(21.0, speech=True))
    assert do.CancelAgent("call-1.leg01-01", "agent-channel") in commands
    assert kinds(commands)[-2:] == ["SendCallerToFallback", "TearDown"]


def test_agent_rings_then_the_card_goes_to_that_phone():
    driven = Driven().seeking()
    (card,) = driven.then(on.AgentRang("PJSIP/agent1", "Anna", "agent-channel", 20.3))
    assert isinstance(card, do.SendCard)
    assert card.interface == "PJSIP/agent1" and card.text.startswith("David Miller")


def test_agent_declines_then_the_caller_is_undisturbed_and_the_queue_goes_on():
    driven = Driven().ringing()
    assert driven.then(on.AgentRefused("PJSIP/agent1", "Anna", True, 21.0)) == []
    assert driven.call.state is CallState.SEEKING
    assert driven.call.handover and [one.outcome for one in driven.call.handover.tries] == ["ringing", "declined"]


def test_agent_picks_up_then_he_alone_hears_the_whisper():
    driven = Driven().ringing()
    assert driven.then(on.AgentPickedUp("agent-channel", "PJSIP/agent1", 22.0)) == [do.StartWhisper("agent-channel")]


@pytest.mark.parametrize("how", [Whispering.HEARD, Whispering.SKIPPED, Whispering.FAILED])
def test_whisper_ends_in_any_way_then_the_agent_is_joined(how):
    driven = Driven().briefing()
    assert driven.then(on.WhisperEnded(how, 25.0)) == [do.ReleaseAgent()]
    commands = driven.then(on.QueueLegEntered("call-1.leg01-01", 25.1))
    assert driven.call.state is CallState.CONNECTED
    assert kinds(commands) == ["JoinAgent", "EndCompany", "CloseVoice", "CloseEars", "StopWhisper"]


def test_mode_during_joins_at_once_and_whispers_over_the_conversation():
    driven = Driven(Policy(whisper_mode="during")).ringing()
    assert driven.then(on.AgentPickedUp("agent-channel", "PJSIP/agent1", 22.0)) == [do.ReleaseAgent()]
    commands = driven.then(on.QueueLegEntered("call-1.leg01-01", 22.1))
    assert commands[0] == do.JoinAgent("call-1.leg01-01") and commands[-1] == do.StartWhisper("agent-channel")
    assert driven.then(on.WhisperEnded(Whispering.HEARD, 30.0)) == [do.StopWhisper()]


def test_whisper_routine_was_away_then_the_agent_is_joined_all_the_same():
    driven = Driven().ringing()
    driven.then(on.QueueLegEntered("call-1.leg01-01", 22.0))
    assert driven.call.state is CallState.CONNECTED


def test_nobody_could_be_had_then_the_assistant_says_so_and_the_handover_is_recorded():
    driven = Driven().seeking()
    commands = driven.then(on.QueueLegEnded("call-1.leg01-01", 80.0, "TIMEOUT"))
    assert driven.call.state is CallState.CONVERSING
    assert kinds(commands)[-3:] == ["EndCompany", "RecordHandover", "AskAssistantForNobody"]
    assert driven.call.past_handovers[0].outcome is Outcome.NOBODY


def test_agent_hangs_up_during_the_whisper_then_the_next_one_is_rung_with_a_new_leg():
    driven = Driven().briefing()
    commands = driven.then(on.QueueLegEnded("call-1.leg01-01", 24.0))
    assert driven.call.state is CallState.SEEKING
    assert any(isinstance(one, do.RingQueue) and one.leg_id == "call-1.leg01-02" for one in commands)
    assert driven.then(on.QueueLegEnded("call-1.leg01-01", 24.1)) == []


def test_agent_hangs_up_during_the_whisper_and_his_leg_still_enters_then_it_is_not_taken_for_a_join():
    driven = Driven().briefing()
    driven.then(on.AgentHungUp("agent-channel", 24.0))
    assert driven.then(on.QueueLegEntered("call-1.leg01-01", 24.01)) == [do.CancelAgent("call-1.leg01-01", "")]
    assert driven.call.state is CallState.SEEKING


def test_agents_keep_hanging_up_during_the_whisper_then_it_ends_with_nobody():
    driven = Driven(Policy(attempts=2)).briefing()
    driven.then(on.QueueLegEnded("call-1.leg01-01", 24.0))
    driven.then(on.AgentPickedUp("agent-channel-2", "PJSIP/agent2", 26.0))
    driven.then(on.QueueLegEnded("call-1.leg01-02", 27.0))
    assert driven.call.state is CallState.CONVERSING


def test_agent_picks_up_too_late_then_his_phone_is_released():
    driven = Driven().seeking()
    driven.then(on.RingingTimedOut("call-1.leg01-01", 80.0))
    commands = driven.then(on.AgentPickedUp("agent-channel", "PJSIP/agent1", 80.1))
    assert do.CancelAgent("", "agent-channel") in commands


def test_agent_hangs_up_then_the_assistant_asks_and_listens_again():
    driven = Driven().connected()
    commands = driven.then(on.QueueLegEnded("call-1.leg01-01", 60.0))
    assert driven.call.state is CallState.CLOSING
    assert kinds(commands) == ["StopWhisper", "RecordHandover", "OpenVoice", "Say", "OpenEars"]
    assert driven.call.past_handovers[0].outcome is Outcome.ANSWERED


def test_nothing_more_is_said_after_the_agent_left_then_goodbye():
    driven = Driven().connected()
    driven.then(on.QueueLegEnded("call-1.leg01-01", 60.0))
    assert kinds(driven.then(on.SilenceLasted(70.0))) == ["Say", "HangUpCaller"]
    assert driven.then(on.SilenceLasted(80.0)) == []


def test_one_more_question_after_the_agent_left_opens_the_conversation_again():
    driven = Driven().connected()
    driven.then(on.QueueLegEnded("call-1.leg01-01", 60.0))
    assert kinds(driven.then(said("what about my refund", 63.0))) == ["ScoreTurn"]
    assert driven.call.state is CallState.CONVERSING


def test_caller_says_goodbye_then_the_call_is_hung_up_after_the_last_word():
    driven = Driven().conversing()
    reply = Reply("Goodbye.", AnswerReport(AnswerKind.SOCIAL), ends_call=True)
    assert kinds(driven.then(on.AssistantReplied(reply, 9.0))) == ["Say", "HangUpCaller"]


def test_caller_is_silent_then_he_is_asked_and_at_last_told_goodbye():
    driven = Driven().conversing()
    said_texts = [driven.then(on.SilenceLasted(9.0 * n))[0] for n in (1, 2, 3)]
    assert [one.text for one in said_texts if isinstance(one, do.Say)] == [
        "Are you still there?",
        "Are you still there?",
        "Thank you for calling. Goodbye.",
    ]


@pytest.mark.parametrize("stage", ["seeking", "ringing", "briefing"])
def test_caller_hangs_up_before_the_join_then_the_agents_phone_is_cancelled_and_it_counts_as_abandoned(stage):
    driven = getattr(Driven(), stage)()
    commands = driven.then(on.CallerHungUp(25.0))
    assert driven.call.state is CallState.ENDED
    assert kinds(commands)[0] == "CancelAgent" and kinds(commands)[-1] == "TearDown"
    assert driven.call.past_handovers[-1].outcome is Outcome.ABANDONED


def test_caller_hangs_up_while_connected_then_the_handover_counts_as_answered():
    driven = Driven().connected()
    driven.then(on.CallerHungUp(50.0))
    assert driven.call.past_handovers[-1].outcome is Outcome.ANSWERED


def test_every_pair_that_is_not_in_the_table_changes_nothing():
    events = {event for _, event in TABLE}
    missing = [pair for pair in itertools.product(CallState, events) if pair not in TABLE]
    assert missing, "the table names every pair: this test looks at nothing"
    for state, event in missing:
        driven = Driven()
        object.__setattr__(driven.call, "state", state)
        before = driven.call
        assert driven.then(object.__new__(event)) == [] and driven.call == before


def test_the_documentation_shows_the_table_as_it_is():
    from pathlib import Path

    assert as_markdown() in Path("docs/call.md").read_text(encoding="utf-8"), "run: python -m ari_app.call.transitions"
