"""Written calls: what may be left out, and how bad lines are named."""

import json

import pytest

from ari_app.call.model import AnswerKind, Party
from ari_app.errors import BadSettings
from ari_app.escalation.written_calls import read_calls, read_labels

GOOD = {"call_id": "a", "turns": [{"speaker": "caller", "text": "hello"}]}


def lines(*objects: object) -> str:
    return "\n".join(each if isinstance(each, str) else json.dumps(each) for each in objects)


def test_a_full_turn_is_read() -> None:
    turn = {"speaker": "caller", "text": "hi", "start": 1.5, "end": 3, "confidence": 0.9, "loudness_db": -24, "pitch_hz": 180}
    found = read_calls(lines({"call_id": "a", "domain": "x", "turns": [turn]}), "calls")[0].turns[0]
    assert (found.party, found.start, found.end, found.confidence) == (Party.CALLER, 1.5, 3.0, 0.9)
    assert (found.prosody.loudness_db, found.prosody.pitch_hz, found.prosody.centroid_hz) == (-24.0, 180.0, None)


def test_times_confidence_and_loudness_may_be_missing() -> None:
    turns = [{"speaker": "assistant", "text": "hello", "confidence": None}, {"speaker": "caller", "text": "hi"}]
    first, second = read_calls(lines({"call_id": 7, "turns": turns}), "calls")[0].turns
    assert second.start == first.end < second.end
    assert second.confidence is None


def test_an_assistants_report_is_read() -> None:
    turn = {"speaker": "assistant", "text": "no", "report": {"kind": "referred", "match": 0.4}}
    report = read_calls(lines({"call_id": "a", "turns": [turn]}), "calls")[0].turns[0].report
    assert report is not None
    assert (report.kind, report.article, report.match) == (AnswerKind.REFERRED, None, 0.4)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("{nonsense", "this is not JSON"),
        ([1], "one JSON object"),
        ({"turns": []}, '"call_id" is missing'),
        ({"call_id": "b"}, '"turns" is missing'),
        ({"call_id": "b", "turns": []}, '"turns" is missing or empty'),
        ({"call_id": "b", "turns": ["hello"]}, "turn 0: a turn is a JSON object"),
        ({"call_id": "b", "turns": [{"text": "x"}]}, 'turn 0: "speaker" is missing'),
        ({"call_id": "b", "turns": [{"speaker": "customer", "text": "x"}]}, "write caller, assistant or agent"),
        ({"call_id": "b", "turns": [{"speaker": "caller"}]}, '"text" is missing'),
        ({"call_id": "b", "turns": [{"speaker": "caller", "text": "x", "confidence": 3}]}, "a number from 0 to 1"),
        ({"call_id": "b", "turns": [{"speaker": "caller", "text": "x", "start": "now"}]}, '"start"'),
        (
            {"call_id": "b", "turns": [{"speaker": "assistant", "text": "x", "report": {"kind": "vague"}}]},
            '"report" needs a "kind"',
        ),
        (GOOD, "was there before"),
    ],
)
def test_a_bad_line_is_named_with_its_number(bad: object, says: str) -> None:
    with pytest.raises(BadSettings) as error:
        read_calls(lines(GOOD, "", bad), "calls.jsonl")
    assert "calls.jsonl, line 3: " in error.value.message
    assert says in error.value.message


def test_every_bad_line_is_named() -> None:
    with pytest.raises(BadSettings) as error:
        read_calls(lines(*["x"] * 12), "calls.jsonl")
    assert error.value.message.count("line ") == 10
    assert "and 2 more" in error.value.message


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_file_is_refused(text: str) -> None:
    with pytest.raises(BadSettings, match="is empty"):
        read_calls(text, "calls.jsonl")


def test_labels_are_read() -> None:
    text = lines(
        {"call_id": "a", "expect": "escalate", "turn_from": 1, "turn_to": 3, "cause": ["urgency"], "style": "asr"},
        {"call_id": "b", "expect": "stay"},
    )
    found = read_labels(text, "labels")
    assert (found["a"].window, found["a"].causes, found["a"].style) == ((1, 3), ("urgency",), "asr")
    assert found["b"].window is None


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"call_id": "a", "expect": "maybe"}, "write escalate or stay"),
        ({"call_id": "a", "expect": "escalate", "turn_to": 3}, '"turn_from" is missing'),
        ({"call_id": "a", "expect": "escalate", "turn_from": 4, "turn_to": 3}, "after"),
    ],
)
def test_a_bad_label_is_named(bad: object, says: str) -> None:
    with pytest.raises(BadSettings, match=says):
        read_labels(lines(bad), "labels.jsonl")


def test_a_call_may_say_when_it_began() -> None:
    (found,) = read_calls(lines(GOOD | {"started": "2024-01-01T12:00"}), "calls.jsonl")
    assert found.began is not None and found.began.hour == 12
    with pytest.raises(BadSettings, match="\"started\" is 'noon'; write a date and time"):
        read_calls(lines(GOOD | {"started": "noon"}), "calls.jsonl")


def test_points_alone_make_no_record() -> None:
    turns = [{"speaker": "caller", "text": "hi", "points": None}]
    (found,) = read_calls(lines({"call_id": "a", "turns": turns}), "calls.jsonl")
    assert len(found.turns) == 1
