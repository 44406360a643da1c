"""A call as JSON-able values and back, whole: what a restarted application adopts a running call from."""

import types
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from ari_app.call.call import Call


def to_dict(call: Call) -> dict[str, Any]:
    """Every field; enums as their values."""
    return asdict(call)


def from_dict(data: Mapping[str, Any]) -> Call:
    """The call that `to_dict` wrote (also after a trip through JSON). ValueError when it is none."""
    try:
        call = _build(Call, data)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"this is no snapshot of a call: {error}") from error
    assert isinstance(call, Call)
    return call


def _build(kind: Any, value: Any) -> Any:
    """`value` as an instance of the annotated type `kind`: dataclass, enum, optional, tuple or plain value."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        inner = next(part for part in get_args(kind) if part is not type(None))
        return None if value is None else _build(inner, value)
    if origin is tuple:
        return tuple(_build(get_args(kind)[0], one) for one in value)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        known = {field.name for field in fields(kind)}
        return kind(**{name: _build(hints[name], one) for name, one in value.items() if name in known})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    return value
