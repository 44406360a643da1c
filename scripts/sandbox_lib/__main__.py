"""The commands of scripts/sandbox."""

import argparse
import json
import os
import sys
from pathlib import Path

from .console import SandboxError, say
from .layout import PROJECT
from .sandbox import DEFAULT_SUITE, SYSTEM, Sandbox, Wish, follow, provision, report

TOOLS_SHOWN = ("asterisk", "redis-server", "flite", "espeak-ng", "libc6")


def main(arguments: list[str]) -> int:
    """Runs one command; returns the exit code: 0 done, 1 refused or failed with one message, 3 the sandbox is not up."""
    options = _parser().parse_args(arguments)
    try:
        return int(COMMANDS[options.command](options))
    except SandboxError as error:
        say(f"error: {error}")
        if error.remedy:
            say(f"       {error.remedy}")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/sandbox", description="A private Asterisk with Redis and the application.")
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dir", type=Path, default=PROJECT / ".sandbox", help="the sandbox's folder (default .sandbox/)")
    asterisk = argparse.ArgumentParser(add_help=False)
    asterisk.add_argument("--use-system-asterisk", action="store_true", help="the Asterisk on the PATH, not a private one")
    up = commands.add_parser("up", parents=[common, asterisk], help="start it; again: start what died")
    up.add_argument("--json", action="store_true", help="print one JSON object: addresses, users, passwords")
    up.add_argument("--base-port", type=int, help="ports from here on instead of free ones")
    up.add_argument("--no-app", action="store_true", help="Asterisk and Redis only")
    commands.add_parser("down", parents=[common], help="stop what `up` started")
    status = commands.add_parser("status", parents=[common], help="what runs")
    status.add_argument("--json", action="store_true", help="the JSON of `up` and the process numbers")
    restart = commands.add_parser("restart", parents=[common], help="start one part again, also after its death")
    restart.add_argument("part", choices=("app", "asterisk", "redis"))
    cli = commands.add_parser("cli", parents=[common], help="Asterisk's console, or one command: cli core show channels")
    cli.add_argument("words", nargs=argparse.REMAINDER)
    logs = commands.add_parser("logs", parents=[common], help="follow the logs")
    logs.add_argument("part", nargs="?", choices=("app", "asterisk", "redis"))
    commands.add_parser("provision", parents=[asterisk], help="only fetch and unpack; prints the versions")
    return parser


def _suite(options: argparse.Namespace) -> str | None:
    return SYSTEM if options.use_system_asterisk else os.environ.get("ASTERISK_SUITE") or None


def _up(options: argparse.Namespace) -> int:
    sandbox = Sandbox(options.dir)
    state = sandbox.up(Wish(_suite(options), options.base_port, not options.no_app))
    if options.json:
        print(json.dumps(state))
    else:
        report(state, sandbox.pids())
    return 0


def _down(options: argparse.Namespace) -> int:
    say("stopped" if Sandbox(options.dir).down() else "nothing to stop")
    return 0


def _status(options: argparse.Namespace) -> int:
    sandbox = Sandbox(options.dir)
    if not sandbox.exists:
        if options.json:
            print(json.dumps({"pids": sandbox.pids()}))
        say(f"no sandbox in {sandbox.layout.root}")
        return 3
    state, pids = sandbox.state(), sandbox.pids()
    if options.json:
        print(json.dumps({**state, "pids": pids}))
    else:
        report(state, pids)
    return 0


def _restart(options: argparse.Namespace) -> int:
    sandbox = Sandbox(options.dir)
    sandbox.restart(options.part)
    say(f"{options.part} runs as process {sandbox.pids()[options.part]}")
    return 0


def _cli(options: argparse.Namespace) -> int:
    command = Sandbox(options.dir).cli(options.words)
    os.execv(command[0], command)


def _logs(options: argparse.Namespace) -> int:
    sandbox = Sandbox(options.dir)
    paths = sandbox.log_files(options.part)
    if not paths:
        raise SandboxError(f"no logs in {sandbox.layout.log}", remedy="Start the sandbox first: scripts/sandbox up")
    return follow(paths)


def _provision(options: argparse.Namespace) -> int:
    asterisk, prefix = provision(_suite(options) or DEFAULT_SUITE)
    print(f"asterisk {asterisk.version}  {asterisk.executable}")
    for name in TOOLS_SHOWN:
        if name in prefix.versions:
            print(f"{name} {prefix.versions[name]}")
    print(f"prefix {prefix.root} ({len(prefix.versions)} packages)")
    return 0


COMMANDS = {
    "up": _up,
    "down": _down,
    "status": _status,
    "restart": _restart,
    "cli": _cli,
    "logs": _logs,
    "provision": _provision,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
