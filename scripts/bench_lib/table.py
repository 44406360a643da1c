"""How the findings look in a terminal: one table for each part, ratios in the foreground."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bench_lib.findings import Comparison, Count, Distribution, Estimate, Figure, Part, Spread

_BAD, _GOOD, _QUIET = "bold red", "green", "dim"


def render(part: Part) -> RenderableType:
    """A part with all its findings, and below it the conditions that they hold under."""
    kinds = (_comparisons(part), _distributions(part), _counts(part), _figures(part), _estimates(part))
    tables = [table for table in kinds if table.row_count]
    problems = [Text(f"✗ {problem}", style=_BAD) for problem in part.problems]
    return Group(
        Text(part.name, style="bold"),
        *tables,
        *_facts(part),
        *problems,
        Padding(Text(part.conditions, style=_QUIET), (0, 0, 1, 1)),
    )


def number(value: float) -> str:
    """Three significant digits, large ones whole with separators: 12,345 · 92.1 · 0.0513."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style=_QUIET)
    for position, column in enumerate(columns):
        table.add_column(column, justify="left" if position == 0 else "right", overflow="fold")
    return table


def _comparisons(part: Part) -> Table:
    found = [each for each in part.findings if isinstance(each, Comparison)]
    unit, bare = (found[0].unit, found[0].bare_name) if found else ("", "")
    table = _table(unit, f"ours / {bare}", "spread", "ours", bare)
    for each in found:
        ratio = Text(number(each.ratio.median), style="bold")
        table.add_row(each.name, ratio, _range(each.ratio), number(each.ours.median), number(each.bare.median))
    return table


def _facts(part: Part) -> list[Text]:
    lines = [(each.name, each.facts) for each in part.findings if isinstance(each, Comparison) and each.facts]
    return [
        Text(f" {name}: " + ", ".join(f"{fact} {value}" for fact, value in facts.items()), style=_QUIET) for name, facts in lines
    ]


def _distributions(part: Part) -> Table:
    table = _table("", "p50", "p95", "least", "most", "unit", "calls", "promised")
    for each in part.findings:
        if isinstance(each, Distribution):
            table.add_row(each.name, *_quantiles(each), each.unit, _measured(each), _promise(each))
    return table


def _quantiles(each: Distribution) -> list[Text]:
    if each.found is None:
        return [Text("–")] * 4
    found = each.found
    return [
        Text(number(found.median), style="bold"),
        Text(number(found.quantile(0.95)), style="bold"),
        Text(number(found.low)),
        Text(number(found.high)),
    ]


def _measured(each: Distribution) -> str:
    known = len(each.found.values) if each.found else 0
    return f"{known} of {known + each.missing}" if each.missing else str(known)


def _promise(each: Distribution) -> Text:
    if each.target is None:
        return Text("")
    kept = each.found is not None and each.found.high <= each.target
    return Text(f"≤ {number(each.target)} {'✓' if kept else '✗'}", style=_GOOD if kept else _BAD)


def _counts(part: Part) -> Table:
    table = _table("", "found", "wanted", "")
    for each in part.findings:
        if isinstance(each, Count):
            mark = Text("✓", style=_GOOD) if each.good else Text("✗", style=_BAD)
            table.add_row(each.name, Text(f"{each.found} of {each.of}", style="bold"), str(each.wanted), mark)
    return table


def _figures(part: Part) -> Table:
    table = _table("", "", "unit")
    for each in part.findings:
        if isinstance(each, Figure):
            table.add_row(each.name, Text(number(each.value), style="bold"), each.unit)
    return table


def _estimates(part: Part) -> Table:
    """A row for each name, a column for each setting."""
    found = [each for each in part.findings if isinstance(each, Estimate)]
    settings = list(dict.fromkeys(each.setting for each in found))
    table = _table("", *settings, "of")
    for name in dict.fromkeys(each.name for each in found):
        cells = {each.setting: each for each in found if each.name == name}
        counts = dict.fromkeys(str(each.of) for each in cells.values())
        table.add_row(name, *(_estimate(cells.get(setting)) for setting in settings), " / ".join(counts))
    return table


def _estimate(each: Estimate | None) -> Text:
    if each is None:
        return Text("–")
    if each.interval is None:
        return Text(number(each.value), style="bold")
    low, high = each.interval
    return Text.assemble((f"{each.value:.2f}", "bold"), f" ({low:.2f} … {high:.2f})")


def _range(spread: Spread) -> str:
    return f"{number(spread.low)} … {number(spread.high)}"
