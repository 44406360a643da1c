"""The schema of a rehearsal script: what the caller and the agents do, written down by an operator in YAML."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ari_app.rehearsal.errors import ScriptError

HANG_UP: Final = "hang up"
_STEP_KEYS: Final = ("wait", "say", "press", "pause", "chat", HANG_UP)

Ear = Literal["greeting", "reply", "quiet", "whisper", "join", "hangup"]
AgentMoment = Literal["ringing", "answered", "joined", "speaking", "gone"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class WaitFor(_Part):
    """Short: `greeting`. Long: `{for: reply, quiet: 900, timeout: 30}` or `{agent: joined}` or `{application: decided}`.

    `quiet` is in milliseconds, `timeout` in seconds. With `optional` the script goes on when it does not happen.
    """

    ear: Annotated[Ear | None, Field(alias="for")] = None
    agent: AgentMoment | None = None
    application: str | None = None
    quiet: Annotated[int, Field(ge=100, le=10_000)] = 700
    timeout: Annotated[float, Field(gt=0, le=600)] = 30.0
    optional: bool = False

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"for": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_thing(self) -> WaitFor:
        if sum(part is not None for part in (self.ear, self.agent, self.application)) != 1:
            raise ValueError("a wait waits for exactly one of: for, agent, application")
        return self

    @property
    def words(self) -> str:
        if self.agent is not None:
            return f"agent {self.agent}"
        return f"application {self.application}" if self.application is not None else str(self.ear)


class Utterance(_Part):
    """Short: a text. Long: `{text: …, voice: slt, louder: 6, deciding: true}`; `louder` is in dB.

    `deciding` marks the words after which a handover is expected; the measurements count from their end.
    """

    text: Annotated[str, Field(min_length=1)]
    voice: str | None = None
    louder: Annotated[float, Field(ge=-40, le=30)] = 0.0
    deciding: bool = False

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"text": value} if isinstance(value, str) else value


class WaitStep(_Part):
    wait: WaitFor

    @property
    def words(self) -> str:
        return f"wait: {self.wait.words}"


class SayStep(_Part):
    say: Utterance

    @property
    def words(self) -> str:
        return f'say: "{self.say.text}"'


class PressStep(_Part):
    press: Annotated[str, Field(pattern=r"^[0-9*#A-Da-d]+$")]

    @property
    def words(self) -> str:
        return f"press: {self.press}"


class PauseStep(_Part):
    pause: Annotated[float, Field(ge=0, le=600)]

    @property
    def words(self) -> str:
        return f"pause: {self.pause:g}"


class ChatStep(_Part):
    """Answers whenever the other side has finished speaking, with the next of these sentences, `until` something happens.

    When the sentences are used up, it only listens. A sentence that has begun is spoken to its end.
    """

    chat: Annotated[list[str], Field(min_length=1)]
    until: WaitFor

    @property
    def words(self) -> str:
        return f"chat until: {self.until.words}"


class HangUpStep(_Part):
    hang_up: Literal["hang up"] = "hang up"

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {} if isinstance(value, str) else value

    @property
    def words(self) -> str:
        return HANG_UP


def _kind_of_step(value: Any) -> str | None:
    if isinstance(value, str):
        return value if value == HANG_UP else None
    if isinstance(value, dict):
        return next((key for key in _STEP_KEYS if key in value), None)
    return HANG_UP if isinstance(value, HangUpStep) else next((key for key in _STEP_KEYS if hasattr(value, key)), None)


Step = Annotated[
    Annotated[WaitStep, Tag("wait")]
    | Annotated[SayStep, Tag("say")]
    | Annotated[PressStep, Tag("press")]
    | Annotated[PauseStep, Tag("pause")]
    | Annotated[ChatStep, Tag("chat")]
    | Annotated[HangUpStep, Tag(HANG_UP)],
    Discriminator(_kind_of_step),
]
AnyStep = WaitStep | SayStep | PressStep | PauseStep | ChatStep | HangUpStep


class Caller(_Part):
    number: Annotated[str, Field(pattern=r"^\+?[0-9*#]{1,20}$")]
    name: str = ""
    voice: str | None = None
    noise: Annotated[float, Field(ge=-90, le=-20)] = -52.0
    answered_within: Annotated[float, Field(gt=0, le=120)] = 15.0


class Agent(_Part):
    """A person at a desk phone. `account` is the SIP user name; without it the agents take the target's in turn.

    Either `says` (the first sentence when `speaks` has come, each further one after the caller's reply) or `steps`.
    """

    name: str = ""
    account: str | None = None
    answers_after: Annotated[float | None, Field(ge=0, le=300)] = 1.5
    declines: bool = False
    voice: str | None = None
    noise: Annotated[float, Field(ge=-90, le=-20)] = -52.0
    speaks: Literal["after whisper", "after join"] = "after join"
    says: list[Utterance] = []
    hangs_up_after: Annotated[float | None, Field(ge=0, le=300)] = None
    steps: list[Step] = []

    @model_validator(mode="after")
    def _one_script(self) -> Agent:
        if self.says and self.steps:
            raise ValueError("an agent has either says or steps, not both")
        return self

    def all_steps(self) -> list[AnyStep]:
        """`steps`, or what `says`, `speaks` and `hangs_up_after` mean as steps."""
        if self.steps:
            return list(self.steps)
        steps: list[AnyStep] = [_wait("whisper" if self.speaks == "after whisper" else "join", 90.0)]
        for number, utterance in enumerate(self.says):
            if number:
                steps.append(_wait("reply", 12.0, optional=True))
            steps.append(SayStep(say=utterance))
        if self.hangs_up_after is None:
            steps.append(_wait("hangup", 600.0))
        else:
            steps += [PauseStep(pause=self.hangs_up_after), HangUpStep()]
        return steps


class Expectations(_Part):
    """What must have been true for the rehearsal to pass; what is left out is not checked. Times in milliseconds."""

    handover: bool | None = None
    queue: str | None = None
    agent: str | None = None
    number: str | None = None
    card: str | None = None
    whisper_heard_by_agent: bool | None = None
    whisper_heard_by_caller: bool | None = None
    ring_within: float | None = None
    whisper_within: float | None = None
    two_way_within: float | None = None
    longest_silence: float | None = None
    word_error_rate: Annotated[float | None, Field(ge=0, le=1)] = None


class Script(_Part):
    name: str
    caller: Caller
    steps: Annotated[list[Step], Field(min_length=1)]
    agents: list[Agent] = []
    expect: Expectations = Expectations()

    @model_validator(mode="after")
    def _names(self) -> Script:
        named = [agent.name for agent in self.agents if agent.name]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise ValueError(f"two agents are called {', '.join(twice)}")
        return self


def load_script(path: Path) -> Script:
    """Reads and checks a script. Raises `ScriptError` that names the file, every wrong field and the remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        known = ", ".join(builtin_scripts())
        raise ScriptError(
            f"cannot read the script {path}: {error.strerror}", f"give a YAML file, or one that comes along: {known}"
        ) from error
    return parse_script(text, str(path))


def parse_script(text: str, source: str) -> Script:
    """As `load_script`, from text; `source` is named in errors."""
    try:
        raw = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise ScriptError(f"{source} is no YAML: {' '.join(str(error).split())}", "mend it at the line it names") from error
    if not isinstance(raw, dict):
        raise ScriptError(f"{source} holds no script", "a script has: name, caller, steps, agents, expect")
    try:
        return Script.model_validate(raw)
    except ValidationError as error:
        problems = [f"{_place(problem['loc'])}: {_complaint(problem)}" for problem in error.errors()]
        raise ScriptError(
            f"{source} cannot be used:\n        " + "\n        ".join(problems),
            "`ari-app rehearse --help` shows the schema; the script wedding_dress is a complete example",
        ) from error


def builtin_scripts() -> list[str]:
    """Names of the scripts that come with the package."""
    folder = resources.files("ari_app.rehearsal") / "scripts"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def builtin_script(name: str) -> Script:
    """A script of the package by its name. Raises `ScriptError` for an unknown one."""
    if name not in builtin_scripts():
        raise ScriptError(f"there is no script {name!r}", f"those that come along: {', '.join(builtin_scripts())}")
    entry = resources.files("ari_app.rehearsal") / "scripts" / f"{name}.yaml"
    return parse_script(entry.read_text(encoding="utf-8"), f"{name}.yaml")


def _wait(ear: Ear, timeout: float, *, optional: bool = False) -> WaitStep:
    return WaitStep(wait=WaitFor(ear=ear, timeout=timeout, optional=optional))


def _place(location: tuple[int | str, ...]) -> str:
    """`("steps", 3, "say", "say", "text")` → `steps[3].say.text`, counted from 1 as people count."""
    parts: list[str] = []
    for part in location:
        if isinstance(part, int):
            parts[-1:] = [f"{parts[-1]}[{part + 1}]"] if parts else [f"[{part + 1}]"]
        elif not parts or parts[-1] != part:
            parts.append(part)
    return ".".join(parts) or "the script"


def _complaint(problem: Any) -> str:
    if problem["type"] in ("union_tag_not_found", "union_tag_invalid"):
        return f"no such step; the steps are: {', '.join(_STEP_KEYS)}"
    if problem["type"] == "extra_forbidden":
        return "there is no such field here"
    message = str(problem["msg"]).removeprefix("Value error, ")
    given = problem.get("input")
    return f"{message} (found {given!r})" if isinstance(given, (str, int, float)) else message
