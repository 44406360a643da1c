"""Counts what happens to calls and handovers, in Prometheus' form."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ari_app.web.services import Health

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)
_FAST = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5)
_SPANS = (  # of a handover's record: name, help, from, to, buckets
    ("ring", "From the decision until an agent's phone rings", "decided_at", "rang_at", _FAST),
    ("whisper_start", "From the pick-up until the whisper starts", "picked_up_at", "whisper_started_at", _FAST),
    ("join", "From the whisper's end until agent and caller are joined", "whisper_ended_at", "joined_at", _FAST),
    ("to_agent", "From the decision until agent and caller are joined", "decided_at", "joined_at", _SECONDS),
)


class Metrics:
    """One registry of its own, fed with the application's events."""

    def __init__(self, health: Callable[[], Health]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_HealthCollector(health))
        registry = self._registry
        self._calls = Counter("ari_app_calls", "Calls that came in", registry=registry)
        self._turns = Counter("ari_app_turns", "Turns spoken", ["speaker"], registry=registry)
        self._decisions = Counter("ari_app_decisions", "Handovers decided, by rule", ["rule"], registry=registry)
        self._shadow = Counter("ari_app_shadow_decisions", "Decisions in shadow mode, by rule", ["rule"], registry=registry)
        self._handovers = Counter("ari_app_handovers", "Handovers that ended", ["outcome", "queue"], registry=registry)
        self._refused = Counter("ari_app_agents_refused", "Agents who declined or did not answer", registry=registry)
        self._deaf = Counter("ari_app_listening_failed", "Calls in which the recogniser or the media failed", registry=registry)
        self._dropped = Counter("ari_app_events_dropped", "Events that the counters themselves missed", registry=registry)
        self._spans = [
            (Histogram(f"ari_app_handover_{name}_seconds", text, buckets=buckets, registry=registry), start, end)
            for name, text, start, end, buckets in _SPANS
        ]

    def observe(self, event: Mapping[str, Any]) -> None:
        """Count one event of the live feed; unknown types count nothing."""
        match event.get("type"):
            case "state" if event.get("was") == "new":
                self._calls.inc()
            case "said":
                self._turns.labels(str(event.get("speaker"))).inc()
            case "decided":
                for rule in (event.get("decision") or {}).get("rules", ()):
                    self._decisions.labels(str(rule)).inc()
            case "shadow decision":
                for rule in (event.get("decision") or {}).get("rules", ()):
                    self._shadow.labels(str(rule)).inc()
            case "agent refused":
                self._refused.inc()
            case "listening failed":
                self._deaf.inc()
            case "dropped":
                self._dropped.inc(int(event.get("count", 0)))
            case "handover ended":
                self._handover_ended(event)

    def _handover_ended(self, event: Mapping[str, Any]) -> None:
        queue = (event.get("decision") or {}).get("queue", "")
        self._handovers.labels(str(event.get("outcome")), str(queue)).inc()
        for histogram, start, end in self._spans:
            began, ended = event.get(start), event.get(end)
            if began is not None and ended is not None:
                histogram.observe(max(0.0, ended - began))

    def text(self) -> bytes:
        return generate_latest(self._registry)


class _HealthCollector(Collector):
    """Reads the health at the moment it is asked for."""

    def __init__(self, health: Callable[[], Health]) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        health = self._health()
        up = GaugeMetricFamily("ari_app_up", "1 while the connection stands", labels=["part"])
        for part in ("ari", "ami", "redis"):
            up.add_metric([part], float(getattr(health, part)))
        yield up
        refused = float(bool(health.rules and health.rules.problem))
        yield GaugeMetricFamily("ari_app_rules_refused", "1 while a changed rules file is refused", value=refused)
        yield GaugeMetricFamily("ari_app_live_calls", "Calls that are running now", value=health.calls)
        yield GaugeMetricFamily("ari_app_spooled_records", "Records on disk that Redis does not have yet", value=health.spooled)

    def describe(self) -> Iterator[Metric]:
        """Nothing: the names are known, and the health is not to be asked for at registration."""
        return iter(())
