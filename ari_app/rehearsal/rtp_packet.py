"""RTP packets and the telephone events in them (RFC 3550, RFC 4733), as pure functions."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

DIGITS: Final = "0123456789*#ABCD"
_HEADER: Final = struct.Struct("!BBHII")
_EVENT: Final = struct.Struct("!BBH")


@dataclass(frozen=True, slots=True)
class RtpPacket:
    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    source: int
    payload: bytes

    def to_bytes(self) -> bytes:
        second = self.payload_type | (0x80 if self.marker else 0)
        header = _HEADER.pack(0x80, second, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.source)
        return header + self.payload


def parse_rtp(data: bytes) -> RtpPacket | None:
    """`None` when it is no RTP (RTCP on the same port, a STUN request, garbage)."""
    if len(data) < _HEADER.size or data[0] >> 6 != 2 or 192 <= data[1] <= 223:
        return None
    first, second, sequence, timestamp, source = _HEADER.unpack_from(data)
    start = _HEADER.size + 4 * (first & 0x0F)
    if first & 0x10:  # header extension
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
    end = len(data) - (data[-1] if first & 0x20 else 0)
    if start > end:
        return None
    return RtpPacket(second & 0x7F, bool(second & 0x80), sequence, timestamp, source, data[start:end])


def event_payload(digit: str, duration: int, *, end: bool, volume: int = 10) -> bytes:
    """`duration` in samples since the key went down."""
    return _EVENT.pack(DIGITS.index(digit.upper()), (0x80 if end else 0) | volume, min(duration, 0xFFFF))


class DigitReader:
    """Turns telephone-event packets into digits: one per key press, however many packets repeat it."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None

    def feed(self, packet: RtpPacket) -> str | None:
        """The digit when its first packet came, else `None`."""
        if len(packet.payload) < _EVENT.size:
            return None
        event = packet.payload[0]
        press = packet.source, packet.timestamp
        if press == self._last or event >= len(DIGITS):
            return None
        self._last = press
        return DIGITS[event]


class Unwrapper:
    """Makes 32-bit RTP time stamps of one source count on beyond their overflow."""

    def __init__(self) -> None:
        self._source: int | None = None
        self._last = 0

    def feed(self, packet: RtpPacket) -> int:
        if packet.source != self._source:
            self._source, self._last = packet.source, packet.timestamp
        else:
            step = (packet.timestamp - self._last) & 0xFFFFFFFF
            self._last += step if step < 0x80000000 else step - 0x100000000
        return self._last
