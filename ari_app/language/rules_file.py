"""Brings a rules file into force: the rules that it holds and the fingerprint that names it, or every mistake in it at once."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ari_app.errors import BadSettings
from ari_app.escalation.rules import RuleBook
from ari_app.language.loading import default_rules_text
from ari_app.language.rules_check import check_rules
from ari_app.language.rules_yaml import Finding, Place, line_of

_DIGITS = 12


@dataclass(frozen=True, slots=True)
class RulesFile:
    """`name` stands for the file in messages, `fingerprint` in records and logs. `own`: the rules are written in it."""

    book: RuleBook
    name: str
    fingerprint: str
    warnings: tuple[Finding, ...] = ()
    tree: Any = None

    @property
    def own(self) -> bool:
        return self.tree is not None and "rules" in self.tree

    def line(self, *place: str | int) -> int:
        """Where a field of a rule stands; 0 where the rules are not written in this file."""
        full: Place = ("rules", *place)
        return line_of(self.tree, full) if self.own else 0


def fingerprint(content: bytes) -> str:
    """The first digits of the SHA-256 of a file, as `sha256sum` prints it."""
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


@cache
def shipped_rules(name: str = "rules") -> RulesFile:
    """What ships: "rules" for a general call centre, "airline" for the demo's."""
    base = None if name == "rules" else default_rules()
    return rules_from(default_rules_text(name).encode(), f"{name}.yaml (shipped)", base)


def default_rules(name: str = "rules") -> RuleBook:
    """The shipped rules: "rules" for a general call centre, "airline" for the demo's."""
    return shipped_rules(name).book


def read_rules(file: Path | None) -> RulesFile:
    """The operator's rules; the shipped ones for None. BadSettings with every mistake."""
    if file is None:
        return shipped_rules("rules")
    try:
        return rules_from(file.read_bytes(), str(file), default_rules())
    except OSError as error:
        raise unreadable(file, error) from None


def unreadable(file: Path, error: OSError) -> BadSettings:
    """The file in question is named once, and why it cannot be read in words."""
    remedy = "name the file in it" if isinstance(error, IsADirectoryError) else "check its path and permissions"
    return BadSettings(f"the rules file {file} cannot be read: {error.strerror or error}", remedy)


def rules_from(content: bytes, name: str, base: RuleBook | None) -> RulesFile:
    """What the file leaves out of `signals` and `rules` is taken from `base`. BadSettings with every mistake."""
    checked = check_rules(content, base)
    if checked.book is None:
        mistakes = "\n".join(dict.fromkeys(each.told(name) for each in checked.mistakes))
        raise BadSettings(mistakes, "mend this and try again; `ari-app rules check FILE` tells more")
    return RulesFile(checked.book, name, fingerprint(content), checked.warnings, checked.tree)


def load_rules(file: Path | None) -> RuleBook:
    """Only the rules of `read_rules`."""
    return read_rules(file).book


def parse_rules(text: str, name: str, base: RuleBook | None) -> RuleBook:
    """Only the rules of `rules_from`, from text."""
    return rules_from(text.encode(), name, base).book
