"""Joins the two kinds of evidence for a signal, words and meaning, into one strength: a weighted sum, which can be explained.

The shares are fitted, not guessed: `scripts/meaning/train --points` finds them together with the points in defaults/rules.yaml.
"""

from typing import NamedTuple

from ari_app.call.model import Signal
from ari_app.escalation.context import Context
from ari_app.escalation.meaning import Meaning

_LEAST = 0.05
"""What is weaker is left out of state and explanation."""
_QUOTED = 10  # words of a clause that stand for it in the evidence
_SURE = 0.9
_PLAIN = {"human_request": 0.5, "compliance": 0.2, "urgency": 0.0}
"""Where words are as sure as that, they count in full if the reader of meanings agrees at least so far: danger needs no leave."""
_FAILS = ("refers", "no_answer", "beside", "same")


class Shares(NamedTuple):
    """What full evidence of each kind adds to the signal's strength."""

    words: float
    meaning: float


BY_CALLER = {
    "human_request": ("human", Shares(0.1, 0.9)),
    "compliance": ("legal", Shares(0.15, 0.85)),
    "urgency": ("urgent", Shares(0.45, 0.55)),
    "judgement": ("judgement", Shares(0.1, 0.9)),
    "out_of_scope": ("beyond", Shares(0.2, 0.8)),
    "negative_sentiment": ("upset", Shares(0.0, 1.0)),
    "repetition": ("again", Shares(0.3, 0.7)),
    "dead_end": ("unserved", Shares(0.0, 0.37)),
    "resolved": ("accepts", Shares(0.0, 1.0)),
}
BY_ASSISTANT = {
    "dead_end": ("same", Shares(0.25, 0.75)),
    "out_of_scope": ("", Shares(0.2, 0.0)),
    "resolved": ("does", Shares(0.0, 1.0)),
}


def fuse(name: str, context: Context, found: list[Signal]) -> list[Signal]:
    """The signal of this turn from what its words (`found`) and its meaning say; `found` itself where meaning is not measured."""
    act, shares = (BY_CALLER if context.by_caller else BY_ASSISTANT).get(name, ("", None))
    if context.meaning is None or shares is None:
        return found
    index = context.now.index
    worded = max((each for each in found if each.turn == index), key=lambda each: abs(each.strength), default=None)
    by_words = shares.words * abs(worded.strength) if worded else 0.0
    by_meaning = shares.meaning * meant(act, context)
    if worded and worded.strength >= _SURE and meant(act, context) >= _PLAIN.get(name, 2.0):
        by_words, by_meaning = worded.strength, 0.0  # said in so many words, and the reader does not say otherwise
    strength = round(min(1.0, by_words + by_meaning), 2)
    if strength < _LEAST:
        return []
    evidence = worded.evidence if worded and by_words >= 0.5 * by_meaning else _told(act, context)
    return [Signal(name, index, -strength if name == "resolved" else strength, evidence)]


def meant(act: str, context: Context) -> float:
    """How surely this turn does the act, 0–1."""
    meaning = context.meaning
    if meaning is None or not act or (not context.caller_before and not context.by_caller):
        return 0.0  # what the assistant says before the caller has spoken answers nothing
    if act == "unserved":
        return _failed(context.last_meaning) * (1.0 - meaning["accepts"])
    return meaning[act]


def _failed(answer: Meaning | None) -> float:
    return max((answer[act] for act in _FAILS), default=0.0) if answer else 0.0


def _told(act: str, context: Context) -> str:
    if act == "unserved":
        return "the answer before did not serve"
    if act == "same":
        return "the assistant says the same again"
    if act == "does":
        return "the assistant carries it out"
    clause = context.meaning.clauses.get(act, context.now.text) if context.meaning else context.now.text
    words = clause.split()
    return f'"{" ".join(words[:_QUOTED])}{" …" if len(words) > _QUOTED else ""}"'
