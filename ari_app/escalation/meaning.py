"""What a turn does in the conversation, as a trained reader understands it: the seam behind which meaning is measured.

The signals go by two kinds of evidence: words and structure (always there, any language with a lexicon), and meaning, where an
Understanding is given. Neither knows which machine stands behind this seam.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ari_app.call.model import Turn
from ari_app.escalation.similarity import Similarity

CALLER_ACTS = (
    *("human", "legal", "urgent", "judgement", "beyond", "upset", "again"),
    *("accepts", "asks", "garbled", "annoyed", "gives", "confirms", "aside", "smalltalk"),
)
"""human: asks for a person. legal: law, regulator, privacy. beyond: needs a specialist. again: asks again, not served."""
ASSISTANT_ACTS = (
    *("refers", "no_answer", "beside", "same", "not_understood", "does"),
    *("answers", "asks", "confirms", "soothes", "closes", "greets"),
)
"""refers: sends the caller elsewhere. beside: answers something else. same: says its piece over again. does: carries it out."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """How surely (0–1) a turn does each act, and the part of the turn that says so most clearly."""

    acts: Mapping[str, float] = field(default_factory=dict)
    clauses: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, act: str) -> float:
        return self.acts.get(act, 0.0)


class Understanding(Similarity, Protocol):
    """Reads turns by meaning, and compares sentences by it."""

    def read(self, turn: Turn, before: Sequence[Turn]) -> Meaning:
        """What the turn does. `before`: the turns so far, oldest first. Blocking: up to some 20 ms."""
        ...
