"""Chooses what measures meaning: the vectors that ship, MiniLM where a sysadmin wants it, or nothing; English only."""

from functools import cache
from typing import Literal

from ari_app.language.acts import ActReader
from ari_app.language.embedding import Embedder, Remembering
from ari_app.language.minilm import MiniLm
from ari_app.language.words import WordVectors

Choice = Literal["built-in", "minilm", "off"]
_LANGUAGE = "en"
"""The vectors and the calls that the readers were trained on are English."""


def understanding(language: str, choice: Choice = "built-in") -> ActReader | None:
    """The reader of meanings, made once a process; None where words and structure alone are to decide.

    Blocking: up to half a second the first time. AriAppError when it is not installed, or broken.
    """
    return _reader(choice) if choice != "off" and language == _LANGUAGE else None


@cache
def _reader(choice: Choice) -> ActReader:
    embedder: Embedder = MiniLm.load() if choice == "minilm" else WordVectors.load()
    return ActReader.load(Remembering(embedder), "minilm" if choice == "minilm" else "words")
