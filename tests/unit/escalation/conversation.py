"""Writes conversations as the tests read them."""

from dataclasses import replace

from ari_app.call.model import AnswerKind, AnswerReport, Party, Prosody, Turn

Line = tuple[str, str] | tuple[str, str, dict[str, object]]


def turns_of(*lines: Line) -> tuple[Turn, ...]:
    """("caller", words, {…}): confidence, loudness, pitch, centroid, polarity, or the assistant's kind of answer."""
    turns = []
    for index, (party, text, *more) in enumerate(lines):
        extra = dict(more[0]) if more else {}
        kind = extra.pop("kind", None)
        prosody = Prosody(extra.pop("loudness", None), extra.pop("pitch", None), extra.pop("centroid", None))  # type: ignore[arg-type]
        turn = Turn(index, Party(party), text, index * 5.0, index * 5.0 + 4.0, prosody=prosody)
        report = AnswerReport(AnswerKind(str(kind))) if kind else None
        turns.append(replace(turn, report=report, **extra))  # type: ignore[arg-type]
    return tuple(turns)
