"""The voice: runs a speech synthesis program per sentence and makes its output fit for a telephone."""

import asyncio
import io
import os
import tempfile
import wave
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ari_app.speech.errors import SpeakingFailed
from ari_app.speech.loudness import fit_for_telephone
from ari_app.speech.readable import readable
from ari_app.speech.resampler import resample, to_pcm
from ari_app.speech.speech_cache import SpeechCache
from ari_app.speech.speech_commands import check_voice, speech_command

TELEPHONE_RATE = 8000


class CommandSynthesiser:
    """Synthesiser of the session, on any program that writes a WAV file.

    command: a preset (flite, espeak-ng, text2wave, piper) or a command line, see speech_commands. environment: added to the
    program's (a private installation's library path). timeout: seconds for one run. cache_dir: None: in memory only.
    brisk: speak about a quarter faster. Raises BadSettings at once when the program or the voice is not there.
    """

    def __init__(
        self,
        command: str = "flite",
        *,
        voice: str = "",
        timeout: float = 10.0,
        cache_dir: Path | None = None,
        environment: Mapping[str, str] | None = None,
        at_once: int = 2,
        brisk: bool = False,
    ) -> None:
        self._environment = {**os.environ, **(environment or {})}
        self._command = speech_command(command, self._environment.get("PATH"), brisk=brisk)
        self._voice = voice or self._command.default_voice
        check_voice(self._command, self._voice)
        self._timeout = timeout
        self._cache = SpeechCache(cache_dir)
        self._running: dict[str, asyncio.Task[bytes]] = {}
        self._turnstile = asyncio.Semaphore(at_once)

    async def synthesise(self, text: str, voice: str | None = None) -> bytes:
        """8 kHz 16-bit little-endian mono PCM of `text`, trimmed, at -20 dBFS. Raises SpeakingFailed, BadSettings (voice)."""
        spoken, chosen = readable(text), voice or self._voice
        if not any(character.isalnum() for character in spoken):
            return b""
        check_voice(self._command, chosen)
        key = SpeechCache.key(" ".join(self._command.words), chosen, spoken)
        remembered = self._cache.remembered(key)
        if remembered is not None:
            return remembered
        # Whoever asks for the same sentence meanwhile waits for the same run; a waiter that gives up does not stop the others.
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._make(key, spoken, chosen), name="synthesise")
            self._running[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    def describe(self) -> Mapping[str, object]:
        """For people and /health."""
        return {"command": self._command.words[0], "voice": self._voice}

    async def close(self) -> None:
        """Stop what still runs."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, key: str, task: asyncio.Task[bytes]) -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()  # retrieved here, should every waiter have given up

    async def _make(self, key: str, spoken: str, voice: str) -> bytes:
        pcm = await asyncio.to_thread(self._cache.read, key)
        if pcm is None:
            async with self._turnstile:
                recording = await self._run(spoken, voice)
            pcm = await asyncio.to_thread(_telephone_pcm, recording, self._command.words[0])
            await asyncio.to_thread(self._cache.write, key, pcm)
        self._cache.remember(key, pcm)
        return pcm

    async def _run(self, spoken: str, voice: str) -> bytes:
        """One run of the program; returns its WAV file."""
        folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="ari-app-speech-", ignore_cleanup_errors=True)
        try:
            text_file, out = Path(folder.name) / "text", Path(folder.name) / "speech.wav"
            await asyncio.to_thread(text_file.write_text, f"{spoken}\n", encoding="utf-8")
            output = await self._execute(self._command.line(text_file=str(text_file), voice=voice, out=str(out)), spoken)
            return await asyncio.to_thread(_read_if_there, out) if self._command.takes("out") else output
        finally:
            await asyncio.to_thread(folder.cleanup)

    async def _execute(self, line: list[str], spoken: str) -> bytes:
        program = line[0]
        try:
            process = await asyncio.create_subprocess_exec(
                *line,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._environment,
            )
        except OSError as error:
            raise SpeakingFailed(f"{program} cannot be started: {error.strerror}.", "Check speech.command.") from error
        given = b"" if self._command.takes("text_file") else f"{spoken}\n".encode()
        try:
            async with asyncio.timeout(self._timeout):
                output, complaint = await process.communicate(given)
        except TimeoutError as error:
            raise SpeakingFailed(
                f"{program} took longer than {self._timeout:g} s.", "Raise speech.timeout, or use a faster one."
            ) from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            last = complaint.decode(errors="replace").strip().rpartition("\n")[2][:200]
            raise SpeakingFailed(
                f"{program} failed with exit code {process.returncode}: {last}", "Check speech.command and speech.voice."
            )
        return output


def _read_if_there(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _telephone_pcm(recording: bytes, program: str) -> bytes:
    """A WAV file as trimmed, levelled 8 kHz PCM."""
    try:
        samples, rate = _read_wav(recording)
    except (wave.Error, EOFError, ValueError) as error:
        raise SpeakingFailed(
            f"{program} wrote no usable WAV ({error}).", "It must write 16-bit PCM to {out} or standard output."
        ) from error
    fitted = fit_for_telephone(resample(samples, rate, TELEPHONE_RATE), TELEPHONE_RATE)
    if not len(fitted):
        raise SpeakingFailed(f"{program} wrote silence.", "Check speech.voice and try the command by hand.")
    return to_pcm(fitted)


def _read_wav(recording: bytes) -> tuple[NDArray[np.float64], int]:
    with wave.open(io.BytesIO(recording)) as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{8 * file.getsampwidth()} bits a sample")
        channels, rate = file.getnchannels(), file.getframerate()
        frames = file.readframes(file.getnframes())  # a streamed WAV states a length far too great: what is there is read
    whole = len(frames) // (2 * channels) * 2 * channels
    return np.frombuffer(frames[:whole], dtype="<i2").reshape(-1, channels).mean(axis=1), rate
