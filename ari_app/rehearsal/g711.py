"""G.711 by table look-up, because every telephone speaks it and Python 3.13 no longer brings audioop."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ari_app.rehearsal.sdp import Codec

Samples = NDArray[np.int16]


def _ulaw_decoder() -> Samples:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)
    return np.where(code & 0x80, 0x84 - magnitude, magnitude - 0x84).astype(np.int16)


def _alaw_decoder() -> Samples:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent = (code & 0x70) >> 4
    base = ((code & 0x0F) << 4) + 8
    magnitude = np.where(exponent > 0, (base + 0x100) << np.maximum(exponent - 1, 0), base)
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _encoder(decoder: Samples) -> NDArray[np.uint8]:
    """For each 16-bit value (index: value + 32768) the code whose decoded value is nearest."""
    order = np.argsort(decoder, kind="stable")
    levels = decoder[order].astype(np.int32)
    values = np.arange(-32768, 32768, dtype=np.int32)
    right = np.clip(np.searchsorted(levels, values), 1, len(levels) - 1)
    left_is_nearer = values - levels[right - 1] <= levels[right] - values
    return order[np.where(left_is_nearer, right - 1, right)].astype(np.uint8)


_DECODERS: Final[dict[Codec, Samples]] = {"ulaw": _ulaw_decoder(), "alaw": _alaw_decoder()}
_ENCODERS: Final[dict[Codec, NDArray[np.uint8]]] = {name: _encoder(table) for name, table in _DECODERS.items()}


def encode(samples: Samples, codec: Codec) -> bytes:
    """16-bit samples → one byte each."""
    return _ENCODERS[codec][samples.astype(np.int32) + 32768].tobytes()


def decode(payload: bytes, codec: Codec) -> Samples:
    """One byte each → 16-bit samples."""
    return _DECODERS[codec][np.frombuffer(payload, dtype=np.uint8)]
