"""Reads the YAML of a rules file so that as many mistakes as possible are found in one go, each with its line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Place = tuple[str | int, ...]

_PROBLEMS = (  # what the parser says, what that means, the remedy; whether the line where it began is the one to look at
    ("found '<scalar>'", "text after a closing quotation mark", "put the whole text in quotes", False),
    (
        "found '<stream end>'",
        "the file ends in the middle of something",
        "close what is open: a bracket or a quotation mark",
        False,
    ),
    ("could not find expected ':'", "a line without a colon", 'write it like "threshold: 10"', True),
    ("unexpected end of stream", "a quotation mark that is never closed", "close it", True),
    (
        "expected <block end>",
        "the indentation does not fit the lines above",
        "give lines of one block the same indentation",
        False,
    ),
    ("expected ',' or ']'", "a list in brackets that is not closed, or lacks a comma", "close it with ]", True),
    ("expected ',' or '}'", "a block in braces that is not closed, or lacks a comma", "close it with }", True),
    ("found another document", "a second document begins", 'remove the line "---"', False),
    ("cannot start any token", "a text that begins with a special character", "put it in quotes", False),
    ("undefined alias", "a text that begins with *", "put it in quotes", False),
    ("undefined tag", "a text that begins with !", "put it in quotes", False),
    ("tag", "a text that begins with !", "put it in quotes", False),
)
_NO_NAME = "a question mark or a list where a name belongs"
_PARSER_FAULTS = (RecursionError, ValueError, TypeError, AttributeError, LookupError, AssertionError, NotImplementedError)
"""What the parser raises, besides its own errors, for texts that it was not made for."""
_MOST_BROKEN = 20  # lines that are set aside in order to look at the rest


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing to mend. `line` 0: the file as a whole. `mistake` False: a warning, the file can be used."""

    line: int
    what: str
    remedy: str
    mistake: bool = True

    def told(self, name: str) -> str:
        """In one line; `name` stands for the file."""
        return f"{name}{f', line {self.line}' if self.line else ''}: {self.what}; {self.remedy}"


def decoded(content: bytes) -> tuple[str, list[Finding]]:
    """The text, and what is wrong with its characters; what is no UTF-8 is read as Western European, so that the rest is seen."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "", [Finding(1, "the file is UTF-16 text", "save it as UTF-8")]
    findings: list[Finding] = []
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        text = content.decode("cp1252", errors="replace")
        findings = [Finding(line, f"byte 0x{content[error.start]:02X} is no UTF-8", "save the file as UTF-8")]
    text = re.sub("\r\n|[\r\x85\u2028\u2029]", "\n", text)  # all that YAML takes for the end of a line
    for number, line_text in enumerate(text.split("\n"), 1):
        if odd := re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", line_text):
            findings.append(Finding(number, f"a control character (0x{ord(odd.group()):02X})", "remove it"))
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", " ", text), findings


def tree_of(text: str) -> tuple[Any, list[Finding], frozenset[int]]:
    """The file's content with the places of its lines (None: empty or no YAML), what is wrong with its form, and the lines that
    were set aside so that the rest could be read.
    """
    text, findings = _without_tabs(text)
    aside: set[int] = set()
    while True:
        found = _read(text)
        if not isinstance(found, Finding):
            tree, twice = found
            return tree, findings + twice, frozenset(aside)
        follows = found.line - 1 in aside or found.line in aside
        findings += [] if follows and found.what in [one.what for one in findings] else [found]
        if not found.line or found.line in aside or len(aside) >= _MOST_BROKEN or not _inside(text, found.line):
            return None, findings, frozenset(aside)
        aside.add(found.line)
        text = _set_aside(text, found.line)


def plain(value: Any, inside: tuple[int, ...] = ()) -> Any:
    """The file's values with "cool down" written as cool_down, as the schema's fields are. ValueError: it refers to itself."""
    if id(value) in inside:
        raise ValueError("it refers to itself")
    if isinstance(value, CommentedMap):
        return {field(str(key)): plain(each, (*inside, id(value))) for key, each in value.items()}
    if isinstance(value, CommentedSeq):
        return [plain(each, (*inside, id(value))) for each in value]
    return str(value) if isinstance(value, str) else value


def field(key: str) -> str:
    return "cool_down" if key.strip().lower() in ("cool down", "cool-down") else key


def signal(key: Any) -> str:
    return str(key).strip().lower().replace(" ", "_").replace("-", "_")


def line_of(data: Any, place: Place) -> int:
    """The line of the field that a path leads to; the nearest enclosing one where the field itself is not in the file."""
    line, here = 1, data
    for part in place:
        try:
            if isinstance(here, CommentedMap):
                key = next((key for key in here if field(str(key)) == str(part) or signal(key) == str(part)), None)
                if key is None:
                    break
                line, here = here.lc.key(key)[0] + 1, here[key]
            elif isinstance(here, CommentedSeq) and isinstance(part, int):
                line, here = here.lc.item(part)[0] + 1, here[part]
            else:
                break
        except (KeyError, IndexError, AttributeError, TypeError):
            break
    return line


def _read(text: str) -> Finding | tuple[Any, list[Finding]]:
    """The content and the keys that stand twice; the first slip in the form where it cannot be read."""
    try:
        top = YAML(typ="rt").compose(text)
        twice = list(_twice(top)) if top is not None else []
        if odd := next((each for each in twice if each.what == _NO_NAME), None):
            return odd
        reader = YAML(typ="rt")
        reader.allow_duplicate_keys = True
        return reader.load(text), twice
    except MarkedYAMLError as error:
        return _syntax(error, text.split("\n"))
    except (YAMLError, *_PARSER_FAULTS) as error:
        first = str(error).partition("\n")[0] or "too deeply nested"
        return Finding(0, f"this is no YAML: {first}", "save it as plain text, indented with spaces")


def _inside(text: str, line: int) -> bool:
    """A line inside a block can be set aside; without one that opens a block the rest would mean something else."""
    lines = text.split("\n")
    return line <= len(lines) and (lines[line - 1][:2].strip() in ("", "-") or lines[line - 1].strip() == "---")


def _set_aside(text: str, line: int) -> str:
    lines = text.split("\n")
    dash = re.match(r" *- [\w -]+:(?= )|^ *-(?= )", lines[line - 1])  # the block that begins here stays one
    lines[line - 1] = dash.group() if dash else ""
    return "\n".join(lines)


def _without_tabs(text: str) -> tuple[str, list[Finding]]:
    """YAML refuses tabs that indent: they are told together, and stand for two spaces from here on."""
    lines = text.split("\n")
    deep = [line[: len(line) - len(line.lstrip())] for line in lines]
    tabbed = [number for number, (indent, line) in enumerate(zip(deep, lines, strict=True), 1) if "\t" in indent and line.strip()]
    if not tabbed:
        return text, []
    also = f" (also in {', '.join(map(str, tabbed[1:9]))}{' …' if len(tabbed) > 9 else ''})" if len(tabbed) > 1 else ""
    mended = [indent.replace("\t", "  ") + line[len(indent) :] for indent, line in zip(deep, lines, strict=True)]
    return "\n".join(mended), [Finding(tabbed[0], f"a tab in the indentation{also}", "indent with spaces")]


def _syntax(error: MarkedYAMLError, lines: list[str]) -> Finding:
    said = f"{error.context or ''} {error.problem or ''}"
    if "mapping values are not allowed" in said and error.problem_mark:
        return _stray_colon(error.problem_mark.line, error.problem_mark.column, lines)
    for words, what, remedy, where_begun in _PROBLEMS:
        if words in said:
            mark = (error.context_mark if where_begun else None) or error.problem_mark
            return Finding(min(mark.line + 1, _last(lines)) if mark else 0, what, remedy)
    mark = error.problem_mark or error.context_mark
    what = f"this is no YAML: {error.problem or said.strip()}"
    return Finding(mark.line + 1 if mark else 0, what, "mend that line or the one above")


def _last(lines: list[str]) -> int:
    """The number of the last line with something in it."""
    return max((number for number, line in enumerate(lines, 1) if line.strip()), default=1)


def _stray_colon(at: int, column: int, lines: list[str]) -> Finding:
    """A second colon in the line; or the line above has none (or no space after it), so that both were read as one text."""
    if ": " in lines[at][:column]:
        return Finding(at + 1, "a second colon in one line", "put the text that has it in quotes")
    above = next((number for number in range(at - 1, -1, -1) if lines[number].strip(" -")[:1] not in ("", "#")), at)
    if re.match(r"[ -]*[\w -]+:\S", lines[above]):
        return Finding(above + 1, "no space after the colon", 'write it like "threshold: 10"')
    if ":" not in lines[above]:
        return Finding(above + 1, "a line without a colon", 'write it like "threshold: 10"')
    return Finding(at + 1, "the indentation does not fit the lines above", "give lines of one block the same indentation")


def _twice(node: Node, seen: frozenset[int] = frozenset()) -> Iterator[Finding]:
    """Keys that stand twice in one block; only one of them would hold."""
    if id(node) in seen:
        return
    seen = seen | {id(node)}
    if isinstance(node, SequenceNode):
        for each in node.value:
            yield from _twice(each, seen)
    elif isinstance(node, MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                yield Finding(key.start_mark.line + 1, _NO_NAME, "put the text in quotes")
                continue
            name = signal(key.value)
            if name and name in lines:
                line = key.start_mark.line + 1
                yield Finding(line, f"{key.value}: is there already, in line {lines[name]}", "keep one of the two")
            lines.setdefault(name, key.start_mark.line + 1)
            yield from _twice(value, seen)
