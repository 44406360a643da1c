"""One plain page: who is on the line, and the last handovers with their reasons."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from ari_app.web.services import Health, RulesHealth

Record = Mapping[str, Any]

REFRESH_SECONDS = 3
STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 22%, transparent); --good: #1a7f37; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root { --good: #4ac26b; --bad: #ff8f85; } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); }
.good { color: var(--good); } .bad { color: var(--bad); } .quiet { opacity: .75; }
button { font: inherit; padding: .25rem .8rem; } ul { margin: 0; padding-left: 1.1rem; }
"""
SCRIPT = f"""
const main = document.querySelector("main");
async function refresh() {{
  try {{
    const answer = await fetch("/", {{headers: {{Accept: "text/html"}}}});
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    if (answer.ok && fresh && !main.contains(document.activeElement)) main.innerHTML = fresh.innerHTML;
    document.querySelector("#stale").hidden = answer.ok;
  }} catch {{ document.querySelector("#stale").hidden = false; }}
  setTimeout(refresh, {REFRESH_SECONDS * 1000});
}}
setTimeout(refresh, {REFRESH_SECONDS * 1000});
"""


def page(health: Health, live: Sequence[Record], handovers: Sequence[Record] | None, now: float, nonce: str) -> str:
    """The whole page. `handovers` None: the records cannot be read at the moment. `now` in seconds since the epoch."""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>ari_app: calls</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<noscript><meta http-equiv="refresh" content="{REFRESH_SECONDS}"></noscript>
<style nonce="{nonce}">{STYLE}</style></head>
<body><h1>Calls</h1>
<p id="stale" class="bad" role="status" hidden>The application does not answer; this page is not up to date.</p>
<main>{_health(health)}{_live(live, now)}{_handovers(handovers)}</main>
<script nonce="{nonce}">{SCRIPT}</script></body></html>
"""


def _health(health: Health) -> str:
    parts = (("Asterisk ARI", health.ari), ("Asterisk AMI", health.ami), ("Redis", health.redis))
    marks = " · ".join(
        f'{name} <span class="{"good" if up else "bad"}">{"connected" if up else "not connected"}</span>' for name, up in parts
    )
    notes = list(health.notes)
    if health.rules and health.rules.problem:
        notes.append(health.rules.problem)
    if health.spooled:
        notes.append(f"{health.spooled} records wait on disk until Redis is back")
    listed = "".join(f'<p class="bad">{escape(note)}</p>' for note in notes)
    return f'<p>{marks}</p><p class="quiet">Recogniser: {escape(health.recogniser)}{_rules(health.rules)}</p>{listed}'


def _rules(rules: RulesHealth | None) -> str:
    if rules is None:
        return ""
    shadow = f", {rules.shadow} in shadow" if rules.shadow else ""
    return f" · Rules: {escape(rules.file)}, {rules.rules} rules{shadow}, {escape(rules.fingerprint)}"


def _live(calls: Sequence[Record], now: float) -> str:
    if not calls:
        return '<h2>On the line now</h2><p class="quiet">Nobody.</p>'
    rows = [_live_row(call, now) for call in calls]
    return f"<h2>On the line now ({len(calls)})</h2>{_table(('Caller', 'State', 'For', 'Score', 'What counted', 'Human'), rows)}"


def _live_row(call: Record, now: float) -> str:
    score = call.get("score") or {}
    points = f"{score['points']:.1f} of {score['threshold']:g}" if "points" in score else "–"
    identity = escape(str(call.get("call_id")), quote=True)
    ask = (
        f'<form method="post" action="/api/calls/{identity}/handover"><button>Get a human'
        f'<span class="quiet"> for {_caller(call)}</span></button></form>'
        if call.get("state") in ("conversing", "closing")
        else "on the way"
        if call.get("state") in ("seeking", "briefing")
        else ""
    )
    seconds = max(0, int(now - float(call.get("started_at") or now)))
    return (
        f'<tr><th scope="row">{_caller(call)}</th><td>{escape(str(call.get("state", "")))}</td>'
        f"<td>{seconds // 60}:{seconds % 60:02d}</td><td>{points}</td>"
        f"<td>{_reasons(score.get('contributions'))}{_shadow(call.get('shadow'))}</td><td>{ask}</td></tr>"
    )


def _shadow(decisions: Any) -> str:
    """What rules in shadow mode would have done."""
    return "".join(
        f'<p class="quiet">would have been handed over at turn {int(one.get("turn", 0))} by '
        f"{escape(', '.join(map(str, (one.get('decision') or {}).get('rules', ()))))} (shadow)</p>"
        for one in decisions or ()
    )


def _handovers(handovers: Sequence[Record] | None) -> str:
    head = "<h2>Last handovers</h2>"
    if handovers is None:
        return f'{head}<p class="bad">The records cannot be read at the moment.</p>'
    if not handovers:
        return f'{head}<p class="quiet">None yet.</p>'
    columns = ("When (UTC)", "Caller", "Why", "Outcome", "Agent", "Waited")
    return head + _table(columns, [_handover_row(record) for record in handovers])


def _handover_row(record: Record) -> str:
    began = datetime.fromtimestamp(float(record.get("started_at") or 0.0), UTC)
    rules = ", ".join(str(rule) for rule in (record.get("decision") or {}).get("rules", ())) or str(record.get("by", ""))
    joined, decided = record.get("joined_at"), record.get("decided_at")
    waited = f"{joined - decided:.1f} s" if joined is not None and decided is not None else "–"
    outcome = record.get("outcome") or "running"
    look = {"answered": "good", "nobody": "bad", "abandoned": "bad"}.get(str(outcome), "")
    return (
        f'<tr><td><time datetime="{began.isoformat()}">{began:%d %b %H:%M:%S}</time></td><th scope="row">{_caller(record)}</th>'
        f'<td>{escape(rules)}{_reasons(record.get("reasons"))}</td><td class="{look}">{escape(str(outcome))}</td>'
        f"<td>{escape(str(record.get('agent_interface') or '–'))}</td><td>{waited}</td></tr>"
    )


def _table(columns: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _caller(record: Record) -> str:
    caller = record.get("caller") or {}
    return escape(" ".join(str(caller.get(part)) for part in ("name", "number") if caller.get(part)) or "unknown")


def _reasons(contributions: Any) -> str:
    """Each rule with its points and the evidence in words."""
    if not contributions:
        return ""
    items = "".join(
        f"<li>{escape(str(part.get('rule')))} {float(part.get('points') or 0):+.1f}"
        f'<span class="quiet"> {escape("; ".join(str(s.get("evidence")) for s in part.get("signals") or ()))}</span></li>'
        for part in contributions
    )
    return f"<ul>{items}</ul>"
