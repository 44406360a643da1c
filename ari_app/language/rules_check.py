"""Finds every mistake of a rules file at once: its form, its fields, and what contradicts itself, each with line and remedy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from ari_app.escalation.rules import Rule, RuleBook, did_you_mean
from ari_app.language.loading import languages
from ari_app.language.rules_sense import of_book, of_rule, of_rules
from ari_app.language.rules_yaml import Finding, Place, decoded, field, line_of, plain, signal, tree_of

_NUMBERS = ("points", "times", "strength", "priority", "threshold")
_EXPECTED = {
    "tuple_type": 'write a list, like ["one sentence", "another one"]',
    "string_type": "put it in quotes",
    "float_parsing": "write a number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "float_type": "write a number",
    "int_type": "write a whole number",
    "string_too_short": "write a text, or leave the line out",
    "string_too_long": "shorten it to 80 characters",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """`book`: the rules where there is no mistake. `tree`: the file's content, for the lines of its fields."""

    findings: tuple[Finding, ...]
    book: RuleBook | None = None
    tree: Any = None

    @property
    def mistakes(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.mistake)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if not each.mistake)


def check_rules(content: bytes, base: RuleBook | None) -> Checked:
    """What the file leaves out of `signals` and `rules` is taken from `base`."""
    text, findings = decoded(content)
    tree, more, aside = tree_of(text) if text.strip() else (None, [], frozenset[int]())
    findings += more
    if tree is None:
        return Checked(tuple(findings or [_empty()]))
    try:
        values = plain(tree)
    except ValueError as error:
        return Checked((*findings, Finding(1, str(error), "write every block out in full")))
    if not isinstance(values, dict):
        return Checked((*findings, Finding(1, "this is no rules file", 'begin with lines like "threshold: 10" and "rules:"')))
    book, later = _content(values, tree, base)
    starts = _starts(tree)
    broken = {_start(line, starts) for line in aside}
    findings += [each for each in later if _start(each.line, starts) not in broken]
    told = tuple(sorted(dict.fromkeys(findings), key=lambda each: (each.line, not each.mistake)))
    return Checked(told, None if any(each.mistake for each in told) else book, tree)


def _empty() -> Finding:
    return Finding(0, "the file is empty", 'write at least "threshold: 10", or leave the setting out to use the shipped rules')


def _content(values: dict[str, Any], tree: Any, base: RuleBook | None) -> tuple[RuleBook | None, list[Finding]]:
    """The rules, as far as they can be read, and what is wrong with the fields and with what they say."""
    findings = [*_fields(values, tree), *_signals(values, tree), *_language(values, tree)]
    rules = values.get("rules")
    for number, each in enumerate(rules if isinstance(rules, list) else ()):
        findings += _rule(each, number, tree)
    findings += of_rules(values, tree)
    if any(each.mistake for each in findings):
        return None, findings
    try:
        book = RuleBook.model_validate(_with_base(values, base))
    except ValidationError as error:
        return None, [*findings, *_told(error, values, tree, (), RuleBook)]
    return book, [*findings, *of_book(book, values, tree)]


def _with_base(values: dict[str, Any], base: RuleBook | None) -> dict[str, Any]:
    if base is None:
        return values
    own = values.get("signals") or {}
    taken = {signal(key) for key in own}
    signals = {key: weight for key, weight in base.signals.items() if key not in taken} | own
    return {"rules": list(base.rules), **values, "signals": signals}


def _fields(values: dict[str, Any], tree: Any) -> Iterator[Finding]:
    """The file's own fields; signals and rules are looked at one by one."""
    for key in [key for key, value in values.items() if value is None and key in RuleBook.model_fields and key != "signals"]:
        yield Finding(line_of(tree, (key,)), f"{key.replace('_', ' ')}: nothing stands after the colon", _LEAVE_OUT)
    rest = {key: value for key, value in values.items() if value is not None and key not in ("signals", "rules")}
    yield from _valid(RuleBook, rest, tree, ())
    if "rules" in values and values["rules"] is not None and not isinstance(values["rules"], list):
        yield Finding(line_of(tree, ("rules",)), "rules: these are no rules", 'begin each with "- name:" in a line of its own')


_LEAVE_OUT = "write a value, or leave the line out"


def _signals(values: dict[str, Any], tree: Any) -> Iterator[Finding]:
    signals = values.get("signals")
    if signals is not None and not isinstance(signals, dict):
        yield Finding(line_of(tree, ("signals",)), "signals: these are no points", "write one signal per line with its points")
        return
    for name, weight in (signals or {}).items():
        for each in _valid(RuleBook, {"signals": {name: weight}}, tree, ()):
            yield Finding(line_of(tree, ("signals", name)), each.what, each.remedy)


def _language(values: dict[str, Any], tree: Any) -> Iterator[Finding]:
    language = values.get("language", "en")
    if isinstance(language, str) and language not in languages():
        what = f'language: there is no lexicon for "{language}"'
        yield Finding(line_of(tree, ("language",)), what, f"use one of: {', '.join(languages())}")


def _rule(value: Any, number: int, tree: Any) -> list[Finding]:
    place: Place = ("rules", number)
    if not isinstance(value, dict):
        remedy = 'a rule is a block with "name:", "when:" and "points:" or "escalate: now"'
        return [Finding(line_of(tree, place), f"rule {number + 1}: this is no rule", remedy)]
    findings: list[Finding] = []
    given = {key: each for key, each in value.items() if each is not None}
    for key in [key for key, each in value.items() if each is None and key in Rule.model_fields]:
        what = f"{where((*place, key), {'rules': {number: value}})}nothing stands after the colon"
        findings.append(Finding(line_of(tree, (*place, key)), what, _LEAVE_OUT))
        given.pop(key, None)
    both, neither = {"points", "escalate"} <= set(given), not {"points", "escalate"} & set(value)
    if both or neither:
        what = f'{where(place, {"rules": {number: value}})}{"has both" if both else "has neither"} "points" {_BOTH[both]}'
        remedy = "leave one of the two out" if both else "write one of the two"
        findings.append(Finding(line_of(tree, (*place, "escalate") if both else place), what, remedy))
    findings += _valid(Rule, given, tree, place)
    rule, when_known = _as_far_as_good(given, number)
    return findings + (list(of_rule(rule, number, tree, when_known=when_known)) if rule else [])


def _as_far_as_good(given: dict[str, Any], number: int) -> tuple[Rule | None, bool]:
    """The rule without its bad fields, so that what the good ones say can be looked at too; and whether `when` is among these."""
    kept = {key: value for key, value in given.items() if key in Rule.model_fields and not isinstance(value, bool)}
    if ("points" in kept and "escalate" in kept) or not {"points", "escalate"} & set(kept):
        kept = {key: value for key, value in kept.items() if key != "escalate"} | {"points": 1}
    stand_in = {"name": f"{number + 1}", "when": "human request", "points": 1, "escalate": "now"}
    try:
        return Rule.model_validate(kept), True
    except ValidationError as error:
        bad = {str(each["loc"][0]) for each in error.errors() if each["loc"]}
    good = {key: value for key, value in kept.items() if key not in bad} | {key: stand_in[key] for key in bad & set(stand_in)}
    try:
        return Rule.model_validate(good), "when" not in bad
    except ValidationError:
        return None, False


_BOTH = {True: 'and "escalate: now"', False: 'nor "escalate: now"'}


def _valid(model: type[BaseModel], values: dict[str, Any], tree: Any, place: Place) -> list[Finding]:
    """What is wrong with the fields; YAML's true and false count as texts where a number is wanted."""
    flags = [key for key, value in values.items() if isinstance(value, bool) and key in _NUMBERS]
    numbers = {key: (str(value).lower() if key in flags else value) for key, value in values.items()}
    try:
        model.model_validate(numbers)
    except ValidationError as error:
        return list(_told(error, values, tree, place, model))
    return []


def _told(error: ValidationError, values: Any, tree: Any, place: Place, model: type[BaseModel]) -> Iterator[Finding]:
    for each in error.errors():
        if each["type"] == "value_error" and not each["loc"]:
            continue  # points and escalate, names twice: told with lines of their own
        full = (*place, *each["loc"])
        named = {"rules": {place[1]: values}} if place else values
        for what, remedy in _what(dict(each), model):
            yield Finding(line_of(tree, full), where(full, named) + what, remedy)


def where(place: Place, values: Mapping[str, Any]) -> str:
    """E.g. 'rule "Upset", when: ', for people."""
    words: list[str] = []
    if len(place) >= 2 and place[0] == "rules" and isinstance(place[1], int):
        rule = values["rules"][place[1]]
        called = rule.get("name") if isinstance(rule, dict) else None
        words.append(f'rule "{called}"' if called else f"rule {place[1] + 1}")
        place = place[2:]
    words += [str(part).replace("_", " ") for part in place if isinstance(part, str)]
    return ", ".join(words) + ": " if words else ""


def _what(each: dict[str, Any], model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """What is wrong and the remedy; several where one line has several mistakes."""
    kind, given, limits = each["type"], each["input"], each.get("ctx", {})
    shown = f'"{given}"' if isinstance(given, str | int | float) else "this"
    if kind == "extra_forbidden":
        known = [name.replace("_", " ") for name in model.model_fields]
        yield "this field is unknown", did_you_mean(str(each["loc"][-1]), known)
    elif kind == "missing":
        yield "is missing", "add it"
    elif kind == "literal_error":
        yield f"{shown} is not possible", f"write {limits['expected']}"
    elif kind == "value_error":
        for line in each["msg"].removeprefix("Value error, ").split("\n"):
            what, semicolon, remedy = line.partition("; ")
            yield (what, remedy) if semicolon else (f"{shown} is not understood", what)
    elif kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        limit = next(iter(limits.values()))
        words = {"greater_than": "more than", "greater_than_equal": "at least", "less_than": "less than"}.get(kind, "at most")
        yield f"{shown} is not possible", f"write {words} {limit:g}"
    elif kind in ("string_too_short", "string_too_long"):
        yield "is empty" if kind == "string_too_short" else "is too long", _EXPECTED[kind]
    elif kind == "string_type" and isinstance(given, dict):
        yield "a colon makes this something else than a text", "put the whole sentence in quotes"
    else:
        noun = "list" if kind == "tuple_type" else "text" if kind == "string_type" else "number"
        yield f"{shown} is no {noun}", _EXPECTED.get(kind, each["msg"])


def _starts(tree: Any) -> list[int]:
    """The lines at which the file's blocks begin: its own fields, and each rule."""
    lines = [line_of(tree, (field(str(key)),)) for key in tree]
    rules = tree.get("rules")
    lines += [line_of(tree, ("rules", number)) for number in range(len(rules))] if isinstance(rules, list) else []
    return sorted(lines)


def _start(line: int, starts: list[int]) -> int:
    return max((start for start in starts if start <= line), default=0)
