"""The command lines of the synthesisers that people have, and how a command line of their own is read."""

import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ari_app.errors import BadSettings

VOICE_NAME = re.compile(r"[A-Za-z0-9_./+@][A-Za-z0-9_./+@-]*")  # never an option, never Scheme
PLACEHOLDER = re.compile(r"\{(\w+)\}")
KNOWN_PLACEHOLDERS = frozenset({"text_file", "voice", "out"})


@dataclass(frozen=True, slots=True)
class SpeechCommand:
    """A command line for one sentence. {text_file} (else standard input), {voice} and {out} (else standard output, WAV)."""

    words: tuple[str, ...]
    default_voice: str
    voices: tuple[str, ...] = ()  # empty: not known beforehand
    package: str = ""  # Debian package that brings it
    brisk: tuple[str, ...] = ()  # options that make it speak about a quarter faster, put behind the program

    def line(self, *, text_file: str, voice: str, out: str) -> list[str]:
        """The words to execute, placeholders filled in."""
        values = {"text_file": text_file, "voice": voice, "out": out}
        return [PLACEHOLDER.sub(lambda match: values[match[1]], word) for word in self.words]

    def takes(self, placeholder: str) -> bool:
        return any(f"{{{placeholder}}}" in word for word in self.words)


PRESETS: Mapping[str, SpeechCommand] = {
    "flite": SpeechCommand(
        ("flite", "-voice", "{voice}", "-f", "{text_file}", "-o", "{out}"),
        "slt",
        ("slt", "rms", "awb", "kal", "kal16"),
        "flite",
        ("--setf", "duration_stretch=0.8"),
    ),
    "espeak-ng": SpeechCommand(
        ("espeak-ng", "-v", "{voice}", "-f", "{text_file}", "-w", "{out}"), "en-us", (), "espeak-ng", ("-s", "215")
    ),
    "text2wave": SpeechCommand(
        ("text2wave", "{text_file}", "-o", "{out}", "-eval", "(voice_{voice})"), "cmu_us_slt_arctic_hts", (), "festival"
    ),
    "piper": SpeechCommand(("piper", "--model", "{voice}", "--output_file", "{out}"), "", (), "", ("--length_scale", "0.8")),
}


def speech_command(command: str, search_path: str | None = None, *, brisk: bool = False) -> SpeechCommand:
    """Read `speech.command`: a preset's name (flite, espeak-ng, text2wave, piper), a path that ends in one, or a command line.

    search_path: folders to look in, as in PATH (None: this process's). Raises BadSettings when it cannot be read or its program
    is not there. brisk: a preset's faster speech; a command line is taken as it is.
    """
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise BadSettings(f"speech.command: cannot read {command!r} ({error}).", "Close the quotation mark.") from error
    if not words:
        raise BadSettings("speech.command: is empty.", f"Name one of {', '.join(PRESETS)}, or give a command line.")
    preset = PRESETS.get(Path(words[0]).name) if len(words) == 1 else None
    faster = preset.brisk if preset and brisk else ()
    found = (
        SpeechCommand((words[0], *faster, *preset.words[1:]), preset.default_voice, preset.voices, preset.package)
        if preset
        else SpeechCommand(words, "")
    )
    _check(found, command, search_path)
    return found


def check_voice(command: SpeechCommand, voice: str) -> None:
    """Raises BadSettings for a voice that the command does not have or that is no name."""
    if not command.takes("voice"):
        return
    if not voice:
        raise BadSettings(
            "speech.voice: this speech.command needs one.", "Set speech.voice (for piper: the path of an .onnx voice)."
        )
    if not VOICE_NAME.fullmatch(voice):
        raise BadSettings(f"speech.voice: {voice!r} is no voice name.", "Use letters, digits and _ . / + - only.")
    if command.voices and voice not in command.voices and "/" not in voice:
        raise BadSettings(f"speech.voice: {command.words[0]} has no voice {voice!r}.", f"It has {', '.join(command.voices)}.")


def _check(found: SpeechCommand, command: str, search_path: str | None) -> None:
    unknown = {name for word in found.words for name in PLACEHOLDER.findall(word)} - KNOWN_PLACEHOLDERS
    if unknown:
        raise BadSettings(
            f"speech.command: unknown placeholder {{{min(unknown)}}} in {command!r}.", "Known are {text_file}, {voice} and {out}."
        )
    program = found.words[0]
    if shutil.which(program, path=search_path) is None:
        package = f"Install it (Debian: apt install {found.package}), or" if found.package else "Install it, or"
        raise BadSettings(
            f"speech.command: the program {program!r} is not there.",
            f"{package} name another one: {', '.join(PRESETS)} or any command.",
        )
