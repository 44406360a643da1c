"""How speech.command is read, and what is refused."""

import sys

import pytest

from ari_app.errors import BadSettings
from ari_app.speech.speech_commands import PRESETS, check_voice, speech_command


def test_a_command_line_of_ones_own_is_taken_word_by_word() -> None:
    command = speech_command(f"{sys.executable} 'my script.py' {{text_file}} {{out}}")
    assert command.words == (sys.executable, "my script.py", "{text_file}", "{out}")
    line = command.line(text_file="/tmp/t {voice}", voice="x", out="/tmp/o")
    assert line == [sys.executable, "my script.py", "/tmp/t {voice}", "/tmp/o"]


def test_a_preset_is_known_by_the_name_of_its_program(tmp_path: object) -> None:
    from pathlib import Path

    assert isinstance(tmp_path, Path)
    program = tmp_path / "flite"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    command = speech_command(str(program))
    assert command.words[0] == str(program)
    assert command.words[1:] == PRESETS["flite"].words[1:]
    assert command.default_voice == "slt"
    assert speech_command("flite", str(tmp_path)).words == PRESETS["flite"].words


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("no-such-synthesiser-here {text_file}", "is not there"),
        ("", "is empty"),
        ("sh 'open", "cannot read"),
        ("sh {text}", "unknown placeholder"),
    ],
)
def test_a_command_that_cannot_work_is_refused_with_a_remedy(command: str, message: str) -> None:
    with pytest.raises(BadSettings, match=message) as caught:
        speech_command(command)
    assert "speech.command" in caught.value.message
    assert caught.value.remedy


def test_a_missing_preset_names_the_package_to_install() -> None:
    with pytest.raises(BadSettings) as caught:
        speech_command("flite", "/nowhere")
    assert "apt install flite" in caught.value.remedy


@pytest.mark.parametrize("voice", ["bob", "-o/etc/passwd", "slt) (system", ""])
def test_a_voice_that_flite_does_not_have_is_refused(voice: str) -> None:
    with pytest.raises(BadSettings, match=r"speech\.voice"):
        check_voice(PRESETS["flite"], voice)


def test_known_voices_pass() -> None:
    check_voice(PRESETS["flite"], "rms")
    check_voice(PRESETS["text2wave"], "cmu_us_slt_arctic_hts")
    check_voice(PRESETS["piper"], "/opt/voices/en_GB-alba-medium.onnx")
