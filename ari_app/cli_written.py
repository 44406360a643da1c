"""Opens written calls and their labels for the commands that score them."""

from collections.abc import Sequence
from pathlib import Path

from ari_app.errors import BadSettings
from ari_app.escalation.backtest import Label, Outcome, outcome
from ari_app.escalation.call_sheets import read_sheets
from ari_app.escalation.replay import Verdict
from ari_app.escalation.written_calls import WrittenCall, read_calls, read_labels

SHEET = ".txt"


def text_of(file: Path) -> str:
    """BadSettings says why it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise BadSettings(f"{file} cannot be read: {error.strerror or error}", "check its path and permissions") from None
    except UnicodeDecodeError as error:
        raise BadSettings(f"{file} cannot be read: byte {error.start} is no UTF-8", "save it as UTF-8") from None


def read_written(file: Path) -> list[WrittenCall]:
    """JSON lines, or a call sheet (.txt)."""
    if file.suffix == SHEET:
        return [sheet.call for sheet in read_sheets(text_of(file), str(file))]
    return read_calls(text_of(file), str(file))


def read_labelled(file: Path | None, calls: Sequence[WrittenCall]) -> dict[str, Label]:
    """By call id; empty without a file. A call sheet holds labels, too. BadSettings when no call has one."""
    if file and file.suffix == SHEET:
        labels = {sheet.label.call_id: sheet.label for sheet in read_sheets(text_of(file), str(file))}
    else:
        labels = read_labels(text_of(file), str(file)) if file else {}
    if file and not any(call.call_id in labels for call in calls):
        raise BadSettings(f"{file} has no label for any of the calls", 'calls and labels belong together by their "call_id"')
    return labels


def outcomes_of(verdicts: Sequence[Verdict], labels: dict[str, Label]) -> dict[str, Outcome]:
    """Of the calls that have a label, by call id."""
    return {
        verdict.call.call_id: outcome(verdict.turn, labels[verdict.call.call_id])
        for verdict in verdicts
        if verdict.call.call_id in labels
    }
