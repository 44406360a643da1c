"""Call sheets: what people write down, and what they are told where they slip."""

from itertools import pairwise

import pytest

from ari_app.call.model import Party
from ari_app.errors import BadSettings
from ari_app.escalation.call_sheets import read_sheets

SHEET = """\
call x-1
trade: energy
style: asr
expect: escalate 3-3
cause: repetition, dead_end
why: asks again
A Northlight Energy, how can I help? | greets
C (0.91) what time is the engineer coming | asks
A Between eight and six. | beside
C (0.9 +8) yes but when to me | again, upset

call x-2
style: clean
expect: stay
why: served
C (0.9) Hello. | smalltalk
"""


def test_a_sheet_holds_calls_labels_and_what_each_turn_does() -> None:
    first, second = read_sheets(SHEET, "x.txt")
    assert [turn.party for turn in first.call.turns] == [Party.ASSISTANT, Party.CALLER] * 2
    assert first.call.turns[3].confidence == 0.9
    louder, usual = (first.call.turns[place].prosody.loudness_db for place in (3, 1))
    assert louder is not None and usual is not None and louder - usual == 8
    assert first.label.window == (3, 3) and first.label.causes == ("repetition", "dead_end")
    assert first.acts[3] == {"again", "upset"}
    assert second.label.window is None


def test_turns_follow_each_other_in_time() -> None:
    turns = read_sheets(SHEET, "x.txt")[0].call.turns
    assert all(later.start > earlier.end for earlier, later in pairwise(turns))


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("| beside", "| besides", "line 9: the assistant does not do besides"),
        ("C (0.91) what", "C what", 'line 8: "C what time'),
        ("escalate 3-3", "escalate 3-9", "line 1: call x-1: the window 3-9 is not within its 4 turns"),
        ("expect: stay", "expect: perhaps", 'line 12: call x-2: write "expect: stay"'),
        ("call x-2", "call x-1", 'two calls are called "x-1"'),
    ],
)
def test_a_slip_is_told_with_its_line(right: str, wrong: str, told: str) -> None:
    with pytest.raises(BadSettings) as raised:
        read_sheets(SHEET.replace(right, wrong), "x.txt")
    assert told in str(raised.value)


def test_an_empty_sheet_says_so() -> None:
    with pytest.raises(BadSettings, match="holds no call"):
        read_sheets("", "x.txt")
