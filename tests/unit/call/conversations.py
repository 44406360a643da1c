"""A call to begin tests with, and a driver that keeps the commands of each step."""

from ari_app.call import commands as do
from ari_app.call import events as on
from ari_app.call.call import Call, CallState, Whispering
from ari_app.call.model import Decision, Fact, Party, Turn
from ari_app.call.policy import Policy
from ari_app.call.transitions import step

DECISION = Decision(("Caller goes in circles",), "support", 0, "Let me connect you to a specialist.", "wedding bag 12h")


def new_call() -> Call:
    return Call("call-1", "1700000000.1", "+15551234567", "David Miller", "100", 1_700_000_000.0)


class Driven:
    """A call and the policy it runs under; `then` applies an event and returns its commands."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.call = new_call()
        self.policy = policy or Policy()
        self.at = 0.0

    def then(self, event: on.Event) -> list[do.Command]:
        self.call, commands = step(self.call, event, self.policy)
        return commands

    def conversing(self) -> "Driven":
        self.then(on.CallerEntered(0.0))
        return self

    def seeking(self) -> "Driven":
        self.conversing()
        self.call = self.call.with_facts((Fact("name", "David Miller", verified=True),))
        self.then(on.HumanRequested(DECISION, "operator", 20.0))
        return self

    def ringing(self) -> "Driven":
        self.seeking()
        self.then(on.AgentRang("PJSIP/agent1", "Anna", "agent-channel", 20.3))
        return self

    def briefing(self) -> "Driven":
        self.ringing()
        self.then(on.AgentPickedUp("agent-channel", "PJSIP/agent1", 22.0))
        self.then(on.WhisperStarted(8.0, 22.05))
        return self

    def connected(self) -> "Driven":
        self.briefing()
        self.then(on.WhisperEnded(how=Whispering.HEARD, at=30.0))
        self.then(on.QueueLegEntered(self.call.queue_leg_id, 30.05))
        assert self.call.state is CallState.CONNECTED
        return self


def said(text: str, at: float = 1.0) -> on.CallerSpoke:
    return on.CallerSpoke(Turn(0, Party.CALLER, text, at - 1, at, confidence=0.9), at)


def kinds(commands: list[do.Command]) -> list[str]:
    return [type(command).__name__ for command in commands]
