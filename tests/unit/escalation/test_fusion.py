"""Words and meaning together: a weighted sum, and plain words that no doubt makes less."""

from collections.abc import Mapping, Sequence

import pytest

from ari_app.call.model import Party, Signal, Turn
from ari_app.escalation.context import Context
from ari_app.escalation.meaning import Meaning
from ari_app.escalation.reading import Reader
from ari_app.escalation.signals import find_signals
from ari_app.escalation.signals.fusion import fuse


class Understood:
    """Understands every turn of a party as told."""

    def __init__(self, caller: Mapping[str, float], assistant: Mapping[str, float] | None = None) -> None:
        self._acts = {Party.CALLER: caller, Party.ASSISTANT: assistant or {}}

    def read(self, turn: Turn, before: Sequence[Turn]) -> Meaning:
        return Meaning(self._acts[turn.party], {})

    def alike(self, one: str, other: str) -> float:
        return 0.0

    def best(self, text: str, examples: Sequence[str]) -> tuple[float, str]:
        return 0.0, ""


GREETING = Turn(0, Party.ASSISTANT, "Hello.", 0.0, 1.0)
ANSWER = Turn(2, Party.ASSISTANT, "Please look at our website.", 6.0, 8.0)


def context(reader: Reader, text: str, understood: Understood | None, *before: Turn) -> Context:
    return Context(Turn(len(before), Party.CALLER, text, 10.0, 12.0), before, (), reader, understood)


def strength(found: list[Signal], name: str) -> float:
    return sum(signal.strength for signal in found if signal.name == name)


def test_what_is_only_meant_counts_by_its_meaning(reader: Reader) -> None:
    found = find_signals(context(reader, "this is beyond what you do i fear", Understood({"beyond": 0.9}), GREETING))
    assert strength(found, "out_of_scope") == pytest.approx(0.8 * 0.9, abs=0.01)


def test_words_and_meaning_add_up(reader: Reader) -> None:
    worded = [Signal("urgency", 1, 0.5, '"tonight"')]
    (fused,) = fuse("urgency", context(reader, "tonight", Understood({"urgent": 0.4}), GREETING), worded)
    assert fused.strength == pytest.approx(0.45 * 0.5 + 0.55 * 0.4, abs=0.01)
    assert fused.evidence == '"tonight"'


def test_a_plain_danger_counts_in_full_though_the_reader_doubts(reader: Reader) -> None:
    found = find_signals(context(reader, "there is a smell of gas and my child fainted", Understood({}), GREETING))
    assert strength(found, "urgency") >= 0.9


def test_a_plain_request_that_the_reader_takes_for_something_else_does_not(reader: Reader) -> None:
    words = "i want to talk to a person"
    assert strength(find_signals(context(reader, words, Understood({"human": 0.1}), GREETING)), "human_request") < 0.3
    assert strength(find_signals(context(reader, words, Understood({"human": 0.6}), GREETING)), "human_request") == 1.0


def test_an_answer_that_did_not_serve_counts_unless_the_caller_is_content(reader: Reader) -> None:
    asked = Turn(1, Party.CALLER, "where is my parcel", 2.0, 4.0)
    said = "the parcel i mean"
    unserved = find_signals(context(reader, said, Understood({}, {"refers": 1.0}), GREETING, asked, ANSWER))
    content = find_signals(context(reader, said, Understood({"accepts": 1.0}, {"refers": 1.0}), GREETING, asked, ANSWER))
    assert strength(unserved, "dead_end") > 0.3
    assert strength(content, "dead_end") == 0.0
    assert strength(content, "resolved") == -1.0


def test_without_meaning_words_stand_as_they_are(reader: Reader) -> None:
    worded = [Signal("urgency", 1, 0.5, '"tonight"')]
    assert fuse("urgency", context(reader, "tonight", None, GREETING), worded) == worded


def test_what_is_fainter_than_noise_is_left_out(reader: Reader) -> None:
    assert find_signals(context(reader, "hello there", Understood({"upset": 0.04, "legal": 0.05}), GREETING)) == []
