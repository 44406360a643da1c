"""Cuts a long utterance into clauses, because one that matters drowns in the meaning of the whole."""

import re

_JOINTS = (
    r"(?<=[.!?;])\s+"
    r"|,\s+(?=(?:and|but|so|because|i|we|you|it|they|he|she|if|that)\b)"
    r"|\s+(?=(?:but|because|so i|so we|and i|and we|and my|and the|and now|and it|and you|and they|i dont|i just|which)\b)"
)
_JOINT = re.compile(_JOINTS, re.IGNORECASE)
_LEAST = 5
"""Words; shorter pieces go with the next one."""


def clauses(text: str) -> list[str]:
    """The clauses of an utterance, raw recogniser output too; empty where it is one clause."""
    cut: list[str] = []
    open_piece = ""
    for piece in _JOINT.split(text):
        open_piece = f"{open_piece} {piece}".strip()
        if len(open_piece.split()) >= _LEAST:
            cut.append(open_piece)
            open_piece = ""
    if open_piece and cut:
        cut[-1] = f"{cut[-1]} {open_piece}"
    elif open_piece:
        cut.append(open_piece)
    return cut if len(cut) > 1 else []
