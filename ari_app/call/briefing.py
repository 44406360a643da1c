"""What the agent is told: one briefing, as a whisper for the ear, a card for the phone, and a line for its display."""

from dataclasses import dataclass

from ari_app.call.call import Call
from ari_app.call.model import Fact, Party, Score

WHISPER_CHARACTERS = 150  # about ten seconds of brisk speech
CARD_LINE = 60
CARD_LINES = 5
SAID = 70
MATTER_KINDS = ("matter", "deadline")
PERSON_KINDS = ("name", "booking")
MOOD_SIGNALS = {"negative sentiment": "upset", "raised voice": "speaks loudly", "low confidence": "hard to understand"}


@dataclass(frozen=True, slots=True)
class Briefing:
    """who: name and references with what is verified; situation: what the records say; matter: what the caller said;
    mood: how the call went; next_step: what the assistant would suggest. Each part may be empty."""

    name: str
    references: tuple[Fact, ...]
    situation: tuple[Fact, ...]
    matter: tuple[Fact, ...]
    mood: tuple[str, ...]
    next_step: str
    number: str

    @property
    def verified(self) -> bool:
        return bool(self.references) and all(fact.verified for fact in self.references)

    def whisper(self) -> str:
        """The spoken form, for the agent only; at most about ten seconds: the least important parts go first."""
        parts = self._whisper_parts()
        while sum(len(text) + 1 for _, text in parts) > WHISPER_CHARACTERS and len(parts) > 2:
            parts.remove(max(parts, key=lambda part: part[0]))
        return " ".join(text for _, text in parts)

    def _whisper_parts(self) -> list[tuple[int, str]]:
        """(importance, 0 the highest; sentence) in speaking order."""
        who = self.name or "A caller who gave no name"
        for fact in self.references:
            claim = "verified" if fact.verified else "not verified"
            who += f", {fact.kind} {fact.value}, {claim}"
        parts = [(0, f"{who}.")]
        parts += [(3, _sentence(fact.spoken or fact.value)) for fact in self.situation[:1]]
        if self.matter:
            parts.append((1, _sentence(", ".join(fact.value for fact in self.matter[:3]))))
        if self.mood:
            parts.append((4, _sentence(", ".join(self.mood))))
        if self.next_step:
            parts.append((2, f"Try {self.next_step[:1].lower()}{self.next_step[1:]}."))
        return parts

    def card(self, keys: str = "") -> str:
        """The written form for a desk phone: at most five lines."""
        head = " · ".join([self.name or self.number or "Unknown caller", *(_reference(fact) for fact in self.references)])
        situation = "; ".join(fact.value for fact in self.situation[:1])
        matter, mood = "; ".join(fact.value for fact in self.matter), " · ".join(self.mood)
        step = f"Try: {self.next_step}" if self.next_step else ""
        lines = [line for line in (head, situation, matter, mood, step, keys) if line]
        for spare in (situation, mood):
            if len(lines) > CARD_LINES and spare:
                lines.remove(spare)
        return "\n".join(_clip(line, CARD_LINE) for line in lines[:CARD_LINES])


def compose(call: Call) -> Briefing:
    """The briefing for a call as it stands now."""
    facts = call.facts
    name = next((fact.value for fact in facts if fact.kind == "name"), call.caller_name)
    return Briefing(
        name=name,
        references=tuple(fact for fact in facts if fact.kind not in ("name", "situation", *MATTER_KINDS)),
        situation=tuple(fact for fact in facts if fact.kind == "situation"),
        matter=_latest(tuple(fact for fact in facts if fact.kind in MATTER_KINDS)) or _said(call),
        mood=_mood(call.score),
        next_step=call.suggestion or "",
        number=call.caller_number,
    )


def display(call: Call, reason: str) -> str:
    """What the ringing phone shows as the name: `David M. / wedding bag 12h`."""
    names = compose(call).name.split()
    short = f"{names[0]} {names[-1][0]}." if len(names) > 1 else "".join(names)
    return f"{short} / {reason}" if short else reason


def _said(call: Call) -> tuple[Fact, ...]:
    """What the caller said last, where the assistant found no matter in it: better than nothing."""
    turn = call.transcript.last(Party.CALLER)
    words = (turn.text if turn else "") or (call.handover.decision.reason if call.handover else "")
    return (Fact("matter", f"said: {_clip(words, SAID)}"),) if words else ()


def _mood(score: Score | None) -> tuple[str, ...]:
    signals = [signal for part in (score.contributions if score else ()) for signal in part.signals if signal.strength > 0]
    names = {signal.name.replace("_", " ") for signal in signals}
    asked = sum(signal.name == "repetition" for signal in signals)
    mood = [("asked twice", "asked three times")[min(asked, 2) - 1]] if asked else []
    return (*mood, *(word for name, word in MOOD_SIGNALS.items() if name in names))


def _latest(matter: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """The first matter and the newest ones: what it is about, and what it has come to."""
    return matter if len(matter) <= 3 else (matter[0], *matter[-2:])


def _reference(fact: Fact) -> str:
    return f"{fact.value} ✓ verified" if fact.verified else f"{fact.value} (not verified)"


def _sentence(text: str) -> str:
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def _clip(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1].rstrip()}…"
