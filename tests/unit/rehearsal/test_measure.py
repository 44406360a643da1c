"""The figures, on a made-up call whose every moment is known."""

import numpy as np
import pytest

from ari_app.rehearsal.measure import Evidence, Span, longest_silence, measure, voice_spans, word_error_rate
from tests.unit.rehearsal.sounds import Tape, room, voice

ORIGIN = 100.0
WORDS_END, RANG, PICKED, WHISPER, WHISPER_END, JOINED, FIRST_WORD = 3.0, 3.45, 5.0, 5.12, 9.12, 9.3, 10.0
DELAY = 0.02


def conversation(*, leak=0.0, joined=JOINED):
    """A caller kept company by the assistant with a pause of 0.6 s, an agent who is whispered to and then joined."""
    caller_sent = Tape(14).add(0, room(14, 1)).add(1.0, voice(WORDS_END - 1.0, 11))
    agent_sent = Tape(14).add(PICKED, room(9, 2)).add(FIRST_WORD, voice(2.0, 12))
    whisper = voice(WHISPER_END - WHISPER, 13)
    agent_heard = Tape(14).add(WHISPER, whisper).add(joined + DELAY, caller_sent.sound(joined, 14 - DELAY))
    caller_heard = Tape(14).add(3.3, voice(3.0, 14)).add(6.9, voice(2.1, 15))
    caller_heard.add(joined + DELAY, agent_sent.sound(joined, 14 - DELAY)).add(WHISPER + DELAY, whisper * leak)
    return Evidence(
        caller_sent=caller_sent.track(wire=False),
        caller_heard=caller_heard.track(),
        agent_sent=agent_sent.track(wire=False),
        agent_heard=agent_heard.track(),
        deciding=Span(ORIGIN + 1.0, ORIGIN + WORDS_END + 0.2),
        agent_rang_at=ORIGIN + RANG,
        picked_up_at=ORIGIN + PICKED,
        agent_ended_at=ORIGIN + 14,
        first_words=Span(ORIGIN + FIRST_WORD, ORIGIN + FIRST_WORD + 2.2),
    )


def test_every_figure_of_a_handover_with_the_whisper_before():
    measured = measure(conversation())
    assert measured.trigger_end == pytest.approx(ORIGIN + WORDS_END, abs=0.02)
    assert measured.ring_ms == pytest.approx((RANG - WORDS_END) * 1000, abs=20)
    assert measured.whisper_start_ms == pytest.approx((WHISPER - PICKED) * 1000, abs=20)
    assert measured.whisper.seconds == pytest.approx(4.0, abs=0.04)
    expected = (JOINED + DELAY - WHISPER_END) * 1000
    assert measured.agent_hears_caller_ms == pytest.approx(expected, abs=25)  # the end of a voice is known to a syllable
    assert measured.agent_hears_caller.at == pytest.approx(ORIGIN + JOINED + DELAY, abs=0.005)
    assert measured.caller_hears_agent.at == pytest.approx(ORIGIN + JOINED + DELAY, abs=0.005)
    assert measured.two_way_ms == max(measured.agent_hears_caller_ms, measured.caller_hears_agent_ms)
    assert measured.whisper_in_agent.found
    assert not measured.whisper_in_caller.found


def test_the_longest_silence_is_the_one_before_the_agent_speaks_and_own_words_may_fill_it():
    evidence = conversation()
    measured = measure(evidence)
    assert measured.silence_heard.ms == pytest.approx((FIRST_WORD + DELAY - 9.0) * 1000, abs=60)
    assert measured.silence_heard.at == pytest.approx(ORIGIN + 9.0, abs=0.05)
    spoken = np.array(evidence.caller_sent.samples, float)
    spoken[round(9.1 * 8000) : round(9.9 * 8000)] += voice(0.8, 77)
    own = type(evidence.caller_sent)(ORIGIN, np.clip(spoken, -32768, 32767).astype(np.int16))
    filled = longest_silence([evidence.caller_heard, own], ORIGIN + 3, ORIGIN + FIRST_WORD)
    assert filled.ms == pytest.approx(600, abs=60)  # now the pause of the assistant is the longest


def test_a_whisper_that_leaks_to_the_caller_is_caught():
    measured = measure(conversation(leak=0.5))
    assert measured.whisper_in_caller.found


def test_joined_before_the_whisper_ends_then_the_caller_is_taken_out_and_the_figure_is_negative():
    measured = measure(conversation(joined=6.0))
    assert measured.whisper.start == pytest.approx(ORIGIN + WHISPER, abs=0.02)
    assert measured.whisper.end == pytest.approx(ORIGIN + WHISPER_END, abs=0.1)
    assert measured.two_way_ms == pytest.approx((6.0 + DELAY - WHISPER_END) * 1000, abs=120)


def test_nobody_picked_up_then_only_the_ringing_is_measured():
    evidence = conversation()
    alone = Evidence(
        evidence.caller_sent, evidence.caller_heard, deciding=evidence.deciding, agent_rang_at=evidence.agent_rang_at
    )
    measured = measure(alone)
    assert measured.ring_ms == pytest.approx(450, abs=20)
    assert (measured.whisper, measured.two_way_ms, measured.silence_heard, measured.whisper_in_agent) == (None,) * 4


def test_no_whisper_is_said_to_be_none():
    evidence = conversation()
    silent = Tape(14).add(JOINED, Tape(14).add(0, room(14, 1)).add(1, voice(2, 11)).sound(JOINED, 14)).track()
    measured = measure(
        Evidence(**{**{name: getattr(evidence, name) for name in evidence.__dataclass_fields__}, "agent_heard": silent})
    )
    assert measured.whisper is None
    assert measured.two_way_ms is None
    assert not measured.whisper_in_agent.found
    assert measured.agent_hears_caller is not None


def test_voices_are_found_with_their_pauses():
    track = Tape(6).add(1, voice(1, 1)).add(2.3, voice(1, 2)).add(5, voice(0.5, 3)).track()
    spans = voice_spans(track, ORIGIN, ORIGIN + 6, -42, pause=0.6)
    assert [(pytest.approx(span.start, abs=0.03), pytest.approx(span.end, abs=0.03)) for span in spans] == [
        (ORIGIN + 1, ORIGIN + 3.3),
        (ORIGIN + 5, ORIGIN + 5.5),
    ]
    assert voice_spans(Tape(1).track(), ORIGIN, ORIGIN + 1, -42, pause=1) == []


def test_silence_depends_on_the_threshold():
    track = Tape(3).add(0, room(3, 1)).track()
    assert longest_silence([track], ORIGIN, ORIGIN + 3, -42).ms == pytest.approx(3000, abs=1)
    assert longest_silence([track], ORIGIN, ORIGIN + 3, -60).ms == 0


@pytest.mark.parametrize(
    ("said", "recognised", "rate"),
    [
        ("my sister's wedding dress", "My sister’s wedding dress!", 0.0),
        ("one two three four", "one too three", 0.5),
        ("one two", "one and two and three", 1.5),
        ("a b c", "", 1.0),
        ("", "", 0.0),
        ("", "word", 1.0),
    ],
)
def test_word_error_rate(said, recognised, rate):
    assert word_error_rate(said, recognised) == pytest.approx(rate)
