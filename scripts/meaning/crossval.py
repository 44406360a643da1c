"""Cross-validation by author: every call is read by a reader that has learnt from no call of the same author."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from network import train_reader
from points import Floats64
from samples import HELD_OUT, LabelledCall, read_utterances, routine_samples, samples_of

from ari_app.call.model import Party, Signal
from ari_app.escalation.context import Context
from ari_app.escalation.firing import FADES
from ari_app.escalation.reading import Reader
from ari_app.escalation.scorer import EASED
from ari_app.escalation.signals import FINDERS
from ari_app.escalation.signals.fusion import BY_ASSISTANT, BY_CALLER, meant
from ari_app.language.acts import ActReader
from ari_app.language.embedding import Embedder
from ari_app.language.loading import load_lexicon
from ari_app.language.sentiment import with_polarity

FOLDS = 5


class Folds:
    """Readers by author, each trained when first asked for. Authors are dealt to folds; the held-out one is nobody's teacher."""

    def __init__(self, calls: Sequence[LabelledCall], embedder: Embedder, name: str) -> None:
        self._calls = calls
        self._embedder = embedder
        self._name = name
        authors = sorted({each.author for each in calls} - {HELD_OUT})
        self._fold = {author: place % FOLDS for place, author in enumerate(authors)} | {HELD_OUT: FOLDS}
        self._readers: dict[int, ActReader] = {}

    def reader(self, author: str) -> ActReader:
        fold = self._fold.get(author, FOLDS)
        if fold not in self._readers:
            learnt = [each for each in self._calls if self._fold[each.author] not in (fold, FOLDS)]
            samples = [*samples_of(learnt), *read_utterances(), *routine_samples()]
            self._readers[fold], _ = train_reader(samples, self._embedder, self._name)
        return self._readers[fold]


@dataclass(frozen=True)
class Columns:
    """What is counted: words and meaning of each signal, and contentment, which only counts in its own turn."""

    @cached_property
    def names(self) -> list[str]:
        meanings = [f"{name} meaning" for name in BY_CALLER if name not in ("resolved", "dead_end")]
        words = [f"{name} words" for name in (*BY_CALLER, "raised_voice", "low_confidence") if name != "resolved"]
        return [*meanings, "dead_end meaning", "unserved", *words, "resolved meaning"]

    @property
    def signs(self) -> list[int]:
        return [1] * (len(self.names) - 1) + [-1]


def observe(calls: Sequence[LabelledCall], folds: Folds) -> tuple[Columns, list[Floats64]]:
    """(turns, columns) of what stands at each turn of each call, faded as the scorer fades points."""
    columns, reader = Columns(), Reader(load_lexicon())
    return columns, [_rows(each, folds.reader(each.author), reader, columns.names) for each in calls]


def _rows(each: LabelledCall, understanding: ActReader, reader: Reader, names: Sequence[str]) -> Floats64:
    standing: Counter[str] = Counter()
    signals: tuple[Signal, ...] = ()
    rows = []
    for turn in with_polarity(each.call, "en").turns:
        context = Context(turn, each.call.turns[: turn.index], signals, reader, understanding)
        worded = [signal for finder in FINDERS.values() for signal in finder(context)]
        signals += tuple(worded)
        now = {f"{signal.name} words": abs(signal.strength) for signal in worded if signal.turn == turn.index}
        table = BY_CALLER if context.by_caller else BY_ASSISTANT
        for name, (act, _) in table.items():
            now["unserved" if act == "unserved" else f"{name} meaning"] = meant(act, context)
        content = now.pop("resolved meaning", 0.0)
        if turn.party is Party.CALLER:
            standing = Counter({name: value * (1 - FADES) for name, value in standing.items()})
        rows.append([standing[name] + now.get(name, 0.0) for name in names[:-1]] + [content])
        standing.update(now)
        if turn.party is Party.CALLER and content >= 0.5:
            standing = Counter({name: value * (1 - EASED * content) for name, value in standing.items()})
    return np.array(rows)
