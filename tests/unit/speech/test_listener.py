"""The listener's own work, with a scripted recogniser and a detector that calls every sound a voice."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from ari_app.call.model import Word
from ari_app.session.ports import HeardEvent, PartialHeard, UtteranceHeard, VoicePaused, VoiceStarted
from ari_app.speech.errors import ListeningFailed
from ari_app.speech.listener import ListenerLimits, SpeechListener

RATE = 8000
WORD_SECONDS = 0.5


class LoudIsVoice:
    window_samples = 256

    def probability(self, window: NDArray[np.float32]) -> float:
        return 0.9 if float(np.abs(window).max()) > 0.01 else 0.1


class CountingRecogniser:
    """Hears one word per half second of sound it was fed; fails when told to."""

    def __init__(self, words: Sequence[str] = ("one", "two", "three", "four", "five", "six"), fail: bool = False) -> None:
        self._vocabulary = words
        self._fail = fail
        self._loud = 0
        self.stretches: list[float] = []
        self._fed = 0

    def accept(self, pcm: bytes) -> None:
        if self._fail:
            raise ListeningFailed("The recogniser broke down: test.")
        samples = np.frombuffer(pcm, "<i2")
        self._fed += len(samples)
        self._loud += int((np.abs(samples) > 300).sum())

    def _texts(self) -> list[str]:
        return list(self._vocabulary[: round(self._loud / RATE / WORD_SECONDS)])

    def partial(self) -> str:
        return " ".join(self._texts())

    def finish(self) -> tuple[Word, ...]:
        texts = self._texts()
        self.stretches.append(self._fed / RATE)
        self._loud = self._fed = 0
        return tuple(Word(text, 0.1 * place, 0.1 * place + 0.1, 0.8) for place, text in enumerate(texts))


def sound(seconds: float) -> bytes:
    samples = 5000 * np.sign(np.sin(2 * np.pi * 200 * np.arange(round(seconds * RATE)) / RATE + 0.1))
    return bytes(samples.astype("<i2").tobytes())


def quiet(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE))


def listen(recogniser: CountingRecogniser, pcm: bytes, limits: ListenerLimits | None = None) -> list[HeardEvent]:
    listener = SpeechListener(RATE, LoudIsVoice(), recogniser, limits)
    events: list[HeardEvent] = []
    for at in range(0, len(pcm), 320):
        events += listener.process(pcm[at : at + 320])
    return [*events, *listener.close()]


def hum(seconds: float, amplitude: float) -> bytes:
    """An even noise that is no voice."""
    samples = amplitude * np.random.default_rng(4).uniform(-1, 1, round(seconds * RATE))
    return bytes(samples.astype("<i2").tobytes())


def test_the_noise_of_the_pauses_is_taken_off_the_voices_sharpness() -> None:
    def sharpness(noise: float) -> float:
        voice = np.frombuffer(sound(1.5), "<i2") * 0.4 + np.frombuffer(hum(1.5, noise), "<i2")
        line = [hum(1.0, noise), voice.astype("<i2").tobytes(), hum(1.2, noise)]
        (heard,) = of(listen(CountingRecogniser(), b"".join(line)), UtteranceHeard)
        assert isinstance(heard, UtteranceHeard) and heard.prosody.centroid_hz is not None
        return heard.prosody.centroid_hz

    assert sharpness(300) == pytest.approx(sharpness(1), rel=0.1)


def of(events: list[HeardEvent], kind: type) -> list[HeardEvent]:
    return [event for event in events if isinstance(event, kind)]


def test_the_recogniser_hears_the_voice_and_a_little_around_it_not_the_quiet() -> None:
    recogniser = CountingRecogniser(["hello", "there", "friend"])
    listen(recogniser, quiet(5.0) + sound(1.0) + quiet(5.0))
    assert recogniser.stretches == [pytest.approx(0.35 + 1.0 + 0.2, abs=0.1)]


def test_times_of_words_are_on_the_listeners_clock() -> None:
    (utterance,) = of(listen(CountingRecogniser(["hello", "there"]), quiet(3.0) + sound(1.0) + quiet(1.0)), UtteranceHeard)
    assert isinstance(utterance, UtteranceHeard)
    assert utterance.start == pytest.approx(3.0, abs=0.04)
    assert utterance.end == pytest.approx(4.0, abs=0.04)
    assert utterance.words[0].start == pytest.approx(3.0 - 0.35 + 0.064, abs=0.1)
    assert utterance.confidence == pytest.approx(0.8)


def test_after_a_pause_what_was_said_before_is_recognised_with_what_follows() -> None:
    recogniser = CountingRecogniser()
    events = listen(recogniser, quiet(1.0) + sound(1.0) + quiet(0.4) + sound(1.0) + quiet(1.5))
    pauses = of(events, VoicePaused)
    assert [pause.text for pause in pauses if isinstance(pause, VoicePaused)] == ["one two", "one two three four"]
    assert [event.text for event in of(events, UtteranceHeard) if isinstance(event, UtteranceHeard)] == ["one two three four"]
    assert recogniser.stretches[1] > 2.4


def test_a_long_stretch_is_kept_and_only_what_follows_is_recognised() -> None:
    recogniser = CountingRecogniser()
    events = listen(recogniser, quiet(1.0) + sound(2.0) + quiet(0.4) + sound(1.0) + quiet(1.5), ListenerLimits(rejoin=1.0))
    (utterance,) = of(events, UtteranceHeard)
    assert isinstance(utterance, UtteranceHeard)
    assert utterance.text == "one two three four one two"
    assert recogniser.stretches[1] < 1.9
    starts = [word.start for word in utterance.words]
    assert starts == sorted(starts)


def test_partials_are_told_only_when_they_change() -> None:
    texts = [event.text for event in listen(CountingRecogniser(), sound(2.0) + quiet(1.0)) if isinstance(event, PartialHeard)]
    assert texts == sorted(set(texts), key=len)
    assert texts[-1].startswith("one two three")


def test_a_voice_without_words_is_reported_as_not_understood() -> None:
    events = listen(CountingRecogniser([]), quiet(0.5) + sound(1.0) + quiet(1.0))
    assert [type(event) for event in events] == [VoiceStarted, UtteranceHeard]
    utterance = events[-1]
    assert isinstance(utterance, UtteranceHeard)
    assert (utterance.text, utterance.words, utterance.confidence) == ("", (), 0.0)
    assert utterance.prosody.loudness_db is not None


def test_words_that_stop_in_mid_phrase_wait_longer() -> None:
    finished = listen(CountingRecogniser(["thank", "you"]), sound(1.0) + quiet(0.75) + sound(0.5) + quiet(2.0))
    unfinished = listen(CountingRecogniser(["is", "my", "bag"]), sound(1.0) + quiet(0.75) + sound(0.5) + quiet(2.0))
    assert len(of(finished, UtteranceHeard)) == 2
    assert len(of(unfinished, UtteranceHeard)) == 1


def test_an_endless_voice_is_cut_into_utterances_without_a_gap() -> None:
    utterances = of(listen(CountingRecogniser(), sound(7.0) + quiet(1.0), ListenerLimits(longest=3.0)), UtteranceHeard)
    assert len(utterances) == 3
    first, second = utterances[0], utterances[1]
    assert isinstance(first, UtteranceHeard) and isinstance(second, UtteranceHeard)
    assert second.start == pytest.approx(first.start + 3.0, abs=0.1)


def test_a_recogniser_that_breaks_down_is_reported() -> None:
    with pytest.raises(ListeningFailed, match="broke down"):
        listen(CountingRecogniser(fail=True), quiet(0.5) + sound(1.0))


def test_closing_tells_the_owner_once_even_when_finishing_fails() -> None:
    closed: list[bool] = []
    listener = SpeechListener(RATE, LoudIsVoice(), CountingRecogniser(), on_close=lambda: closed.append(True))
    listener.process(quiet(0.5) + sound(0.5))
    listener.close()
    listener.close()
    assert closed == [True]


def test_closing_in_quiet_says_nothing() -> None:
    assert listen(CountingRecogniser(), quiet(2.0)) == []
