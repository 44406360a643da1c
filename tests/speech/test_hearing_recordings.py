"""The whole listener with the embedded model: what it understands, how soon, and what it is not fooled by."""

import asyncio

import pytest

from ari_app.session.ports import HeardEvent, PartialHeard, UtteranceHeard, VoicePaused, VoiceStarted
from ari_app.speech.listener_factory import VoskListenerFactory, speech_pool
from tests.speech.sound import listen, mixed, noise, quiet, recording, seconds

SAID = {
    "rms_wedding_emergency": "but this is a wedding emergency",
    "slt_wedding_dress": "i have my sister's wedding dress in my checked bag",
    "slt_twelve_hours": "and the ceremony is in twelve hours",
    "rms_reference": "my booking reference is a b c one two three",
    "rms_spelled": "alpha bravo charlie one two three",
    "slt_person": "i want to talk to a real person",
    "rms_yes": "yes that's right",
}
REACTION = 0.28  # seconds from the last sound to the complete words


@pytest.fixture(scope="module")
def factory() -> VoskListenerFactory:
    return VoskListenerFactory()


def utterances(events: object) -> list[UtteranceHeard]:
    assert isinstance(events, list)
    return [event for event in events if isinstance(event, UtteranceHeard)]


def heard(factory: VoskListenerFactory, pcm: bytes) -> list[HeardEvent]:
    return list(listen(factory.open(), pcm))


@pytest.mark.parametrize("name", SAID)
def test_a_sentence_is_understood_with_confidences_and_times(factory: VoskListenerFactory, name: str) -> None:
    speech = recording(name)
    (utterance,) = utterances(heard(factory, quiet(0.5) + speech + quiet(1.5)))
    assert utterance.text == SAID[name]
    assert utterance.confidence > 0.75
    assert [word.text for word in utterance.words] == SAID[name].split()
    assert utterance.start == pytest.approx(0.5, abs=0.15)
    assert utterance.end == pytest.approx(0.5 + seconds(speech), abs=0.15)
    starts = [word.start for word in utterance.words]
    assert starts == sorted(starts)
    assert 0.4 < starts[0] < 0.8 and utterance.words[-1].end < 0.5 + seconds(speech) + 0.15


@pytest.mark.parametrize("name", SAID)
def test_the_complete_words_are_there_within_280_ms_after_the_last_sound(factory: VoskListenerFactory, name: str) -> None:
    speech = recording(name)
    events = heard(factory, quiet(0.5) + speech + quiet(1.5))
    pause = [event for event in events if isinstance(event, VoicePaused)][-1]
    assert pause.text == SAID[name]
    assert pause.at - (0.5 + seconds(speech)) <= REACTION


def test_events_come_in_the_order_of_speaking(factory: VoskListenerFactory) -> None:
    events = heard(factory, quiet(0.5) + recording("slt_wedding_dress") + quiet(1.5))
    kinds = [type(event) for event in events]
    assert kinds[0] is VoiceStarted and kinds[-1] is UtteranceHeard and kinds[-2] is VoicePaused
    assert kinds.count(PartialHeard) >= 3
    assert [kind for kind in kinds if kind is not PartialHeard] == [VoiceStarted, VoicePaused, UtteranceHeard]


def test_a_pause_in_mid_sentence_loses_no_word_and_makes_one_utterance(factory: VoskListenerFactory) -> None:
    halves = recording("slt_wedding_dress") + quiet(0.4) + recording("slt_twelve_hours")
    (utterance,) = utterances(heard(factory, quiet(0.5) + halves + quiet(1.5)))
    assert utterance.text == f"{SAID['slt_wedding_dress']} {SAID['slt_twelve_hours']}"


def test_a_caller_who_looks_for_the_reference_is_given_time(factory: VoskListenerFactory) -> None:
    pcm = quiet(0.5) + recording("rms_reference_is") + quiet(0.75) + recording("rms_spelled") + quiet(1.5)
    (utterance,) = utterances(heard(factory, pcm))
    assert utterance.text == "my booking reference is alpha bravo charlie one two three"


def test_two_sentences_with_a_real_pause_are_two_utterances(factory: VoskListenerFactory) -> None:
    found = utterances(heard(factory, quiet(0.5) + recording("rms_yes") + quiet(1.2) + recording("slt_person") + quiet(1.2)))
    assert [utterance.text for utterance in found] == [SAID["rms_yes"], SAID["slt_person"]]
    assert found[1].start - found[0].end == pytest.approx(1.2, abs=0.2)


def test_the_result_does_not_depend_on_how_the_sound_is_cut(factory: VoskListenerFactory) -> None:
    pcm = quiet(0.5) + recording("slt_person") + quiet(1.0)
    whole, pieces = factory.open(), factory.open()
    assert utterances(list(whole.process(pcm)))[0] == utterances(list(listen(pieces, pcm, frame_bytes=314)))[0]


@pytest.mark.parametrize("dbfs", [-60.0, -40.0, -20.0])
def test_noise_alone_starts_nothing(factory: VoskListenerFactory, dbfs: float) -> None:
    assert heard(factory, noise(6.0, dbfs)) == []


def test_on_a_noisy_line_the_words_and_the_reaction_time_hold(factory: VoskListenerFactory) -> None:
    speech = recording("rms_wedding_emergency")
    events = heard(factory, mixed(quiet(0.5) + speech + quiet(1.5), noise(10.0, -45.0)))
    pause = [event for event in events if isinstance(event, VoicePaused)][-1]
    assert pause.text == SAID["rms_wedding_emergency"]
    assert pause.at - (0.5 + seconds(speech)) <= REACTION


def test_hanging_up_in_mid_word_still_gives_what_was_said(factory: VoskListenerFactory) -> None:
    (utterance,) = utterances(heard(factory, quiet(0.5) + recording("slt_person")))
    assert utterance.text == SAID["slt_person"]


def test_a_louder_voice_reads_louder_and_two_speakers_differ_in_pitch(factory: VoskListenerFactory) -> None:
    soft = recording("rms_yes")
    loud = mixed(soft, soft)  # twice the amplitude: 6 dB
    (first, second) = (utterances(heard(factory, quiet(0.5) + pcm + quiet(1.0)))[0].prosody for pcm in (soft, loud))
    assert first.loudness_db is not None and second.loudness_db is not None
    assert second.loudness_db - first.loudness_db == pytest.approx(6.0, abs=0.5)
    (woman,) = utterances(heard(factory, quiet(0.5) + recording("slt_person") + quiet(1.0)))
    assert first.pitch_hz is not None and woman.prosody.pitch_hz is not None
    assert 80 < first.pitch_hz < 135 < woman.prosody.pitch_hz < 230


def test_a_listener_at_16_khz_hears_the_same(factory: VoskListenerFactory) -> None:
    from ari_app.speech.resampler import Resampler

    wide = VoskListenerFactory(rate=16000)
    pcm = Resampler(8000, 16000).process_pcm(quiet(0.5) + recording("slt_person") + quiet(1.0))
    (utterance,) = utterances(list(listen(wide.open(), pcm, frame_bytes=640)))
    assert utterance.text == SAID["slt_person"]
    assert wide.describe()["input_rate"] == 16000


async def test_listeners_run_side_by_side_in_the_pool(factory: VoskListenerFactory) -> None:
    loop = asyncio.get_running_loop()
    with speech_pool(2) as pool:
        jobs = [
            loop.run_in_executor(pool, heard, factory, quiet(0.5) + recording(name) + quiet(1.0))
            for name in ("rms_yes", "slt_person", "rms_wedding_emergency", "rms_reference")
        ]
        found = [utterances(events)[0].text for events in await asyncio.gather(*jobs)]
    assert found == [SAID[name] for name in ("rms_yes", "slt_person", "rms_wedding_emergency", "rms_reference")]


def test_a_closed_listener_leaves_nothing_to_the_next(factory: VoskListenerFactory) -> None:
    first = factory.open()
    first.process(quiet(0.3) + recording("slt_person"))
    first.close()
    (utterance,) = utterances(heard(factory, quiet(0.5) + recording("rms_yes") + quiet(1.0)))
    assert utterance.text == SAID["rms_yes"]
    assert utterance.start == pytest.approx(0.5, abs=0.15)
