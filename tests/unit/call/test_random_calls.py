"""Whatever happens in whatever order: no lost caller, no agent left with a dead phone, no handover without an end."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.call import commands as do
from ari_app.call import events as on
from ari_app.call.call import CallState, Whispering
from ari_app.call.model import AnswerKind, AnswerReport, Party, Reply, Score, Turn
from ari_app.call.policy import Policy
from ari_app.call.transitions import step
from tests.unit.call.conversations import DECISION, new_call

POLICY = Policy()
LEGS = st.sampled_from([f"call-1.leg{number:02d}-{leg:02d}" for number in (1, 2) for leg in (1, 2, 3)])
TURN = Turn(0, Party.CALLER, "hello", 0.0, 1.0)
REPORT = AnswerReport(AnswerKind.ANSWERED)
EVENTS = st.one_of(
    st.sampled_from(
        [
            on.CallerPaused("hello", 1.0, DECISION, 12.0),
            on.CallerPaused("hello", 1.0),
            on.CallerSaidEnough("hello", 1.0, DECISION, 12.0),
            on.CallerSpoke(TURN, 1.0),
            on.AssistantReplied(Reply("Yes.", REPORT), 1.0),
            on.AssistantReplied(Reply("Goodbye.", REPORT, ends_call=True), 1.0),
            on.AssistantFailed(1.0, speech=False),
            on.TurnScored(Score(0, 12.0, 10.0, decision=DECISION), 1.0),
            on.TurnScored(Score(0, 1.0, 10.0), 1.0),
            on.SilenceLasted(1.0),
            on.ListeningFailed(1.0),
            on.HumanRequested(DECISION, "key", 1.0),
            on.AgentRang("PJSIP/agent1", "Anna", "agent-channel", 1.0),
            on.AgentRefused("PJSIP/agent1", "Anna", True, 1.0),
            on.AgentPickedUp("agent-channel", "PJSIP/agent1", 1.0),
            on.AgentHungUp("agent-channel", 1.0),
            on.ApplicationStopping(1.0),
            on.WhisperStarted(8.0, 1.0),
            on.WhisperEnded(Whispering.HEARD, 1.0),
        ]
    ),
    LEGS.map(lambda leg: on.QueueLegEntered(leg, 1.0)),
    LEGS.map(lambda leg: on.QueueLegEnded(leg, 1.0)),
    LEGS.map(lambda leg: on.RingingTimedOut(leg, 1.0)),
)


@settings(max_examples=500)
@given(st.lists(EVENTS, max_size=40))
def test_every_order_of_events_ends_with_everything_released(events):
    call, commands = step(new_call(), on.CallerEntered(0.0), POLICY)
    done = list(commands)
    for event in events:
        call, commands = step(call, event, POLICY)
        done += commands
        assert (call.handover is None) == (call.state not in (CallState.SEEKING, CallState.BRIEFING, CallState.CONNECTED))
        _company_is_kept(call.state, done)
    call, commands = step(call, on.CallerHungUp(9.0), POLICY)
    done += commands
    assert call.state is CallState.ENDED and call.handover is None
    assert sum(isinstance(one, do.TearDown) for one in done) == 1
    rung = {one.leg_id for one in done if isinstance(one, do.RingQueue)}
    joined = {one.leg_id for one in done if isinstance(one, do.JoinAgent)}
    cancelled = {one.leg_id for one in done if isinstance(one, do.CancelAgent)}
    ended = {event.leg_id for event in events if isinstance(event, on.QueueLegEnded)}
    assert rung <= cancelled | ended, "a queue leg was neither cancelled nor gone by itself"
    assert joined <= rung


@given(st.lists(EVENTS, max_size=40))
def test_every_handover_is_recorded_once_with_an_outcome(events):
    call, _ = step(new_call(), on.CallerEntered(0.0), POLICY)
    recorded = 0
    for event in [*events, on.CallerHungUp(9.0)]:
        call, commands = step(call, event, POLICY)
        recorded += sum(isinstance(one, do.RecordHandover) for one in commands)
    assert recorded == len(call.past_handovers)
    assert all(handover.outcome is not None for handover in call.past_handovers)


def _company_is_kept(state, done):
    """While an agent is sought or briefed the assistant keeps company: the last such command says so."""
    last = next((one for one in reversed(done) if isinstance(one, do.KeepCompany | do.EndCompany)), None)
    if state in (CallState.SEEKING, CallState.BRIEFING):
        assert isinstance(last, do.KeepCompany)
