"""Brings the lexicons and default rules that ship with the package into memory, parsed once."""

from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

from ari_app.errors import BadSettings
from ari_app.escalation.lexicon import Lexicon

_PACKAGE = "ari_app.escalation"


def languages() -> list[str]:
    """The languages that a rules file may name."""
    names = (entry.name for entry in files(_PACKAGE).joinpath("lexicons").iterdir())
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


@cache
def load_lexicon(language: str = "en") -> Lexicon:
    """The lexicon of a language. BadSettings for a language that has none."""
    if language not in languages():
        raise BadSettings(f'there is no lexicon for the language "{language}"', f"use one of: {', '.join(languages())}")
    data: Any = YAML(typ="safe", pure=True).load(_text(f"lexicons/{language}.yaml"))
    return Lexicon(data)


def default_rules_text(name: str = "rules") -> str:
    """The YAML text of shipped rules: "rules" for a general call centre, "airline" for the demo's."""
    return _text(f"defaults/{name}.yaml")


def _text(path: str) -> str:
    return files(_PACKAGE).joinpath(path).read_text(encoding="utf-8")
