"""Reads a YAML file into a validated model, so that every mistake in it is reported with its place and its remedy."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ari_app.errors import BadSettings

Model = TypeVar("Model", bound=BaseModel)


def read_text(path: Path, what: str) -> str:
    """The file's text. Raises BadSettings when it is absent, unreadable or no UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadSettings(f"{what} {path} does not exist.", remedy="Correct the path in the settings.") from None
    except IsADirectoryError:
        raise BadSettings(f"{what} {path} is a folder.", remedy="Name the file itself in the settings.") from None
    except UnicodeDecodeError as error:
        raise BadSettings(f"{what} {path} is not UTF-8 text (byte {error.start}).", remedy="Save it as UTF-8.") from None
    except OSError as error:
        raise BadSettings(f"{what} {path} cannot be read: {error.strerror}.", remedy="Check its permissions.") from None


def read_yaml(path: Path, model: type[Model], what: str) -> Model:
    """The file as `model`. Raises BadSettings naming the line (syntax) or the fields (content)."""
    text = read_text(path, what)
    try:
        content: Any = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = (error.problem if isinstance(error, MarkedYAMLError) else None) or "no valid YAML"
        raise BadSettings(f"{what} {place}: {problem}.", remedy="Correct the YAML at that line.") from None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(str(part) for part in e['loc']) or 'file'}: {e['msg']}" for e in error.errors()[:5])
        raise BadSettings(f"{what} {path}: {faults}.", remedy="Correct the fields named above.") from None
