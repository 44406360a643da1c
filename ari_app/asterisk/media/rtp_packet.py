"""RTP packets (RFC 3550) as values, so that the sockets never see a header."""

import struct
from dataclasses import dataclass

_HEADER = struct.Struct("!BBHII")
_VERSION = 2

ULAW = 0
"""Static payload type of PCMU."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One packet; `timestamp` counts samples (modulo 2³²), `sequence` packets (modulo 2¹⁶)."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    marker: bool
    payload: bytes


def parse(datagram: bytes) -> RtpPacket | None:
    """The packet in `datagram`, or None when it is not RTP (STUN, RTCP on the same port, garbage)."""
    if len(datagram) < _HEADER.size:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
    if first >> 6 != _VERSION or 200 <= second <= 204:  # RFC 5761: these would be RTCP
        return None
    start = _HEADER.size + 4 * (first & 0x0F)
    end = len(datagram)
    if first & 0x10:  # header extension
        if end < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4], "big")
    if first & 0x20:  # padding: its length is its last byte
        end -= datagram[-1]
    if start > end:
        return None
    return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, bool(second & 0x80), datagram[start:end])


class RtpStream:
    """The sender's counters: every packet gets the next sequence number, the timestamp follows the clock.

    Silence is not sent; the timestamp skips it (RFC 3551, 4.1), and the first packet after it carries the marker.
    """

    def __init__(self, *, payload_type: int, samples_per_frame: int, ssrc: int, sequence: int, timestamp: int) -> None:
        self._payload_type = payload_type
        self._samples_per_frame = samples_per_frame
        self._ssrc = ssrc & 0xFFFFFFFF
        self._sequence = sequence & 0xFFFF
        self._timestamp = timestamp & 0xFFFFFFFF
        self._talking = False

    def pack(self, payload: bytes) -> bytes:
        """The datagram for the next 20 ms of sound."""
        second = self._payload_type | (0 if self._talking else 0x80)
        header = _HEADER.pack(_VERSION << 6, second, self._sequence, self._timestamp, self._ssrc)
        self._talking = True
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._advance()
        return header + payload

    def skip(self) -> None:
        """20 ms without sound."""
        self._talking = False
        self._advance()

    def _advance(self) -> None:
        self._timestamp = (self._timestamp + self._samples_per_frame) & 0xFFFFFFFF
