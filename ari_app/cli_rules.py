"""`ari-app rules check` and `ari-app rules test`: what a supervisor runs before a changed rules file meets callers."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ari_app.cli_explain import explain_call
from ari_app.cli_settings import Config, rules_for, settings_if_any
from ari_app.cli_text import count, tell, tell_json
from ari_app.escalation.explain import heading, row, what_counted
from ari_app.escalation.rule_examples import Tried, contradictions, try_sentences
from ari_app.language import rules_summary
from ari_app.language.loading import default_rules_text
from ari_app.language.rules_check import Checked, check_rules
from ari_app.language.rules_file import RulesFile, default_rules, fingerprint
from ari_app.language.rules_yaml import Finding
from ari_app.language.sentiment import polarity
from ari_app.rules_in_force import for_settings, rules_path, scorer_for
from ari_app.settings import Settings

rules_app = typer.Typer(
    help="Check, test and explain the rules by which callers get a human.", no_args_is_help=True, rich_markup_mode="markdown"
)
File = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A rules file; without it the one in force.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@rules_app.command("check")
def check(file: File = None, config: Config = None, as_json: AsJson = False) -> None:
    """Name every mistake of a rules file with its line and the remedy; else say what the file would do.

    Exit codes: 0 it can be used (there may be warnings), 1 it has mistakes.
    """
    settings = settings_if_any(config)
    path = file or (rules_path(settings) if settings else None)
    name = str(path) if path else "rules.yaml (shipped)"
    content, checked = _checked(path)
    read = _as_file(checked, name, content, settings)
    if as_json:
        tell_json(_check_values(checked, name, content, read))
    else:
        _tell_check(checked, name, read)
    raise typer.Exit(1 if checked.mistakes else 0)


@rules_app.command("test")
def test(file: File = None, config: Config = None, as_json: AsJson = False) -> None:
    """Say the rules' own sentences to the scorer: each of `examples` must fire its rule, none of `never` may.

    Exit codes: 0 all as they should be (there may be warnings), 1 some are not, 2 the file has mistakes.
    """
    rules = rules_for(settings_if_any(config), file)
    tried = try_sentences(rules.book, scorer_for, lambda said: polarity(said, rules.book.language))
    warnings = _test_warnings(rules, tried)
    failed = [each for each in tried if not each.passed]
    if as_json:
        tell_json(_test_values(rules, tried, warnings))
    else:
        _tell_test(rules, tried, failed, warnings)
    raise typer.Exit(1 if failed else 0)


rules_app.command("explain")(explain_call)


# ------------------------------------------------------------------------------------------------ check


def _checked(path: Path | None) -> tuple[bytes, Checked]:
    if path is None:
        content = default_rules_text().encode()
        return content, check_rules(content, None)
    try:
        content = path.read_bytes()
    except OSError as error:
        remedy = "name the file in it" if isinstance(error, IsADirectoryError) else "check its path and permissions"
        return b"", Checked((Finding(0, f"the file cannot be read: {error.strerror or error}", remedy),))
    return content, check_rules(content, default_rules())


def _as_file(checked: Checked, name: str, content: bytes, settings: Settings | None) -> RulesFile | None:
    if checked.book is None:
        return None
    read = RulesFile(checked.book, name, fingerprint(content), checked.warnings, checked.tree)
    return for_settings(read, settings) if settings else read


def _tell_check(checked: Checked, name: str, read: RulesFile | None) -> None:
    for each in checked.findings:
        mark = "✗" if each.mistake else "!"
        tell(f"{mark} {f'line {each.line}: ' if each.line else ''}{each.what}\n        {each.remedy}")
    counted = f"{count(len(checked.mistakes), 'mistake')}, {count(len(checked.warnings), 'warning')}"
    if read is None:
        tell(f"\n{name}: {counted}. The application would refuse this file.")
        return
    if checked.warnings:
        tell()
    tell(f"✓ {name} can be used: {counted}.")
    if not read.own:
        tell("  It has no rules of its own, so the shipped ones hold.")
    for sentence in rules_summary.sentences(read.book):
        tell(f"  {sentence}")


def _check_values(checked: Checked, name: str, content: bytes, read: RulesFile | None) -> dict[str, Any]:
    def told(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
        return [{"line": each.line or None, "what": each.what, "remedy": each.remedy} for each in findings]

    return {
        "file": name,
        "ok": read is not None,
        "fingerprint": fingerprint(content) if content else "",
        "mistakes": told(checked.mistakes),
        "warnings": told(checked.warnings),
        "would": rules_summary.as_values(read.book) if read else None,
    }


# ------------------------------------------------------------------------------------------------ test


def _test_warnings(rules: RulesFile, tried: list[Tried]) -> list[Finding]:
    found = [
        Finding(
            rules.line(number, "examples", place),
            f'“{rule.name}”: its example "{sentence}" is a never of “{other.name}”',
            "is it meant so?",
            False,
        )
        for number, place, rule, other, sentence in contradictions(rules.book)
    ]
    for each in tried:
        for other in each.elsewhere:
            queue = other.queue or rules.book.queue
            goes = each.score.decision.queue if each.score.decision else each.queue
            found.append(
                Finding(
                    rules.line(each.number, "examples", each.place),
                    f'“{each.rule.name}”: its example "{each.sentence}" also fires “{other.name}”, for queue {queue}',
                    f"the caller would go to {goes}; the higher priority decides",
                    False,
                )
            )
    return found


def _tell_test(rules: RulesFile, tried: list[Tried], failed: list[Tried], warnings: list[Finding]) -> None:
    for each in failed:
        line = rules.line(each.number, each.kind, each.place)
        at = f"line {line}: " if line else ""
        wanted = "should fire and does not" if each.kind == "examples" else "fires and should not"
        tell(f"✗ {at}“{each.rule.name}” {wanted}: {each.why}")
        tell(f"        {heading()}\n        {row(each.turn, each.score, what_counted(each.score))}")
    for warning in warnings:
        tell(f"! {f'line {warning.line}: ' if warning.line else ''}{warning.what}\n        {warning.remedy}")
    if failed or warnings:
        tell()
    if not tried:
        tell(f"! {rules.name}: no rule has examples or nevers; nothing was tried.")
        return
    passed = len(tried) - len(failed)
    counted = f"{passed} of {count(len(tried), 'sentence')} as {'they' if len(tried) != 1 else 'it'} should be"
    tell(f"{'✗' if failed else '✓'} {rules.name}: {counted}, {count(len(warnings), 'warning')}.")


def _test_values(rules: RulesFile, tried: list[Tried], warnings: list[Finding]) -> dict[str, Any]:
    return {
        "file": rules.name,
        "fingerprint": rules.fingerprint,
        "passed": sum(each.passed for each in tried),
        "failed": sum(not each.passed for each in tried),
        "sentences": [
            {
                "rule": each.rule.name,
                "kind": each.kind,
                "line": rules.line(each.number, each.kind, each.place) or None,
                "sentence": each.sentence,
                "passed": each.passed,
                "why": each.why,
                "points": each.score.points,
            }
            for each in tried
        ],
        "warnings": [{"line": each.line or None, "what": each.what, "remedy": each.remedy} for each in warnings],
    }
