"""How many callers one core can listen to: our whole listener against the bare Vosk engine on the same sound."""

import json
from typing import Any

import vosk

from ari_app.rehearsal.measure import word_error_rate
from ari_app.session.ears import BATCH_SECONDS
from ari_app.session.ports import UtteranceHeard
from ari_app.speech.listener_factory import VoskListenerFactory
from ari_app.speech.vosk_recogniser import EMBEDDED_MODEL
from bench_lib.caller_voice import RATE, Sound, on_the_line, spoken_sentences
from bench_lib.compare import compare
from bench_lib.findings import Comparison, Part

PARTIAL_EVERY = 0.1  # seconds; what our listener does, and the vendor's examples
PAUSES = {"a caller who also listens": 1.5, "a caller who hardly pauses": 0.1}  # quiet after a sentence, in its lengths


def measure_recogniser(repetitions: int, sentences: int) -> Part:
    spoken, said = spoken_sentences(sentences)
    factory = VoskListenerFactory()
    vosk.SetLogLevel(-1)
    model = vosk.Model(str(EMBEDDED_MODEL))
    found = [_compare(name, factory, model, on_the_line(spoken, said, pause), repetitions) for name, pause in PAUSES.items()]
    return Part(
        "recogniser",
        "ours: voice activity, prosody, utterances, partial results and Vosk; bare: Vosk alone with partial results every "
        f"{PARTIAL_EVERY:g} s on the same sound, silence included. Embedded model, {len(spoken)} sentences, "
        f"{repetitions} repetitions in turns, CPU time.",
        found,
    )


def _compare(name: str, factory: VoskListenerFactory, model: Any, sound: Sound, repetitions: int) -> Comparison:
    return compare(
        f"{name} ({sound.voice:.0%} voice)",
        "streams per core",
        lambda: len(listen(factory, sound)) and sound.seconds,
        lambda: len(recognise(model, sound)) and sound.seconds,
        bare_name="Vosk",
        repetitions=repetitions,
        facts={
            "seconds of sound": round(sound.seconds, 1),
            "word error rate, ours": round(word_error_rate(sound.said, listen(factory, sound)), 4),
            "word error rate, bare": round(word_error_rate(sound.said, recognise(model, sound)), 4),
        },
    )


def listen(factory: VoskListenerFactory, sound: Sound) -> str:
    """The words that our listener hears, fed as a live call feeds it."""
    listener = factory.open()
    events = [event for piece in sound.pieces(BATCH_SECONDS) for event in listener.process(piece)]
    return " ".join(event.text for event in (*events, *listener.close()) if isinstance(event, UtteranceHeard))


def recognise(model: Any, sound: Sound) -> str:
    """The words that the bare engine hears."""
    engine = vosk.KaldiRecognizer(model, RATE)
    engine.SetWords(True)
    found: list[str] = []
    for piece in sound.pieces(PARTIAL_EVERY):
        if engine.AcceptWaveform(piece):
            found.append(engine.Result())
        else:
            json.loads(engine.PartialResult())
    found.append(engine.FinalResult())
    return " ".join(json.loads(each).get("text", "") for each in found)
