"""Reads call sheets: calls as people write them down, a line a turn, with the label and what each turn does.

    call w1-001
    trade: energy
    style: asr
    expect: escalate 3-5
    cause: repetition
    why: asks when the engineer comes and is given the opening hours
    A Northlight Energy, how can I help? | greets
    C (0.91) what time is the engineer coming tomorrow | asks
    A Our engineers work between eight and six. | beside
    C (0.9 +3) right but which part of that is he coming to me | again

After C stand the recognition's confidence and, where it matters, the loudness in dB against this caller's own level.
"""

import re
from dataclasses import dataclass, field, replace

from ari_app.call.model import Party, Prosody, Turn
from ari_app.errors import BadSettings
from ari_app.escalation.backtest import Label
from ari_app.escalation.meaning import ASSISTANT_ACTS, CALLER_ACTS
from ari_app.escalation.written_calls import WrittenCall

_FORM = "see the call sheets under tests/data/calls for the form"
_LEVEL = -25.0  # dBFS: a caller's own level, where only differences from it are written down
_WORDS_PER_SECOND, _PAUSE = 2.7, 0.5
_HEAD = re.compile(r"(trade|style|expect|cause|why): (.*)")
_CALLER = re.compile(r"C \((\d(?:\.\d+)?)(?: ([+-]\d+(?:\.\d+)?))?\) (.+?) \| ([a-z_, ]+)")
_ASSISTANT = re.compile(r"A (.+?) \| ([a-z_, ]+)")
_EXPECT = re.compile(r"escalate (\d+)-(\d+)|stay")


@dataclass(frozen=True, slots=True)
class CallSheet:
    """`acts`: what each turn does, one set of names a turn."""

    call: WrittenCall
    label: Label
    acts: tuple[frozenset[str], ...]


@dataclass(slots=True)
class _Draft:
    call_id: str
    line: int
    head: dict[str, str] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)
    acts: list[frozenset[str]] = field(default_factory=list)


def read_sheets(text: str, name: str) -> list[CallSheet]:
    """All calls of a sheet. `name` stands for the file in messages. BadSettings names the bad lines (the first ten)."""
    drafts: list[_Draft] = []
    wrong: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.rstrip()
        if not line:
            continue
        if line.startswith("call "):
            drafts.append(_Draft(line.removeprefix("call ").strip(), number))
        elif not drafts:
            wrong.append(f'{name}, line {number}: a call begins with "call" and its id')
        elif problem := _take(drafts[-1], line):
            wrong.append(f"{name}, line {number}: {problem}")
    sheets = []
    for draft in drafts:
        sheet = _finished(draft)
        if isinstance(sheet, str):
            wrong.append(f"{name}, line {draft.line}: call {draft.call_id}: {sheet}")
        else:
            sheets.append(sheet)
    ids = [draft.call_id for draft in drafts]
    wrong.extend(f'{name}: two calls are called "{call_id}"' for call_id in sorted({i for i in ids if ids.count(i) > 1}))
    if wrong or not sheets:
        raise BadSettings("\n".join(wrong[:10]) or f"{name} holds no call", _FORM)
    return sheets


def _take(draft: _Draft, line: str) -> str:
    """Adds the line to the call; what is wrong with it, or nothing."""
    if (head := _HEAD.fullmatch(line)) and not draft.turns:
        draft.head[head[1]] = head[2].strip()
        return ""
    if caller := _CALLER.fullmatch(line):
        confidence, louder, said, acts = caller.groups()
        return _add(draft, Party.CALLER, said, acts, float(confidence), _LEVEL + float(louder or 0.0))
    if assistant := _ASSISTANT.fullmatch(line):
        return _add(draft, Party.ASSISTANT, assistant[1], assistant[2], None, None)
    return f'"{line[:60]}" is neither a header nor a turn like "C (0.9) words | asks" or "A words | answers"'


def _add(draft: _Draft, party: Party, said: str, acts: str, confidence: float | None, loudness: float | None) -> str:
    does = frozenset(act.strip() for act in acts.split(","))
    unknown = does - set(CALLER_ACTS if party is Party.CALLER else ASSISTANT_ACTS)
    if unknown:
        return f"the {party.value} does not do {', '.join(sorted(unknown))}"
    start = draft.turns[-1].end + _PAUSE if draft.turns else 0.0
    end = start + max(1.0, len(said.split()) / _WORDS_PER_SECOND)
    prosody = Prosody(loudness, None, None)
    draft.turns.append(Turn(len(draft.turns), party, said, start, end, confidence=confidence, prosody=prosody))
    draft.acts.append(does)
    return ""


def _finished(draft: _Draft) -> CallSheet | str:
    expect = _EXPECT.fullmatch(draft.head.get("expect", ""))
    if not expect:
        return 'write "expect: stay" or "expect: escalate 3-5"'
    if not draft.turns:
        return "has no turns"
    label = Label(draft.call_id, None, (), draft.head.get("style", ""))
    if expect[1]:
        first, last = int(expect[1]), int(expect[2])
        if not first <= last < len(draft.turns):
            return f"the window {first}-{last} is not within its {len(draft.turns)} turns"
        causes = tuple(cause.strip() for cause in draft.head.get("cause", "").split(",") if cause.strip())
        label = replace(label, window=(first, last), causes=causes)
    return CallSheet(WrittenCall(draft.call_id, tuple(draft.turns)), label, tuple(draft.acts))
