"""What an operator gets who made a mistake: one message that names it and its remedy, an exit code, and nothing left running."""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from ari_app.asterisk.ami import Ami
from ari_app.wiring_checks import QueueWatch
from tests.pbx.box import PROJECT

ARI_APP = str(PROJECT / ".venv" / "bin" / "ari-app")
MEND, UNREACHABLE = 2, 3  # exit codes
QUICKLY = 10.0  # seconds, on a busy machine; most need one and a half
NOISE = ("Traceback", "Task was destroyed", "never retrieved", "never awaited", "ResourceWarning")

Change = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Answer:
    """What a command left behind: `said` is what follows "ari-app: " to the end."""

    code: int
    errors: str
    seconds: float

    @property
    def said(self) -> str:
        return self.errors.partition("ari-app: ")[2]


@dataclass(frozen=True)
class Desk:
    """A private Asterisk and Redis without the application, and a folder for broken files."""

    folder: Path
    facts: dict[str, Any]

    def settings(self, change: Change) -> Path:
        """A copy of the sandbox's settings with one change."""
        tree = YAML(typ="safe").load(Path(self.facts["config"]).read_text())
        change(tree)
        file = self.folder / "ari-app.yaml"
        with file.open("w") as out:
            YAML().dump(tree, out)
        return file

    def write(self, name: str, text: str | bytes) -> Path:
        file = self.folder / name
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def cli(self, *words: str) -> str:
        line = [str(PROJECT / "scripts" / "sandbox"), "cli", "--dir", self.facts["dir"], *words]
        return subprocess.run(line, capture_output=True, text=True, timeout=60, check=True).stdout

    def add_queue(self, name: str) -> None:
        """A queue that nobody is a member of."""
        with Path(self.facts["dir"], "asterisk", "etc", "queues.conf").open("a") as file:
            file.write(f"\n[{name}]\nstrategy = linear\n")
        self.cli("queue", "reload", "all")

    def refused(self, *words: str | Path) -> Answer:
        """Run `ari-app` with these words; it must fail by itself, quickly, in good order."""
        began = time.monotonic()
        child = subprocess.Popen([ARI_APP, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 start_new_session=True, cwd=self.folder)  # fmt: skip
        try:
            _, errors = child.communicate(timeout=3 * QUICKLY)
        except subprocess.TimeoutExpired:
            child.kill()
            pytest.fail(f"it did not end: {child.communicate()[1]}")
        answer = Answer(child.returncode, errors, time.monotonic() - began)
        assert answer.said, errors
        assert not any(noise in errors for noise in NOISE), errors
        assert len(errors.splitlines()) <= 6 and answer.seconds < QUICKLY, (answer.seconds, errors)
        assert not group_lives(child.pid), "a child process is left"
        return answer

    def serve_refused(self, change: Change) -> Answer:
        return self.refused("serve", "-c", self.settings(change))


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("bad")
    box = [str(PROJECT / "scripts" / "sandbox")]
    up = subprocess.run(
        [*box, "up", "--no-app", "--json", "--dir", str(folder / "sb")], capture_output=True, text=True, timeout=600, check=False
    )
    assert up.returncode == 0, up.stderr
    yield Desk(folder, json.loads(up.stdout))
    subprocess.run([*box, "down", "--dir", str(folder / "sb")], timeout=60, check=True, capture_output=True)


@pytest.fixture(scope="module")
def busy_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


# ---------------------------------------------------------------------------------------------------- the settings file


def test_there_is_no_settings_file(desk: Desk) -> None:
    answer = desk.refused("serve", "-c", desk.folder / "none.yaml")
    assert answer.code == MEND and "none.yaml" in answer.said and "-c FILE" in answer.said


def test_the_settings_file_has_many_mistakes_and_all_are_told(desk: Desk) -> None:
    def change(tree: dict[str, Any]) -> None:
        del tree["asterisk"]["ari_password"]
        tree["queues"] = {"defualt": "support"}
        tree["http"]["port"] = "eighty"

    answer = desk.serve_refused(change)
    assert answer.code == MEND
    assert re.search(r"ari-app\.yaml, line \d+: asterisk\.ari_password: is missing", answer.said)
    assert 'did you mean "default"' in answer.said and "http.port" in answer.said


def test_the_settings_file_is_not_utf_8(desk: Desk) -> None:
    answer = desk.refused("serve", "-c", desk.write("latin.yaml", b"asterisk: \xe4"))
    assert answer.code == MEND and "UTF-8" in answer.said


# ---------------------------------------------------------------------------------------------------- what belongs to Asterisk


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("ari_password", "wrong", ("ARI", "does not let the user 'ari-app' in", "ari.conf")),
        ("ami_password", "wrong", ("AMI", "refuses user 'ari-app'", "manager.conf")),
        ("ari_url", "http://127.0.0.1:1/ari", ("ARI", "127.0.0.1:1", "Connection refused", "Is Asterisk running")),
        ("ami_port", 1, ("AMI", "127.0.0.1:1", "Connection refused", "start Asterisk")),
    ],
)
def test_asterisk_cannot_be_reached_or_does_not_let_us_in(
    desk: Desk, setting: str, value: str | int, words: tuple[str, ...]
) -> None:
    answer = desk.serve_refused(lambda tree: tree["asterisk"].update({setting: value}))
    assert answer.code == UNREACHABLE
    assert all(word in answer.said for word in words), answer.said


def test_a_module_is_missing_in_asterisk(desk: Desk) -> None:
    assert "Unloaded" in desk.cli("module", "unload", "chan_rtp.so")
    try:
        answer = desk.serve_refused(lambda tree: None)
    finally:
        desk.cli("module", "load", "chan_rtp.so")
    assert answer.code == UNREACHABLE
    assert "has not loaded: chan_rtp, which carries the sound" in answer.said and "module load" in answer.said


def test_a_queue_or_a_dialplan_context_is_unknown(desk: Desk) -> None:
    answer = desk.serve_refused(lambda tree: tree["queues"].update(default="suport"))
    assert answer.code == MEND and 'no queue "suport" (queues.default)' in answer.said and "support" in answer.said
    desk.write("rules.yaml", "threshold: 10\nrules:\n  - {name: vip, when: urgency, points: 3, queue: gold}\n")
    answer = desk.serve_refused(lambda tree: tree.update(rules=str(desk.folder / "rules.yaml")))
    assert answer.code == MEND and 'no queue "gold" (rule "vip" in' in answer.said
    answer = desk.serve_refused(lambda tree: tree["queues"].update(context="elsewhere"))
    assert answer.code == MEND and 'no context "elsewhere" (queues.context)' in answer.said and "#include" in answer.said


# ---------------------------------------------------------------------------------------------------- files of the operator


def test_the_rules_have_a_typo(desk: Desk) -> None:
    file = desk.write("rules.yaml", "threshold: 10\nrules:\n  - name: a\n    whn: urgency\n    points: 3\n")
    for answer in (
        desk.serve_refused(lambda tree: tree.update(rules=str(file))),
        desk.refused("score", PROJECT / "tests" / "data" / "calls.jsonl", "--rules", file),
    ):
        assert answer.code == MEND and 'rules.yaml, line 4: rule "a", whn' in answer.said and 'did you mean "when"' in answer.said


def test_knowledge_is_missing_or_empty(desk: Desk) -> None:
    answer = desk.serve_refused(lambda tree: tree.update(assistant={"knowledge": ["none.md"]}))
    assert answer.code == MEND and "none.md does not exist" in answer.said
    desk.write("empty.md", "\n")
    answer = desk.serve_refused(lambda tree: tree.update(assistant={"knowledge": ["empty.md"]}))
    assert answer.code == MEND and "empty.md holds no article" in answer.said and "## question" in answer.said


def test_bookings_are_broken(desk: Desk) -> None:
    booking = "{reference: ABC123, name: X, flight: {number: K1, destination: Y, departs: yesterday}}"
    desk.write("bookings.yaml", f"reference: '[A-Z0-9]{{6}}'\nbookings:\n  - {booking}\n")
    answer = desk.serve_refused(lambda tree: tree.update(assistant={"bookings": "bookings.yaml"}))
    assert answer.code == MEND and "bookings.yaml" in answer.said and "bookings.0.flight.departs" in answer.said


def test_the_model_is_not_there_or_no_model(desk: Desk) -> None:
    for path, words in (("none", "does not exist"), ("sb", "is no Vosk model")):
        answer = desk.serve_refused(lambda tree, path=path: tree["speech"].update(model_path=path))
        assert answer.code == MEND and "speech.model_path" in answer.said and words in answer.said
        assert "scripts/fetch-model" in answer.said


def test_the_synthesiser_or_its_voice_is_not_there_or_does_not_work(desk: Desk) -> None:
    for change, words in (
        ({"command": "/none/flite"}, ("speech.command", "'/none/flite' is not there", "apt install flite")),
        ({"voice": "nobody"}, ("speech.voice", "no voice 'nobody'", "slt")),
        ({"whisper_voice": "nobody"}, ("speech.whisper_voice", "no voice 'nobody'")),
        ({"command": "false"}, ("synthesiser does not work", "false failed", "speech.command")),
    ):
        answer = desk.serve_refused(lambda tree, change=change: tree["speech"].update(change))
        assert answer.code == MEND and all(word in answer.said for word in words), answer.said


# ---------------------------------------------------------------------------------------------------- this machine


def test_a_port_is_busy(desk: Desk, busy_port: int) -> None:
    answer = desk.serve_refused(lambda tree: tree["asterisk"].update(agi_port=busy_port))
    assert answer.code == UNREACHABLE and f"127.0.0.1:{busy_port}" in answer.said and "asterisk.agi_port" in answer.said
    answer = desk.serve_refused(lambda tree: tree["http"].update(port=busy_port))
    assert answer.code == UNREACHABLE and f"port {busy_port} on 127.0.0.1" in answer.said and "http.port" in answer.said


def test_sound_cannot_be_received_at_the_address_given(desk: Desk) -> None:
    answer = desk.serve_refused(lambda tree: tree["asterisk"].update(media_host="192.0.2.1"))
    assert answer.code == MEND and "asterisk.media_host 192.0.2.1" in answer.said and "address of this machine" in answer.said


def test_redis_is_wrong_away_or_not_installed(desk: Desk) -> None:
    answer = desk.serve_refused(lambda tree: tree.update(redis={"url": "localhost"}))
    assert answer.code == MEND and "redis.url" in answer.said and "redis://host:6379/0" in answer.said
    answer = desk.serve_refused(lambda tree: tree.update(redis={"url": "redis://me:topsecret@127.0.0.1:1/0"}))
    assert answer.code == UNREACHABLE and "redis://127.0.0.1:1/0" in answer.said and "Connection refused" in answer.said
    assert "topsecret" not in answer.errors
    answer = desk.refused("calls", "-c", desk.settings(lambda tree: tree.update(redis={"url": "redis://127.0.0.1:1/0"})))
    assert answer.code == UNREACHABLE and "redis.url" in answer.said
    answer = desk.serve_refused(lambda tree: tree.update(redis={"server": "no-redis-server"}))
    assert answer.code == MEND and "'no-redis-server' is not there" in answer.said and "apt install redis-server" in answer.said


def test_the_data_folder_cannot_be_written(desk: Desk) -> None:
    desk.write("a-file", "")
    answer = desk.serve_refused(lambda tree: tree.update(data_dir=str(desk.folder / "a-file" / "data")))
    assert answer.code == MEND and "a-file" in answer.said and "data_dir" in answer.said


def test_a_private_redis_does_not_outlive_a_start_that_fails(desk: Desk) -> None:
    data = desk.folder / "private"

    def change(tree: dict[str, Any]) -> None:
        tree.update(redis={"server": f"{desk.facts['prefix']}/bin/redis-server"}, data_dir=str(data))
        tree["asterisk"]["ari_password"] = "wrong"

    assert desk.serve_refused(change).code == UNREACHABLE
    assert "Ready to accept connections" in (data / "redis" / "redis.log").read_text()
    with socket.socket(socket.AF_UNIX) as client, pytest.raises(OSError, match=r"No such file|refused"):
        client.connect(str(data / "redis" / "redis.sock"))


def test_commands_are_given_files_that_are_none(desk: Desk) -> None:
    answer = desk.refused("rehearse", "no_such_script")
    assert answer.code == MEND and "no_such_script" in answer.said and "wedding_dress" in answer.said
    answer = desk.refused("rehearse", "wedding_dress", "-t", desk.write("target.json", "{"))
    assert answer.code == MEND and "target.json" in answer.said and "scripts/sandbox up --json" in answer.said


# ---------------------------------------------------------------------------------------------------- not fatal


def health(desk: Desk) -> dict[str, Any]:
    with urllib.request.urlopen(f"{desk.facts['http']}/health", timeout=5) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found


def wait_for_health(desk: Desk) -> dict[str, Any]:
    for _ in range(200):
        try:
            return health(desk)
        except urllib.error.URLError:
            time.sleep(0.1)
    pytest.fail("the application did not come up")


def test_a_queue_without_members_is_a_warning_and_a_second_copy_of_the_program_leaves_the_first_one_alone(desk: Desk) -> None:
    desk.add_queue("nightshift")
    file = desk.settings(lambda tree: tree["queues"].update(default="nightshift"))
    first = subprocess.Popen([ARI_APP, "serve", "-c", str(file)], stderr=subprocess.PIPE, text=True)
    try:
        notes = " ".join(wait_for_health(desk)["notes"])
        second = desk.refused("serve", "-c", file)
        assert second.code == UNREACHABLE and "another copy of this program" in second.said
        still = health(desk)
    finally:
        first.send_signal(signal.SIGTERM)
        errors = first.communicate(timeout=20)[1]
    assert 'queue "nightshift" has no members' in notes and "queue add member" in notes
    assert still["status"] == "ok" and "connection_lost" not in errors
    assert errors.count("queue has no members") == 1 and first.returncode == 0
    assert not any(noise in errors for noise in NOISE), errors


async def test_members_that_come_later_end_the_warning(desk: Desk) -> None:
    known = desk.facts["ami"]
    ami = Ami(known["host"], known["port"], known["username"], known["password"])
    await ami.start()
    try:
        desk.add_queue("weekend")
        watch = QueueWatch(ami, ("support", "weekend"))
        await watch.look()
        assert len(watch.notes) == 1 and 'queue "weekend" has no members' in watch.notes[0]
        desk.cli("queue", "add", "member", "PJSIP/agent2", "to", "weekend")
        await watch.look()
        assert watch.notes == ()
        desk.cli("queue", "remove", "member", "PJSIP/agent2", "from", "weekend")
        await watch.look()
        assert len(watch.notes) == 1
    finally:
        await ami.close()
