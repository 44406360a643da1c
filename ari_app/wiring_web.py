"""What the HTTP side is shown of the running application, and the one thing it may ask for: a handover."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ari_app.asterisk.ami import Ami
from ari_app.asterisk.pbx import AriPbx
from ari_app.call.record import call_record
from ari_app.language import rules_summary
from ari_app.rules_in_force import RulesInForce
from ari_app.session.broadcast import Broadcast
from ari_app.session.router import Router
from ari_app.session.services import Services
from ari_app.speech.listener_factory import VoskListenerFactory
from ari_app.store.redis_store import RedisStore
from ari_app.web.services import HandoverRefused, Health, NoSuchCall, RulesHealth

REASON_LENGTH = 24  # what a desk phone's display shows


class RunningApplication:
    """Implements ari_app.web.services.WebServices."""

    def __init__(
        self,
        services: Services,
        pbx: AriPbx,
        ami: Ami,
        router: Router,
        store: RedisStore,
        listeners: VoskListenerFactory,
        feed: Broadcast,
        rules: RulesInForce,
        version: tuple[int, ...],
        notes: Callable[[], tuple[str, ...]],
    ) -> None:
        self._services, self._pbx, self._ami, self._router = services, pbx, ami, router
        self._store, self._listeners, self._feed, self._rules = store, listeners, feed, rules
        self._version, self._notes = version, notes

    def health(self) -> Health:
        stored = self._store.health()
        model = self._listeners.describe()
        return Health(
            ari=self._pbx.connected,
            ami=self._ami.up,
            redis=stored.up,
            calls=len(self._router.sessions),
            recogniser=f"{model['engine']} with {model['model']}",
            synthesised_voices_only=self._listeners.synthesised_voices_only,
            spooled=stored.spooled,
            asterisk_version=".".join(map(str, self._version)),
            notes=self._notes(),
            rules=self._rules_health(),
        )

    def _rules_health(self) -> RulesHealth:
        file, counts = self._rules.file, rules_summary.counts(self._rules.file.book)
        return RulesHealth(Path(file.name).name, file.fingerprint, counts["rules"], counts["shadow"], self._rules.problem)

    def live_calls(self) -> Sequence[Mapping[str, Any]]:
        return [call_record(session.call) for session in self._router.sessions.values()]

    async def calls(self, limit: int, since: float) -> Sequence[Mapping[str, Any]]:
        return await self._store.calls(limit, since)

    async def call(self, call_id: str) -> Mapping[str, Any] | None:
        session = self._router.sessions.get(call_id)
        return call_record(session.call) if session else await self._store.call(call_id)

    async def handovers(self, limit: int, since: float) -> Sequence[Mapping[str, Any]]:
        return await self._store.handovers(limit, since)

    def watch(self) -> AsyncIterator[Mapping[str, Any]]:
        return self._feed.watch()

    async def hand_over(self, call_id: str, queue: str | None, reason: str) -> None:
        session = self._router.sessions.get(call_id)
        if session is None:
            if await self._store.call(call_id) is None:
                raise NoSuchCall(f"There is no call {call_id}.", "List them: GET /api/calls")
            raise HandoverRefused(f"The call {call_id} is over.")
        policy = self._services.policy()
        decision = policy.decision_for(reason[:REASON_LENGTH] or "by operator", "Operator", policy.texts.human_requested)
        if not session.request_human(replace(decision, queue=queue or decision.queue), "operator"):
            raise HandoverRefused(f"The call {call_id} is {session.call.state}: a human is being fetched or is there already.")
