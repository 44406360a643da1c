"""The command `ari-app`: what operators and sysadmins type."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from ari_app import __version__, logs
from ari_app.cli_records import calls, handovers
from ari_app.cli_rehearse import rehearse
from ari_app.cli_rules import rules_app
from ari_app.cli_score import score
from ari_app.errors import AriAppError
from ari_app.settings import load

app = typer.Typer(
    name="ari-app",
    help="Hands a phone call from an AI assistant to a human agent, on Asterisk, without the caller noticing the seam.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
Config = Annotated[
    Path, typer.Option("--config", "-c", envvar="ARI_APP_CONFIG", help="The settings file (YAML).", show_envvar=True)
]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"ari-app {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None: ...


@app.command()
def serve(config: Config = Path("ari-app.yaml")) -> None:
    """Run the application in the foreground, until SIGTERM or Ctrl-C.

    Live calls are not dropped when it stops: they stay in Asterisk. Exit codes: 2 a file that needs mending, 3 a server
    (Asterisk, Redis) that cannot be reached.
    """
    from ari_app.serve import serve as run

    settings = load(config)
    logs.configure(settings.log_level, settings.log_format)
    asyncio.run(run(settings))


app.command()(calls)
app.command()(handovers)
app.command()(score)
app.command()(rehearse)
app.add_typer(rules_app, name="rules")


def main() -> None:
    """Entry point: one clear message instead of a traceback for everything that a person can mend."""
    try:
        app()
    except AriAppError as error:
        print(f"ari-app: {error.message}", file=sys.stderr)
        if error.remedy:
            print(f"         {error.remedy}", file=sys.stderr)
        sys.exit(error.exit_code)
