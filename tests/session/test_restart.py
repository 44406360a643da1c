"""The application dies and comes back: each call goes on where it stood."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ari_app.call.call import CallState
from tests.session.stage import Stage
from tests.session.virtual_time import run


@asynccontextmanager
async def after_a_restart(old: Stage) -> AsyncIterator[Stage]:
    """A new application on the same PBX and store; the old one's tasks just stopped, as after kill -9."""
    async with Stage(pbx=old.pbx, store=old.store) as new:
        await new.router.adopt(dict(old.store.live))
        await asyncio.sleep(0.2)
        yield new


async def killed(stage: Stage) -> None:
    await asyncio.sleep(0.5)
    await stage.kill()


def test_a_conversing_call_is_adopted_with_its_transcript_and_a_new_voice_and_tap():
    async def scenario():
        old = await Stage().__aenter__()
        session = await old.conversing()
        old.caller_says("what about my bag")
        await asyncio.sleep(3.0)
        call_id = session.call.call_id
        await killed(old)
        async with after_a_restart(old) as new:
            await asyncio.sleep(3.0)
            assert new.session.call.call_id == call_id and new.state is CallState.CONVERSING
            assert [turn.text for turn in new.session.call.transcript.turns][1] == "what about my bag"
            assert new.session.call.transcript.turns[-1].text == new.policy.texts.back_again
            members = new.pbx.members("conversation")
            assert "1700000000.1" in members and len(members) == 2
            new.caller_says("and my refund")
            await asyncio.sleep(3.0)
            assert new.said()[-1] == "You said: and my refund."

    run(scenario())


def test_a_call_whose_queue_still_rings_is_adopted_without_ringing_anybody_twice():
    async def scenario():
        old = await Stage().__aenter__()
        leg_id = await old.seeking()
        await killed(old)
        async with after_a_restart(old) as new:
            assert new.state is CallState.SEEKING
            assert [leg for leg, *_ in new.pbx.originated] == [leg_id]
            new.pbx.queue_bridges(leg_id)
            await new.until(CallState.CONNECTED)

    run(scenario())


def test_a_call_that_lost_its_agent_at_the_whisper_rings_the_queue_again():
    async def scenario():
        old = await Stage().__aenter__()
        await old.briefing()
        await killed(old)
        old.pbx.existing.discard(old.pbx.originated[0][0])
        async with after_a_restart(old) as new:
            assert new.state is CallState.SEEKING and len(new.pbx.originated) == 2

    run(scenario())


def test_a_connected_call_is_adopted_undisturbed_and_followed_to_its_end():
    async def scenario():
        old = await Stage().__aenter__()
        await old.briefing()
        await old.until(CallState.CONNECTED)
        await asyncio.sleep(5.0)
        leg_id = old.session.call.queue_leg_id
        await killed(old)
        async with after_a_restart(old) as new:
            assert new.state is CallState.CONNECTED
            assert new.pbx.members("conversation") == {"1700000000.1", leg_id}
            new.pbx.vanish(leg_id)
            await new.until(CallState.CLOSING)

    run(scenario())


def test_a_caller_of_whom_nothing_is_known_is_given_to_the_queue():
    async def scenario():
        stage = Stage()
        stage.pbx.existing.add("1700000000.77")
        async with stage:
            await stage.router.adopt({})
            assert stage.pbx.given_away == [("1700000000.77", "ari-app-fallback")]

    run(scenario())


def test_a_caller_who_enters_while_the_application_starts_is_greeted_and_not_given_away():
    async def scenario():
        async with Stage() as stage:
            stage.pbx.caller_rings()
            await stage.router.adopt({})
            assert stage.pbx.given_away == [] and stage.state is CallState.CONVERSING

    run(scenario())


def test_a_caller_who_left_meanwhile_is_recorded_and_his_legs_are_freed():
    async def scenario():
        old = await Stage().__aenter__()
        await old.seeking()
        call_id = old.session.call.call_id
        await killed(old)
        old.pbx.existing.discard("1700000000.1")
        async with after_a_restart(old) as new:
            await new.until(None)
            assert new.store.calls[call_id]["end_reason"] == "left while the application was away"
            assert not new.pbx.existing and not new.store.live

    run(scenario())


def test_the_application_is_told_to_stop_then_a_caller_with_the_assistant_goes_to_the_fallback_queue():
    async def scenario():
        async with Stage() as stage:
            await stage.seeking()
            await stage.router.stop()
            assert stage.pbx.given_away == [("1700000000.1", "ari-app-fallback")]
            assert stage.nothing_left() and not stage.store.live

    run(scenario())


def test_the_application_is_told_to_stop_then_a_connected_call_stays_and_is_adopted_by_the_next_start():
    async def scenario():
        old = await Stage().__aenter__()
        await old.briefing()
        await old.until(CallState.CONNECTED)
        await asyncio.sleep(5.0)
        await old.router.stop()
        await old.kill()
        assert old.pbx.members("conversation") == {"1700000000.1", old.pbx.originated[0][0]}
        async with after_a_restart(old) as new:
            assert new.state is CallState.CONNECTED

    run(scenario())
