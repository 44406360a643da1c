"""What an operator has decided about handovers, as values that the table of transitions reads."""

from dataclasses import dataclass, field

from ari_app.call.model import Decision


@dataclass(frozen=True, slots=True)
class Texts:
    """The few sentences that the application itself has the assistant say."""

    hand_off: str = "You are through to my colleague now."
    agent_left: str = "My colleague has left the line. Is there anything else I can do for you?"
    goodbye: str = "Thank you for calling. Goodbye."
    still_there: str = "Are you still there?"
    cannot_hear: str = "I am having trouble hearing you, so I am getting a colleague on the line."
    back_again: str = "Sorry, I was gone for a moment. I am here again."
    human_requested: str = "Of course. I am getting a colleague on the line for you."


@dataclass(frozen=True, slots=True)
class Policy:
    """whisper_mode: "before" (the agent hears it alone, then joins) or "during" (joined at once, whispered over the talk).

    queue_wait: seconds that the queue may ring before the caller is told that nobody is free. attempts: how often an agent
    who hung up instead of joining is followed by another one. silences: how often a silent caller is asked before goodbye.
    """

    default_queue: str = "support"
    whisper_mode: str = "before"
    queue_wait: float = 60.0
    attempts: int = 3
    silences: int = 3
    human_key: str = "0"
    card_keys: str = ""
    texts: Texts = field(default_factory=Texts)

    def decision_for(self, reason: str, rule: str, say: str) -> Decision:
        """A decision that no score led to: a key, the operator, or ears that failed."""
        return Decision(rules=(rule,), queue=self.default_queue, priority=0, say=say, reason=reason[:24])
