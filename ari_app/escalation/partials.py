"""Lets words decide while they are being said: what a recogniser's growing texts must show before a human is fetched for them."""

from dataclasses import dataclass

EVERY = 0.3  # seconds from one preview to the next
SETTLES = 0.4  # seconds for which words that decide must stay as they are where no others follow


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Words that carried these rules, not yet confirmed."""

    words: tuple[str, ...]
    rules: frozenset[str]


class PartialTriggers:
    """One per utterance; its clock is `at`, in seconds. What the words carry is for others to say: this is the seam.

    Every text goes to `heard`. `to_preview` gives the newest one whenever a look at it is due, and counts it as being looked at
    until `previewed` is told which rules it carries (by PartialEvidence, in the application). A rule is confirmed when a later
    text that goes on from the same words, one word longer at least, carries it as well, or when the words do not change for
    SETTLES. A text that replaces or takes back one of the words, or that carries the rule no longer, begins all over.
    The utterance's final text is no matter of this class: it is scored as a whole, and by itself.
    """

    def __init__(self, every: float = EVERY, settles: float = SETTLES) -> None:
        self._every, self._settles = every, settles
        self._words: tuple[str, ...] = ()
        self._changed_at = 0.0
        self._seen: tuple[str, ...] = ()
        self._seen_at: float | None = None
        self._looking = False
        self._candidate: _Candidate | None = None

    def heard(self, text: str, at: float) -> None:
        """The words so far, as the recogniser has them now."""
        words = tuple(text.split())
        if words == self._words:
            return
        if not _goes_on(self._words, words):
            self._candidate = None
        self._words, self._changed_at = words, at

    def to_preview(self, at: float) -> str | None:
        """The words so far where they are to be looked at now; None where nothing is new, it is too early, or one look is on."""
        if self._looking or not self._is_new() or at < self._earliest(at):
            return None
        self._looking, self._seen, self._seen_at = True, self._words, at
        return " ".join(self._words)

    def previewed(self, carried: frozenset[str]) -> frozenset[str]:
        """What the words last given out carry; returns the rules that are confirmed by it."""
        self._looking = False
        if not _goes_on(self._seen, self._words):
            return frozenset()
        before, self._candidate = self._candidate, _Candidate(self._seen, carried) if carried else None
        if before is None or len(self._seen) <= len(before.words):
            return frozenset()
        return before.rules & carried

    def settled(self, at: float) -> frozenset[str]:
        """The rules that are confirmed because their words have not changed for long enough."""
        candidate = self._candidate
        if self._looking or candidate is None or candidate.words != self._words or at < self._changed_at + self._settles:
            return frozenset()
        return candidate.rules

    def next_at(self, at: float) -> float | None:
        """When something may be due, `at` or later; None: not before more is heard."""
        if self._looking:
            return None
        if self._is_new():
            return self._earliest(at)
        standing = self._candidate is not None and self._candidate.words == self._words
        return max(at, self._changed_at + self._settles) if standing else None

    def _is_new(self) -> bool:
        """Whether at least one word came that the last look did not see."""
        return not _goes_on(self._words, self._seen)

    def _earliest(self, at: float) -> float:
        return at if self._seen_at is None else max(at, self._seen_at + self._every)


def _goes_on(earlier: tuple[str, ...], later: tuple[str, ...]) -> bool:
    return later[: len(earlier)] == earlier
