"""Looks for what a rules file says in good form and cannot mean: rules that never fire, contradictions, odd queues."""

import re
from collections.abc import Iterator
from typing import Any

from rapidfuzz import fuzz

from ari_app.escalation.firing import FADES
from ari_app.escalation.rules import Rule, RuleBook, title
from ari_app.language.rules_yaml import Finding, Place, line_of

_QUEUE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.+*#-]{0,78}")  # what `Local/<queue>@context` can reach: see dialplan/ari-app.conf
_NEARLY = 85
_BY_ASSISTANT = frozenset(("dead_end",))  # signals that only the assistant's turns raise
_AGAINST = frozenset(("resolved",))  # signals that only speak against a handover


def of_rule(rule: Rule, number: int, tree: Any, *, when_known: bool = True) -> Iterator[Finding]:
    """What is wrong with one rule by itself. `when_known` False: which signals it names cannot be read."""
    place: Place = ("rules", number)
    called = f'rule "{rule.name}"'
    yield from _sentences(rule, place, tree, called)
    never = f"{called} can never fire: "
    if rule.hours and rule.hours.since == rule.hours.until:
        yield Finding(line_of(tree, (*place, "hours")), f"{never}its hours end when they begin", "write 00:00-24:00 for all day")
    if rule.points == 0:
        yield Finding(line_of(tree, (*place, "points")), f"{called}: 0 points change nothing", "give it points", False)
    if not when_known:
        return
    names = set(rule.when.names)
    if names & _AGAINST and (rule.when.together or names <= _AGAINST):
        what = f'{never}"{title(min(names & _AGAINST))}" speaks against a handover'
        yield Finding(line_of(tree, (*place, "when")), what, 'give it its points under "signals:"')
    yield from _turns(rule, place, tree, called)
    if len(names) < len(rule.when.names):
        yield Finding(line_of(tree, (*place, "when")), f"{called}: the same signal is named twice", "name it once", False)
    if rule.when.together and rule.examples:
        what = f"{called}: examples raise no signal where several are needed together"
        yield Finding(line_of(tree, (*place, "examples")), what, "name one signal, or leave the examples out", False)


def of_rules(values: dict[str, Any], tree: Any) -> Iterator[Finding]:
    """What is wrong between the rules, and with the queues; `values` as they stand in the file."""
    yield from _names(values, tree)
    yield from _queues(values, tree)


def of_book(book: RuleBook, values: dict[str, Any], tree: Any) -> Iterator[Finding]:
    """What the whole leads to."""
    live = [rule for rule in book.rules if rule.mode == "live"]
    orders = any(rule.escalate for rule in live)
    gives = [rule.points for rule in live if rule.points] + [weight.points for weight in book.own_weights().values()]
    most = sum(points for points in gives if points > 0) / FADES  # points of earlier turns stand by them, faded
    if most < book.threshold:
        line = line_of(tree, ("threshold",))
        then = "only rules with escalate: now hand over" if orders else "no call is handed over"
        what = f"threshold: all points together never reach {book.threshold:g}, so {then}"
        yield Finding(line, what, f"write less than {most:.0f}" if most else 'give rules or signals "points"', False)
    for number, rule in enumerate(book.rules if "rules" in values else ()):
        if rule.name.lower() in [title(name) for name in book.own_weights()]:
            what = f'rule "{rule.name}" is called like a signal that counts on its own: both fade together'
            yield Finding(line_of(tree, ("rules", number, "name")), what, "give it another name", False)


def _sentences(rule: Rule, place: Place, tree: Any, called: str) -> Iterator[Finding]:
    at = {_bare(text): number for number, text in reversed(list(enumerate(rule.examples)))}
    for number, text in enumerate(rule.never):
        if _bare(text) in at and _bare(text):
            first = line_of(tree, (*place, "examples", at[_bare(text)]))
            what = f'{called}: "{text}" is an example (line {first}) and a never'
            yield Finding(line_of(tree, (*place, "never", number)), what, "keep it in one of the two")
    for kind, texts in (("examples", rule.examples), ("never", rule.never)):
        bare = [_bare(text) for text in texts]
        for number, text in enumerate(bare):
            line = line_of(tree, (*place, kind, number))
            if not text:
                yield Finding(line, f"{called}, {kind}: a sentence without words", "remove it", False)
            elif text in bare[:number]:
                yield Finding(line, f'{called}, {kind}: "{texts[number]}" is there twice', "remove one", False)


def _turns(rule: Rule, place: Place, tree: Any, called: str) -> Iterator[Finding]:
    """Times and within: the first time of asking counts as one of a repetition's times."""
    names = set(rule.when.names)
    needed = max(1, rule.times - ("repetition" in names))
    line = line_of(tree, (*place, "within"))
    if rule.within is None:
        return
    apart = bool(names & _BY_ASSISTANT) and bool(names - _BY_ASSISTANT - {"out_of_scope"})
    if needed > rule.within or (rule.when.together and rule.within == 1 and apart):
        why = f"{rule.times} times" if needed > rule.within else "what the caller and what the assistant says"
        few = f"{rule.within} turn{'s' if rule.within != 1 else ''}"
        what = f"{called} can never fire: {why} do not fit within {few}"
        yield Finding(line, what, f'write "within: {max(2 * needed - 1, 2)} turns" or more')
    elif 2 * needed - 1 > rule.within:
        what = f"{called}: caller and assistant take turns, so {needed} turns of the caller's rarely fit within {rule.within}"
        yield Finding(line, what, f'write "within: {2 * needed - 1} turns" or more', False)
    elif needed == 1 and not rule.when.together:
        yield Finding(line, f'{called}: "within" changes nothing without "times" or several signals', "leave it out", False)


def _names(values: dict[str, Any], tree: Any) -> Iterator[Finding]:
    rules = values.get("rules")
    lines: dict[str, tuple[str, int]] = {}
    for number, rule in enumerate(rules if isinstance(rules, list) else ()):
        name = rule.get("name") if isinstance(rule, dict) else None
        if not isinstance(name, str):
            continue
        line = line_of(tree, ("rules", number, "name"))
        before, first = lines.setdefault(name.strip().lower(), (name, line))
        if first != line and before == name:
            yield Finding(line, f'two rules are called "{name}", here and in line {first}', "give each its own name")
        elif first != line:
            yield Finding(line, f'rule "{name}" is called almost like that in line {first}', "tell them apart", False)


def _queues(values: dict[str, Any], tree: Any) -> Iterator[Finding]:
    rules = values.get("rules")
    named: list[tuple[Place, str, Any]] = [(("queue",), "queue", values.get("queue"))]
    for number, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, dict):
            named.append((("rules", number, "queue"), f'rule "{rule.get("name", number + 1)}", queue', rule.get("queue")))
    seen: dict[str, int] = {}
    for place, called, queue in named:
        if not isinstance(queue, str) or not queue:
            continue  # told as a field, or left out
        line = line_of(tree, place)
        if not _QUEUE.fullmatch(queue) or queue == "h":
            what = f'{called}: "{queue}" cannot be dialled as a queue'
            yield Finding(line, what, "write the name from queues.conf: letters, digits, - and _, no spaces")
        near = [name for name in seen if name != queue and fuzz.ratio(name.lower(), queue.lower()) >= _NEARLY]
        if near and queue not in seen:
            what = f'{called}: "{queue}" is almost "{near[0]}" of line {seen[near[0]]}'
            yield Finding(line, what, "is it the same queue?", False)
        seen.setdefault(queue, line)


def _bare(text: str) -> str:
    """The words alone, for telling whether two sentences are the same."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))
