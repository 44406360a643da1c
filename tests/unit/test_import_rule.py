"""The rooms of the application know only whom they may know; read from the sources, so that no import can hide."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

APPLICATION = Path(__file__).resolve().parents[2] / "ari_app"
SOURCES = sorted(APPLICATION.rglob("*.py"))
OUTSIDE_WORLD = {
    *("asyncio", "time", "logging", "socket", "ssl", "select", "selectors", "threading", "multiprocessing", "subprocess"),
    *("concurrent", "queue", "signal", "os", "io", "shutil", "tempfile", "glob", "fileinput", "pathlib", "sqlite3", "random"),
    *("secrets", "urllib", "http", "importlib", "sched", "mmap", "fcntl", "resource", "pickle", "shelve", "dbm"),
}
"""Standard modules with I/O, clocks, chance or concurrency: not for pure code."""
PURE = set(sys.stdlib_module_names) - OUTSIDE_WORLD
VENDOR_ROOMS = ("asterisk", "speech", "store", "web", "assistant", "language")
PORTS = {"ari_app.session.ports"}
SHARED = {"ari_app", "ari_app.errors"}  # `from ari_app import __version__`


def imports(file: Path) -> Iterator[str]:
    """The full names of all imported modules, those inside functions and behind TYPE_CHECKING too."""
    package = ["ari_app", *file.relative_to(APPLICATION).parent.parts]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module or ""]))
            inner = [f"{module}.{alias.name}" for alias in node.names]
            yield from (name if is_module(name) else module for name in inner)


def is_module(name: str) -> bool:
    path = APPLICATION.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def room(file: Path) -> str:
    """The folder under ari_app that a file lives in; "" for those directly in it."""
    parts = file.relative_to(APPLICATION).parts
    return parts[0] if len(parts) > 1 else ""


def of(name: str) -> str:
    """The room of an imported module of ours; "" for the ones without a room."""
    parts = name.split(".")
    return parts[1] if parts[0] == "ari_app" and len(parts) > 1 and (APPLICATION / parts[1]).is_dir() else ""


def ours(name: str) -> bool:
    return name.partition(".")[0] == "ari_app"


def may_import(where: str, name: str) -> bool:
    """Whether a file in the room `where` may import the module `name`."""
    top = name.partition(".")[0]
    if where == "call":
        return of(name) == "call" if ours(name) else top in PURE
    if where == "escalation":
        return (
            of(name) == "escalation" or name in ("ari_app.call.model", "ari_app.errors")
            if ours(name)
            else top
            in PURE
            | {
                "pydantic",
                "rapidfuzz",
            }
        )
    if where == "session":
        allowed = of(name) in ("session", "call") or name in SHARED
        return allowed if ours(name) else top in set(sys.stdlib_module_names) | {"structlog"}
    if where in VENDOR_ROOMS and ours(name):
        return of(name) in (where, "call") or name in SHARED | PORTS or (where == "language" and of(name) == "escalation")
    if where == "rehearsal" and ours(name):
        return of(name) == "rehearsal" or name in SHARED
    return not ours(name) or not name.startswith("ari_app.wiring") or where == ""


@pytest.mark.parametrize("where", ["call", "escalation", "session", *VENDOR_ROOMS, "rehearsal"])
def test_a_room_imports_only_whom_it_may_know(where: str) -> None:
    files = [file for file in SOURCES if room(file) == where]
    assert files, f"there is no room {where}"
    broken = [
        f"{file.relative_to(APPLICATION)}: {name}" for file in files for name in imports(file) if not may_import(where, name)
    ]
    assert not broken, "\n".join(broken)


def test_every_room_has_its_rule() -> None:
    assert {room(file) for file in SOURCES} == {"", "call", "escalation", "session", "rehearsal", *VENDOR_ROOMS}


def test_nothing_but_serve_and_the_command_line_imports_the_wiring() -> None:
    free = re.compile(r"(wiring|serve|cli)\w*\.py|__main__\.py")
    importing = [
        str(file.relative_to(APPLICATION))
        for file in SOURCES
        if any(name.startswith("ari_app.wiring") for name in imports(file))
        and not (room(file) == "" and free.fullmatch(file.name))
    ]
    assert importing == []


def test_the_settings_are_read_by_wiring_and_command_line_only() -> None:
    importing = {room(file) for file in SOURCES if "ari_app.settings" in set(imports(file))}
    assert importing == {""}


@pytest.mark.parametrize(
    ("where", "name", "allowed"),
    [
        ("call", "asyncio", False),
        ("call", "ari_app.escalation.rules", False),
        ("call", "dataclasses", True),
        ("escalation", "ari_app.call.model", True),
        ("escalation", "ari_app.call.transitions", False),
        ("session", "aiohttp", False),
        ("session", "ari_app.asterisk.pbx", False),
        ("asterisk", "ari_app.speech.listener", False),
        ("asterisk", "ari_app.session.router", False),
        ("asterisk", "ari_app.session.ports", True),
        ("rehearsal", "ari_app.asterisk.ari_http", False),
    ],
)
def test_the_rule_itself_tells_right_from_wrong(where: str, name: str, allowed: bool) -> None:
    assert may_import(where, name) is allowed


ABSOLUTE_PATH = re.compile(r"""(?<![\w/.:<{}\\*)-])/(?:home|root|work|tmp|usr|opt|srv|mnt|Users|nix)(?:/[\w.-]+)*""")


def test_no_file_names_a_path_of_some_machine() -> None:
    texts = [file for file in APPLICATION.rglob("*") if file.suffix in (".py", ".yaml", ".md", ".json", ".conf", ".txt")]
    assert len(texts) > 100
    found = []
    for file in texts:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            found += [f"{file.relative_to(APPLICATION)}:{number}: {path}" for path in ABSOLUTE_PATH.findall(line)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("line", ['cache = "/root/.cache/x"', "see /tmp/team/x", "open('/home/me/model')"])
def test_a_path_of_a_machine_is_noticed(line: str) -> None:
    assert ABSOLUTE_PATH.search(line)
