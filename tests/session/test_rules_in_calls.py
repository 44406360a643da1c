"""Rules at work in running calls: shadow mode, the time of day, changed rules, and a record that can be scored anew."""

import asyncio
import json
from datetime import datetime

import pytest
from structlog.testing import capture_logs

from ari_app.call.call import CallState
from ari_app.call.policy import Policy
from ari_app.call.recorded import handovers_of
from ari_app.escalation.replay import follow
from ari_app.escalation.written_calls import written_call
from ari_app.session.ports import DigitReceived
from tests.session.rules import BY_DAY, LEGAL, PERSON, SHADOW, SUES, WHOLE_SHADOW, in_force
from tests.session.stage import Stage
from tests.session.virtual_time import run


async def said_and_answered(stage: Stage, text: str) -> None:
    stage.caller_says(text)
    await asyncio.sleep(4.0)


def stored(stage: Stage) -> dict:
    """The record, as it comes back from the store."""
    return json.loads(json.dumps(next(iter(stage.store.calls.values()))))


@pytest.mark.parametrize("rules", [SHADOW, WHOLE_SHADOW])
def test_a_rule_in_shadow_decides_then_it_is_noted_everywhere_and_nobody_is_rung(rules):
    async def scenario():
        async with Stage(scorer=in_force(rules).scorer) as stage:
            await stage.conversing()
            with capture_logs() as logs:
                await said_and_answered(stage, SUES)
            assert stage.state is CallState.CONVERSING and stage.pbx.originated == []
            assert stage.said()[-1] == f"You said: {SUES}."
            (item,) = (item for item in stage.feed if item["type"] == "shadow decision")
            assert (item["turn"], item["decision"]["queue"]) == (1, "compliance")
            (line,) = (line for line in logs if line["event"] == "shadow decision")
            assert (line["turn"], line["rules"], line["queue"]) == (1, "Legal words", "compliance")
            assert SUES not in str(line)
            await said_and_answered(stage, "thank you")
            (noted,) = stored(stage)["shadow"]
            assert (noted["turn"], noted["decision"]["rules"]) == (1, ["Legal words"])
            assert stored(stage)["handovers"] == []

    run(scenario())


def test_the_record_of_an_ended_call_still_tells_what_shadow_mode_kept_back():
    async def scenario():
        async with Stage(scorer=in_force(SHADOW).scorer) as stage:
            await stage.conversing()
            await said_and_answered(stage, SUES)
            stage.pbx.vanish("1700000000.1")
            await stage.until(None)
            assert stored(stage)["state"] == "ended"
            assert [one["turn"] for one in stored(stage)["shadow"]] == [1]

    run(scenario())


@pytest.mark.parametrize(
    ("moment", "state"),
    [(datetime(2024, 1, 1, 12, 0), CallState.SEEKING), (datetime(2024, 1, 7, 12, 0), CallState.CONVERSING)],
)
def test_a_rule_with_hours_goes_by_the_local_time_of_day(moment, state):
    async def scenario():
        async with Stage(scorer=in_force(BY_DAY).scorer, wall_time=moment) as stage:
            await stage.conversing()
            await said_and_answered(stage, SUES)
            assert stage.state is state

    run(scenario())


def test_hours_that_begin_in_the_call_hold_from_then_on():
    async def scenario():
        async with Stage(scorer=in_force(BY_DAY).scorer, wall_time=datetime(2024, 1, 1, 7, 59)) as stage:
            await stage.conversing()
            await said_and_answered(stage, SUES)
            assert stage.state is CallState.CONVERSING
            stage.wall_time = datetime(2024, 1, 1, 8, 0)
            stage.caller_says(SUES)
            await stage.until(CallState.SEEKING)

    run(scenario())


def test_changed_rules_hold_for_the_next_turn_of_a_running_call():
    async def scenario():
        old, new = in_force(PERSON), in_force(LEGAL)
        current = [old]
        async with Stage(scorer=lambda: current[0].scorer()) as stage:
            await stage.conversing()
            await said_and_answered(stage, SUES)
            assert stage.state is CallState.CONVERSING
            assert stored(stage)["rules_fingerprint"] == old.file.fingerprint
            current[0] = new
            stage.caller_says(SUES)
            await stage.until(CallState.SEEKING)
            await asyncio.sleep(2.0)
            assert stage.session.call.handover.decision.queue == "compliance"
            record = stored(stage)
            assert record["rules_fingerprint"] == new.file.fingerprint
            assert record["handovers"][0]["decision"]["fingerprint"] == new.file.fingerprint

    run(scenario())


def test_points_given_by_the_old_rules_still_stand_under_the_new_ones():
    async def scenario():
        old = in_force("threshold: 50\nsignals: {human request: 12}\nrules: []\n")
        new = in_force("threshold: 8\nsignals: {human request: 12}\nrules: []\n")
        current = [old]
        async with Stage(scorer=lambda: current[0].scorer()) as stage:
            await stage.conversing()
            await said_and_answered(stage, "i want to talk to a person")
            assert stage.state is CallState.CONVERSING
            current[0] = new
            stage.caller_says("what about my bag")
            await stage.until(CallState.SEEKING)

    run(scenario())


def test_a_restarted_application_goes_on_with_the_state_under_whatever_rules_hold_then():
    async def scenario():
        old = await Stage(scorer=in_force(PERSON).scorer).__aenter__()
        await old.conversing()
        await said_and_answered(old, "what about my bag")
        await asyncio.sleep(0.5)
        await old.kill()
        async with Stage(pbx=old.pbx, store=old.store, scorer=in_force(LEGAL).scorer) as new:
            await new.router.adopt(dict(old.store.live))
            await asyncio.sleep(3.0)
            new.caller_says(SUES)
            await new.until(CallState.SEEKING)

    run(scenario())


STUCK = "threshold: 10\nsignals: {dead end: 12, repetition: 3}\nrules: []\n"


def test_a_recorded_call_is_scored_anew_to_the_same_points_and_the_same_decision():
    async def scenario():
        rules = in_force(STUCK)
        async with Stage(scorer=rules.scorer) as stage:
            await stage.conversing()
            await said_and_answered(stage, "when does my refund arrive")
            stage.assistant.dialogues[-1].refers = True
            stage.caller_says("but when does my refund arrive")
            await stage.until(CallState.SEEKING)
            await asyncio.sleep(1.0)
            stage.caller_says("and what about my bag")
            await asyncio.sleep(5.0)
            record = stored(stage)
            call = written_call(record)
            scores = follow(call, rules.current.scorer)
            kept = {turn["index"]: turn["points"] for turn in (*record["turns"], *record["unsaid"]) if turn["points"] is not None}
            assert {score.turn: score.points for score in scores} == kept
            (then,) = handovers_of(record, call.turns)
            (now,) = (score for score in scores if score.decision)
            assert (now.turn, now.decision.queue, now.decision.rules) == (then.turn, then.queue, then.rules)
            assert call.unsaid == {then.turn}

    run(scenario())


def test_a_call_that_decided_at_a_pause_is_scored_anew_to_the_same_decision():
    async def scenario():
        rules = in_force(PERSON)
        async with Stage(scorer=rules.scorer) as stage:
            await stage.conversing()
            await said_and_answered(stage, "what about my bag")
            stage.caller_says("i want to talk to a person")
            await stage.until(CallState.SEEKING)
            await asyncio.sleep(3.0)
            record = stored(stage)
            call = written_call(record)
            (then,) = handovers_of(record, call.turns)
            now = next(score for score in follow(call, rules.current.scorer) if score.decision)
            assert (now.turn, now.decision.rules) == (then.turn, then.rules)

    run(scenario())


VIP = """
queue: desk
rules:
  - {name: A person, when: human request, escalate: now, queue: vip, priority: 7, say: "At once, of course."}
"""


@pytest.mark.parametrize("key", ["0", "#"])
def test_the_key_for_a_human_goes_the_way_of_the_rule_for_human_requests(key):
    async def scenario():
        async with Stage(scorer=in_force(VIP).scorer, policy=Policy(human_key=key)) as stage:
            await stage.conversing()
            stage.pbx.tell(DigitReceived("1700000000.1", "5"))
            await asyncio.sleep(1.0)
            assert stage.state is CallState.CONVERSING
            stage.pbx.tell(DigitReceived("1700000000.1", key))
            await stage.until(CallState.SEEKING)
            await asyncio.sleep(2.0)
            ((_, endpoint, _, _),) = stage.pbx.originated
            assert endpoint.startswith("Local/vip@")
            assert "At once, of course." in stage.said()
            (handover,) = stored(stage)["handovers"]
            decision = handover["decision"]
            assert (handover["by"], decision["reason"], decision["rules"]) == ("key", f"pressed {key}", ["A person"])
            assert (decision["queue"], decision["priority"]) == ("vip", 7)
            assert decision["fingerprint"]

    run(scenario())


@pytest.mark.parametrize(("key", "queue"), [("0", "support"), ("", None)])
def test_without_a_rule_for_human_requests_the_key_still_fetches_a_human_unless_there_is_none(key, queue):
    async def scenario():
        async with Stage(scorer=in_force(LEGAL).scorer, policy=Policy(human_key=key)) as stage:
            await stage.conversing()
            stage.pbx.tell(DigitReceived("1700000000.1", "0"))
            await asyncio.sleep(2.0)
            handover = stage.session.call.handover
            assert (handover.decision.queue if handover else None) == queue

    run(scenario())
