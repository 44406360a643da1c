"""Translates AMI's queue events into the facts that a call understands; the one place that knows their header names."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ari_app.session.ports import AgentDeclined, AgentFinished, AgentJoined, AgentRinging, PbxEvent

_DEVICE_STATES = (
    "unknown",
    "not in use",
    "in use",
    "busy",
    "invalid",
    "unavailable",
    "ringing",
    "ringing, in use",
    "on hold",
)
"""QueueMember's Status is Asterisk's enum ast_device_state."""


@dataclass(frozen=True, slots=True)
class QueueMember:
    """A member of a queue. `last_call`: Unix time of the end of the last call, 0 when there was none."""

    interface: str
    name: str
    device_state: str
    paused: bool
    in_call: bool
    last_call: int

    @property
    def available(self) -> bool:
        """Would app_queue ring this member now?"""
        return not self.paused and not self.in_call and self.device_state in ("not in use", "unknown")


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """What app_queue says about one queue. `exists` is False when it knows no queue of that name."""

    queue: str
    exists: bool
    members: tuple[QueueMember, ...] = ()
    callers_waiting: int = 0


def translate(headers: Mapping[str, str]) -> PbxEvent | None:
    """The fact an AMI event stands for, or None. Missing headers read as empty, as they differ between versions.

    Uniqueid is the queue leg's far half: the near half's id, which the application chose, and ";2". (Linkedid is the near
    half's id only until that is bridged with an older channel.) Dest… is the agent's own channel. AgentConnect comes after
    the whisper routine.
    """
    far = headers.get("Uniqueid", "")
    leg = far.removesuffix(";2") if far.endswith(";2") else headers.get("Linkedid", "")
    queue, interface = headers.get("Queue", ""), headers.get("Interface", "")
    agent, member = headers.get("DestUniqueid", ""), headers.get("MemberName", "")
    match headers.get("Event"):
        case "AgentCalled":
            return AgentRinging(leg, queue, interface, agent, member)
        case "AgentRingNoAnswer":
            # RingTime is in milliseconds here, unlike the RingTime of AgentConnect
            return AgentDeclined(leg, queue, interface, agent, member, _number(headers, "RingTime") / 1000)
        case "AgentConnect":
            return AgentJoined(leg, queue, interface, agent)
        case "AgentComplete":
            return AgentFinished(leg, agent, headers.get("Reason", ""), _number(headers, "TalkTime"))
        case _:
            return None


class AgentChannels:
    """Completes queue events that do not say whose they are.

    When the agent hangs up before the bridge, AgentConnect and AgentComplete come without the agent's channel, and AgentComplete
    even without the queue leg, when that was quicker to go (seen on 22.10). AgentCalled always has both, and an agent's
    interface is on all.
    """

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._called: OrderedDict[tuple[str, str], str] = OrderedDict()  # far half's id, interface → agent's channel

    def complete(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """The same headers, with Uniqueid and DestUniqueid where they are known."""
        event, interface = headers.get("Event"), headers.get("Interface", "")
        far = headers.get("Uniqueid", "") or self._latest_leg(interface)
        channel = headers.get("DestUniqueid", "") or self._called.get((far, interface), "")
        if event == "AgentCalled":
            self._called[far, interface] = channel
            while len(self._called) > self._limit:  # calls whose end was missed while AMI was away
                self._called.popitem(last=False)
        elif event in ("AgentRingNoAnswer", "AgentComplete"):
            self._called.pop((far, interface), None)
        return {**headers, "Uniqueid": far, "DestUniqueid": channel}

    def _latest_leg(self, interface: str) -> str:
        return next((far for far, called in reversed(self._called) if called == interface), "")


def read_queue_status(queue: str, events: Sequence[Mapping[str, str]]) -> QueueStatus:
    """The answer to a QueueStatus action."""
    own = [event for event in events if event.get("Queue") == queue]
    parameters = next((event for event in own if event.get("Event") == "QueueParams"), None)
    if parameters is None:
        return QueueStatus(queue, exists=False)
    members = tuple(_member(event) for event in own if event.get("Event") == "QueueMember")
    return QueueStatus(queue, True, members, int(_number(parameters, "Calls")))


def queue_names(events: Sequence[Mapping[str, str]]) -> list[str]:
    """The names in an answer to a QueueSummary action, sorted."""
    return sorted({event["Queue"] for event in events if event.get("Event") == "QueueSummary" and event.get("Queue")})


def _member(event: Mapping[str, str]) -> QueueMember:
    state = int(_number(event, "Status"))
    return QueueMember(
        interface=event.get("Location") or event.get("StateInterface", ""),
        name=event.get("Name", ""),
        device_state=_DEVICE_STATES[state] if 0 <= state < len(_DEVICE_STATES) else "unknown",
        paused=event.get("Paused") == "1",
        in_call=event.get("InCall") == "1",
        last_call=int(_number(event, "LastCall")),
    )


def _number(headers: Mapping[str, str], name: str) -> float:
    try:
        return float(headers.get(name, "") or 0)
    except ValueError:
        return 0.0
