"""Whole calls with fakes, in virtual time: what each party hears, and what is left afterwards."""

import asyncio
from itertools import pairwise

from ari_app.call.call import CallState
from ari_app.session.ports import DigitReceived, PbxConnection
from tests.session.fakes import FakeAgent
from tests.session.stage import Stage
from tests.session.virtual_time import run


def test_caller_enters_then_he_is_greeted_in_a_bridge_with_the_assistant_and_a_tap_of_his_voice_only():
    async def scenario():
        async with Stage() as stage:
            session = await stage.conversing()
            call_id = session.call.call_id
            assert stage.pbx.members("conversation") == {"1700000000.1", f"{call_id}.voice01"}
            assert stage.pbx.snoops[f"{call_id}.ears02-snoop"] == ("1700000000.1", "in", "none")
            assert stage.said() == ["Welcome, how can I help?"]

    run(scenario())


def test_caller_asks_for_a_human_then_the_real_queue_is_rung_with_his_number_and_the_reason():
    async def scenario():
        async with Stage() as stage:
            leg_id = await stage.seeking()
            ((channel_id, endpoint, variables, _),) = stage.pbx.originated
            assert (channel_id, endpoint) == (leg_id, "Local/support@ari-app-queue/n")
            assert variables["ARI_APP_CALLER_NUMBER"] == "+15551234567"
            assert variables["ARI_APP_DISPLAY"] == "David M. / asks for a person"
            assert variables["__ARI_APP_CALL"] == stage.session.call.call_id

    run(scenario())


def test_while_the_queue_rings_the_caller_never_hears_silence_for_half_a_second():
    async def scenario():
        async with Stage() as stage:
            await stage.seeking()
            began = asyncio.get_running_loop().time()
            await asyncio.sleep(50.0)
            spans = [span for span in stage.sound_on_the_callers_line() if span[1] > began]
            gaps = [later[0] - earlier[1] for earlier, later in pairwise(spans)]
            assert len(gaps) > 5 and max(gaps) <= 0.5
            assert spans[-1][1] > began + 45.0

    run(scenario())


def test_caller_asks_something_while_he_waits_then_he_gets_an_answer():
    async def scenario():
        async with Stage() as stage:
            await stage.seeking()
            stage.caller_says("how long will it take")
            await asyncio.sleep(4.0)
            assert "While we wait: how long will it take." in stage.said()
            assert stage.state is CallState.SEEKING

    run(scenario())


def test_agent_picks_up_then_only_his_channel_is_whispered_to_and_then_both_share_one_bridge_without_the_assistant():
    async def scenario():
        async with Stage() as stage:
            agent, held = await stage.briefing()
            whisper = next(snoop for name, snoop in stage.pbx.snoops.items() if "whisper" in name)
            assert whisper == (agent.channel_id, "none", "out")
            assert agent.channel_id not in stage.pbx.members("conversation")
            assert not agent.released.is_set()
            await stage.until(CallState.CONNECTED)
            await asyncio.sleep(6.0)
            assert held.done() and agent.released.is_set()
            assert stage.pbx.members("conversation") == {"1700000000.1", stage.session.call.queue_leg_id}
            assert not any(part in name for name in stage.pbx.existing for part in (".voice", ".ears", ".whisper"))

    run(scenario())


def test_the_hand_off_line_is_heard_over_the_join_so_that_nobody_meets_a_silent_line():
    async def scenario():
        async with Stage() as stage:
            await stage.briefing()
            await stage.until(CallState.CONNECTED)
            joined = asyncio.get_running_loop().time()
            await asyncio.sleep(5.0)
            last = stage.sound_on_the_callers_line()[-1]
            assert last[0] < joined < last[1] < joined + 1.0
            assert stage.said()[-1] == stage.policy.texts.hand_off

    run(scenario())


def test_agent_presses_a_key_then_the_whisper_is_skipped_and_he_is_joined_at_once():
    async def scenario():
        async with Stage() as stage:
            agent, _ = await stage.briefing()
            agent.press("1")
            await stage.until(CallState.CONNECTED, 0.5)
            assert str(stage.session.call.handover.whispering) == "skipped"

    run(scenario())


def test_agent_hangs_up_in_the_whisper_then_the_queue_is_rung_again_and_the_caller_hears_no_gap():
    async def scenario():
        async with Stage() as stage:
            agent, held = await stage.briefing()
            agent.leave()
            await stage.until(CallState.SEEKING)
            await asyncio.sleep(10.0)
            assert held.done() and len(stage.pbx.originated) == 2
            spans = stage.sound_on_the_callers_line()[-4:]
            assert max(later[0] - earlier[1] for earlier, later in pairwise(spans)) <= 0.5

    run(scenario())


def test_nobody_picks_up_then_the_assistant_says_so_and_the_conversation_goes_on():
    async def scenario():
        async with Stage() as stage:
            leg_id = await stage.seeking()
            stage.pbx.vanish(leg_id)
            await stage.until(CallState.CONVERSING)
            await asyncio.sleep(3.0)
            assert stage.said()[-1] == "Nobody is free right now."
            stage.caller_says("what about my bag")
            await asyncio.sleep(3.0)
            assert stage.said()[-1] == "You said: what about my bag."
            assert stage.store.handovers[-1]["outcome"] == "nobody"

    run(scenario())


def test_caller_hangs_up_while_the_phone_rings_then_it_stops_at_once_and_nothing_is_left():
    async def scenario():
        async with Stage() as stage:
            leg_id = await stage.seeking()
            agent_channel = stage.pbx.agent_rings(leg_id)
            await asyncio.sleep(0.5)
            stage.pbx.vanish("1700000000.1")
            await asyncio.sleep(0.1)
            assert leg_id not in stage.pbx.existing and agent_channel not in stage.pbx.existing
            await stage.until(None)
            assert stage.nothing_left()
            assert stage.store.handovers[-1]["outcome"] == "abandoned"
            assert next(iter(stage.store.calls.values()))["state"] == "ended"

    run(scenario())


def test_agent_hangs_up_after_the_talk_then_the_assistant_asks_and_at_last_says_goodbye():
    async def scenario():
        async with Stage() as stage:
            agent, _ = await stage.briefing()
            await stage.until(CallState.CONNECTED)
            await asyncio.sleep(20.0)
            stage.pbx.vanish(agent.channel_id)
            stage.pbx.vanish(stage.session.call.queue_leg_id)
            await stage.until(CallState.CLOSING)
            await asyncio.sleep(5.0)
            assert stage.said()[-1] == stage.policy.texts.agent_left
            await stage.until(None)
            assert stage.nothing_left()

    run(scenario())


def test_the_recogniser_crashes_then_a_human_is_fetched():
    async def scenario():
        async with Stage() as stage:
            await stage.conversing()
            stage.caller_says("CRASH")
            await stage.until(CallState.SEEKING)
            assert stage.policy.texts.cannot_hear in stage.said()

    run(scenario())


def test_the_assistant_crashes_then_a_human_is_fetched():
    async def scenario():
        async with Stage() as stage:
            await stage.conversing()
            stage.assistant.dialogues[-1].crash = True
            stage.caller_says("what about my bag")
            await stage.until(CallState.SEEKING)

    run(scenario())


def test_the_voice_cannot_be_made_then_the_dialplans_queue_takes_the_caller():
    async def scenario():
        async with Stage() as stage:
            await stage.conversing()
            stage.synthesiser.broken = True
            stage.caller_says("what about my bag")
            await stage.until(None)
            assert stage.pbx.given_away == [("1700000000.1", "ari-app-fallback")]
            assert stage.nothing_left()

    run(scenario())


def test_the_queue_cannot_be_rung_then_the_caller_is_told_and_stays_with_the_assistant():
    async def scenario():
        async with Stage() as stage:
            await stage.conversing()
            stage.pbx.refuse.add("originate")
            stage.caller_says("i want a human")
            await asyncio.sleep(4.0)
            assert stage.state is CallState.CONVERSING
            assert stage.said()[-1] == "Nobody is free right now."

    run(scenario())


def test_the_whisper_cannot_be_played_then_the_agent_is_joined_all_the_same():
    async def scenario():
        async with Stage() as stage:
            leg_id = await stage.seeking()
            channel_id = stage.pbx.agent_rings(leg_id)
            stage.pbx.refuse.add("snoop")
            await asyncio.sleep(1.0)
            agent = FakeAgent(stage.session.call.call_id, stage.pbx, leg_id, channel_id)
            held = asyncio.create_task(stage.router.agent_picked_up(agent))
            await stage.until(CallState.CONNECTED)
            assert str(stage.session.call.handover.whispering) == "failed"
            await held

    run(scenario())


def test_caller_presses_zero_then_a_human_is_fetched():
    async def scenario():
        async with Stage() as stage:
            await stage.conversing()
            stage.pbx.tell(DigitReceived("1700000000.1", "0"))
            await stage.until(CallState.SEEKING)

    run(scenario())


def test_a_leg_that_could_not_be_freed_in_its_time_is_freed_at_the_end_of_the_call():
    async def scenario():
        async with Stage() as stage:
            session = await stage.conversing()
            stage.pbx.existing.add(f"{session.call.call_id}.whisper07-media")
            stage.pbx.bridged[f"{session.call.call_id}.whisper07-bridge"] = set()
            stage.pbx.vanish("1700000000.1")
            await stage.until(None)
            assert stage.nothing_left()

    run(scenario())


def test_asterisk_is_back_then_legs_of_calls_that_ended_meanwhile_are_freed_and_those_of_running_calls_stay():
    async def scenario():
        async with Stage() as stage:
            session = await stage.conversing()
            stage.pbx.existing.add("call-gone.voice01")
            stage.pbx.bridged["call-gone.conversation"] = set()
            before = set(stage.pbx.existing)
            stage.pbx.tell(PbxConnection("ari", up=True))
            await asyncio.sleep(0.5)
            assert stage.pbx.existing == before - {"call-gone.voice01"}
            assert [name for name in stage.pbx.bridged if not name.startswith(session.call.call_id)] == []

    run(scenario())
