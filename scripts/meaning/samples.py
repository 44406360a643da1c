"""Reads the labelled calls and utterances under tests/data: what the reader of meanings is trained on and measured by."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from ari_app.call.model import Party, Turn
from ari_app.escalation.backtest import Label
from ari_app.escalation.call_sheets import read_sheets
from ari_app.escalation.written_calls import WrittenCall, read_calls, read_labels

DATA = Path(__file__).resolve().parents[2] / "tests" / "data"
HELD_OUT = "held_out"


@dataclass(frozen=True, slots=True)
class LabelledCall:
    """`author`: the file it comes from; calls of one author are never both learnt from and measured by."""

    author: str
    call: WrittenCall
    label: Label
    acts: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    turn: Turn
    before: tuple[Turn, ...]
    acts: frozenset[str]


def read_all_calls() -> list[LabelledCall]:
    calls = [*_from_lines(DATA, "own"), *_from_lines(DATA / "given", "given")]
    for file in sorted((DATA / "calls").glob("*.txt")):
        for sheet in read_sheets(file.read_text(encoding="utf-8"), str(file)):
            calls.append(LabelledCall(file.stem, sheet.call, sheet.label, sheet.acts))
    return calls


def read_routine(*, learnt: bool) -> list[WrittenCall]:
    """Dialogues of which only the caller's turns are known; none needs a person. One author's half is never learnt from."""
    first, more = (_dialogues(DATA / name) for name in ("routine.txt", "routine_learnt.txt"))
    return [*first[::2], *more] if learnt else first[1::2]


def _dialogues(file: Path) -> list[WrittenCall]:
    calls = []
    for block in file.read_text(encoding="utf-8").strip().split("\n\n"):
        name, *lines = [line.strip() for line in block.strip().splitlines()]
        turns = [Turn(place, Party.CALLER, line, 6.0 * place, 6.0 * place + 4.0) for place, line in enumerate(lines)]
        calls.append(WrittenCall(name.removeprefix("dialogue "), tuple(turns)))
    return calls


def routine_samples() -> Iterator[Sample]:
    """What a caller says who wants nothing but service."""
    for call in read_routine(learnt=True):
        for turn in call.turns:
            yield Sample(turn, call.turns[: turn.index], frozenset({"asks"}))


def samples_of(calls: list[LabelledCall]) -> Iterator[Sample]:
    for each in calls:
        for turn, acts in zip(each.call.turns, each.acts, strict=True):
            yield Sample(turn, each.call.turns[: turn.index], acts)


def read_utterances() -> Iterator[Sample]:
    """Single turns, some with the turn before them: `acts | text` and `acts | turn before => text`.

    What a caller says without one is learnt twice, the second time as the first words after a greeting: people come to the point.
    """
    greetings = _greetings()
    for file in sorted((DATA / "utterances").glob("*.txt")):
        party = Party.ASSISTANT if file.stem == "assistant" else Party.CALLER
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("# "):
                party = Party(line.removeprefix("# ").strip())
            elif " | " in line:
                acts, said = line.split(" | ", 1)
                does = frozenset(act.strip() for act in acts.split(","))
                yield _utterance(party, does, said)
                if party is Party.CALLER and " => " not in said:
                    yield _utterance(party, does, f"{next(greetings)} => {said}")


def _greetings() -> Iterator[str]:
    lines = (DATA / "utterances" / "assistant.txt").read_text(encoding="utf-8").splitlines()
    return cycle([line.split(" | ", 1)[1] for line in lines if line.startswith("greets | ")])


def _utterance(party: Party, acts: frozenset[str], said: str) -> Sample:
    other = Party.CALLER if party is Party.ASSISTANT else Party.ASSISTANT
    heard, arrow, text = said.partition(" => ")
    before = (Turn(0, other, heard.strip(), 0.0, 3.0),) if arrow else ()
    turn = Turn(len(before), party, (text if arrow else said).strip(), 4.0, 7.0, confidence=0.9)
    return Sample(turn, before, acts)


def _from_lines(folder: Path, author: str) -> Iterator[LabelledCall]:
    labels = read_labels((folder / "labels.jsonl").read_text(encoding="utf-8"), "labels")
    acts: dict[tuple[str, int], frozenset[str]] = {}
    for line in (folder / "acts.txt").read_text(encoding="utf-8").splitlines():
        call_id, turn, does = line.split(" ", 2)
        acts[call_id, int(turn)] = frozenset(act.strip() for act in does.split(","))
    for call in read_calls((folder / "calls.jsonl").read_text(encoding="utf-8"), "calls"):
        yield LabelledCall(author, call, labels[call.call_id], tuple(acts[call.call_id, turn.index] for turn in call.turns))
