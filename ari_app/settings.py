"""The settings file, read once: one frozen, validated tree. Every mistake is told at once, with its place and its remedy."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from rapidfuzz import process
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ari_app.call.policy import Texts
from ari_app.errors import BadSettings

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Password = Annotated[str, Field(min_length=1)]
SECRETS = ("password", "token", "redis.url")  # ends of settings whose value no message shows


def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ValueError("write an address like http://127.0.0.1:8088/ari")
    return text


def _time_zone(name: str) -> str:
    known = available_timezones() if name else set()
    if name and name not in known:
        near = process.extractOne(name, known, score_cutoff=80)
        raise ValueError(f'must be a time zone, perhaps "{near[0]}"' if near else 'must be a time zone like "Europe/Berlin"')
    return name


def _phone_key(key: str) -> str:
    if len(key) > 1 or key not in "0123456789*#ABCD":
        raise ValueError("must be one key of a phone: 0-9, * or #; empty for none")
    return key


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AsteriskSettings(_Section):
    """How to reach Asterisk. `media_transport`: rtp works everywhere, websocket needs chan_websocket (22.6 or newer)."""

    ari_url: Annotated[str, AfterValidator(_web_address)] = "http://127.0.0.1:8088/ari"
    ari_username: str = "ari-app"
    ari_password: Password
    app: str = "ari-app"
    ami_host: str = "127.0.0.1"
    ami_port: Port = 5038
    ami_username: str = "ari-app"
    ami_password: Password
    agi_host: str = "127.0.0.1"
    agi_port: Port = 4573
    media_host: str = "127.0.0.1"
    media_transport: Literal["rtp", "websocket"] = "rtp"
    request_timeout: Seconds = 5.0


class RedisSettings(_Section):
    """`url` empty: a private redis-server is started (from `server`, or the PATH) that keeps its data in data_dir."""

    url: str = ""
    server: str = "redis-server"
    retention_days: int = Field(default=365, ge=1)


class HttpSettings(_Section):
    """The application's own pages and API. A `token` is required when `host` is not this machine's own address."""

    host: str = "127.0.0.1"
    port: int = Field(default=8089, ge=0, le=65535)
    token: str = ""


class SpeechSettings(_Section):
    """Ears and voice.

    `model_path`: a Vosk model's folder; empty: the embedded one, which knows synthesised voices only. `command`: flite,
    espeak-ng, text2wave, piper, a path that ends in one of them, or any command line with {text_file}, {voice}, {out}.
    The whisper is spoken by `whisper_command` and `whisper_voice`; empty: the same, a quarter faster.
    Pauses in seconds: how long a caller is quiet before his words may decide (short), before he has finished (long), and
    before an unfinished phrase counts as finished (patient). `workers`: threads that listen, 0 for one per core.
    """

    model_path: str = ""
    workers: int = Field(default=0, ge=0, le=64)
    short_pause: Seconds = 0.2
    long_pause: Seconds = 0.55
    patient_pause: Seconds = 0.9
    command: str = "flite"
    voice: str = "slt"
    whisper_command: str = ""
    whisper_voice: str = ""


class QueueSettings(_Section):
    """`wait`: seconds an agent is looked for. `attempts`: agents who may hang up instead of joining before nobody is left."""

    default: str = "support"
    wait: Seconds = 60.0
    attempts: int = Field(default=3, ge=1, le=20)
    context: str = "ari-app-queue"
    fallback_context: str = "ari-app-fallback"


_SAYS = Texts()


class HandoverSettings(_Section):
    """`whisper`: before (the agent hears it alone, then joins) or during (joined at once, whispered over the conversation).

    `human_key`: the key by which a caller gets a human, by queue, priority and words of the rule for human requests; empty: none.
    `quiet_seconds`: silence after which the caller is asked whether he is there. `guard_seconds`: how long a killed application
    may take to begin again before its callers are moved to the dialplan's queue.
    """

    whisper: Literal["before", "during"] = "before"
    human_key: Annotated[str, AfterValidator(_phone_key)] = "0"
    quiet_seconds: Seconds = 9.0
    guard_seconds: Seconds = 6.0
    hand_off: str = _SAYS.hand_off
    agent_left: str = _SAYS.agent_left
    goodbye: str = _SAYS.goodbye
    still_there: str = _SAYS.still_there
    cannot_hear: str = _SAYS.cannot_hear
    back_again: str = _SAYS.back_again
    human_requested: str = _SAYS.human_requested


class AssistantSettings(_Section):
    """`knowledge` (Markdown files) and `bookings` empty: what ships with the application, a made-up airline."""

    company: str = "Kestrel Bay Air"
    knowledge: tuple[str, ...] = ()
    bookings: str = ""
    language: str = "en"


class Settings(_Section):
    """The whole tree. Relative paths count from the settings file's folder.

    `meaning`: what measures it, besides words: the vectors that ship, MiniLM (a package of its own), or nothing. `time_zone`:
    by which rules with hours go ("Europe/Berlin"); empty: this machine's own.
    """

    asterisk: AsteriskSettings
    redis: RedisSettings = RedisSettings()
    http: HttpSettings = HttpSettings()
    speech: SpeechSettings = SpeechSettings()
    queues: QueueSettings = QueueSettings()
    handover: HandoverSettings = HandoverSettings()
    assistant: AssistantSettings = AssistantSettings()
    rules: str = ""
    meaning: Literal["built-in", "minilm", "off"] = "built-in"
    time_zone: Annotated[str, AfterValidator(_time_zone)] = ""
    data_dir: str = "ari-app-data"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"
    base: str = Field(default="", exclude=True, description="the settings file's folder; set by load()")

    def path(self, given: str) -> Path:
        """`given` as an absolute path."""
        return Path(self.base, given).expanduser()

    def zone(self) -> tzinfo | None:
        """None: this machine's own."""
        return ZoneInfo(self.time_zone) if self.time_zone else None

    def local_time(self, epoch: float) -> datetime:
        """Wall time where the rules' hours count; `epoch` in seconds."""
        return datetime.fromtimestamp(epoch).astimezone(self.zone())


def load(file: Path) -> Settings:
    """Read and validate a settings file. BadSettings names every mistake with file, line and field."""
    tree = _tree(file)
    try:
        return Settings.model_validate({**tree, "base": str(file.resolve().parent)})
    except ValidationError as error:
        found = sorted((_line(tree, one["loc"]), _mistake(dict(one))) for one in error.errors())
        mistakes = [f"{file}, line {line}: {mistake}" for line, mistake in found]
        raise BadSettings("\n".join(mistakes), "The README lists every setting with its default.") from None


def _tree(file: Path) -> CommentedMap:
    try:
        tree = YAML(typ="rt").load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadSettings(f"There is no settings file {file}.", "Name it with: ari-app serve -c FILE") from None
    except IsADirectoryError:
        raise BadSettings(f"The settings file {file} is a folder.", "Name the file in it: ari-app serve -c FILE") from None
    except OSError as error:
        raise BadSettings(
            f"The settings file {file} cannot be read: {error.strerror}.", "Let the application's user read it."
        ) from None
    except UnicodeDecodeError as error:
        raise BadSettings(f"{file} is no UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadSettings(
            f"{file}, line {line}: {error.problem}.", "Mend the YAML there, or just above: indentation, colons, quotes."
        ) from None
    except YAMLError as error:
        first = str(error).partition("\n")[0]
        raise BadSettings(f"{file} is no YAML: {first}.", "Save it as plain text, without control characters.") from None
    if not isinstance(tree, CommentedMap):
        raise BadSettings(f"{file} holds no settings.", "It should begin with a section such as `asterisk:`.")
    return tree


def _mistake(error: Mapping[str, Any]) -> str:
    place: tuple[object, ...] = error["loc"]
    field = ".".join(map(str, place))
    given = "…" if field.endswith(SECRETS) else repr(error["input"])
    match error["type"]:
        case "extra_forbidden":
            return f"{field}: there is no such setting{_did_you_mean(place)}"
        case "missing" | "string_too_short":
            return f"{field}: is missing."
        case "model_type":
            return f"{field}: is a section, with its settings indented below it, not {given}."
        case "tuple_type":
            return f"{field}: is a list, each item in a line of its own after a dash, not {given}."
        case "string_type":
            return f"{field}: must be a text, not {given}; write it in quotes."
        case "value_error":
            return f"{field}: {str(error['msg']).removeprefix('Value error, ')}, not {given}."
    message = str(error["msg"]).removeprefix("Input should be ").partition(", unable")[0]
    return f"{field}: must be {message}, not {given}."


def _did_you_mean(place: tuple[object, ...]) -> str:
    """The nearest name in the section that `place` leads to; else the section that has a setting of this name."""
    section: type[BaseModel] = Settings
    for name in place[:-1]:
        inner = section.model_fields[str(name)].annotation
        assert isinstance(inner, type)
        section = inner
    written = str(place[-1])
    near = process.extractOne(written, [name for name in section.model_fields if name != "base"], score_cutoff=70)
    if near:
        return f', did you mean "{near[0]}"?'
    homes = [name for name, one in Settings.model_fields.items() if written in getattr(one.annotation, "model_fields", ())]
    return f", it belongs into the section `{homes[0]}`." if homes else "."


def _line(tree: CommentedMap, place: tuple[object, ...]) -> int:
    """The line of the deepest part of `place` that the file has, counted from 1."""
    line, node = 0, tree
    for key in place:
        if not isinstance(node, CommentedMap) or key not in node:
            break
        line = node.lc.key(key)[0]
        node = node[key]
    return line + 1
