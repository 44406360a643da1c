"""Finds the settings and the rules that a command goes by when it is not told others."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from ari_app.language.rules_file import RulesFile, read_rules
from ari_app.rules_in_force import for_settings, load_rules_in_force
from ari_app.settings import Settings, load

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", envvar="ARI_APP_CONFIG", help="The settings file; without it ari-app.yaml, where there is one."
    ),
]
_USUAL = Path("ari-app.yaml")


def settings_if_any(config: Path | None) -> Settings | None:
    """None where no settings file is named and none is here. BadSettings for a broken or missing one that is named."""
    if config is None and not _USUAL.is_file():
        return None
    return load(config or _USUAL)


def rules_for(settings: Settings | None, file: Path | None = None) -> RulesFile:
    """The rules in `file`; without one those in force: the settings' ones, or the shipped ones. BadSettings."""
    if file is not None:
        return for_settings(read_rules(file), settings) if settings else read_rules(file)
    return load_rules_in_force(settings) if settings else read_rules(None)


def local(moment: datetime | None, settings: Settings | None) -> datetime | None:
    """A recorded moment as wall time where the rules' hours count; one that was written without a zone is wall time already."""
    if moment is None or moment.tzinfo is None:
        return moment
    return moment.astimezone(settings.zone() if settings else None)
