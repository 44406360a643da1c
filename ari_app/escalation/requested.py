"""Where a key asks for a human: the same queue, priority and words as the operator's rule for spoken requests."""

from dataclasses import replace
from datetime import datetime

from ari_app.call.model import Decision
from ari_app.escalation.rules import Rule, RuleBook

_SIGNAL = "human_request"


def as_requested(rules: RuleBook, decision: Decision, now: datetime | None) -> Decision:
    """`decision` as the operator's rule for human requests has it; as it is where no such rule holds now.

    A key is clear without any rule: rules in shadow mode, or out of their hours, leave it in force and are not gone by.
    """
    rule = next(iter(sorted(_holding(rules, now), key=_fitting)), None)
    if rule is None:
        return decision
    return replace(
        decision,
        rules=(rule.name,),
        queue=rule.queue or rules.queue,
        priority=rule.priority,
        say=rule.say or decision.say,
    )


def _holding(rules: RuleBook, now: datetime | None) -> list[Rule]:
    if rules.mode == "shadow":
        return []
    return [
        rule
        for rule in rules.rules
        if rule.mode == "live"
        and _SIGNAL in rule.when.names
        and not (rule.when.together and len(rule.when.names) > 1)
        and not (rule.hours and now and not rule.hours.include(now))
    ]


def _fitting(rule: Rule) -> tuple[bool, int, int]:
    """Rules that order a handover at once come first, then those about nothing else, then by priority."""
    return not rule.escalate, len(rule.when.names), -rule.priority
