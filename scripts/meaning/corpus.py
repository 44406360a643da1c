"""Reads what callers and assistants say in the written calls, dialogues and utterances, for the word vectors to learn from."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TURN = re.compile(r"(?:C \([^)]*\)|A) (.+?) \| [a-z_, ]+")
_UTTERANCE = re.compile(r"[a-z_, ]+ \| (.+)")
_HELD_OUT = "held_out"


@dataclass(slots=True)
class Said:
    text: str
    held_out: bool
    """Never learnt from: it is said in a file that is called held_out."""


def read_corpus(paths: list[Path]) -> list[Said]:
    """Every turn of all files (folders: of the .jsonl and .txt files below them), each text once."""
    files = sorted(file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]))
    found: dict[str, Said] = {}
    for file in files:
        if file.suffix in (".jsonl", ".txt"):
            for text in _texts(file):
                found.setdefault(text, Said(text, False)).held_out |= file.stem == _HELD_OUT
    return list(found.values())


def _texts(file: Path) -> Iterator[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    if file.suffix == ".jsonl":
        yield from (turn["text"] for line in lines for turn in json.loads(line).get("turns", []))
        return
    in_dialogue = False
    for line in lines:
        if not line.strip() or line.startswith("dialogue "):
            in_dialogue = line.startswith("dialogue ")
        elif in_dialogue:
            yield line.strip()
        elif match := _TURN.fullmatch(line.rstrip()):
            yield match[1]
        elif match := _UTTERANCE.fullmatch(line.rstrip()):
            yield from (text.strip() for text in match[1].split(" => "))
