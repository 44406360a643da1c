"""Takes from a caller's words what an agent should know: what it is about, and by when."""

import re
from collections.abc import Sequence

from ari_app.assistant.language import FactWords
from ari_app.assistant.words import in_words, listed, number, tokens
from ari_app.call.model import Fact

MATTER = "matter"
DEADLINE = "deadline"
_DETERMINERS = frozenset(listed("a an the my our his her their your some this that these those"))
_AUXILIARIES = frozenset(listed("is are was were be been will has have had do does did can could should would may"))
_PLACES = frozenset(listed("in on at inside with under into from"))
_CLAUSE = re.compile(r"[.!?;,]+|\b(?:and|but|because|so|which|who|listen)\b", re.I)
_HAVING = re.compile(
    r"\b(?:i|we|she|he|they)(?:'ve| have| had|'d)?(?: got| also| only)? "
    r"(?:have|had|got|put|packed|left|lost|forgot|forgotten|need|missed|checked in)\b"
    r"|\bi've got\b|\bwe've got\b|\bthere(?:'s| is| are)\b"
)
_QUESTION = re.compile(
    r"^(?:and |but |so )?(?:what|when|where|who|which|how|why|can|could|do|does|did|is|are|will|would|may|am)\b"
)
_TIME_WORDS = (
    r"(?:this |tomorrow |on )?(?:morning|afternoon|evening)|tonight|today|tomorrow(?: morning| afternoon| evening| night)?"
)
_DAYS = r"(?:on |this |next )(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_WHEN = re.compile(
    rf"\b(?:(?:in|within) (?P<count>.+?) (?P<unit>minutes?|hours?|days?|weeks?)|(?P<named>{_TIME_WORDS}|{_DAYS}))\b"
)
_HAPPENS = re.compile(
    r"(?P<event>(?:(?:a|an|the|my|our|his|her|their)\s)?[a-z'\s]*?)\s?"
    r"(?:'s|is|are|was|starts?|begins?|leaves?|departs?|takes place|happens|goes|will be|is starting|is leaving)?"
    r"(?: only| just| due)?$"
)
_THING = r"\b(?P<thing>(?:my|our|his|her|the) (?:[a-z']+ ){0,3}?[a-z']+) "
_IN_PLACE = re.compile(_THING + r"(?:is|are|was|were) (?:still |all )?(?P<place>(?:in|on|at|inside|with|under) .+)")
_TROUBLE = re.compile(
    _THING + r"(?P<verb>is|are|was|were|has been|have been|got|didn't|did not|hasn't|won't|does not|doesn't) (?P<rest>.+)"
)
_URGENT = re.compile(r"\b(?:need|needs|needed|must|have to|has to|got to)\b")
_MOST_WORDS = 9


class FactFinder:
    """Finds the matter and the deadline in one turn, by how such sentences are built, not by what they are about."""

    def __init__(self, words: FactWords) -> None:
        self._words = words
        kin = "|".join(sorted(words.kin))
        self._possessive = re.compile(rf"\b({kin})s (?=[a-z])")

    def find(self, text: str) -> tuple[Fact, ...]:
        """Facts of kind "matter" and "deadline", unverified."""
        facts: list[Fact] = []
        for clause in self._clauses(text):
            if _QUESTION.match(clause):
                continue
            without_time = _WHEN.sub("", clause).strip()
            for fact in (self._deadline(clause), self._matter(without_time)):
                if fact is not None and fact not in facts:
                    facts.append(fact)
        return tuple(facts)

    def _clauses(self, text: str) -> list[str]:
        parts = (" ".join(tokens(part)) for part in _CLAUSE.split(text.replace("’", "'")))
        return [self._possessive.sub(r"\1's ", part) for part in parts if part]

    def _deadline(self, clause: str) -> Fact | None:
        found = _WHEN.search(clause)
        if found is None:
            return None
        if found["unit"]:
            counted = number(["1"] if found["count"] in ("a", "an", "one") else found["count"].split())
            if counted is None:
                return None
            value = counted[0]
            unit = found["unit"].rstrip("s") + ("" if value == 1 else "s")
            written, spoken = f"in {value} {unit}", f"in {in_words(value)} {unit}"
        else:
            written = spoken = found["named"]
        event = self._event(clause[: found.start()].strip(), bool(found["named"]))
        return Fact(DEADLINE, f"{event} {written}", f"{event} {spoken}") if event else None

    def _event(self, before: str, named_day: bool) -> str:
        """What happens then: "ceremony"; "needed" when the caller must have it by then; empty: no deadline."""
        if _URGENT.search(before):
            return "needed"
        happens = _HAPPENS.search(before)
        words = [word for word in (happens["event"] if happens else "").split() if word not in _DETERMINERS]
        said = before.split()
        states = bool(said) and (said[-1] in _AUXILIARIES or re.search(r"(?:start|begin|leave|depart)s?$|place$|only$", before))
        if not words or len(words) > 4 or words[0] in ("i", "we", "it", "you", "they", "there") or not states:
            return ""
        if named_day and words[-1] == "flight":
            return ""  # known from the booking
        return " ".join(word for word in words if word not in _AUXILIARIES)

    def _matter(self, clause: str) -> Fact | None:
        for build in (self._possession, self._in_place, self._trouble, self._emergency):
            phrase = build(clause)
            if phrase:
                written = self._trimmed(phrase, keep_determiners=False)
                head = [word for word in written if word not in _PLACES and word not in self._words.empty]
                if head and written[0] not in self._words.empty and number(written) is None:
                    return Fact(MATTER, " ".join(written), " ".join(self._trimmed(phrase, keep_determiners=True)))
        return None

    def _possession(self, clause: str) -> list[str]:
        """ "i have my sister's wedding dress in my checked bag": what follows, when it is somewhere or belongs to somebody."""
        found = _HAVING.search(clause)
        rest = clause[found.end() :].split() if found else []
        placed = any(word in _PLACES for word in rest[1:])
        owned = bool(rest) and (rest[0] in ("my", "our", "his", "her") or any(word.endswith("'s") for word in rest[:3]))
        verb = found[0].split()[-1] if found else ""
        counts = placed or owned or verb in ("lost", "forgot", "forgotten", "left", "missed")
        return rest if counts and not any(word in ("to", "if") for word in rest[:2]) else []

    def _in_place(self, clause: str) -> list[str]:
        """ "my sister's wedding dress is in my checked bag"."""
        found = _IN_PLACE.search(clause)
        return f"{found['thing']} {found['place']}".split() if found else []

    def _trouble(self, clause: str) -> list[str]:
        """ "my passport is missing", "my bag didn't arrive"."""
        found = _TROUBLE.search(clause)
        if found is None:
            return []
        rest = found["rest"].split()
        if "n't" in found["verb"] or found["verb"].endswith("not"):
            verb = {"won't": "will not"}.get(found["verb"], found["verb"].replace("n't", " not"))
            return [*found["thing"].split(), *verb.split(), *rest[:4]]
        trouble = [word for word in rest if word in self._words.problem_words]
        return [*found["thing"].split(), trouble[0]] if trouble else []

    def _emergency(self, clause: str) -> list[str]:
        """ "this is a wedding emergency"."""
        found = re.search(r"\b(?:this is|it's|it is|that's) (?:(?:a|an|my) )?(.+)", clause)
        rest = found[1].split() if found else []
        ends = next((index for index, word in enumerate(rest) if word in self._words.emergencies), None)
        return rest[: ends + 1] if ends is not None and ends > 0 else []

    def _trimmed(self, words: Sequence[str], *, keep_determiners: bool) -> list[str]:
        kept: list[str] = []
        for index, word in enumerate(words):
            if word in _DETERMINERS and (index == 0 or not keep_determiners):
                continue
            kept.append("the" if word in _DETERMINERS else word)
        while kept and (kept[-1] in _PLACES or kept[-1] in ("now", "please", "you", "know", "see")):
            kept.pop()
        return kept[:_MOST_WORDS]


def topic(matter: str, words: FactWords) -> str:
    """A matter as one speaks about it: "sister's wedding dress in checked bag" → "your sister's wedding dress"."""
    head: list[str] = []
    for word in matter.split():
        if head and (word in _PLACES or word in _AUXILIARIES or word in words.problem_words):
            break
        head.append(word)
    owner = head[0].removesuffix("'s") if head else ""
    return f"{'your' if owner in words.kin and head[0] != owner else 'the'} {' '.join(head)}"


def adds_nothing(fact: Fact, known: Sequence[Fact], words: FactWords) -> bool:
    """Whether a matter only repeats known ones ("wedding emergency" after "sister's wedding dress in checked bag")."""
    told = {word for other in known if other.kind == fact.kind for word in other.value.split()}
    return any(other.kind == fact.kind and other.value == fact.value for other in known) or (
        fact.kind == MATTER and set(fact.value.split()) - words.emergencies <= told
    )


def event(deadline: str) -> str:
    """What the deadline is about: "ceremony in 12 hours" → "the ceremony"; empty when nothing is named."""
    name = re.split(r"\s(?:in \d|in a|today|tonight|tomorrow|on |this |next )", f" {deadline}", maxsplit=1)[0].strip()
    return f"the {name}" if name and name != "needed" else ""


def time_left(deadline: str) -> str:
    """The duration as words: "ceremony in 12 hours" → "twelve hours"; empty when it names a day."""
    found = re.search(r"\bin (\d+) (\w+)$", deadline)
    return f"{in_words(int(found[1]))} {found[2]}" if found else ""
