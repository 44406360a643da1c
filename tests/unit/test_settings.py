"""A settings file with a mistake is told by file, line, field and remedy; a good one gives what it says."""

from datetime import datetime
from pathlib import Path

import pytest

from ari_app.errors import BadSettings
from ari_app.settings import Settings, load

GOOD = """asterisk:
  ari_password: "one"
  ami_password: "two"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ari-app.yaml"


def mistake(file: Path, text: str | bytes) -> BadSettings:
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(BadSettings) as caught:
        load(file)
    assert caught.value.exit_code == 2 and caught.value.remedy and str(file) in caught.value.message
    return caught.value


def test_two_passwords_are_all_that_must_be_said(file: Path) -> None:
    file.write_text(GOOD)
    settings = load(file)
    assert settings.asterisk.ari_password == "one"
    assert settings.queues.default == "support" and settings.handover.whisper == "before"


def test_paths_count_from_the_settings_files_folder(file: Path) -> None:
    file.write_text(GOOD)
    assert load(file).path("rules.yaml") == file.parent / "rules.yaml"
    assert load(file).path("/elsewhere/rules.yaml") == Path("/elsewhere/rules.yaml")


def test_the_time_of_day_is_this_machines_unless_a_zone_is_named(file: Path) -> None:
    file.write_text(GOOD)
    assert load(file).zone() is None
    assert load(file).local_time(0.0).utcoffset() == datetime.fromtimestamp(0.0).astimezone().utcoffset()
    file.write_text(GOOD + "time_zone: Asia/Kolkata\n")
    moment = load(file).local_time(0.0)
    assert (moment.hour, moment.minute) == (5, 30)


def test_a_file_that_is_not_there_or_is_a_folder_is_told(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none.yaml", "There is no settings file"), (tmp_path, "is a folder")):
        with pytest.raises(BadSettings, match=words) as caught:
            load(path)
        assert "-c FILE" in caught.value.remedy


def test_text_in_another_encoding_is_told_with_the_byte(file: Path) -> None:
    assert "no UTF-8 text (byte 10)" in mistake(file, b"asterisk: \xe4").message


def test_control_characters_are_no_yaml(file: Path) -> None:
    assert "is no YAML" in mistake(file, GOOD + "\0").message


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (GOOD.replace('"one"', '"one'), 3, "expected"),
        (GOOD.replace("  ami", "\tami"), 3, "cannot start any token"),
        (GOOD + "asterisk: {}\n", 4, "duplicate key"),
    ],
)
def test_a_slip_in_the_yaml_is_told_with_its_line(file: Path, text: str, line: int, words: str) -> None:
    message = mistake(file, text).message
    assert f"{file}, line {line}: " in message and words in message


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "- asterisk\n", "asterisk\n"])
def test_a_file_without_settings_is_told(file: Path, text: str) -> None:
    assert "holds no settings" in mistake(file, text).message


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("queues:\n  defualt: x\n", 5, 'queues.defualt: there is no such setting, did you mean "default"?'),
        ("queue:\n  default: x\n", 4, 'queue: there is no such setting, did you mean "queues"?'),
        ("voice: slt\n", 4, "voice: there is no such setting, it belongs into the section `speech`."),
        ("zzz: 1\n", 4, "zzz: there is no such setting."),
        ("queues: support\n", 4, "queues: is a section, with its settings indented below it, not 'support'."),
        ("http:\n  port: abc\n", 5, "http.port: must be a valid integer, not 'abc'."),
        ("http:\n  port: 70000\n", 5, "http.port: must be less than or equal to 65535, not 70000."),
        (
            'handover:\n  human_key: "10"\n',
            5,
            "handover.human_key: must be one key of a phone: 0-9, * or #; empty for none, not '10'.",
        ),
        ("handover:\n  whisper: behind\n", 5, "handover.whisper: must be 'before' or 'during', not 'behind'."),
        ("assistant:\n  knowledge: faq.md\n", 5, "assistant.knowledge: is a list, each item in a line of its own after a dash"),
        ("assistant:\n  company: 24\n", 5, "assistant.company: must be a text, not 24; write it in quotes."),
        ("queues:\n  wait: 0\n", 5, "queues.wait: must be greater than 0, not 0."),
        ("time_zone: Europe/Pariss\n", 4, "time_zone: must be a time zone, perhaps \"Europe/Paris\", not 'Europe/Pariss'."),
        ("time_zone: QQQQ\n", 4, 'time_zone: must be a time zone like "Europe/Berlin"'),
        ("log_level: loud\n", 4, "log_level: must be 'debug', 'info', 'warning' or 'error', not 'loud'."),
    ],
)
def test_a_wrong_setting_is_told_in_plain_words(file: Path, text: str, line: int, words: str) -> None:
    assert f"{file}, line {line}: {words}" in mistake(file, GOOD + text).message


@pytest.mark.parametrize("written", ["", '  ari_password: ""\n'])
def test_a_password_that_is_missing_or_empty_is_told(file: Path, written: str) -> None:
    assert "asterisk.ari_password: is missing." in mistake(file, f'asterisk:\n  ami_password: "two"\n{written}').message


@pytest.mark.parametrize("address", ["127.0.0.1:8088", "htp://pbx:8088", "http://", "", "http://pbx:0/ari", "http://pbx:port"])
def test_an_address_that_is_none_is_told_before_anything_is_asked(file: Path, address: str) -> None:
    message = mistake(file, f'{GOOD}  ari_url: "{address}"\n').message
    assert f"line 4: asterisk.ari_url: write an address like http://127.0.0.1:8088/ari, not '{address}'." in message


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(file: Path) -> None:
    message = mistake(file, "zzz: 1\nqueues:\n  wait: -1\nasterisk:\n  ami_port: 0\n  ari_password: a\n").message
    assert [line.partition(": ")[0].rpartition(" ")[2] for line in message.splitlines()] == ["1", "3", "4", "5"]


def test_a_secret_is_never_shown(file: Path) -> None:
    text = GOOD.replace('"one"', "987654") + "http:\n  token: 192837\nredis:\n  url: 465768\n"
    message = mistake(file, text).message
    assert message.count("must be a text") == 3
    assert not any(secret in message for secret in ("987654", "192837", "465768"))


def test_settings_cannot_be_changed_once_read(file: Path) -> None:
    file.write_text(GOOD)
    settings: Settings = load(file)
    with pytest.raises(ValueError, match="frozen"):
        settings.data_dir = "elsewhere"  # type: ignore[misc]
