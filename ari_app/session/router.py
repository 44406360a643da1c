"""Brings every event from the PBX to the call it belongs to, and starts a session for each new caller."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

import structlog

from ari_app.call import events as on
from ari_app.call.call import Call, CallState
from ari_app.call.snapshot import from_dict
from ari_app.errors import AriAppError
from ari_app.session.call_session import CallSession
from ari_app.session.ports import (
    AgentAtPickUp,
    AgentDeclined,
    AgentFinished,
    AgentJoined,
    AgentRinging,
    ChannelEntered,
    ChannelLeft,
    DigitReceived,
    PbxConnection,
    PbxEvent,
    QueueLeft,
)
from ari_app.session.services import Services

log = structlog.get_logger()

CALL_PREFIX = "call-"
SETTLE = 0.1  # seconds for callers who entered just now to be known before the unknown ones are given away
STOP_PATIENCE = 5.0  # seconds that handing the callers over may take when the application stops
# Seconds of ringing: app_queue has one event for a declined call and for one that rang out (after 15 s by default).
DECLINED_WITHIN = 10.0


class Router:
    """Owns all running calls. Identifiers of a call's own legs begin with `<call id>.`, so events find their call by name."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._sessions: dict[str, CallSession] = {}
        self._callers: dict[str, CallSession] = {}
        self.tasks: set[asyncio.Task[None]] = set()  # one per running call
        self._chores: set[asyncio.Task[None]] = set()
        self.connections: dict[str, bool] = {}

    @property
    def sessions(self) -> Mapping[str, CallSession]:
        """Running calls by call id."""
        return self._sessions

    async def run(self) -> None:
        """Until the PBX's event stream ends or this is cancelled; running calls live on in Asterisk then."""
        async for event in self._services.pbx.events():
            try:
                self.handle(event)
            except Exception:  # top of the task: one event that we handle wrongly must not end all calls
                log.exception("event not handled", kind=type(event).__name__)

    def handle(self, event: PbxEvent) -> None:
        match event:
            case ChannelEntered():
                self._channel_entered(event)
            case ChannelLeft():
                self._channel_left(event)
            case DigitReceived():
                if caller := self._callers.get(event.channel_id):
                    caller.digit(event.digit)
            case AgentRinging() | AgentDeclined():
                self._agent_at_queue(event)
            case AgentJoined() | AgentFinished() | QueueLeft():
                log.debug("queue event", kind=type(event).__name__)
            case PbxConnection():
                self._connection_changed(event)

    def _connection_changed(self, event: PbxConnection) -> None:
        self.connections[event.what] = event.up
        if event.up and event.what == "ari":
            for session in self._sessions.values():
                session.post(on.AsteriskBack(session.now()))
            self._chores.add(chore := asyncio.create_task(self._sweep_quietly(), name="sweep"))
            chore.add_done_callback(self._chores.discard)

    async def _sweep_quietly(self) -> None:
        """Calls that ended while Asterisk could not be reached have left their legs behind."""
        try:
            await self._sweep()
        except (AriAppError, TimeoutError) as error:
            log.warning("legs not swept", error=str(error))

    async def agent_picked_up(self, agent: AgentAtPickUp) -> None:
        """The FastAGI server calls this from the queue's whisper routine; when it returns the queue bridges the agent."""
        session = self._sessions.get(agent.call_id)
        if session is None:
            log.warning("agent picked up for no call", call_id=agent.call_id)
            return
        await session.hold_agent(agent)

    async def adopt(self, live: Mapping[str, Mapping[str, Any]]) -> None:
        """Go on with the calls of an earlier run (`live`: call id → what it kept), found still up in Asterisk.

        A caller of whom nothing is known is given to the dialplan's queue; a call whose caller is gone is closed.
        """
        present = await self._services.pbx.channels()
        callers = {name for name in await self._services.pbx.application_channels() if name in present}
        for call_id, kept in live.items():
            try:
                call = from_dict(kept["call"])
            except (KeyError, ValueError) as error:
                log.error("kept call not readable", call_id=call_id, error=str(error))
                continue
            if call.caller_channel_id in callers:
                callers.discard(call.caller_channel_id)
                await self._adopt_one(call, kept.get("mind", {}))
            else:
                await self._close_lost(call)
        await asyncio.sleep(SETTLE)
        for channel_id in callers - self._callers.keys():
            if not channel_id.startswith(CALL_PREFIX):
                await self._give_away(channel_id)
        await self._sweep()

    async def _give_away(self, channel_id: str) -> None:
        log.warning("unknown caller given to the fallback queue", channel_id=channel_id)
        try:
            await self._services.pbx.continue_in_dialplan(channel_id, self._services.settings.fallback_context, "s")
        except AriAppError as error:  # it has gone, or is in no hands of ours
            log.info("unknown caller not given away", channel_id=channel_id, error=error.message)

    async def _sweep(self) -> None:
        """Free the legs and bridges of calls that nobody knows any more."""
        pbx = self._services.pbx
        for channel_id in await pbx.channels():
            if channel_id.startswith(CALL_PREFIX) and self._owner(channel_id) is None:
                await pbx.hang_up(channel_id)
        for bridge_id in await pbx.bridges():
            if bridge_id.startswith(CALL_PREFIX) and self._owner(bridge_id) is None:
                await pbx.destroy_bridge(bridge_id)

    async def _adopt_one(self, call: Call, mind: Mapping[str, Any]) -> None:
        session = CallSession(call, self._services)
        self._register(session)  # before anything is asked for: what happens to its legs from here on is not missed
        await session.adopt(mind)
        self._run(session, None)

    async def _close_lost(self, call: Call) -> None:
        """The caller left while the application was away: his legs are freed and his record is closed."""
        session = CallSession(call, self._services)
        self._run(session, on.CallerHungUp(session.now(), "left while the application was away"))
        await session.executor.legs.sweep(keep="")

    def start(self, call: Call, first: on.Event | None) -> CallSession:
        """Run a session for this call; it leaves the router when the call has ended."""
        return self._run(CallSession(call, self._services), first)

    def _run(self, session: CallSession, first: on.Event | None) -> CallSession:
        call = session.call
        self._register(session)
        task = asyncio.create_task(session.run(first), name=call.call_id)
        self.tasks.add(task)
        task.add_done_callback(lambda done: self._ended(done, call))
        return session

    def _register(self, session: CallSession) -> None:
        self._sessions[session.call.call_id] = self._callers[session.call.caller_channel_id] = session

    async def stop(self) -> None:
        """Leave nobody in silence: callers with the assistant go to the dialplan's queue, and connected calls stay as they
        are in Asterisk, for the next start to follow."""
        for session in self._sessions.values():
            session.post(on.ApplicationStopping(session.now()))
        deadline = self._services.clock() + STOP_PATIENCE
        while self._services.clock() < deadline:
            if all(session.call.state is CallState.CONNECTED for session in self._sessions.values()):
                break
            await asyncio.sleep(0.02)
        for task in (*self.tasks, *self._chores):
            task.cancel()
        await asyncio.gather(*self.tasks, *self._chores, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None], call: Call) -> None:
        self.tasks.discard(task)
        self._sessions.pop(call.call_id, None)
        self._callers.pop(call.caller_channel_id, None)

    def _channel_entered(self, event: ChannelEntered) -> None:
        if session := self._owner(event.channel_id):
            session.post(on.QueueLegEntered(event.channel_id, session.now()))
        elif event.channel_id in self._callers:
            log.warning("channel entered twice", channel_id=event.channel_id)
        else:
            call = Call(
                call_id=new_call_id(),
                caller_channel_id=event.channel_id,
                caller_number=event.caller_number,
                caller_name=event.caller_name,
                dialled=event.dialled,
                started_at=self._services.wall_clock(),
            )
            log.info("caller entered", call_id=call.call_id, channel_id=event.channel_id)
            self.start(call, on.CallerEntered(0.0))

    def _channel_left(self, event: ChannelLeft) -> None:
        session = self._callers.get(event.channel_id) or self._owner(event.channel_id)
        if session is not None and (event.destroyed or event.channel_id in self._callers):
            session.channel_gone(event.channel_id)

    def _agent_at_queue(self, event: AgentRinging | AgentDeclined) -> None:
        session = self._owner(event.queue_leg_id)
        if session is None:
            return
        if isinstance(event, AgentRinging):
            session.post(on.AgentRang(event.interface, event.member_name, event.agent_channel_id, session.now()))
        else:
            declined = event.ring_seconds < DECLINED_WITHIN
            session.post(on.AgentRefused(event.interface, event.member_name, declined, session.now()))

    def _owner(self, leg_id: str) -> CallSession | None:
        return self._sessions.get(leg_id.partition(".")[0])

    def health(self) -> dict[str, Any]:
        return {"calls": len(self._sessions), "connections": dict(self.connections)}


def new_call_id() -> str:
    """Short enough to be read out, and without a dot: Asterisk's own identifiers have one, ours begin before it."""
    return f"{CALL_PREFIX}{secrets.token_hex(5)}"
