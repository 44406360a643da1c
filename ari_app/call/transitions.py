"""The life of a call: one table of (state, event) → next state, and the small functions that its rows name.

Pure: `step(call, event, policy)` returns the call as it is then and the commands to carry out, in order. A pair that the
table does not name changes nothing. `python -m ari_app.call.transitions` prints the table as Markdown for the docs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from ari_app.call import briefing
from ari_app.call import commands as do
from ari_app.call import events as on
from ari_app.call.call import AgentTry, Call, CallState, Handover, Outcome, Whispering
from ari_app.call.model import AnswerKind, AnswerReport, Decision, Party, Reply, Transcript, Turn
from ari_app.call.policy import Policy

NEW, CONVERSING, SEEKING = CallState.NEW, CallState.CONVERSING, CallState.SEEKING
BRIEFING, CONNECTED, CLOSING, ENDED = CallState.BRIEFING, CallState.CONNECTED, CallState.CLOSING, CallState.ENDED

NO_TALK = 1.0  # seconds: an agent who leaves the whisper is in the bridge for an instant, and has talked with nobody

SAME_WORDS = 0.75  # share of words in common

Step = tuple[Call, list[do.Command]]
Handler = Callable[[Call, on.Event, Policy], Step]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what handles the event, the states it may lead to (none: it stays), and what happens."""

    handler: Callable[..., Step]
    leads_to: tuple[CallState, ...]
    happens: str


def step(call: Call, event: on.Event, policy: Policy) -> Step:
    """The call after `event`, and what to do about it. Never raises for an event that came at an unexpected time."""
    row = TABLE.get((call.state, type(event)))
    if row is None:
        return call, []
    after, commands = row.handler(call, event, policy)
    assert after.state in (row.leads_to or (call.state,)), (
        f"{call.state} --{type(event).__name__}--> {after.state} is not in the table"
    )
    return after, commands


# ------------------------------------------------------------------------------------------------ the caller and the assistant


def caller_enters(call: Call, event: on.CallerEntered, policy: Policy) -> Step:
    return replace(call, state=CONVERSING), [do.TakeCaller(), do.OpenVoice(), do.Greet(), do.OpenEars()]


def caller_pauses(call: Call, event: on.CallerPaused, policy: Policy) -> Step:
    """A pause is enough to act upon words that decide: waiting for the sentence's certain end would cost half a second."""
    if event.decision is None or event.decision.shadow:
        return call, []
    heard = replace(call, answered_words=event.text)
    turn = len(call.transcript.turns)
    return _seek(heard, policy, event.decision, by="score", points=event.points, at=event.at, turn=turn)


def caller_says_enough(call: Call, event: on.CallerSaidEnough, policy: Policy) -> Step:
    """The phone rings while the caller still speaks; the assistant waits with its word, for it talks over nobody."""
    if event.decision.shadow:
        return call, []
    heard, turn = replace(call, answered_words=event.text), len(call.transcript.turns)
    call, commands = _seek(heard, policy, event.decision, by="score", points=event.points, at=event.at, turn=turn)
    call = call.with_handover(partial_words=event.text)
    return call, [replace(one, kind=do.SayKind.AT_PAUSE) if isinstance(one, do.Say) else one for one in commands]


def caller_speaks(call: Call, event: on.CallerSpoke, policy: Policy) -> Step:
    """The score is asked first: it may lead to a human before the assistant gives one more generic answer."""
    call, turn = _with_turn(replace(call, silences=0, state=CONVERSING), event.turn)
    return call, [do.ScoreTurn(turn)]


def caller_speaks_at_the_end(call: Call, event: on.CallerSpoke, policy: Policy) -> Step:
    """One more question opens the conversation again, unless goodbye has been said."""
    if call.end_reason:
        return _with_turn(call, event.turn)[0], []
    return caller_speaks(call, event, policy)


def caller_speaks_while_waiting(call: Call, event: on.CallerSpoke, policy: Policy) -> Step:
    call, turn = _with_turn(_gained(call, event.at), event.turn)
    answered, call = call.answered_words, replace(call, answered_words="")
    commands: list[do.Command] = [do.ScoreTurn(turn)]
    if turn.text and not _alike(turn.text, answered):
        commands.append(do.AskAssistant(turn, waiting=True))
    return call, commands


def caller_pauses_while_waiting(call: Call, event: on.CallerPaused, policy: Policy) -> Step:
    """While a human is fetched the assistant answers at the pause already: nothing may feel like being left alone."""
    call = _gained(call, event.at)
    if not event.text or event.text == call.answered_words or _decided_by(call, event.text):
        return call, []
    turn = Turn(len(call.transcript.turns), Party.CALLER, event.text, event.at, event.at)
    return replace(call, answered_words=event.text), [do.AskAssistant(turn, waiting=True)]


def turn_scored(call: Call, event: on.TurnScored, policy: Policy) -> Step:
    score, call = event.score, call.with_score(event.score, event.polarity)
    decision = score.decision
    if decision is not None and not decision.shadow:
        call = _without_unsaid(call, score.turn)
        return _seek(call, policy, decision, by="score", points=score.points, at=event.at, turn=score.turn)
    if decision is not None:
        call = call.with_shadow(score.turn, event.at, score.points, decision)
    turn = next((turn for turn in call.transcript.turns if turn.index == event.score.turn), None)
    if turn is None or call.transcript.turns[-1].index != turn.index:
        return call, []
    return call, [do.AskAssistant(turn) if turn.party is Party.CALLER else do.Say(turn.text)]


def score_noted(call: Call, event: on.TurnScored, policy: Policy) -> Step:
    """The score goes on being kept while a human is fetched: the briefing says what it says.

    A reply that was being scored when the caller's next words decided has not been said yet.
    """
    call, commands = _with_whisper(call.with_score(event.score, event.polarity))
    unsaid = next((turn for turn in call.transcript.turns if turn.index == event.score.turn), None)
    if unsaid is None or unsaid.party is not Party.ASSISTANT:
        return call, commands
    return call, [do.Say(unsaid.text), *commands]


def assistant_replies(call: Call, event: on.AssistantReplied, policy: Policy) -> Step:
    """The reply is scored before it is said: one generic answer too many is then never heard."""
    call, turn = _with_reply(call, event.reply, event.at)
    if event.reply.ends_call:
        return replace(call, state=CLOSING, end_reason="said goodbye"), [do.Say(event.reply.text), do.HangUpCaller()]
    return call, [do.ScoreTurn(turn)]


def assistant_replies_while_waiting(call: Call, event: on.AssistantReplied, policy: Policy) -> Step:
    call, _ = _with_reply(call, event.reply, event.at)
    call, whisper = _with_whisper(call)
    return call, [do.Say(event.reply.text), *whisper]


def assistant_spoke(call: Call, event: on.AssistantSpoke, policy: Policy) -> Step:
    return _with_turn(call, event.turn)[0], []


def assistant_failed(call: Call, event: on.AssistantFailed, policy: Policy) -> Step:
    """Without words a human is fetched; without a voice nobody could keep the caller company, so the queue takes him."""
    if event.speech:
        return _to_fallback(call, event.at)
    decision = policy.decision_for("assistant failed", "The assistant failed", policy.texts.human_requested)
    return _seek(call, policy, decision, by="assistant failed", points=0.0, at=event.at)


def voice_lost(call: Call, event: on.AssistantFailed, policy: Policy) -> Step:
    return _to_fallback(call, event.at) if event.speech else (call, [])


def silence_lasted(call: Call, event: on.SilenceLasted, policy: Policy) -> Step:
    call = replace(call, silences=call.silences + 1)
    if call.silences >= policy.silences:
        return _goodbye(call, policy, "caller silent")
    text = policy.texts.still_there
    call, _ = _with_reply(call, Reply(text, AnswerReport(AnswerKind.SOCIAL)), event.at)
    return call, [do.Say(text)]


def listening_failed(call: Call, event: on.ListeningFailed, policy: Policy) -> Step:
    """Fail towards a human, never towards silence."""
    decision = policy.decision_for("cannot be heard", "Listening failed", policy.texts.cannot_hear)
    return _seek(call, policy, decision, by="listening failed", points=0.0, at=event.at)


def human_requested(call: Call, event: on.HumanRequested, policy: Policy) -> Step:
    return _seek(call, policy, event.decision, by=event.by, points=call.score.points if call.score else 0.0, at=event.at)


# ------------------------------------------------------------------------------------------------ the agent


def agent_rings(call: Call, event: on.AgentRang, policy: Policy) -> Step:
    call = _tried(call, AgentTry(event.interface, event.name, "ringing", event.at))
    first = call.handover is not None and call.handover.rang_at is None
    call = call.with_handover(
        agent_interface=event.interface, agent_channel_id=event.agent_channel_id, **({"rang_at": event.at} if first else {})
    )
    call, whisper = _with_whisper(call)
    return call, [do.SendCard(event.interface, briefing.compose(call).card(policy.card_keys)), *whisper]


def agent_refuses(call: Call, event: on.AgentRefused, policy: Policy) -> Step:
    """Nothing else to do: app_queue rings the next agent by its own strategy, and the caller notices nothing."""
    return _tried(call, AgentTry(event.interface, event.name, "declined" if event.declined else "no answer", event.at)), []


def agent_picks_up(call: Call, event: on.AgentPickedUp, policy: Policy) -> Step:
    call = _tried(call, AgentTry(event.interface, "", "picked up", event.at))
    call = call.with_handover(agent_channel_id=event.agent_channel_id, agent_interface=event.interface, picked_up_at=event.at)
    call = replace(call, state=BRIEFING)
    if policy.whisper_mode == "during":
        return call, [do.ReleaseAgent()]
    return call, [do.StartWhisper(event.agent_channel_id)]


def whisper_starts(call: Call, event: on.WhisperStarted, policy: Policy) -> Step:
    call = call.with_handover(whisper_started_at=event.at)
    return call, [do.PlanJoin(event.seconds, policy.texts.hand_off)] if call.state is BRIEFING else []


def whisper_ends(call: Call, event: on.WhisperEnded, policy: Policy) -> Step:
    """Heard, skipped or failed: the agent is joined all the same."""
    return call.with_handover(whispering=event.how, whisper_ended_at=event.at), [do.ReleaseAgent()]


def whisper_ends_after_join(call: Call, event: on.WhisperEnded, policy: Policy) -> Step:
    return call.with_handover(whispering=event.how, whisper_ended_at=event.at), [do.StopWhisper()]


def queue_leg_enters(call: Call, event: on.QueueLegEntered, policy: Policy) -> Step:
    """The queue has bridged the agent to its leg: one more bridging, and the two can talk."""
    if event.leg_id != call.queue_leg_id or call.handover is None:
        return call, [do.CancelAgent(event.leg_id, "")]
    call = replace(call.with_handover(joined_at=event.at), state=CONNECTED)
    join: list[do.Command] = [do.JoinAgent(event.leg_id), do.EndCompany(policy.texts.hand_off), do.CloseVoice(), do.CloseEars()]
    if policy.whisper_mode == "during" and call.handover and call.handover.whispering is Whispering.NOT_YET:
        return call, [*join, do.StartWhisper(call.handover.agent_channel_id)]
    return call, [*join, do.StopWhisper()]


def queue_leg_ends(call: Call, event: on.QueueLegEnded, policy: Policy) -> Step:
    """The queue found nobody: back to the assistant, which says so."""
    if event.leg_id != call.queue_leg_id:
        return call, []
    return _nobody(call, event.at)


def ringing_times_out(call: Call, event: on.RingingTimedOut, policy: Policy) -> Step:
    if event.leg_id != call.queue_leg_id:
        return call, []
    return _nobody(call, event.at)


def agent_leaves_the_whisper(call: Call, event: on.AgentHungUp | on.QueueLegEnded, policy: Policy) -> Step:
    """Hung up instead of joining: the next agent is rung, and the caller is undisturbed."""
    handover = call.handover
    if handover is None or (isinstance(event, on.QueueLegEnded) and event.leg_id != call.queue_leg_id):
        return call, []
    old_leg_id = call.queue_leg_id
    call = _tried(call, AgentTry(handover.agent_interface, "", "left", event.at))
    if handover.leg >= policy.attempts:
        return _nobody(call, event.at)
    again = call.with_handover(leg=handover.leg + 1, agent_channel_id="", whisper_text="")
    again, whisper = _with_whisper(replace(again, state=SEEKING))
    cancel = do.CancelAgent(old_leg_id, handover.agent_channel_id)
    commands = [do.StopWhisper(), do.ReleaseAgent(), cancel, _ring(again, policy), *whisper, do.KeepCompany()]
    return again, commands


def agent_hangs_up(call: Call, event: on.QueueLegEnded, policy: Policy) -> Step:
    handover = call.handover
    if event.leg_id != call.queue_leg_id or handover is None:
        return call, []
    if policy.whisper_mode == "before" and handover.whispering is Whispering.NOT_YET and event.at - _joined(handover) < NO_TALK:
        call, commands = agent_leaves_the_whisper(call, event, policy)
        return call, [*commands, do.OpenVoice(), do.OpenEars()]
    call = _handover_ended(call, Outcome.ANSWERED, event.at)
    call = replace(call, state=CLOSING)
    text = policy.texts.agent_left
    call, _ = _with_reply(call, Reply(text, AnswerReport(AnswerKind.ASKED)), event.at)
    return call, [do.StopWhisper(), do.RecordHandover(), do.OpenVoice(), do.Say(text), do.OpenEars()]


def agent_too_late(call: Call, event: on.AgentPickedUp, policy: Policy) -> Step:
    """The caller is gone or back with the assistant: the phone must not be left listening to nothing."""
    return call, [do.CancelAgent("", event.agent_channel_id), do.ReleaseAgent()]


def leg_too_late(call: Call, event: on.QueueLegEntered, policy: Policy) -> Step:
    return call, [do.CancelAgent(event.leg_id, "")]


# ------------------------------------------------------------------------------------------------ the end


def last_word(call: Call, event: on.SilenceLasted, policy: Policy) -> Step:
    return (call, []) if call.end_reason else _goodbye(call, policy, "agent finished")


def caller_hangs_up(call: Call, event: on.CallerHungUp, policy: Policy) -> Step:
    handover, leg_id = call.handover, call.queue_leg_id
    commands: list[do.Command] = []
    if handover is not None:
        outcome = Outcome.ANSWERED if call.state is CONNECTED else Outcome.ABANDONED
        commands = [do.CancelAgent(leg_id, handover.agent_channel_id), do.StopWhisper(), do.ReleaseAgent()]
        call = _handover_ended(call, outcome, event.at)
        commands.append(do.RecordHandover())
    call = replace(call, state=ENDED, ended_at=event.at, end_reason=call.end_reason or event.reason)
    return call, [*commands, do.EndCompany(), do.TearDown()]


# ------------------------------------------------------------------------------------------------ what several rows share


def _alike(text: str, other: str) -> bool:
    """The same words but for what a recogniser changes its mind about when it hears more."""
    return SequenceMatcher(None, text.split(), other.split(), autojunk=False).ratio() >= SAME_WORDS


def _decided_by(call: Call, text: str) -> bool:
    """Whether these are the words that decided while they were being said, now that they have been said to their end."""
    words = call.handover.partial_words if call.handover else ""
    return bool(words) and call.answered_words == words and _alike(text, words)


def _gained(call: Call, at: float) -> Call:
    """The first pause after words that decided while they were being said."""
    handover = call.handover
    if handover is None or not handover.partial_words or handover.gained is not None:
        return call
    return call.with_handover(gained=round(max(0.0, at - handover.decided_at), 3))


def _with_turn(call: Call, turn: Turn) -> tuple[Call, Turn]:
    turn = replace(turn, index=len(call.transcript.turns))
    return replace(call, transcript=call.transcript.with_turn(turn)), turn


def _with_reply(call: Call, reply: Reply, at: float) -> tuple[Call, Turn]:
    call, turn = _with_turn(call, Turn(0, Party.ASSISTANT, reply.text, at, at, report=reply.report))
    return replace(call.with_facts(reply.facts), suggestion=reply.suggestion or call.suggestion), turn


def _without_unsaid(call: Call, scored: int) -> Call:
    """A reply whose score led to a human was not said: it is no part of what the two have said, but of what was scored."""
    last = call.transcript.turns[-1] if call.transcript.turns else None
    if last is None or last.party is not Party.ASSISTANT or last.index != scored:
        return call
    return replace(call, transcript=Transcript(call.transcript.turns[:-1]), unsaid=(*call.unsaid, last))


def _seek(call: Call, policy: Policy, decision: Decision, *, by: str, points: float, at: float, turn: int | None = None) -> Step:
    handover = Handover(len(call.past_handovers) + 1, decision, points, at, by, turn=turn)
    call = replace(call, state=SEEKING, handover=handover)
    announcement = Turn(0, Party.ASSISTANT, decision.say, at, at, report=AnswerReport(AnswerKind.SOCIAL))
    announced, _ = _with_turn(call, announcement)
    told, whisper = _with_whisper(announced)
    say = do.Say(decision.say, do.SayKind.ANNOUNCEMENT)
    return told, [say, _ring(told, policy), *whisper, do.KeepCompany()]


def _ring(call: Call, policy: Policy) -> do.RingQueue:
    assert call.handover is not None
    decision = call.handover.decision
    display = briefing.display(call, decision.reason)
    return do.RingQueue(call.queue_leg_id, decision.queue, decision.priority, display, policy.queue_wait)


def asterisk_is_back(call: Call, event: on.AsteriskBack, policy: Policy) -> Step:
    """What could not be opened meanwhile is opened now; what is open stays."""
    return call, [do.OpenVoice(), do.OpenEars()]


def application_stops(call: Call, event: on.ApplicationStopping, policy: Policy) -> Step:
    return _to_fallback(call, event.at)


def _joined(handover: Handover) -> float:
    return handover.joined_at if handover.joined_at is not None else handover.decided_at


def _goodbye(call: Call, policy: Policy, reason: str) -> Step:
    call = replace(call, state=CLOSING, end_reason=reason)
    return call, [do.Say(policy.texts.goodbye), do.HangUpCaller()]


def _to_fallback(call: Call, at: float) -> Step:
    cancelled = _cancel(call)
    if call.handover is not None:
        call = _handover_ended(call, Outcome.NOBODY, at)
        cancelled.append(do.RecordHandover())
    call = replace(call, state=ENDED, ended_at=at, end_reason="given to the fallback queue")
    return call, [*cancelled, do.SendCallerToFallback(), do.TearDown()]


def _cancel(call: Call) -> list[do.Command]:
    if call.handover is None:
        return []
    return [do.StopWhisper(), do.ReleaseAgent(), do.CancelAgent(call.queue_leg_id, call.handover.agent_channel_id)]


def _nobody(call: Call, at: float) -> Step:
    cancelled = _cancel(call)
    call = replace(_handover_ended(call, Outcome.NOBODY, at), state=CONVERSING)
    return call, [*cancelled, do.EndCompany(), do.RecordHandover(), do.AskAssistantForNobody()]


def _handover_ended(call: Call, outcome: Outcome, at: float) -> Call:
    ended = call.with_handover(outcome=outcome, ended_at=at).handover
    return call if ended is None else replace(call, handover=None, past_handovers=(*call.past_handovers, ended))


def _tried(call: Call, tried: AgentTry) -> Call:
    return call.with_handover(tries=(*call.handover.tries, tried)) if call.handover else call


def _with_whisper(call: Call) -> Step:
    """A new whisper when the briefing has changed and nobody has picked up yet."""
    text = briefing.compose(call).whisper()
    if call.state is not SEEKING or call.handover is None or call.handover.whisper_text == text:
        return call, []
    return call.with_handover(whisper_text=text), [do.PrepareWhisper(text)]


# ------------------------------------------------------------------------------------------------ the table

_ANY = tuple(state for state in CallState if state is not ENDED)


def _rows(states: tuple[CallState, ...], event: type, row: Row) -> dict[tuple[CallState, type], Row]:
    return {(state, event): row for state in states}


_WAITING = (SEEKING, BRIEFING)
_AGENT_GONE = Row(agent_too_late, (), "the late agent's phone is released")
_LEG_GONE = Row(leg_too_late, (), "the late queue leg is hung up")

TABLE: Mapping[tuple[CallState, type], Row] = {
    # the caller and the assistant
    (NEW, on.CallerEntered): Row(caller_enters, (CONVERSING,), "answer, bridge, voice, greeting, ears"),
    (CONVERSING, on.CallerPaused): Row(caller_pauses, (CONVERSING, SEEKING), "words that decide are acted upon at the pause"),
    (CONVERSING, on.CallerSaidEnough): Row(
        caller_says_enough, (CONVERSING, SEEKING), "words that decide before their sentence ends"
    ),
    (CONVERSING, on.CallerSpoke): Row(caller_speaks, (), "the turn is scored, then answered"),
    (CLOSING, on.CallerSpoke): Row(caller_speaks_at_the_end, (CONVERSING, CLOSING), "one more question opens the call again"),
    (CONVERSING, on.TurnScored): Row(turn_scored, (CONVERSING, SEEKING), "at the threshold a human is fetched"),
    (CONVERSING, on.AssistantReplied): Row(assistant_replies, (CONVERSING, CLOSING), "the reply is scored, then said"),
    (CONVERSING, on.SilenceLasted): Row(silence_lasted, (CONVERSING, CLOSING), "the caller is asked, at last told goodbye"),
    (CONVERSING, on.AssistantFailed): Row(assistant_failed, (SEEKING, ENDED), "no words: a human; no voice: the fallback queue"),
    (CONVERSING, on.ListeningFailed): Row(listening_failed, (SEEKING,), "fail towards a human, never towards silence"),
    (CONVERSING, on.HumanRequested): Row(human_requested, (SEEKING,), "a key, the operator or a program asks for a human"),
    (CLOSING, on.HumanRequested): Row(human_requested, (SEEKING,), "a key, the operator or a program asks for a human"),
    (CLOSING, on.AssistantFailed): Row(voice_lost, (CLOSING, ENDED), "no voice: the fallback queue takes the caller"),
    **_rows(
        _WAITING,
        on.CallerPaused,
        Row(caller_pauses_while_waiting, (), "the assistant answers at the pause already"),
    ),
    **_rows(
        _WAITING,
        on.CallerSpoke,
        Row(caller_speaks_while_waiting, (), "noted and answered; the handover goes on"),
    ),
    **_rows(_WAITING, on.TurnScored, Row(score_noted, (), "the briefing learns what was said meanwhile")),
    **_rows(
        _WAITING,
        on.AssistantReplied,
        Row(assistant_replies_while_waiting, (), "the assistant keeps the caller company"),
    ),
    **_rows(
        _WAITING,
        on.AssistantFailed,
        Row(voice_lost, (*_WAITING, ENDED), "no voice: the fallback queue takes the caller"),
    ),
    **_rows(
        (CONVERSING, *_WAITING, CONNECTED, CLOSING),
        on.AssistantSpoke,
        Row(assistant_spoke, (), "noted"),
    ),
    # the agent
    (SEEKING, on.AgentRang): Row(agent_rings, (), "the card is sent to the phone that rings"),
    (SEEKING, on.AgentRefused): Row(agent_refuses, (), "the queue rings the next agent"),
    (SEEKING, on.AgentPickedUp): Row(agent_picks_up, (BRIEFING,), "whisper, or join at once in mode `during`"),
    (SEEKING, on.QueueLegEntered): Row(queue_leg_enters, (SEEKING, CONNECTED), "joined without a whisper (its routine was away)"),
    (SEEKING, on.QueueLegEnded): Row(queue_leg_ends, (SEEKING, CONVERSING), "nobody: the assistant says so"),
    (SEEKING, on.RingingTimedOut): Row(ringing_times_out, (SEEKING, CONVERSING), "nobody: the assistant says so"),
    (BRIEFING, on.WhisperStarted): Row(whisper_starts, (), "the assistant's last words are timed to the join"),
    (BRIEFING, on.WhisperEnded): Row(whisper_ends, (), "heard, skipped or failed: the queue may bridge the agent"),
    (BRIEFING, on.QueueLegEntered): Row(queue_leg_enters, (BRIEFING, CONNECTED), "agent into the bridge, assistant out"),
    (BRIEFING, on.AgentHungUp): Row(agent_leaves_the_whisper, (SEEKING, CONVERSING), "the next agent is rung"),
    (BRIEFING, on.QueueLegEnded): Row(agent_leaves_the_whisper, (BRIEFING, SEEKING, CONVERSING), "the next agent is rung"),
    (CONNECTED, on.WhisperStarted): Row(whisper_starts, (), "noted (mode `during`)"),
    (CONNECTED, on.WhisperEnded): Row(whisper_ends_after_join, (), "the whisper's legs are released"),
    (CONNECTED, on.QueueLegEnded): Row(
        agent_hangs_up, (CONNECTED, CLOSING, SEEKING, CONVERSING), "the assistant asks whether anything is left"
    ),
    **_rows((CONVERSING, CONNECTED, CLOSING, ENDED), on.AgentPickedUp, _AGENT_GONE),
    **_rows((CONVERSING, CONNECTED, CLOSING, ENDED), on.QueueLegEntered, _LEG_GONE),
    # the end
    (CLOSING, on.SilenceLasted): Row(last_word, (), "goodbye, and the call is hung up"),
    **_rows(
        (CONVERSING, *_WAITING, CLOSING),
        on.AsteriskBack,
        Row(asterisk_is_back, (), "voice and ears that could not be opened meanwhile are opened"),
    ),
    **_rows(
        (NEW, CONVERSING, *_WAITING, CLOSING),
        on.ApplicationStopping,
        Row(application_stops, (ENDED,), "the fallback queue takes the caller; connected calls stay as they are"),
    ),
    **_rows(_ANY, on.CallerHungUp, Row(caller_hangs_up, (ENDED,), "agent leg cancelled, legs released, record written")),
}


def as_markdown() -> str:
    """The table for the documentation."""
    lines = ["| state | event | next | what happens |", "|---|---|---|---|"]
    for (state, event), row in sorted(TABLE.items(), key=lambda item: list(CallState).index(item[0][0])):
        nexts = ", ".join(state.name for state in row.leads_to) or "(stays)"
        lines.append(f"| {state.name} | {event.__name__} | {nexts} | {row.happens} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(as_markdown())
