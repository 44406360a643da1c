"""Reads a rules file and names every mistake in it: file, line, field and remedy, all at once."""

from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ari_app.errors import BadSettings
from ari_app.escalation.rules import Rule, RuleBook, did_you_mean
from ari_app.language.loading import default_rules_text, languages

Path_ = tuple[str | int, ...]


@cache
def default_rules(name: str = "rules") -> RuleBook:
    """The shipped rules: "rules" for a general call centre, "airline" for the demo's."""
    return parse_rules(default_rules_text(name), f"{name}.yaml (shipped)", base=None if name == "rules" else default_rules())


def load_rules(file: Path | None) -> RuleBook:
    """The operator's rules; the shipped ones for None. BadSettings with every mistake."""
    if file is None:
        return default_rules()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"the rules file {file} cannot be read: {error}", "check its path, permissions and encoding") from error
    return parse_rules(text, str(file), base=default_rules())


def parse_rules(text: str, name: str, base: RuleBook | None) -> RuleBook:
    """`name` stands for the file in messages. What the file leaves out of `signals` and `rules` is taken from `base`."""
    data = _parsed(text, name)
    if data is None:
        raise BadSettings(f"{name} is empty", 'write at least "threshold: 10", or leave the setting out to use the shipped rules')
    if not isinstance(data, CommentedMap):
        raise BadSettings(f"{name}, line 1: this is no rules file", 'begin with lines like "threshold: 10" and "rules:"')
    plain = _plain(data)
    if base is not None:
        own = plain.get("signals") or {}
        if isinstance(own, dict):
            taken = {_signal(key) for key in own}
            plain["signals"] = {key: weight for key, weight in base.signals.items() if key not in taken} | own
        plain.setdefault("rules", list(base.rules))
    try:
        book = RuleBook.model_validate(plain)
    except ValidationError as error:
        raise BadSettings(_report(error, data, name), "mend these lines and try again") from error
    if book.language not in languages():
        line = _line(data, ("language",))
        raise BadSettings(
            f'{name}, line {line}: language: there is no lexicon for "{book.language}"', f"use one of: {', '.join(languages())}"
        )
    return book


def _parsed(text: str, name: str) -> Any:
    try:
        return YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        what = error.problem or "this is not YAML"
        raise BadSettings(f"{name}, line {line}: {what}", "check indentation, quotes and colons on that line") from error
    except YAMLError as error:
        raise BadSettings(f"{name} is not YAML: {error}", "check indentation, quotes and colons") from error


def _plain(value: Any) -> Any:
    """The file's values with "cool down" written as cool_down, as the schema's fields are."""
    if isinstance(value, CommentedMap):
        return {(_field(key) if isinstance(key, str) else key): _plain(each) for key, each in value.items()}
    if isinstance(value, CommentedSeq):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, str) else value


def _field(key: str) -> str:
    return "cool_down" if key.strip().lower() in ("cool down", "cool-down") else key


def _report(error: ValidationError, data: CommentedMap, name: str) -> str:
    lines: list[tuple[int, str]] = []
    for each in error.errors():
        place = tuple(part for part in each["loc"])
        line = _line(data, place)
        lines.append((line, f"{name}, line {line}: {_where(data, place)}{_what(each)}"))
    return "\n".join(dict.fromkeys(text for _, text in sorted(lines)))


def _where(data: CommentedMap, place: Path_) -> str:
    words: list[str] = []
    if len(place) >= 2 and place[0] == "rules" and isinstance(place[1], int):
        rule = data["rules"][place[1]]
        called = rule.get("name") if isinstance(rule, CommentedMap) else None
        words.append(f'rule "{called}"' if called else f"rule {place[1] + 1}")
        place = place[2:]
    words += [str(part).replace("_", " ") for part in place if isinstance(part, str)]
    return ", ".join(words) + ": " if words else ""


def _what(each: Any) -> str:
    kind, message = each["type"], each["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        in_rule = len(each["loc"]) > 1
        known = [field.replace("_", " ") for field in (Rule if in_rule else RuleBook).model_fields]
        return f"this field is unknown; {did_you_mean(str(each['loc'][-1]), known)}"
    if kind == "missing":
        return "is missing; add it"
    if kind == "float_parsing" or kind.startswith("int_"):
        return f'"{each["input"]}" is not a number'
    if kind == "literal_error":
        return f'"{each["input"]}" is not possible; write {each["ctx"]["expected"]}'
    if kind == "tuple_type":
        return 'write a list, like ["one sentence", "another one"]'
    if kind == "model_type":
        return 'a rule is a block with "name:", "when:" and "points:" or "escalate: now"'
    return str(message[0].lower() + message[1:])


def _line(data: Any, place: Path_) -> int:
    """The line of the field that a path leads to; the nearest enclosing one where the field itself is not in the file."""
    line, here = 1, data
    for part in place:
        try:
            if isinstance(here, CommentedMap):
                key = next((key for key in here if _field(str(key)) == str(part) or _same(key, part)), None)
                if key is None:
                    break
                line, here = here.lc.key(key)[0] + 1, here[key]
            elif isinstance(here, CommentedSeq) and isinstance(part, int):
                line, here = here.lc.item(part)[0] + 1, here[part]
            else:
                break
        except (KeyError, IndexError):
            break
    return line


def _same(key: Any, part: str | int) -> bool:
    return _signal(key) == str(part)


def _signal(key: Any) -> str:
    return str(key).strip().lower().replace(" ", "_").replace("-", "_")
