"""The main job on a real Asterisk with real phones: everything is judged by what the phones recorded."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from ari_app.rehearsal.timeline import Declined, HungUp, PickedUp, Rang, RingingStopped
from tests.pbx.box import Box, failure, longest_silence_heard, moments, wedding_dress

HUMAN = """
caller: {number: "+15557654321", name: Ana Lopez, voice: rms}
steps:
  - wait: greeting
  - say: {text: "can i talk to a real person please", deciding: true}
"""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory):
    box = Box(tmp_path_factory.mktemp("handover") / "sb")
    yield box
    box.down()


async def test_the_wedding_dress_from_the_greeting_to_the_record(box: Box, tmp_path: Path):
    report = await box.play(wedding_dress(), tmp_path)
    assert report.passed, failure(report)
    handover = box.records("handovers")[0]
    assert handover["outcome"] == "answered" and handover["whispering"] == "heard"
    assert handover["caller"]["number"] == "+15551234567"
    names = {signal["name"] for reason in handover["reasons"] for signal in reason["signals"]}
    assert {"urgency", "repetition"} <= names
    (call,) = [one for one in box.records("calls") if one["call_id"] == handover["call_id"]]
    assert call["state"] == "ended" and len(call["turns"]) > 8


async def test_the_first_agent_declines_then_the_second_one_gets_the_caller_who_notices_nothing(box: Box, tmp_path: Path):
    script = f"""
name: declined
{HUMAN}
  - chat: ["okay thank you"]
    until: {{agent: speaking, timeout: 60}}
  - wait: {{for: hangup, timeout: 60}}
agents:
  - {{name: one, account: agent1, declines: true, answers_after: 1.0}}
  - {{name: two, account: agent2, answers_after: 1.0, voice: awb, says: ["Hello Ana, how can I help you?"], hangs_up_after: 2.0}}
expect: {{handover: true, agent: two, number: "+15557654321", whisper_heard_by_caller: false, longest_silence: 500}}
"""
    report = await box.play(script, tmp_path)
    assert report.passed, failure(report)
    assert [event.phone for event in report.timeline if isinstance(event, Declined)] == ["one"]
    tries = [(one["interface"], one["outcome"]) for one in box.records("handovers")[0]["tries"]]
    assert tries[:3] == [("PJSIP/agent1", "ringing"), ("PJSIP/agent1", "declined"), ("PJSIP/agent2", "ringing")]


async def test_the_caller_hangs_up_while_the_phone_rings_then_it_stops_and_nothing_is_left(box: Box, tmp_path: Path):
    script = f"""
name: abandoned
{HUMAN}
  - wait: {{agent: ringing}}
  - pause: 1.0
  - hang up
agents:
  - {{name: one, account: agent1, answers_after: 60}}
"""
    report = await box.play(script, tmp_path)
    assert not any(report.leftovers.values()), failure(report)
    hung_up = next(event.at for event in report.timeline if isinstance(event, HungUp) and event.phone == "caller")
    stopped = next(event.at for event in report.timeline if isinstance(event, RingingStopped))
    assert stopped - hung_up < 1.0
    assert box.records("handovers")[0]["outcome"] == "abandoned"


async def test_an_agent_keeps_hanging_up_in_the_whisper_then_the_queue_rings_again_and_at_last_the_assistant_is_honest(
    box: Box, tmp_path: Path
):
    script = f"""
name: left in the whisper
{HUMAN}
  - wait: {{application: handover ended, timeout: 60}}
  - wait: reply
  - hang up
agents:
  - name: one
    account: agent1
    answers_after: 1.0
    steps: [{{pause: 1.0}}, hang up]
"""
    report = await box.play(script, tmp_path)
    assert report.failure is None and not any(report.leftovers.values()), failure(report)
    handover = box.records("handovers")[0]
    assert [one["outcome"] for one in handover["tries"]] == ["ringing", "picked up", "left"] * 3
    assert handover["outcome"] == "nobody"
    heard = report.recordings["caller"]
    rang = [event.at for event in report.timeline if isinstance(event, Rang)]
    assert longest_silence_heard(heard, rang[0] + 1.0, moments(report, "handover ended")[0]) <= 0.5


async def test_a_key_skips_the_whisper_and_joins_at_once(box: Box, tmp_path: Path):
    script = f"""
name: skipped
{HUMAN}
  - wait: {{agent: speaking, timeout: 60}}
  - wait: {{for: hangup, timeout: 60}}
agents:
  - name: one
    account: agent1
    answers_after: 1.0
    steps: [{{pause: 1.0}}, {{press: "1"}}, {{wait: join}}, {{say: "Hello Ana."}}, {{pause: 1.0}}, hang up]
"""
    report = await box.play(script, tmp_path)
    assert report.failure is None and not any(report.leftovers.values()), failure(report)
    picked_up = next(event.at for event in report.timeline if isinstance(event, PickedUp))
    joined = moments(report, "state")
    assert box.records("handovers")[0]["whispering"] == "skipped"
    assert any(picked_up + 0.9 < at < picked_up + 2.0 for at in joined)


async def test_nobody_is_there_then_the_assistant_says_so_and_goes_on(box: Box, tmp_path: Path):
    script = f"""
name: nobody
{HUMAN}
  - wait: {{application: handover ended, timeout: 30}}
  - wait: reply
  - say: "how big can my cabin bag be"
  - wait: reply
  - hang up
"""
    report = await box.play(script, tmp_path)
    assert report.failure is None and not any(report.leftovers.values()), failure(report)
    assert box.records("handovers")[0]["outcome"] == "nobody"


async def test_zero_is_pressed_then_a_human_is_fetched(box: Box, tmp_path: Path):
    script = """
name: zero
caller: {number: "+15557654321", name: Ana Lopez, voice: rms}
steps:
  - wait: greeting
  - press: "0"
  - wait: {agent: ringing}
  - hang up
agents:
  - {name: one, account: agent1, answers_after: 60}
"""
    report = await box.play(script, tmp_path)
    assert report.failure is None and not any(report.leftovers.values()), failure(report)
    assert box.records("handovers")[0]["by"] == "key"


async def test_the_application_is_killed_in_the_conversation_then_the_restarted_one_goes_on_with_the_call(
    box: Box, tmp_path: Path
):
    script = """
name: killed
caller: {number: "+15557654321", name: Ana Lopez, voice: rms}
steps:
  - wait: greeting
  - say: "how big can my cabin bag be"
  - wait: reply
  - pause: 8.0
  - wait: {for: quiet, timeout: 40}
  - say: {text: "can i talk to a real person please", deciding: true}
  - wait: {agent: speaking, timeout: 60}
  - wait: {for: hangup, timeout: 60}
agents:
  - {name: one, account: agent1, answers_after: 1.0, voice: awb, says: ["Hello Ana."], hangs_up_after: 1.0}
"""
    rehearsal = asyncio.create_task(box.play(script, tmp_path))
    for _ in range(200):
        await asyncio.sleep(0.25)
        calls = await asyncio.to_thread(box.records, "calls")
        if calls and calls[0]["state"] == "conversing" and len(calls[0]["turns"]) >= 3:
            break
    await asyncio.sleep(4.0)
    pids = await asyncio.to_thread(box.pids)
    os.kill(pids["app"], signal.SIGKILL)
    await asyncio.to_thread(box.sandbox, "restart", "app")
    report = await rehearsal
    assert report.failure is None and not any(report.leftovers.values()), failure(report)
    assert any(isinstance(event, Rang) for event in report.timeline)
    call = box.records("calls")[0]
    texts = [turn["text"] for turn in call["turns"]]
    assert any("gone for a moment" in text for text in texts) and "bag" in " ".join(texts)


async def test_the_application_is_away_then_the_caller_reaches_an_agent_by_the_plain_queue(box: Box, tmp_path: Path):
    os.kill((await asyncio.to_thread(box.pids))["app"], signal.SIGKILL)
    script = """
name: fallback
caller: {number: "+15557654321", name: Ana Lopez, voice: rms}
steps:
  - wait: {agent: speaking, timeout: 30}
  - wait: {for: hangup, timeout: 30}
agents:
  - name: one
    account: agent1
    answers_after: 1.0
    voice: awb
    steps: [{pause: 1.0}, {say: "Hello, this is the support desk."}, {pause: 1.0}, hang up]
"""
    report = await box.play(script, tmp_path)
    await asyncio.to_thread(box.sandbox, "restart", "app")
    assert report.failure is None, failure(report)


async def test_the_application_dies_for_good_then_its_guard_brings_the_caller_to_a_human(box: Box, tmp_path: Path):
    script = """
name: died
caller: {number: "+15557654321", name: Ana Lopez, voice: rms}
steps:
  - wait: greeting
  - wait: {agent: speaking, timeout: 40}
  - wait: {for: hangup, timeout: 30}
agents:
  - name: one
    account: agent1
    answers_after: 1.0
    voice: awb
    steps: [{pause: 1.0}, {say: "Hello, this is the support desk."}, {pause: 1.0}, hang up]
"""
    rehearsal = asyncio.create_task(box.play(script, tmp_path))
    await asyncio.sleep(4.0)
    os.kill((await asyncio.to_thread(box.pids))["app"], signal.SIGKILL)
    report = await rehearsal
    await asyncio.to_thread(box.sandbox, "restart", "app")
    assert report.failure is None, failure(report)


async def test_the_application_dies_while_caller_and_agent_talk_then_they_talk_on_and_the_restarted_one_follows(
    box: Box, tmp_path: Path
):
    script = f"""
name: talk on
{HUMAN}
  - wait: {{agent: speaking, timeout: 60}}
  - wait: {{for: quiet, quiet: 1500, timeout: 30}}
  - pause: 9.0
  - say: "are you still there"
  - wait: reply
  - hang up
agents:
  - name: one
    account: agent1
    answers_after: 1.0
    voice: awb
    steps:
      - wait: join
      - say: "Hello Ana, one second."
      - pause: 2.0
      - wait: {{for: reply, timeout: 40}}
      - say: "Yes, I am."
      - pause: 5.0
"""
    rehearsal = asyncio.create_task(box.play(script, tmp_path))
    for _ in range(200):
        await asyncio.sleep(0.25)
        calls = await asyncio.to_thread(box.records, "calls")
        if calls and calls[0]["state"] == "connected":
            break
    await asyncio.sleep(4.0)
    os.kill((await asyncio.to_thread(box.pids))["app"], signal.SIGKILL)
    await asyncio.sleep(1.0)
    await asyncio.to_thread(box.sandbox, "restart", "app")
    report = await rehearsal
    assert report.failure is None and not any(report.leftovers.values()), failure(report)
    assert box.records("handovers")[0]["outcome"] == "answered"
