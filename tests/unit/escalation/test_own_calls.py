"""The shipped rules on the calls that the project brings along (tests/data/README.md says how they were made)."""

from pathlib import Path
from time import process_time

from ari_app.cli_score import decide
from ari_app.escalation.backtest import measure, outcome
from ari_app.escalation.scorer import Scorer
from ari_app.escalation.written_calls import read_calls, read_labels

DATA = Path(__file__).parents[2] / "data"


def test_they_decide_well_and_raise_no_more_than_one_false_alarm(scorer: Scorer) -> None:
    calls = read_calls((DATA / "calls.jsonl").read_text(encoding="utf-8"), "calls.jsonl")
    labels = read_labels((DATA / "labels.jsonl").read_text(encoding="utf-8"), "labels.jsonl")
    found = measure([outcome(decide(call, scorer).turn, labels[call.call_id]) for call in calls])
    assert found.f1 >= 0.8
    assert found.false <= 1


def test_a_turn_takes_well_under_three_milliseconds(scorer: Scorer) -> None:
    calls = read_calls((DATA / "calls.jsonl").read_text(encoding="utf-8"), "calls.jsonl")
    took = []
    for call in calls:
        state = scorer.start()
        for turn in call.turns:
            before = process_time()
            state, _ = scorer.consider(state, turn)
            took.append(process_time() - before)
    assert sorted(took)[int(len(took) * 0.95)] < 0.003
