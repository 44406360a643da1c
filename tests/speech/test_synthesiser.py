"""The synthesiser with a real program in a subprocess: a few lines of Python that write a WAV file and count their runs."""

import asyncio
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from ari_app.errors import BadSettings
from ari_app.speech.errors import SpeakingFailed
from ari_app.speech.synthesiser import CommandSynthesiser

PROGRAM = """
import math, struct, sys, time, wave
text_file, out, log = sys.argv[1:4]
text = open(text_file).read() if text_file != "-" else sys.stdin.read()
with open(log, "a") as file:
    file.write(text)
if "slow" in text:
    time.sleep(30)
if "fail" in text:
    sys.exit("no such word\\n")
level = 0 if "silent" in text else 9000
samples = [0] * 8000 + [int(level * math.sin(n / 12.7)) for n in range(16000)] + [0] * 8000
with wave.open(sys.stdout.buffer if out == "-" else out, "wb") as file:
    file.setnchannels(1); file.setsampwidth(2); file.setframerate(16000)
    file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
"""


class Program:
    def __init__(self, folder: Path) -> None:
        self._log = folder / "runs"
        script = folder / "say.py"
        script.write_text(PROGRAM)
        self.files = self._line(script, "{text_file}", "{out}")
        self.pipes = self._line(script, "-", "-")

    def _line(self, script: Path, *arguments: str) -> str:
        return shlex.join([sys.executable, str(script)]) + f" {' '.join(arguments)} " + shlex.quote(str(self._log))

    @property
    def runs(self) -> int:
        return len(self._log.read_text().splitlines()) if self._log.exists() else 0


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


@pytest.mark.parametrize("way", ["files", "pipes"])
async def test_speech_is_8_khz_trimmed_and_levelled(program: Program, way: str) -> None:
    pcm = await CommandSynthesiser(getattr(program, way)).synthesise("hello")
    samples = np.frombuffer(pcm, "<i2").astype(float)
    assert len(samples) == pytest.approx(8000 + 240, abs=200)
    assert 20 * np.log10(np.sqrt(np.mean(samples**2)) / 32768) == pytest.approx(-20.0, abs=0.5)


async def test_the_same_sentence_is_made_once(program: Program) -> None:
    synthesiser = CommandSynthesiser(program.files)
    first = await synthesiser.synthesise("hello")
    assert await synthesiser.synthesise(" hello ") == first
    assert program.runs == 1
    await synthesiser.synthesise("goodbye")
    assert program.runs == 2


async def test_two_at_once_share_one_run(program: Program) -> None:
    synthesiser = CommandSynthesiser(program.files)
    found = await asyncio.gather(*(synthesiser.synthesise("hello") for _ in range(5)))
    assert len(set(found)) == 1
    assert program.runs == 1


async def test_one_who_gives_up_does_not_stop_the_other(program: Program) -> None:
    synthesiser = CommandSynthesiser(program.files)
    impatient = asyncio.create_task(synthesiser.synthesise("hello"))
    patient = asyncio.create_task(synthesiser.synthesise("hello"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient
    assert program.runs == 1


async def test_sentences_survive_a_restart_on_disk(program: Program, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = await CommandSynthesiser(program.files, cache_dir=cache).synthesise("hello")
    assert await CommandSynthesiser(program.files, cache_dir=cache).synthesise("hello") == first
    assert program.runs == 1
    assert cache.stat().st_mode & 0o077 == 0
    assert all("hello" not in path.name for path in cache.iterdir())


async def test_a_cache_folder_that_cannot_be_written_costs_speed_only(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert await CommandSynthesiser(program.files, cache_dir=tmp_path / "file" / "cache").synthesise("hello")


async def test_the_program_gets_the_readable_text(program: Program, tmp_path: Path) -> None:
    await CommandSynthesiser(program.files).synthesise("Booking ABC123")
    assert (tmp_path / "runs").read_text() == "Booking A B C 1 2 3\n"


@pytest.mark.parametrize(("text", "message"), [("fail", "no such word"), ("silent", "silence"), ("slow", "longer than")])
async def test_a_program_that_does_not_deliver_is_reported(program: Program, text: str, message: str) -> None:
    synthesiser = CommandSynthesiser(program.files, timeout=1.5)
    with pytest.raises(SpeakingFailed, match=message) as caught:
        await synthesiser.synthesise(text)
    assert caught.value.remedy


async def test_a_failure_is_not_remembered(program: Program) -> None:
    synthesiser = CommandSynthesiser(program.files)
    for _ in range(2):
        with pytest.raises(SpeakingFailed):
            await synthesiser.synthesise("fail")
    assert program.runs == 2


async def test_something_that_is_no_wav_is_reported() -> None:
    with pytest.raises(SpeakingFailed, match="no usable WAV"):
        await CommandSynthesiser("echo hello").synthesise("hello")


async def test_text_without_a_letter_is_silence_without_a_run(program: Program) -> None:
    assert await CommandSynthesiser(program.files).synthesise(" ... ") == b""
    assert program.runs == 0


async def test_closing_stops_what_still_runs(program: Program) -> None:
    synthesiser = CommandSynthesiser(program.files)
    waiting = asyncio.create_task(synthesiser.synthesise("slow"))
    await asyncio.sleep(0)
    await synthesiser.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_a_missing_program_is_refused_at_once() -> None:
    with pytest.raises(BadSettings, match=r"speech\.command"):
        CommandSynthesiser("no-such-synthesiser-here")
