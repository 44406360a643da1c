"""Persons who play by ear: when they speak, what they wait for, and what is said when it does not come."""

import asyncio
import time

import pytest

from ari_app.rehearsal.errors import StepFailed
from ari_app.rehearsal.hearing import Hearing
from ari_app.rehearsal.person import Person
from ari_app.rehearsal.phone_call import CallState, Spoken
from ari_app.rehearsal.script import parse_script
from ari_app.rehearsal.stage import Stage
from ari_app.rehearsal.timeline import ApplicationReported, Joined, Spoke, StepDidFail, WhisperHeard

SAYING = 0.1


class Line:
    """A call without a network: the test decides what is on the line."""

    def __init__(self):
        self.hearing = Hearing()
        self.state = CallState.UP
        self.answered_at = time.monotonic()
        self.ended = asyncio.Event()
        self.rtp = self
        self.packets_heard = 0
        self.said = []
        self.pressed = ""

    async def say(self, text, *, voice=None, gain_db=0.0):
        start = time.monotonic()
        await asyncio.sleep(SAYING)
        self.said.append((text, start))
        return Spoken(text, start, time.monotonic(), True)

    def press(self, keys):
        self.pressed += keys

    async def hang_up(self):
        self.state = CallState.ENDED
        self.ended.set()

    async def hears(self, *parts):
        """Parts: (seconds, dBFS or None)."""
        for seconds, level in parts:
            for _ in range(round(seconds / 0.02)):
                if level is not None:
                    self.hearing.frame(time.monotonic(), level)
                await asyncio.sleep(0.02)


def steps(text):
    return list(parse_script(f'name: x\ncaller: {{number: "1"}}\nsteps:\n{text}', "test").steps)


@pytest.fixture
def stage():
    return Stage(lambda event: None)


async def play(name, line, stage, text, *parts):
    """Plays the steps while these sounds are on the line; returns the timeline."""
    sounds = asyncio.create_task(line.hears(*parts))
    try:
        await Person(name, line, stage, voice=None).run(steps(text))
    finally:
        sounds.cancel()
    return stage.events


async def test_the_caller_speaks_after_the_greeting_has_ended_and_been_quiet(stage):
    line = Line()
    await play("caller", line, stage, "- wait: {for: greeting, quiet: 300}\n- say: hello", (0.6, -20), (2.0, -52))
    ((text, at),) = line.said
    assert text == "hello"
    assert 0.85 <= at - line.answered_at < 1.2


async def test_a_reply_is_what_is_heard_after_the_own_words_not_before(stage):
    line = Line()
    script = "- wait: {for: greeting, quiet: 200}\n- say: one\n- wait: {for: reply, quiet: 200}\n- say: two"
    await play("caller", line, stage, script, (0.5, -20), (1.0, -52), (0.5, -20), (1.0, -52))
    (_, first), (_, second) = line.said
    assert second - first > 1.0


async def test_nothing_heard_then_the_step_is_named_with_what_was_heard(stage):
    with pytest.raises(StepFailed) as caught:
        await play("caller", Line(), stage, "- pause: 0\n- wait: {for: greeting, timeout: 0.2}", (1.0, -52))
    assert caught.value.message.startswith(
        "step 2 of caller (wait: greeting): it did not happen within 0.2 s; heard 0.0 s of voice"
    )
    (failed,) = stage.of(StepDidFail)
    assert failed.number == 2


async def test_an_optional_wait_lets_the_script_go_on(stage):
    line = Line()
    await play("caller", line, stage, "- wait: {for: reply, timeout: 0.1, optional: true}\n- say: still here")
    assert [text for text, _ in line.said] == ["still here"]


async def test_the_agent_speaks_when_the_whisper_is_over_and_the_line_is_alive(stage):
    line = Line()
    events = await play("Bo", line, stage, "- wait: join\n- say: hello", (0.2, None), (0.8, -20), (0.1, None), (1.0, -52))
    ((_, at),) = line.said
    assert 1.25 <= at - line.answered_at < 1.6
    (whisper,) = [event for event in events if isinstance(event, WhisperHeard)]
    assert whisper.end - whisper.start == pytest.approx(0.8, abs=0.1)
    assert [type(event) for event in events if isinstance(event, (WhisperHeard, Joined, Spoke))] == [WhisperHeard, Joined, Spoke]


async def test_the_agent_who_speaks_after_the_whisper_needs_no_live_line(stage):
    line = Line()
    await play("Bo", line, stage, "- wait: whisper\n- say: hello", (0.5, -20), (1.5, None))
    ((_, at),) = line.said
    assert 0.85 <= at - line.answered_at < 1.2


async def test_chatting_goes_on_until_the_agent_speaks_and_a_begun_sentence_is_finished(stage):
    line = Line()

    async def agent():
        await asyncio.sleep(1.65)
        stage.reached("speaking")

    speaking = asyncio.create_task(agent())
    script = "- chat: [one, two, three]\n  until: {agent: speaking, quiet: 200}\n- pause: 0.2"
    await play("caller", line, stage, script, (0.5, -20), (0.3, -52), (0.5, -20), (0.3, -52), (1.0, -52))
    await speaking
    assert [text for text, _ in line.said] == ["one", "two"]


async def test_waiting_for_the_application(stage):
    line = Line()
    waiting = asyncio.create_task(play("caller", line, stage, "- wait: {application: decided, timeout: 1}\n- press: 0*"))
    await asyncio.sleep(0.05)
    assert line.pressed == ""
    stage.tell(ApplicationReported(stage.now(), "application", "decided"))
    await waiting
    assert line.pressed == "0*"


async def test_a_call_that_ends_while_somebody_waits_is_told_as_that(stage):
    line = Line()
    waiting = asyncio.create_task(play("caller", line, stage, "- wait: reply"))
    await asyncio.sleep(0.05)
    await line.hang_up()
    with pytest.raises(StepFailed, match="the call ended meanwhile"):
        await waiting


async def test_speaking_into_a_dead_line_is_told(stage):
    line = Line()
    with pytest.raises(StepFailed, match="cannot speak, the call has ended"):
        await play("caller", line, stage, "- hang up\n- say: hello")
