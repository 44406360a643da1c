"""What deciding costs: whole calls through sentiment and scorer, as live ones, against TextBlob alone on the same utterances."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from textblob import TextBlob

from ari_app.call.model import Party
from ari_app.escalation.rules import RuleBook
from ari_app.escalation.scorer import Scorer
from ari_app.escalation.written_calls import WrittenCall, read_calls
from ari_app.language.loading import load_lexicon
from ari_app.language.rules_file import default_rules
from ari_app.language.sentiment import polarity
from bench_lib.compare import compare
from bench_lib.findings import Part

CALLS = Path(__file__).resolve().parents[2] / "tests" / "data" / "calls.jsonl"


def measure_scorer(repetitions: int, calls: int | None = None) -> Part:
    """`calls`: only the first of the written calls; None: all."""
    written = read_calls(CALLS.read_text(encoding="utf-8"), str(CALLS))[:calls]
    rules = default_rules()
    texts = caller_texts(written)
    comparison = compare(
        "a caller's utterance",
        "utterances/s per core",
        lambda: score_calls(written, rules)[0],
        lambda: len([TextBlob(text).sentiment.polarity for text in texts]),
        bare_name="TextBlob",
        repetitions=repetitions,
        facts={"calls": len(written), "utterances": len(texts), "decisions": score_calls(written, rules)[1]},
    )
    return Part(
        "scorer",
        "ours: TextBlob and every signal, rule and explanation, a scorer of its own for each call, the assistant's turns scored "
        f"between the caller's; bare: TextBlob's polarity of the caller's words. {repetitions} repetitions in turns, CPU time.",
        [comparison],
    )


def caller_texts(calls: Sequence[WrittenCall]) -> list[str]:
    return [turn.text for call in calls for turn in call.turns if turn.party is Party.CALLER]


def score_calls(calls: Sequence[WrittenCall], rules: RuleBook) -> tuple[int, int]:
    """The caller's utterances scored, and the decisions reached: every call is scored to its end."""
    utterances = decisions = 0
    for call in calls:
        scorer = Scorer(rules, load_lexicon(rules.language))
        state = scorer.start()
        for turn in call.turns:
            if turn.party is Party.CALLER:
                utterances += 1
                turn = replace(turn, polarity=polarity(turn.text))
            state, score = scorer.consider(state, turn)
            decisions += score.decision is not None and not score.decision.shadow
    return utterances, decisions
