"""The settings file, read once: one frozen, validated tree. Every mistake is told at once, with its place and its remedy."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError

from ari_app.errors import BadSettings

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AsteriskSettings(_Section):
    """How to reach Asterisk. `media_transport`: rtp works everywhere, websocket needs chan_websocket (22.6 or newer)."""

    ari_url: str = "http://127.0.0.1:8088/ari"
    ari_username: str = "ari-app"
    ari_password: str
    app: str = "ari-app"
    ami_host: str = "127.0.0.1"
    ami_port: Port = 5038
    ami_username: str = "ari-app"
    ami_password: str
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


class HandoverSettings(_Section):
    """`whisper`: before (the agent hears it alone, then joins) or during (joined at once, whispered over the conversation)."""

    whisper: Literal["before", "during"] = "before"
    human_key: str = Field(default="0", max_length=1)
    quiet_seconds: Seconds = 9.0
    hand_off: str = "You are through to my colleague now."
    agent_left: str = "My colleague has left the line. Is there anything else I can do for you?"
    goodbye: str = "Thank you for calling. Goodbye."
    still_there: str = "Are you still there?"
    cannot_hear: str = "I am having trouble hearing you, so I am getting a colleague on the line."
    back_again: str = "Sorry, I was gone for a moment. I am here again."
    human_requested: str = "Of course. I am getting a colleague on the line for you."


class AssistantSettings(_Section):
    """`knowledge` (Markdown files) and `bookings` empty: what ships with the application, a made-up airline."""

    company: str = "Kestrel Bay Air"
    knowledge: tuple[str, ...] = ()
    bookings: str = ""
    language: str = "en"


class Settings(_Section):
    """The whole tree. Relative paths count from the settings file's folder."""

    asterisk: AsteriskSettings
    redis: RedisSettings = RedisSettings()
    http: HttpSettings = HttpSettings()
    speech: SpeechSettings = SpeechSettings()
    queues: QueueSettings = QueueSettings()
    handover: HandoverSettings = HandoverSettings()
    assistant: AssistantSettings = AssistantSettings()
    rules: str = ""
    data_dir: str = "ari-app-data"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"
    base: str = Field(default="", exclude=True, description="the settings file's folder; set by load()")

    def path(self, given: str) -> Path:
        """`given` as an absolute path."""
        return Path(self.base, given).expanduser()


def load(file: Path) -> Settings:
    """Read and validate a settings file. BadSettings names every mistake with file, line and field."""
    try:
        tree = YAML(typ="rt").load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadSettings(f"There is no settings file {file}.", "Name it with: ari-app serve -c FILE") from None
    except OSError as error:
        raise BadSettings(f"The settings file {file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadSettings(f"{file} is no UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadSettings(
            f"{file}, line {line}: {error.problem}.", "Mend the YAML there: indentation, colons, quotes."
        ) from error
    if not isinstance(tree, CommentedMap):
        raise BadSettings(f"{file} holds no settings.", "It should begin with a section such as `asterisk:`.")
    try:
        return Settings.model_validate({**tree, "base": str(file.resolve().parent)})
    except ValidationError as error:
        mistakes = [_mistake(file, tree, dict(one)) for one in error.errors()]
        raise BadSettings("\n".join(mistakes), "The README lists every setting with its default.") from None


def _mistake(file: Path, tree: CommentedMap, error: dict[str, object]) -> str:
    place = error["loc"]
    assert isinstance(place, tuple)
    field = ".".join(map(str, place))
    message = {
        "extra_forbidden": "there is no such setting",
        "missing": "is missing",
    }.get(str(error["type"]), f"{error['msg']}, not {error['input']!r}")
    return f"{file}, line {_line(tree, place)}: {field}: {message}."


def _line(tree: CommentedMap, place: tuple[object, ...]) -> int:
    """The line of the deepest part of `place` that the file has, counted from 1."""
    line, node = 0, tree
    for key in place:
        if not isinstance(node, CommentedMap) or key not in node:
            break
        line = node.lc.key(key)[0]
        node = node[key]
    return line + 1
