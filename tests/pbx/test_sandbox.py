"""The private Asterisk keeps its promises: it starts, says the truth, falls back, and leaves nothing behind."""

import base64
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "scripts"))

machine_mirrors: Any = importlib.import_module("sandbox_lib.mirror").machine_mirrors
processes: Any = importlib.import_module("sandbox_lib.processes")
started_at: Callable[[int], str | None] = processes.started_at

Description = dict[str, Any]


def sandbox(*arguments: str, folder: Path, expect: int = 0) -> str:
    """Runs scripts/sandbox as a person would, from another folder; returns what it printed on stdout."""
    command = [str(PROJECT / "scripts" / "sandbox"), arguments[0], "--dir", str(folder), *arguments[1:]]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=590)
    assert done.returncode == expect, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def status(folder: Path) -> Description:
    answer: Description = json.loads(sandbox("status", "--json", folder=folder))
    return answer


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A running sandbox without the application, in a folder whose name has a space."""
    path = tmp_path_factory.mktemp("pbx") / "a sandbox"
    sandbox("up", "--no-app", folder=path)
    yield path
    sandbox("down", folder=path)


def log_of(folder: Path) -> str:
    return (folder / "log" / "asterisk.log").read_text()


def originate(description: Description, **parameters: Any) -> None:
    """POST /channels without an application: the near half goes into the dialplan."""
    ari = description["ari"]
    variables = parameters.pop("variables", {})
    token = base64.b64encode(f"{ari['username']}:{ari['password']}".encode()).decode()
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    request = urllib.request.Request(
        f"{ari['url']}/channels?{query}",
        data=json.dumps({"variables": variables}).encode(),
        headers={"Authorization": f"Basic {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 200


def test_up_again_prints_the_same_and_starts_nothing_new(folder: Path) -> None:
    before = status(folder)
    again = json.loads(sandbox("up", "--no-app", "--json", folder=folder))
    after = status(folder)
    assert again == {name: value for name, value in before.items() if name != "pids"}
    assert after["pids"] == before["pids"]
    assert before["pids"]["asterisk"] and before["pids"]["redis"] and before["pids"]["app"] is None


def test_up_prints_everything_an_outside_program_needs(folder: Path) -> None:
    described = status(folder)
    assert described["sip"].keys() == {"host", "port"}
    assert described["caller"].keys() == {"username", "password", "extension"}
    assert [agent["queue"] for agent in described["agents"]] == ["support"] * 4
    assert described["ari"].keys() == {"url", "username", "password", "app"}
    assert described["ami"].keys() == {"host", "port", "username", "password"}
    assert Path(described["prefix"]).is_dir() and Path(described["config"]).is_file()


def test_files_with_passwords_can_be_read_by_their_owner_only(folder: Path) -> None:
    secrets = [status(folder)[part]["password"] for part in ("ari", "ami", "caller")]
    holders = [
        path
        for path in folder.rglob("*")
        if path.is_file() and any(secret in path.read_text(errors="ignore") for secret in secrets)
    ]
    assert {path.name for path in holders} >= {"sandbox.json", "ari-app.yaml", "ari.conf", "manager.conf", "pjsip.conf"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in holders)
    assert folder.stat().st_mode & 0o077 == 0


def test_asterisk_boots_without_a_complaint_in_its_log(tmp_path: Path) -> None:
    sandbox("up", "--no-app", folder=tmp_path)
    try:
        bad = [line for line in log_of(tmp_path).splitlines() if "WARNING" in line or "ERROR" in line]
    finally:
        sandbox("down", folder=tmp_path)
    assert bad == []


def test_nothing_listens_beyond_this_machine(folder: Path) -> None:
    described = status(folder)
    sockets = "".join(Path(f"/proc/{described['pids']['asterisk']}/net/{kind}").read_text() for kind in ("tcp", "udp"))
    ports = {f"{described['ports'][name]:04X}" for name in ("sip", "ari", "ami")}
    local = [line.split()[1] for line in sockets.splitlines() if ":" in line.split()[1]]
    found = {entry for entry in local if entry.split(":")[1] in ports}
    assert {entry.split(":")[1] for entry in found} == ports
    assert {entry.split(":")[0] for entry in found} == {"0100007F"}


def test_two_sandboxes_run_side_by_side(folder: Path, tmp_path: Path) -> None:
    first = status(folder)
    second = json.loads(sandbox("up", "--no-app", "--json", folder=tmp_path))
    try:
        assert set(first["ports"].values()) & {second["ports"][name] for name in ("sip", "ari", "ami", "agi", "http")} == set()
        assert "0 active channels" in sandbox("cli", "core", "show", "channels", folder=tmp_path)
        assert "support" in sandbox("cli", "queue", "show", "support", folder=folder)
    finally:
        sandbox("down", folder=tmp_path)


@pytest.mark.parametrize("part", ["asterisk", "redis"])
def test_status_tells_the_truth_after_a_kill_and_restart_revives_it(folder: Path, part: str) -> None:
    victim = status(folder)["pids"][part]
    os.kill(victim, signal.SIGKILL)
    until(lambda: started_at(victim) is None)
    assert status(folder)["pids"][part] is None
    sandbox("restart", part, folder=folder)
    revived = status(folder)["pids"][part]
    assert revived is not None and revived != victim
    assert "support" in sandbox("cli", "queue", "show", "support", folder=folder)


def test_down_stops_everything_and_a_second_time_nothing(tmp_path: Path) -> None:
    pids = json.loads(sandbox("up", "--no-app", "--json", folder=tmp_path)) and status(tmp_path)["pids"]
    sandbox("down", folder=tmp_path)
    assert all(started_at(pid) is None for pid in pids.values() if pid)
    assert list((tmp_path / "run").iterdir()) == []
    sandbox("down", folder=tmp_path)
    sandbox("status", folder=tmp_path, expect=3)


def test_a_reused_process_number_is_never_stopped(tmp_path: Path) -> None:
    process = processes.Process("asterisk", tmp_path)
    process.pid_file.write_text(json.dumps({"pid": os.getpid(), "started": "another boot/17"}))
    assert process.pid is None
    assert process.stop() is False  # and this test is still alive


def test_a_taken_base_port_is_refused_with_its_number(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        base = taken.getsockname()[1] - 1  # the ARI port, second of the five
        command = [str(PROJECT / "scripts" / "sandbox"), "up", "--no-app", "--dir", str(tmp_path), "--base-port", str(base)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=590)
    assert done.returncode == 1
    assert str(base + 1) in done.stderr and "Traceback" not in done.stderr


def no_channel_is_left(folder: Path) -> bool:
    return "0 active channels" in sandbox("cli", "core", "show", "channels", folder=folder)


def test_caller_is_told_something_when_the_application_and_all_agents_are_away(folder: Path) -> None:
    sandbox("cli", "dialplan", "set", "global", "ARI_APP_FALLBACK_ROUNDS", "1", folder=folder)
    seen = len(log_of(folder))
    originate(status(folder), endpoint="Local/100@ari-app-entry/n", context="sandbox-callers", extension="102", priority=1)
    until(lambda: "Spawn extension (ari-app-fallback, s" in log_of(folder)[seen:])
    said = log_of(folder)[seen:]
    assert "nobody took the call: JOINEMPTY" in said
    assert "Playing 'vm-nobodyavail" in said and "Playing 'please-try-call-later" in said
    until(lambda: no_channel_is_left(folder))


def test_caller_who_hangs_up_in_the_fallback_does_not_run_on(folder: Path) -> None:
    sandbox("cli", "dialplan", "set", "global", "ARI_APP_FALLBACK_ROUNDS", "1", folder=folder)
    seen = len(log_of(folder))
    sandbox("cli", "channel", "originate", "Local/100@ari-app-entry/n", "application", "Wait", "1", folder=folder)
    until(lambda: "Playing 'vm-nobodyavail" in log_of(folder)[seen:])
    until(lambda: no_channel_is_left(folder))
    executed = [line for line in log_of(folder)[seen:].splitlines() if "] pbx.c: Executing [" in line]
    assert "] Playback(" in executed[-1]  # where he hung up; the tone and the rest of the goodbye never ran


def test_queue_leg_tells_the_application_once_why_nobody_came(folder: Path) -> None:
    described = status(folder)
    seen = len(log_of(folder))
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", described["agi"]["port"])) as server:
        server.settimeout(10)

        def listen() -> None:
            peer, _ = server.accept()
            with peer:
                while b"\n\n" not in "".join(heard).encode():
                    heard.append(peer.recv(4096).decode())

        listener = threading.Thread(target=listen)
        listener.start()
        originate(
            described,
            endpoint="Local/support@ari-app-queue/n",
            context="sandbox-callers",
            extension="102",
            priority=1,
            variables={
                "__ARI_APP_CALL": "call-7",
                "ARI_APP_CALLER_NUMBER": "+15557654321",
                "ARI_APP_DISPLAY": 'David M. / "bag", 12h (now)',
                "ARI_APP_WAIT": "5",
            },
        )
        listener.join(15)
    until(lambda: no_channel_is_left(folder))
    # The pattern of queue names matches `h` too: a hang-up must not enter the queue, nor tell the application, once more.
    assert log_of(folder)[seen:].count("] AGI(") == 1
    told = dict(line.split(": ", 1) for line in "".join(heard).splitlines() if ": " in line)
    assert told["agi_network_script"] == "queue-left"
    assert (told["agi_arg_1"], told["agi_arg_2"]) == ("call-7", "JOINEMPTY")
    assert told["agi_callerid"] == "+15557654321"
    assert told["agi_calleridname"] == 'David M. / "bag", 12h (now)'


def test_mirror_is_read_from_every_form_of_apt_sources(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(
        "# deb http://commented.example/debian sid main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://one.example/debian bookworm main contrib # note\n"
        "deb http://security.example/debian-security bookworm-security main\n"
        "deb-src http://source.example/debian bookworm main\n"
    )
    (tmp_path / "sources.list.d" / "vendor.list").write_text("deb https://vendor.example/repo nodistro main\n")
    (tmp_path / "sources.list.d" / "debian.sources").write_text(
        "# first\nTypes: deb deb-src\nURIs: http://two.example/debian\n http://three.example/debian\nSuites: trixie\n"
        "Components: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n -----END PGP PUBLIC KEY BLOCK-----\n"
        "\nTypes: deb\nURIs: http://off.example/debian\nSuites: trixie\nComponents: main\nEnabled: no\n"
    )
    found = {mirror.uri: mirror for mirror in machine_mirrors(tmp_path)}
    assert list(found) == ["http://one.example/debian", "http://two.example/debian", "http://three.example/debian"]
    line = found["http://one.example/debian"].line("sid", tmp_path / "key.asc")
    assert line == "deb [signed-by=/k.gpg] http://one.example/debian sid main\n"
    found["http://two.example/debian"].line("sid", tmp_path / "key.asc")
    assert (tmp_path / "key.asc").read_text().splitlines()[1:3] == ["", "abc"]
