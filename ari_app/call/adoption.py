"""What a restarted application does with a call that it finds still up in Asterisk. Pure, like the table of transitions."""

from dataclasses import replace

from ari_app.call import briefing
from ari_app.call import commands as do
from ari_app.call.call import Call, CallState, Outcome
from ari_app.call.model import AnswerKind, AnswerReport, Party, Turn
from ari_app.call.policy import Policy
from ari_app.call.transitions import Step


def adopt(call: Call, *, leg_alive: bool, at: float, policy: Policy) -> Step:
    """The call as it goes on, and what to do first. `leg_alive`: the queue leg of its handover still exists."""
    match call.state:
        case CallState.CONNECTED if leg_alive:
            return call, []
        case CallState.SEEKING if leg_alive:
            return _go_on_seeking(call, policy)
        case CallState.SEEKING | CallState.BRIEFING:
            return _ring_again(call, policy)
        case CallState.CONNECTED:
            return _after_the_agent(call, policy, at)
        case _:
            return _go_on_talking(replace(call, state=CallState.CONVERSING, end_reason=""), policy.texts.back_again, at)


def _go_on_seeking(call: Call, policy: Policy) -> Step:
    """The queue went on ringing without us: nobody is rung twice."""
    text = briefing.compose(call).whisper()
    call = call.with_handover(whisper_text=text)
    say = do.Say(policy.texts.back_again, do.SayKind.ANNOUNCEMENT)
    return call, [*_talk(), say, do.PrepareWhisper(text), do.KeepCompany(), do.OpenEars()]


def _ring_again(call: Call, policy: Policy) -> Step:
    handover = call.handover
    if handover is None:
        return _go_on_talking(replace(call, state=CallState.CONVERSING), policy.texts.back_again, 0.0)
    leg = handover.leg + 1
    call, commands = _go_on_seeking(replace(call.with_handover(leg=leg), state=CallState.SEEKING), policy)
    decision = handover.decision
    display = briefing.display(call, decision.reason)
    return call, [*commands, do.RingQueue(call.queue_leg_id, decision.queue, decision.priority, display, policy.queue_wait)]


def _after_the_agent(call: Call, policy: Policy, at: float) -> Step:
    ended = call.with_handover(outcome=Outcome.ANSWERED, ended_at=at).handover
    past = (*call.past_handovers, ended) if ended else call.past_handovers
    call = replace(call, state=CallState.CLOSING, handover=None, past_handovers=past)
    call, commands = _go_on_talking(call, policy.texts.agent_left, at)
    return call, [do.RecordHandover(), *commands]


def _go_on_talking(call: Call, text: str, at: float) -> Step:
    turn = Turn(len(call.transcript.turns), Party.ASSISTANT, text, at, at, report=AnswerReport(AnswerKind.SOCIAL))
    call = replace(call, transcript=call.transcript.with_turn(turn))
    return call, [*_talk(), do.Say(text), do.OpenEars()]


def _talk() -> list[do.Command]:
    return [do.TakeCaller(), do.OpenVoice()]
