"""Prints how well the shipped rules decide calls of authors that the reader has learnt nothing from, against plain baselines."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from crossval import Folds
from samples import HELD_OUT, LabelledCall, read_routine

from ari_app.call.model import Party
from ari_app.escalation.backtest import Measures, Outcome, by_cause, measure, outcome
from ari_app.escalation.replay import decide
from ari_app.escalation.scorer import Scorer
from ari_app.escalation.written_calls import WrittenCall
from ari_app.language.acts import ActReader
from ari_app.language.embedding import Embedder
from ari_app.language.loading import load_lexicon
from ari_app.language.rules_file import default_rules
from ari_app.language.sentiment import with_polarity

_KEYWORDS = (
    "human",
    "person",
    "agent",
    "manager",
    "lawyer",
    "sue",
    "complaint",
    "emergency",
    "urgent",
    "ridiculous",
    "useless",
    "again",
)
_RESAMPLED = 1000
Decided = Mapping[str, int | None]


def print_report(name: str, embedder: Embedder, calls: Sequence[LabelledCall]) -> None:
    folds = Folds(calls, embedder, name)
    written = {each.call.call_id: with_polarity(each.call, "en") for each in calls}
    ways: dict[str, Callable[[LabelledCall], int | None]] = {
        f"words and meaning ({name})": lambda each: _turn(written[each.call.call_id], folds.reader(each.author)),
        "words alone": lambda each: _turn(written[each.call.call_id], None),
        "keyword list": lambda each: _first(written[each.call.call_id], _keyword),
        "TextBlob polarity alone": lambda each: _first(written[each.call.call_id], _negative),
    }
    for way, decide_turn in ways.items():
        decided = {each.call.call_id: decide_turn(each) for each in calls}
        print(f"\n{way}\n{'':22}calls    F1  (95 % interval)   precision  recall  false alarms  (95 % interval)")
        groups = {"all": list(calls), **{a: [c for c in calls if c.author == a] for a in sorted({c.author for c in calls})}}
        for group, members in groups.items():
            print(_line(f"{group}{' (untouched)' if group == HELD_OUT else ''}", members, decided))
        print(_causes(calls, decided))
    routine = read_routine(learnt=False)
    for way, reader in ((f"words and meaning ({name})", folds.reader(HELD_OUT)), ("words alone", None)):
        alarms = [call.call_id for call in routine if _turn(with_polarity(call, "en"), reader) is not None]
        share = len(alarms) / len(routine)
        print(f"routine dialogues, {way}: {len(alarms)} alarms in {len(routine)} ({share:.1%}) {' '.join(alarms)}")


def _turn(call: WrittenCall, reader: ActReader | None) -> int | None:
    book = default_rules()
    return decide(call, Scorer(book, load_lexicon(book.language), reader)).turn


def _first(call: WrittenCall, speaks: Callable[[str, float | None], bool]) -> int | None:
    return next((t.index for t in call.turns if t.party is Party.CALLER and speaks(t.text, t.polarity)), None)


def _keyword(text: str, _polarity: float | None) -> bool:
    return any(word in text.lower().split() for word in _KEYWORDS)


def _negative(_text: str, polarity: float | None) -> bool:
    return polarity is not None and polarity < -0.3


def _outcomes(calls: Sequence[LabelledCall], decided: Decided) -> list[Outcome]:
    return [outcome(decided[each.call.call_id], each.label) for each in calls]


def _line(name: str, calls: Sequence[LabelledCall], decided: Decided) -> str:
    found = _outcomes(calls, decided)
    measures = measure(found)
    f1, false = _intervals(found)
    stay = measures.false + measures.stayed
    alarms = f"{measures.false:3} of {stay:<4} {measures.false_rate:5.1%} ({false[0]:.1%}-{false[1]:.1%})"
    return (
        f"{name:<22}{len(found):5}  {measures.f1:.2f}  ({f1[0]:.2f}-{f1[1]:.2f})       {measures.precision:.2f}"
        f"      {measures.recall:.2f}    {alarms}"
        f"   early {measures.early} late {measures.late} missed {measures.missed}"
    )


def _intervals(found: Sequence[Outcome]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Bootstrap over calls: 95 % of the resampled F1s and false-alarm rates."""
    random = np.random.default_rng(1)
    drawn: list[Measures] = [measure([found[i] for i in random.integers(0, len(found), len(found))]) for _ in range(_RESAMPLED)]
    f1, false = (np.percentile([getattr(each, name) for each in drawn], [2.5, 97.5]) for name in ("f1", "false_rate"))
    return (float(f1[0]), float(f1[1])), (float(false[0]), float(false[1]))


def _causes(calls: Sequence[LabelledCall], decided: Decided) -> str:
    outcomes = {each.call.call_id: outcome(decided[each.call.call_id], each.label) for each in calls}
    labels = {each.call.call_id: each.label for each in calls}
    return "recall by main cause: " + ", ".join(
        f"{cause} {measures.recall:.2f}" for cause, measures in by_cause(outcomes, labels).items()
    )
