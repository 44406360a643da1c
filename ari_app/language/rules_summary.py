"""Says in a sentence or two what a rules file would do."""

from typing import Any

from ari_app.escalation.rules import Hours, Rule, RuleBook

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def queues_of(book: RuleBook) -> list[str]:
    """Every queue that these rules may send a caller to, the file's own first."""
    return list(dict.fromkeys([book.queue, *(rule.queue for rule in book.rules if rule.queue)]))


def in_shadow(book: RuleBook) -> list[Rule]:
    """The rules that decide and are not acted upon."""
    return [rule for rule in book.rules if rule.mode == "shadow" or book.mode == "shadow"]


def at_once(book: RuleBook) -> list[Rule]:
    """The rules that hand over without counting points."""
    return [rule for rule in book.rules if rule.escalate and rule not in in_shadow(book)]


def counts(book: RuleBook) -> dict[str, int]:
    """For one line of a log."""
    return {"rules": len(book.rules), "at_once": len(at_once(book)), "shadow": len(in_shadow(book))}


def as_values(book: RuleBook) -> dict[str, Any]:
    """For programs."""
    return {
        "language": book.language,
        "threshold": book.threshold,
        "rules": len(book.rules),
        "at_once": [rule.name for rule in at_once(book)],
        "shadow": [rule.name for rule in in_shadow(book)],
        "hours": {rule.name: hours_text(rule.hours) for rule in book.rules if rule.hours},
        "queues": queues_of(book),
    }


def sentences(book: RuleBook) -> list[str]:
    """For people."""
    whole = book.mode == "shadow"
    orders = [_with_queue(rule, book) for rule in (book.rules if whole else at_once(book)) if rule.escalate]
    first = f"{len(book.rules)} rule{'s' if len(book.rules) != 1 else ''}: a call is handed over at {book.threshold:g} points"
    first += f", or at once by {_and(orders)}" if orders else "; none of them hands over at once"
    first = f"All in shadow: decisions are noted and not acted upon. Would be live: {first}" if whole else first
    queues = queues_of(book)
    second = f"Queue{'s' if len(queues) > 1 else ''}: {', '.join(queues)}"
    if (shadow := in_shadow(book)) and not whole:
        second += f"; in shadow (noted, not acted upon): {_and([f'“{rule.name}”' for rule in shadow])}"
    if timed := [f"“{rule.name}” {hours_text(rule.hours)}" for rule in book.rules if rule.hours]:
        second += f"; by the clock: {_and(timed)}"
    return [f"{first}.", f"{second}."]


def hours_text(hours: Hours) -> str:
    """As a rules file says it: "mon-fri 08:00-18:00"."""
    days = _DAYS[hours.days[0]] + (f"-{_DAYS[hours.days[-1]]}" if len(hours.days) > 1 else "")
    every = "" if set(hours.days) == set(range(7)) else f"{days} "
    return f"{every}{hours.since // 60:02}:{hours.since % 60:02}-{hours.until // 60:02}:{hours.until % 60:02}"


def _with_queue(rule: Rule, book: RuleBook) -> str:
    return f"“{rule.name}”" + (f" (to {rule.queue})" if rule.queue and rule.queue != book.queue else "")


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
