"""Vosk behind the Recogniser protocol: its traps (bare exceptions, silent downloads, sample rates) end in this file."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import vosk

from ari_app.call.model import Word
from ari_app.errors import BadSettings
from ari_app.speech.errors import ListeningFailed
from ari_app.speech.resampler import Resampler

EMBEDDED_MODEL = Path(__file__).parent / "models" / "en-8k-synthetic"
ABOUT_FILE = "about.json"  # our own addition to a model folder; the vendor's models have none
# One of each group must be there. Vosk knows two layouts: folders (am/, conf/, graph/) and, older, everything in one folder.
LAYOUTS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "am/final.mdl": (("conf/mfcc.conf",), ("graph/HCLG.fst", "graph/Gr.fst")),
    "final.mdl": (("mfcc.conf",), ("HCLG.fst", "Gr.fst")),
}


class VoskModel:
    """One loaded model, shared by all streams of the process. Loading the embedded one takes about 0.1 s and 26 MB.

    Raises BadSettings when `path` holds no usable model. Never downloads anything.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = (path or EMBEDDED_MODEL).expanduser()
        layout = _check_layout(self.path)
        self.rate = _model_rate(self.path / LAYOUTS[layout][0][0])
        self.about = _read_about(self.path / ABOUT_FILE)
        vosk.SetLogLevel(-1)  # Kaldi writes to stderr past every logging set-up
        try:
            self._model = vosk.Model(str(self.path))
        except Exception as error:  # Vosk raises the bare class, for any reason
            raise BadSettings(f"speech.model_path: Vosk cannot load the model in {self.path} ({error}).", REMEDY) from error

    @property
    def synthesised_voices_only(self) -> bool:
        return bool(self.about.get("synthesised_voices_only", False))

    def open(self, input_rate: int) -> "VoskRecogniser":
        return VoskRecogniser(self._model, self.rate, input_rate)

    def describe(self) -> Mapping[str, object]:
        return {
            "engine": "vosk",
            "model": self.about.get("name", self.path.name),
            "model_path": str(self.path),
            "model_rate": self.rate,
            "synthesised_voices_only": self.synthesised_voices_only,
        }


REMEDY = (
    "Fetch the vendor's model with scripts/fetch-model and set speech.model_path to the folder it names, or leave "
    "speech.model_path out for the embedded model (synthesised voices only)."
)


class VoskRecogniser:
    """One stream. `accept` costs 0.02–0.05 of real time with the embedded model and releases the GIL."""

    def __init__(self, model: Any, model_rate: int, input_rate: int) -> None:
        try:
            self._engine = vosk.KaldiRecognizer(model, model_rate)
            self._engine.SetWords(True)
        except Exception as error:  # Vosk raises the bare class, for any reason
            raise ListeningFailed(f"The recogniser could not be started: {error}.") from error
        # The small vendor model refuses 8 kHz input (vosk-api #1726), so the engine always gets its own rate.
        self._rates = (input_rate, model_rate)
        self._resampler = Resampler(*self._rates)
        self._model_rate = model_rate
        self._fed = 0  # samples at the model's rate since the engine was made: its clock
        self._stretch_start = 0
        self._segments: list[Word] = []

    def accept(self, pcm: bytes) -> None:
        converted = self._resampler.process_pcm(pcm)
        self._fed += len(converted) // 2
        if self._call("AcceptWaveform", converted):
            # Kaldi's own endpointer closed a segment; the stretch goes on.
            self._segments += self._words(self._call("Result"))

    def partial(self) -> str:
        running = json.loads(self._call("PartialResult")).get("partial", "")
        return " ".join([*(word.text for word in self._segments), *running.split()])

    def finish(self) -> tuple[Word, ...]:
        words = (*self._segments, *self._words(self._call("FinalResult")))
        self._segments = []
        self._stretch_start = self._fed
        self._resampler = Resampler(*self._rates)
        return words

    def _words(self, result: str) -> list[Word]:
        start = self._stretch_start / self._model_rate
        return [
            Word(entry["word"], max(0.0, entry["start"] - start), max(0.0, entry["end"] - start), min(1.0, entry["conf"]))
            for entry in json.loads(result).get("result", ())
            if entry["word"] != "[unk]"
        ]

    def _call(self, method: str, *args: bytes) -> Any:
        try:
            return getattr(self._engine, method)(*args)
        except Exception as error:  # Vosk raises the bare class, for any reason
            raise ListeningFailed(f"The recogniser broke down: {error}.") from error


def _check_layout(path: Path) -> str:
    """The key of LAYOUTS that fits `path`; BadSettings says what is missing."""
    if not path.is_dir():
        what = "is not a folder" if path.exists() else "does not exist"
        raise BadSettings(f"speech.model_path: {path} {what}.", REMEDY)
    layout = next((model for model in LAYOUTS if (path / model).is_file()), None)
    if layout is None:
        inner = next((sub.parents[1] for sub in sorted(path.glob("*/am/final.mdl"))), None)
        hint = f"The model seems to be one level deeper: {inner}" if inner else REMEDY
        raise BadSettings(f"speech.model_path: {path} is no Vosk model: am/final.mdl is missing.", hint)
    for group in LAYOUTS[layout]:
        if not any((path / name).is_file() for name in group):
            raise BadSettings(f"speech.model_path: {path} is no complete Vosk model: {' or '.join(group)} is missing.", REMEDY)
    return layout


def _model_rate(conf: Path) -> int:
    """The sample rate that the model's features are made for; Kaldi's default is 16 kHz."""
    found = re.search(r"^--sample-frequency=(\d+)", conf.read_text(encoding="utf-8"), re.MULTILINE)
    return int(found[1]) if found else 16000


def _read_about(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    about = json.loads(path.read_text(encoding="utf-8"))
    return about if isinstance(about, dict) else {}
