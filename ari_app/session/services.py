"""What every running call is given: the adapters behind their protocols, the rules, and the clocks."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ari_app.call.policy import Policy
from ari_app.session.ports import Assistant, ListenerFactory, MediaFactory, Pbx, Sentiment, Store, Synthesiser, TurnScorer

FeedItem = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """quiet_seconds: silence after which the caller is asked; ring_margin: how much longer than the queue's own timeout the
    leg may ring; queue_context: where `Local/<queue>@…` leads; fallback_context: takes callers we cannot go on with."""

    quiet_seconds: float = 9.0
    ring_margin: float = 8.0
    queue_context: str = "ari-app-queue"
    fallback_context: str = "ari-app-fallback"


@dataclass(frozen=True, slots=True)
class Services:
    """`clock` is monotonic seconds, `wall_clock` seconds since the epoch, `local_time` the wall time by which rules with hours
    go; `publish` feeds the live display and the dashboard. `scorer` is asked for at every turn: the rules may have changed.
    """

    pbx: Pbx
    media: MediaFactory
    listeners: ListenerFactory
    synthesiser: Synthesiser
    whisper_synthesiser: Synthesiser  # another voice, and brisker: the agent tells it from the assistant, and has no time
    split: Callable[[str], Sequence[str]]
    sentiment: Sentiment
    scorer: Callable[[], TurnScorer]
    assistant: Assistant
    store: Store
    policy: Callable[[], Policy]
    publish: Callable[[FeedItem], None]
    clock: Callable[[], float]
    wall_clock: Callable[[], float]
    local_time: Callable[[], datetime]
    pool: Executor
    settings: SessionSettings
