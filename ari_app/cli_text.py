"""Prints for people on any terminal: what its character set lacks is written with plain letters, never a crash."""

import json
import sys
import unicodedata
from typing import Any

import typer

_PLAIN = str.maketrans(
    {"→": "->", "·": "-", "…": "...", "“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "×": "x", "✓": "ok", "✗": "x"}
)


def shown(text: str, encoding: str | None = None) -> str:
    """The text as the terminal (or a character set given by name) can show it."""
    charset = encoding or getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        text.encode(charset)
    except (UnicodeEncodeError, LookupError):
        pass
    else:
        return text
    plainer = text.translate(_PLAIN)
    for kept in (plainer, "".join(_unaccented(letter, charset) for letter in plainer)):
        try:
            kept.encode(charset)
        except (UnicodeEncodeError, LookupError):
            continue
        return kept
    return plainer.encode("ascii", "replace").decode()


def tell(text: str = "", *, error: bool = False) -> None:
    """One or several lines, to the standard output or to the error output."""
    typer.echo(shown(text), err=error)


def tell_json(value: Any) -> None:
    """One line of JSON, with escapes where the terminal cannot show a letter."""
    text = json.dumps(value, ensure_ascii=False)
    typer.echo(text if shown(text) == text else json.dumps(value))


def count(number: int, noun: str, plural: str = "") -> str:
    """
    >>> count(1, "rule"), count(2, "rule"), count(0, "reply", "replies"), count(3, "mistake")
    ('1 rule', '2 rules', 'no replies', '3 mistakes')
    """
    return f"{number or 'no'} {noun if number == 1 else plural or noun + 's'}"


def listed(words: list[str]) -> str:
    """
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _unaccented(letter: str, charset: str) -> str:
    try:
        letter.encode(charset)
    except (UnicodeEncodeError, LookupError):
        return unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode() or "?"
    return letter
