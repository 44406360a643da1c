"""The rehearsal's phones on a real Asterisk: they register, call, ring, decline, show cards, and record what really passed."""

import asyncio
import base64
import json
import subprocess
import time
import urllib.parse
import urllib.request
import wave
from pathlib import Path

import numpy as np
import pytest

from ari_app.rehearsal.correlation import first_heard
from ari_app.rehearsal.errors import PhoneError
from ari_app.rehearsal.phone import Account, CallerId, Phone
from ari_app.rehearsal.phone_call import CallState
from ari_app.rehearsal.runner import rehearse
from ari_app.rehearsal.script import parse_script
from ari_app.rehearsal.target import Target
from tests.unit.rehearsal.sounds import voice

SANDBOX = Path(__file__).resolve().parents[2] / "scripts" / "sandbox"
DAVID = CallerId("+15551234567", "David Miller")


class Sandbox:
    def __init__(self, folder):
        self.folder = folder
        self.facts = json.loads(self._run("up", "--no-app", "--json", "--dir", str(folder)))

    def cli(self, command):
        return self._run("cli", "--dir", str(self.folder), command)

    def down(self):
        self._run("down", "--dir", str(self.folder))

    def account(self, name):
        every = [self.facts["caller"], *self.facts["agents"]]
        found = next(each for each in every if each["username"] == name)
        return Account(name, found["password"], self.facts["sip"]["host"], self.facts["sip"]["port"])

    def send_message(self, agent, text):
        ari = self.facts["ari"]
        query = urllib.parse.urlencode({"from": "sip:ari-app@127.0.0.1", "body": text})
        login = base64.b64encode(f"{ari['username']}:{ari['password']}".encode()).decode()
        address = f"{ari['url']}/endpoints/PJSIP/{agent}/sendMessage?{query}"
        request = urllib.request.Request(address, method="PUT", headers={"Authorization": f"Basic {login}"})
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status

    def _run(self, *arguments):
        done = subprocess.run([str(SANDBOX), *arguments], capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    running = Sandbox(tmp_path_factory.mktemp("phones") / "sandbox")
    yield running
    running.down()


async def synthesise(text, name):
    """A voice of its own for every text, a quarter of a second a word."""
    seed = sum(text.encode()) + sum((name or "").encode())
    return voice(max(len(text.split()) * 0.25, 0.5), seed).astype("<i2").tobytes()


@pytest.fixture
async def phones(sandbox):
    """Opens phones by account name; the agents' are registered."""
    opened = []

    async def take(name):
        phone = Phone(sandbox.account(name), synthesise=synthesise, seed=len(opened) * 100 + 1)
        phone.rang = asyncio.Queue()
        phone.on_call = phone.rang.put_nowait
        opened.append(phone)
        await phone.open()
        if name != "caller":
            await phone.register()
        return phone

    yield take
    for phone in opened:
        await phone.close()


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in code without events
            await asyncio.sleep(0.02)


async def talking(phones):
    caller, agent = await phones("caller"), await phones("agent1")
    call = await caller.dial("1001", caller_id=DAVID)
    incoming = await asyncio.wait_for(agent.rang.get(), 5)
    await incoming.answer()
    await asyncio.wait_for(call.answered.wait(), 5)
    return call, incoming


async def test_a_wrong_password_is_told_with_the_remedy(sandbox):
    right = sandbox.account("agent1")
    async with Phone(Account("agent1", "wrong", right.host, right.port)) as phone:
        with pytest.raises(PhoneError, match="agent1 could not register") as caught:
            await phone.register()
    assert "password" in caught.value.remedy


async def test_a_registration_is_refreshed_and_given_back(sandbox):
    async with Phone(sandbox.account("agent4")) as phone:
        await phone.register(expires=60)
        await phone.register(expires=60)
        contact = f"sip:agent4@127.0.0.1:{phone.address[1]}"
        assert contact in await asyncio.to_thread(sandbox.cli, "pjsip show contacts")
    assert contact not in await asyncio.to_thread(sandbox.cli, "pjsip show contacts")


async def test_the_desk_phone_shows_the_callers_own_number_and_name(phones):
    _, incoming = await talking(phones)
    assert (incoming.display.number, incoming.display.name) == ("+15551234567", "David Miller")


async def test_both_hear_each_other_and_both_recordings_are_on_one_clock(phones):
    begin = time.monotonic()
    call, incoming = await talking(phones)
    said = await call.say("hello this is the caller")
    answered = await incoming.say("and this is the agent speaking")
    await asyncio.sleep(0.3)
    await call.hang_up()
    await asyncio.wait_for(incoming.ended.wait(), 5)
    end = time.monotonic()
    for speaker, listener, spoken in ((call, incoming, said), (incoming, call, answered)):
        path = first_heard(speaker.rtp.sent(begin, end), listener.rtp.heard(begin, end), begin, end)
        assert path.at - incoming.answered_at < 0.3
        assert 0 <= path.delay < 0.08
        later = first_heard(speaker.rtp.sent(begin, end), listener.rtp.heard(begin, end), spoken.start, end)
        assert later.delay == pytest.approx(path.delay, abs=0.005)


async def test_keys_pass_in_both_directions(phones):
    call, incoming = await talking(phones)
    call.press("0*9")
    incoming.press("*1")
    await until(lambda: len(incoming.digits) == 3 and len(call.digits) == 2)
    assert "".join(each.digit for each in incoming.digits) == "0*9"
    assert "".join(each.digit for each in call.digits) == "*1"


async def test_a_card_arrives_before_and_during_a_call(sandbox, phones):
    call, incoming = await talking(phones)
    await asyncio.to_thread(sandbox.send_message, "agent1", "David Miller · ABC123 ✓\nwedding dress")
    agent2 = await phones("agent2")
    await asyncio.to_thread(sandbox.send_message, "agent2", "before any call")
    await until(lambda: agent2.cards)
    assert agent2.cards[0].text == "before any call"
    assert (call.state, incoming.state) == (CallState.UP, CallState.UP)


async def test_a_declined_call_is_over_for_the_caller(phones):
    caller, agent = await phones("caller"), await phones("agent1")
    call = await caller.dial("1001", caller_id=DAVID)
    (await asyncio.wait_for(agent.rang.get(), 5)).decline()
    await asyncio.wait_for(call.ended.wait(), 5)
    assert call.ended_by == "them"


async def test_a_caller_who_gives_up_silences_the_desk_phone(phones):
    caller, agent = await phones("caller"), await phones("agent1")
    call = await caller.dial("1001", caller_id=DAVID)
    incoming = await asyncio.wait_for(agent.rang.get(), 5)
    await call.hang_up()
    await asyncio.wait_for(incoming.ended.wait(), 5)
    assert (incoming.ended_by, incoming.status) == ("them", 487)


async def test_the_queue_rings_the_next_agent_when_the_first_declines(phones):
    caller, first, second = await phones("caller"), await phones("agent1"), await phones("agent2")
    call = await caller.dial("101", caller_id=DAVID)
    rang = [asyncio.create_task(phone.rang.get()) for phone in (first, second)]
    done, waiting = await asyncio.wait(rang, timeout=10, return_when=asyncio.FIRST_COMPLETED)
    done.pop().result().decline()
    incoming = await asyncio.wait_for(waiting.pop(), 10)
    await incoming.answer()
    await asyncio.wait_for(call.answered.wait(), 10)
    assert call.state is CallState.UP


async def test_an_echo_comes_back_and_the_grid_holds(phones):
    caller = await phones("caller")
    begin = time.monotonic()
    call = await caller.dial("102")
    await asyncio.wait_for(call.answered.wait(), 5)
    await call.say("one two three four five six seven eight")
    await call.hang_up()
    end = time.monotonic()
    path = first_heard(call.rtp.sent(begin, end), call.rtp.heard(begin, end), begin, end)
    assert 0 <= path.delay < 0.08
    pacing = call.rtp.pacing()
    assert pacing.packets > 90
    assert pacing.p50_ms < 10


SCRIPT = """
name: A queue with a whisper
caller: {number: "+15551234567", name: David Miller}
steps:
  - wait: greeting
  - say: {text: "but this is a wedding emergency", deciding: true}
  - wait: {agent: speaking, timeout: 40}
  - wait: reply
  - say: "yes please the dress is in a white box"
  - wait: hangup
agents:
  - {name: Anna, account: agent1, answers_after: 0.5, declines: true}
  - {name: Bo, account: agent2, answers_after: 0.5, says: ["hello david", "we bring it to you"], hangs_up_after: 0.5}
expect:
  handover: true
  agent: Bo
  number: "+15551234567"
  whisper_heard_by_agent: true
  whisper_heard_by_caller: false
  two_way_within: 500
"""


async def test_a_whole_rehearsal_through_a_queue_with_a_whispering_dialplan(sandbox, tmp_path):
    for name, seconds, seed in (("greeting", 1.5, 1), ("reply", 2.0, 2), ("whisper", 3.0, 3)):
        with wave.open(str(tmp_path / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(voice(seconds, seed).astype("<i2").tobytes())
    steps = ["Answer()", f"Playback({tmp_path}/greeting)", "Wait(3)", f"Playback({tmp_path}/reply)"]
    steps.append("Queue(support\\,r\\,\\,\\,\\,\\,test-whisper)")
    for number, step in enumerate(steps, start=1):
        await asyncio.to_thread(sandbox.cli, f"dialplan add extension 777,{number},{step} into sandbox-callers replace")
    for number, step in enumerate([f"Playback({tmp_path}/whisper)", "Return()"], start=1):
        await asyncio.to_thread(sandbox.cli, f"dialplan add extension s,{number},{step} into test-whisper replace")
    facts = {**sandbox.facts, "caller": {**sandbox.facts["caller"], "extension": "777"}}
    seen = []
    folder = tmp_path / "recordings"
    report = await rehearse(parse_script(SCRIPT, "test"), Target.from_mapping(facts), synthesise, seen.append, folder=folder)
    assert report.passed, [report.failure, *report.checks]
    measured = report.measured
    assert measured.whisper.seconds == pytest.approx(3.0, abs=0.1)
    assert 0 <= measured.whisper_start_ms < 1000
    assert {type(event).__name__ for event in seen} >= {"Rang", "Declined", "PickedUp", "WhisperHeard", "Joined", "HungUp"}
    written = json.loads((folder / "report.json").read_text())
    assert written["passed"] is True
    assert written["measured"]["two_way_ms"] == pytest.approx(measured.two_way_ms)
    with wave.open(str(report.recordings["Bo"])) as file:
        assert file.getnchannels() == 2
        assert np.frombuffer(file.readframes(file.getnframes()), "<i2").any()
    await asyncio.sleep(0.5)
    assert "0 active channels" in await asyncio.to_thread(sandbox.cli, "core show channels count")


async def test_a_step_that_does_not_happen_is_named_and_everything_is_hung_up(sandbox, tmp_path):
    script = parse_script(
        'name: x\ncaller: {number: "+1555"}\nsteps: [{wait: {agent: joined, timeout: 1}}]\nagents: [{name: Anna}]', "test"
    )
    facts = {**sandbox.facts, "caller": {**sandbox.facts["caller"], "extension": "102"}}
    report = await rehearse(script, Target.from_mapping(facts), synthesise, lambda event: None, folder=tmp_path)
    assert not report.passed
    assert report.failure == "step 1 of caller (wait: agent joined): no agent was joined within 1 s"
    await asyncio.sleep(0.3)
    assert "0 active channels" in await asyncio.to_thread(sandbox.cli, "core show channels count")
