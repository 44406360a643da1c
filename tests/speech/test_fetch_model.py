"""scripts/fetch-model against a server on this machine: what it accepts, and what it refuses without leaving anything behind."""

import hashlib
import io
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ari_app.speech.vosk_recogniser import EMBEDDED_MODEL, VoskModel

SCRIPT = Path(__file__).parents[2] / "scripts" / "fetch-model"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """An address and the folder that is served there."""
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", folder
        http.shutdown()
        thread.join()


def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return buffer.getvalue()


def model_archive() -> bytes:
    paths = [path for path in EMBEDDED_MODEL.rglob("*") if path.is_file()]
    return archive({f"some-model/{path.relative_to(EMBEDDED_MODEL)}": path.read_bytes() for path in paths})


def fetch(target: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "no_proxy": "*"}
    command = [sys.executable, str(SCRIPT), "some-model", "--to", str(target), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)


def test_a_model_is_fetched_verified_and_can_be_used(server: tuple[str, Path], tmp_path: Path) -> None:
    address, folder = server
    (folder / "m.zip").write_bytes(model_archive())
    digest = hashlib.sha256((folder / "m.zip").read_bytes()).hexdigest()
    run = fetch(tmp_path / "models", "--url", f"{address}/m.zip", "--sha256", digest)
    assert run.returncode == 0, run.stderr
    assert f"model_path: {tmp_path / 'models' / 'some-model'}" in run.stdout
    assert VoskModel(tmp_path / "models" / "some-model").rate == 8000
    again = fetch(tmp_path / "models", "--url", f"{address}/gone.zip")
    assert again.returncode == 0
    assert "there already" in again.stdout


def test_without_a_known_hash_the_hash_is_printed(tmp_path: Path) -> None:
    (tmp_path / "m.zip").write_bytes(model_archive())
    run = fetch(tmp_path / "models", "--url", str(tmp_path / "m.zip"))
    assert run.returncode == 0
    assert hashlib.sha256((tmp_path / "m.zip").read_bytes()).hexdigest() in run.stdout


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (archive({"some-model/readme": b"x"}), (), "am/final.mdl is missing"),
        (archive({"../evil": b"x"}), (), "outside its folder"),
        (b"<html>proxy</html>", (), "no zip archive"),
        (b"anything", ("--sha256", "0" * 64), "not the expected one"),
    ],
)
def test_a_wrong_archive_is_refused_and_nothing_stays(
    server: tuple[str, Path], tmp_path: Path, content: bytes, arguments: tuple[str, ...], message: str
) -> None:
    address, folder = server
    (folder / "m.zip").write_bytes(content)
    run = fetch(tmp_path / "models", "--url", f"{address}/m.zip", *arguments)
    assert run.returncode == 1
    assert message in run.stderr
    assert "Traceback" not in run.stderr
    assert list((tmp_path / "models").iterdir()) == []


def test_a_missing_file_on_the_server_is_named(server: tuple[str, Path], tmp_path: Path) -> None:
    run = fetch(tmp_path / "models", "--url", f"{server[0]}/none.zip")
    assert run.returncode == 1
    assert "404" in run.stderr


def test_without_a_connection_the_other_way_is_told(tmp_path: Path) -> None:
    run = fetch(tmp_path / "models", "--url", "http://127.0.0.1:9/m.zip")
    assert run.returncode == 1
    assert "cannot be fetched" in run.stderr and "--url FILE.zip" in run.stderr


def test_a_name_that_is_a_path_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "../evil", "--to", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1
    assert "no model name" in run.stderr
