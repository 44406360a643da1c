"""One language's wording and word lists, read from its folder and validated, so that operators change words without code."""

from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ari_app.assistant.words import listed, stem
from ari_app.assistant.yaml_file import read_yaml
from ari_app.errors import BadSettings

LANGUAGES = Path(__file__).parent / "languages"

COMPANY_FIELDS = frozenset(
    listed(
        "name first_name reference destination situation day time seat bags number "
        "new_number new_day new_time topic event deadline_left bag article"
    )
)
_BOOKING_FIELDS = frozenset(listed("name destination day time number new_number new_day new_time seat bags"))
_FIELDS = {
    "greeting": {"company"},
    "goodbye": {"company"},
    "referred_again": {"answer"},
    "concerned": {"answer"},
    "offer_more": {"answer"},
    "company_article": {"answer"},
    "reference_part": {"heard"},
    "reference_unknown": {"heard"},
    "still_known": {"name"},
    "bag_tag": {"tag"},
}
_BOOKING_LINES = ("found_", "booking_", "situation_")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _worded(value: object) -> object:
    return value.split() if isinstance(value, str) else value


Lines = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
Words = Annotated[frozenset[str], BeforeValidator(_worded)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _check_fields(key: str, lines: tuple[str, ...], allowed: frozenset[str] | set[str]) -> None:
    for line in lines:
        used = {name for _, name, _, _ in Formatter().parse(line) if name is not None}
        if not used <= allowed:
            known = ", ".join(f"{{{name}}}" for name in sorted(allowed)) or "none"
            raise ValueError(f"{key}: {{{', '.join(sorted(used - allowed))}}} is unknown here; known: {known}")


class _Lines(_Strict):
    @model_validator(mode="after")
    def _fields_known(self) -> "_Lines":
        for key in type(self).model_fields:
            lines = getattr(self, key)
            if isinstance(lines, tuple) and lines and isinstance(lines[0], str):
                allowed = _BOOKING_FIELDS if key.startswith(_BOOKING_LINES) else _FIELDS.get(key, set())
                _check_fields(key, lines, allowed)
        return self


class WaitingWording(_Lines):
    not_understood: Lines
    how_long: Lines
    still_there: Lines
    thanks: Lines
    okay: Lines
    goodbye: Lines
    noted: Lines
    no_answer: Lines
    bag_tag: Lines
    human: Lines
    reference_unknown: Lines


class Wording(_Lines):
    """Everything the assistant says; see languages/en/wording.yaml."""

    greeting: Lines
    not_understood: Lines
    no_answer: Lines
    no_answer_still: Lines
    referred_again: Lines
    concerned: Lines
    offer_more: Lines
    nothing_more: Lines
    what_else: Lines
    anything_else: Lines
    goodbye: Lines
    hello: Lines
    glad: Lines
    person_wanted: Lines
    nothing_to_repeat: Lines
    ask_reference: Lines
    reference_part: Lines
    reference_unknown: Lines
    reference_given_up: Lines
    reference_declined: Lines
    lookup_failed: Lines
    wrong_booking: Lines
    only_with_reference: Lines
    needs_reference: Lines
    found_cancelled_rebooked: Lines
    found_cancelled: Lines
    found_scheduled: Lines
    still_known: Lines
    how_can_i_help: Lines
    take_your_time: Lines
    booking_cancelled_rebooked: Lines
    booking_cancelled: Lines
    booking_scheduled: Lines
    booking_new_flight: Lines
    booking_number: Lines
    booking_seat: Lines
    booking_no_seat: Lines
    booking_bags: Lines
    booking_one_bag: Lines
    situation_cancelled: Lines
    situation_scheduled: Lines
    waiting: WaitingWording
    nobody: Lines
    company: Annotated[tuple[Lines, ...], Field(min_length=1)]
    company_again: Lines
    company_article: Lines

    @model_validator(mode="after")
    def _company_usable(self) -> "Wording":
        for group in self.company:
            _check_fields("company", group, COMPANY_FIELDS)
        if not any("{" not in line for group in self.company for line in group):
            raise ValueError("company: at least one line must need no {words}")
        return self


class Small(_Strict):
    words: frozenset[str]
    with_: frozenset[str] = Field(default=frozenset(), alias="with")


class IntentWords(_Strict):
    small: Small | None = None
    anywhere: tuple[str, ...] = ()


class FactWords(_Strict):
    kin: frozenset[str]
    problem_words: frozenset[str]
    emergencies: frozenset[str]
    empty: frozenset[str]
    helpless_verbs: frozenset[str]


class Understanding(_Strict):
    """What callers' words mean; see languages/en/understanding.yaml."""

    intents: dict[str, IntentWords]
    booking_questions: dict[str, tuple[str, ...]]
    referral_phrases: tuple[str, ...]
    follow_up: tuple[str, ...]
    stop: Words
    synonyms: tuple[tuple[str, ...], ...]
    facts: FactWords

    def canonical(self) -> dict[str, str]:
        """Stem → the stem that stands for it."""
        return {stem(word): stem(group[0]) for group in self.synonyms for word in group if " " not in word}


class Spelling(_Strict):
    """How letters and digits are spelled out; see languages/en/spelling.yaml."""

    characters: dict[str, tuple[str, ...]]
    perhaps: dict[str, tuple[str, ...]]
    pairs: dict[str, str]
    repeats: dict[str, int]
    likening: frozenset[str]
    between: frozenset[str]

    def alphabet(self) -> dict[str, str]:
        """Character → the word it is read back with."""
        return {character: words[0] for character, words in self.characters.items()}


@dataclass(frozen=True, slots=True)
class Language:
    wording: Wording
    understanding: Understanding
    spelling: Spelling


def read_language(language: str, wording: Path | None = None) -> Language:
    """The built-in words of `language`, the wording replaced by an operator's own file when given. Raises BadSettings."""
    folder = LANGUAGES / language
    if not folder.is_dir():
        known = ", ".join(sorted(path.name for path in LANGUAGES.iterdir() if (path / "wording.yaml").exists()))
        raise BadSettings(f"The assistant does not speak '{language}'.", remedy=f"Set its language to one of: {known}.")
    return Language(
        read_yaml(wording or folder / "wording.yaml", Wording, "Wording file"),
        read_yaml(folder / "understanding.yaml", Understanding, "Word list"),
        read_yaml(folder / "spelling.yaml", Spelling, "Spelling file"),
    )
