"""What deciding costs: whole calls through sentiment and scorer, as live ones; against TextBlob alone, and in milliseconds."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import thread_time

from textblob import TextBlob

from ari_app.call.model import Party
from ari_app.escalation.meaning import Understanding
from ari_app.escalation.partial_evidence import PartialEvidence
from ari_app.escalation.rules import RuleBook
from ari_app.escalation.scorer import Scorer
from ari_app.escalation.written_calls import WrittenCall, read_calls
from ari_app.language.acts import ActReader
from ari_app.language.embedding import Embedder, Remembering
from ari_app.language.loading import load_lexicon
from ari_app.language.minilm import MiniLm
from ari_app.language.rules_file import default_rules
from ari_app.language.sentiment import polarity
from ari_app.language.words import WordVectors
from bench_lib.compare import compare
from bench_lib.findings import Distribution, Part, Spread

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
        [comparison, *decision_times(written, rules), partial_times(written, rules), memory(written, rules)],
    )


def readers() -> dict[str, Callable[[], Understanding | None]]:
    """What measures meaning, made with nothing remembered: every utterance is a new one, as in live calls."""
    found: dict[str, Callable[[], Understanding | None]] = {"words and structure only": lambda: None}
    engines: dict[str, tuple[str, Embedder]] = {"built-in word vectors": ("words", WordVectors.load())}
    if MiniLm.installed():
        engines["MiniLM"] = ("minilm", MiniLm.load())
    for title, (name, embedder) in engines.items():
        found[title] = lambda name=name, embedder=embedder: ActReader.load(Remembering(embedder), name)
    return found


def decision_times(calls: Sequence[WrittenCall], rules: RuleBook) -> list[Distribution]:
    """CPU time of this thread from a caller's finished utterance to the decision, polarity included."""
    found = []
    for title, make in readers().items():
        scorer, took = Scorer(rules, load_lexicon(rules.language), make()), []
        for call in calls:
            state = scorer.start()
            for turn in call.turns:
                began = thread_time()
                if turn.party is Party.CALLER:
                    turn = replace(turn, polarity=polarity(turn.text))
                state, _ = scorer.consider(state, turn)
                if turn.party is Party.CALLER:
                    took.append(1000 * (thread_time() - began))
        target = 3.0 if title == "words and structure only" else 30.0
        found.append(Distribution(f"utterance to decision, {title}", "ms", Spread(tuple(took)), target=target))
    return found


def partial_times(calls: Sequence[WrittenCall], rules: RuleBook) -> Distribution:
    """The same for words that are still being said, every second word of every utterance."""
    evidence = PartialEvidence(rules, load_lexicon(rules.language))
    scorer, took = Scorer(rules, load_lexicon(rules.language)), []
    for call in calls[:20]:
        state = scorer.start()
        for turn in call.turns:
            words = turn.text.split()
            for end in range(2, len(words), 2) if turn.party is Party.CALLER else ():
                began = thread_time()
                evidence.weigh(state, replace(turn, text=" ".join(words[:end])))
                took.append(1000 * (thread_time() - began))
            state, _ = scorer.consider(state, turn)
    return Distribution("partial words to trigger", "ms", Spread(tuple(took)), target=5.0)


def memory(calls: Sequence[WrittenCall], rules: RuleBook) -> Distribution:
    """What the scorer remembers of a call at its end, as JSON."""
    scorer, sizes = Scorer(rules, load_lexicon(rules.language), readers()["built-in word vectors"]()), []
    for call in calls:
        state = scorer.start()
        for turn in call.turns:
            state, _ = scorer.consider(state, turn)
        sizes.append(len(json.dumps(state.to_dict())) / 1000)
    return Distribution("what is remembered of a call", "kB", Spread(tuple(sizes)), target=200.0)


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
