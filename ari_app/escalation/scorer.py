"""Decides: turns signals into an explained score by the operator's rules, and the score into a decision. Linear, so additive."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ari_app.call.model import Contribution, Decision, Party, Score, Signal, Turn
from ari_app.escalation.context import Context
from ari_app.escalation.firing import FADES, RuleMatcher, fire, weigh
from ari_app.escalation.lexicon import Lexicon
from ari_app.escalation.meaning import Understanding
from ari_app.escalation.reading import Reader
from ari_app.escalation.reason import reason_for
from ari_app.escalation.rules import Rule, RuleBook, title
from ari_app.escalation.signals import find_signals
from ari_app.escalation.similarity import LexicalSimilarity
from ari_app.escalation.state import Firing, ScoringState

_REMEMBERED_TURNS = 60
_REMEMBERED_SIGNALS = 200
_CLEARS = -0.5  # a turn resolved at least so clearly starts the counting of dead ends and repetitions anew
EASED = 0.7  # share of the rest that goes when the caller is content, as surely as that is known
_CONTENT = -0.5
_CARRIES = 0.1  # share of the points from which on a rule is named among those that carried the decision


class Scorer:
    """One for all calls; what differs per call is the ScoringState that the caller of the methods keeps.

    `understanding` measures meaning; without one, words and structure alone decide, and examples are compared by their words.
    """

    def __init__(self, rules: RuleBook, lexicon: Lexicon, understanding: Understanding | None = None) -> None:
        self.rules = rules
        self._reader = Reader(lexicon)
        self._understanding = understanding
        similarity = understanding or LexicalSimilarity(self._reader)
        self._matchers = [RuleMatcher(rule, similarity) for rule in rules.rules]
        self._weights = rules.own_weights()

    def start(self) -> ScoringState:
        return ScoringState()

    def consider(self, state: ScoringState, turn: Turn, now: datetime | None = None) -> tuple[ScoringState, Score]:
        """Any party's finished turn. `now`: local wall time for rules with hours; None counts as within them.

        The agent's turns are no matter of the score: it stays as it was.
        """
        signals = self._signals(state, turn)
        known = _still_counting((*state.signals, *signals))
        standing = _faded(state.firings, self.rules.decay * max(0.0, turn.end - state.at) / 60)
        standing = _shrunk(standing, FADES if turn.party is Party.CALLER else 0.0)
        fired, shadow, ordered = self._fired(turn, known, now)
        live = _not_below_zero((*standing, *fired))
        score = Score(turn.index, _total(live), self.rules.threshold, _contributions(live), tuple(signals))
        decision = self._decide(state, turn, score, shadow, ordered)
        after = replace(
            state,
            turns=(*state.turns, replace(turn, words=()))[-_REMEMBERED_TURNS:],
            signals=known[-_REMEMBERED_SIGNALS:],
            firings=_settled(live, turn),
            at=max(state.at, turn.end),
            decided=state.decided or bool(decision and not decision.shadow),
            shadowed=state.shadowed or bool(decision and decision.shadow),
        )
        return after, replace(score, decision=decision)

    def preview(self, state: ScoringState, partial: Turn, now: datetime | None = None) -> Score:
        """The score if the caller's words so far were all; the state does not advance."""
        return self.consider(state, partial, now)[1]

    def handed_back(self, state: ScoringState, now: float) -> ScoringState:
        """After an agent gave the call back, or none was to be had: points begin anew, none decide during the cool-down."""
        return replace(state, firings=(), signals=(), decided=False, shadowed=False, quiet_until=now + self.rules.cool_down)

    def _signals(self, state: ScoringState, turn: Turn) -> list[Signal]:
        context = Context(turn, state.turns, state.signals, self._reader, self._understanding)
        signals = find_signals(context)
        if context.by_caller:
            for matcher in self._matchers:
                signals.extend(matcher.from_examples(turn))
        return signals

    def _fired(
        self, turn: Turn, signals: Sequence[Signal], now: datetime | None
    ) -> tuple[list[Firing], list[Firing], list[tuple[Rule, tuple[Signal, ...]]]]:
        """New firings that count, those in shadow mode, and the rules that order a handover at once."""
        live = [each for name, weight in self._weights.items() if (each := weigh(name, weight, turn.index, signals))]
        shadow: list[Firing] = []
        ordered: list[tuple[Rule, tuple[Signal, ...]]] = []
        for matcher in self._matchers:
            rule = matcher.rule
            carrying = matcher.fires(turn, signals, now)
            if carrying and rule.escalate:
                ordered.append((rule, carrying))
            elif carrying and rule.points is not None:
                strength = max(abs(signal.strength) for signal in carrying)
                firing = fire(rule.name, turn.index, rule.points * strength, carrying)
                (live if rule.mode == "live" else shadow).append(firing)
        return live, shadow, ordered

    def _decide(
        self, state: ScoringState, turn: Turn, score: Score, shadow: list[Firing], ordered: list[tuple[Rule, tuple[Signal, ...]]]
    ) -> Decision | None:
        if state.decided:
            return None
        quiet = not state.cooled_down(turn.end)
        acting = [(rule, signals) for rule, signals in ordered if rule.mode == "live"]
        over = score.points >= score.threshold and not quiet
        if acting or over:
            return self._decision(state, turn, score, acting, self.rules.mode == "shadow")
        with_shadow = score.points + sum(firing.points for firing in shadow)
        if ordered or (shadow and with_shadow >= score.threshold and not quiet):
            return None if state.shadowed else self._decision(state, turn, score, ordered, True, tuple(shadow))
        return None

    def _decision(
        self,
        state: ScoringState,
        turn: Turn,
        score: Score,
        ordered: list[tuple[Rule, tuple[Signal, ...]]],
        shadow: bool,
        shadowing: tuple[Firing, ...] = (),
    ) -> Decision:
        shares = sorted((*score.contributions, *_contributions(shadowing)), key=lambda each: -each.points)
        carried = [each for each in shares if each.points >= _CARRIES * max(score.points, 1.0)]
        names = [rule.name for rule, _ in ordered] + [each.rule for each in carried]
        by_name = {rule.name: rule for rule in self.rules.rules}
        rules = sorted((by_name[name] for name in names if name in by_name), key=lambda rule: -rule.priority)
        signals = [signal for _, each in ordered for signal in each] + [signal for each in carried for signal in each.signals]
        return Decision(
            rules=tuple(dict.fromkeys(names)),
            queue=next((rule.queue for rule in rules if rule.queue), self.rules.queue),
            priority=max((rule.priority for rule in rules), default=0),
            say=next((rule.say for rule in rules if rule.say), self.rules.say),
            reason=reason_for(signals, (*state.turns, turn), self._reader),
            shadow=shadow,
        )


def _still_counting(signals: tuple[Signal, ...]) -> tuple[Signal, ...]:
    """A matter that was settled takes its dead ends and repetitions with it."""
    settled = max((signal.turn for signal in signals if signal.name == "resolved" and signal.strength <= _CLEARS), default=-1)
    return tuple(s for s in signals if s.turn >= settled or s.name not in ("dead_end", "repetition"))


def _faded(firings: Sequence[Firing], loss: float) -> tuple[Firing, ...]:
    """Takes `loss` points away, from the oldest first; what is used up is dropped."""
    left: list[Firing] = []
    for firing in firings:
        taken = min(loss, firing.points)
        loss -= taken
        left.append(replace(firing, points=firing.points - taken))
    return tuple(firing for firing in left if firing.points > 0.005)


def _not_below_zero(firings: Sequence[Firing]) -> tuple[Firing, ...]:
    """The points that count against a handover take no more away than there is."""
    room = sum(firing.points for firing in firings if firing.points > 0)
    kept: list[Firing] = []
    for firing in firings:
        points = max(firing.points, -room) if firing.points < 0 else firing.points
        room += min(points, 0.0)
        kept.append(replace(firing, points=points))
    return tuple(kept)


def _shrunk(firings: Sequence[Firing], share: float) -> tuple[Firing, ...]:
    kept = (replace(firing, points=firing.points * (1.0 - share)) for firing in firings)
    return tuple(firing for firing in kept if firing.points > 0.005)


def _settled(firings: Sequence[Firing], turn: Turn) -> tuple[Firing, ...]:
    """What is left for the next turn: less where the caller is content, and less what rules took away."""
    content = title("resolved")
    against = -sum(firing.points for firing in firings if firing.points < 0 and firing.rule != content)
    left = _faded([firing for firing in firings if firing.points > 0], against)
    strengths = [each.strength for firing in firings if firing.rule == content for each in firing.signals]
    eased = -min(strengths, default=0.0) if turn.party is Party.CALLER and min(strengths, default=0.0) <= _CONTENT else 0.0
    return _shrunk(left, EASED * eased)


def _total(firings: Sequence[Firing]) -> float:
    return round(sum(firing.points for firing in firings), 2)


def _contributions(firings: Sequence[Firing]) -> tuple[Contribution, ...]:
    """The firings by rule, in the order in which the rules first fired."""
    names = dict.fromkeys(firing.rule for firing in firings)
    return tuple(
        Contribution(
            name,
            round(sum(firing.points for firing in firings if firing.rule == name), 2),
            tuple(signal for firing in firings if firing.rule == name for signal in firing.signals),
        )
        for name in names
    )
