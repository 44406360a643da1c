"""Takes the sentences that stand with the rules as tests: an example must fire its rule when it is said, a never must not."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ari_app.call.model import AnswerKind, AnswerReport, Party, Score, Signal, Turn
from ari_app.escalation.rules import Rule, RuleBook, title
from ari_app.escalation.scorer import Scorer

_GREETING = "Hello, how can I help you?"
_BETWEEN = "Let me see."
_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Tried:
    """One sentence and what came of it. `why`: for a failure. `place`: where it stands among its rule's examples or nevers.

    `elsewhere`: live rules that it fires too, at once and with another queue than its own rule's.
    """

    rule: Rule
    number: int
    kind: str  # "examples" | "never"
    place: int
    sentence: str
    fired: bool
    turn: Turn
    score: Score
    queue: str
    why: str = ""
    elsewhere: tuple[Rule, ...] = ()

    @property
    def passed(self) -> bool:
        return self.fired is (self.kind == "examples")


def try_sentences(book: RuleBook, make: Callable[[RuleBook], Scorer], polarity: Callable[[str], float | None]) -> list[Tried]:
    """All sentences of all rules; rules in shadow and rules with hours are tried as if they were live and it were their time."""
    live = tuple(rule.model_copy(update={"mode": "live", "hours": None}) for rule in book.rules)
    trial = book.model_copy(update={"mode": "live", "rules": live})
    scorer = make(trial)
    tried = []
    for number, rule in enumerate(book.rules):
        for kind, place, sentence in _sentences(rule):
            turn, score = _say(scorer, sentence, rule, polarity)
            fired = fires(rule, score)
            result = Tried(rule, number, kind, place, sentence, fired, turn, score, rule.queue or book.queue)
            if not result.passed:
                result = replace(result, why=_why(result, trial, make, polarity))
            tried.append(replace(result, elsewhere=_elsewhere(result, book)))
    return tried


def contradictions(book: RuleBook) -> Iterator[tuple[int, int, Rule, Rule, str]]:
    """An example of one rule that is a never of another: (rule's number, example's place, rule, the other, the sentence)."""
    for number, rule in enumerate(book.rules):
        for place, sentence in enumerate(rule.examples):
            for other in book.rules:
                if other is not rule and _bare(sentence) in [_bare(never) for never in other.never]:
                    yield number, place, rule, other, sentence


def fires(rule: Rule, score: Score) -> bool:
    """Whether the rule fired in the turn of this score."""
    if rule.escalate:
        return score.decision is not None and rule.name in score.decision.rules
    given = (part for part in score.contributions if part.rule == rule.name)
    return any(signal.turn == score.turn for part in given for signal in part.signals)


def _sentences(rule: Rule) -> Iterator[tuple[str, int, str]]:
    for kind, sentences in (("examples", rule.examples), ("never", rule.never)):
        for place, sentence in enumerate(sentences):
            yield kind, place, sentence


def _say(scorer: Scorer, sentence: str, rule: Rule, polarity: Callable[[str], float | None]) -> tuple[Turn, Score]:
    """After a plain greeting, as often as the rule needs it; a decision by other rules on the way holds nothing up."""
    state, index = scorer.start(), 0
    while True:
        text, kind = (_BETWEEN, AnswerKind.ANSWERED) if index else (_GREETING, AnswerKind.SOCIAL)
        at = index * (_SECONDS + 1)
        answer = Turn(index, Party.ASSISTANT, text, at, at + _SECONDS, report=AnswerReport(kind))
        state, _ = scorer.consider(replace(state, decided=False, shadowed=False), answer)
        at += _SECONDS + 1
        turn = Turn(index + 1, Party.CALLER, sentence, at, at + _SECONDS, polarity=polarity(sentence))
        state, score = scorer.consider(replace(state, decided=False, shadowed=False), turn)
        index += 2
        if index >= 2 * rule.times:
            return turn, score


def _why(tried: Tried, book: RuleBook, make: Callable[[RuleBook], Scorer], polarity: Callable[[str], float | None]) -> str:
    rule = tried.rule
    if tried.kind == "never":
        return ", ".join(_seen(signal) for signal in _heard(tried)) or "by what was said before"
    if held := [never for never in rule.never if fires(rule, _without(never, tried, book, make, polarity))]:
        return f'its never "{held[0]}" holds the rule back here'
    names = " and ".join(title(name) for name in rule.when.names)
    heard = _heard(tried)
    if rule.when.together:
        return f"it needs {names} together; one sentence shows {', '.join(_seen(each) for each in heard) or 'none of them'}"
    if heard:
        return f"{', '.join(_seen(signal) for signal in heard)}; the rule needs strength {rule.least:g}"
    return f"no {' or '.join(title(name) for name in rule.when.names)} was heard in it"


def _without(
    never: str, tried: Tried, book: RuleBook, make: Callable[[RuleBook], Scorer], polarity: Callable[[str], float | None]
) -> Score:
    kept = tuple(sentence for sentence in tried.rule.never if sentence != never)
    rules = tuple(rule.model_copy(update={"never": kept}) if rule.name == tried.rule.name else rule for rule in book.rules)
    return _say(make(book.model_copy(update={"rules": rules})), tried.sentence, tried.rule, polarity)[1]


def _heard(tried: Tried) -> list[Signal]:
    return [signal for signal in tried.score.new_signals if signal.name in tried.rule.when.names]


def _seen(signal: Signal) -> str:
    evidence = signal.evidence if '"' in signal.evidence else f"({signal.evidence})"
    return f"{title(signal.name)} {signal.strength:.2f} {evidence}"


def _elsewhere(tried: Tried, book: RuleBook) -> tuple[Rule, ...]:
    """Rules by which a call with this example would at once go to another queue."""
    if tried.kind != "examples" or not tried.fired:
        return ()
    live = [rule for rule in book.rules if rule.escalate and rule.mode == "live" and rule.name != tried.rule.name]
    return tuple(rule for rule in live if (rule.queue or book.queue) != tried.queue and fires(rule, tried.score))


def _bare(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.lower()))
