"""Rules as an operator writes them, for sessions with the real scorer."""

from functools import partial

from ari_app.language.rules_file import default_rules, rules_from
from ari_app.rules_in_force import RulesInForce, scorer_for


def in_force(text: str) -> RulesInForce:
    """A file with these rules, and with nothing counted that they do not name; words alone decide, which tests can foresee."""
    return RulesInForce(rules_from(text.encode(), "rules.yaml", default_rules()), partial(scorer_for, meaning="off"))


LEGAL = """
signals: {compliance: 0, human request: 0}
rules:
  - name: Legal words
    when: compliance
    escalate: now
    queue: compliance
"""
SHADOW = LEGAL + "    mode: shadow\n"
WHOLE_SHADOW = LEGAL + "mode: shadow\n"
BY_DAY = LEGAL + "    hours: mon-fri 08:00-18:00\n"
PERSON = """
rules:
  - name: Asks for a person
    when: human request
    escalate: now
"""
SUES = "i am taking you to court my lawyer will call you"
