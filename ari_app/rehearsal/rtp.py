"""The audio half of a phone: paced sending that never drifts, and receiving that knows when each packet really came."""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import structlog

from ari_app.rehearsal import g711
from ari_app.rehearsal.g711 import Samples
from ari_app.rehearsal.recording import RATE, AudioPacket, Track, lay_out
from ari_app.rehearsal.rtp_packet import DigitReader, RtpPacket, Unwrapper, event_payload, parse_rtp
from ari_app.rehearsal.sdp import DEFAULT_DTMF_PAYLOAD_TYPE, PAYLOAD_TYPES, AudioLine, Codec

log = structlog.get_logger(__name__)

FRAME_SAMPLES: Final = 160
FRAME_SECONDS: Final = FRAME_SAMPLES / RATE
NOISE_DBFS: Final = -52.0
_SO_TIMESTAMPNS: Final = 35  # Linux; Python's socket module does not name it
_TIMESPEC: Final = struct.Struct("@qq")
_MAX_CATCH_UP: Final = 0.2
_KEY_FRAMES, _KEY_END_REPEATS, _KEY_GAP_FRAMES = 8, 3, 5


@dataclass(frozen=True, slots=True)
class Played:
    """When a piece of speech was on the wire (monotonic seconds), and whether all of it was."""

    start: float
    end: float
    complete: bool


@dataclass(frozen=True, slots=True)
class Pacing:
    """How late packets left against the ideal 20 ms grid, in milliseconds."""

    packets: int
    p50_ms: float
    p99_ms: float
    worst_ms: float


@dataclass(slots=True)
class _Speech:
    samples: Samples
    done: asyncio.Future[Played]
    position: int = 0
    start: float = 0.0


class RtpSession:
    """One call's RTP socket.

    It always sends: speech while there is some, else room noise from a seeded generator, whose every sample stands in
    the sent track. `on_frame(at, samples)` and `on_digit(at, digit)` are called for what arrives; `at` is the kernel's
    arrival time on the monotonic clock.
    """

    def __init__(
        self,
        host: str,
        *,
        noise_dbfs: float | None = NOISE_DBFS,
        seed: int = 1,
        on_frame: Callable[[float, Samples], None] = lambda at, samples: None,
        on_digit: Callable[[float, str], None] = lambda at, digit: None,
    ) -> None:
        self._on_frame, self._on_digit = on_frame, on_digit
        self._noise_rms = 0.0 if noise_dbfs is None else 32768.0 * 10 ** (noise_dbfs / 20)
        self._random = np.random.default_rng(seed)
        self._socket = _bound_socket(host)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self.opened_at = time.monotonic()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._read)
        self._peer: tuple[str, int] | None = None
        self._codec: Codec = "ulaw"
        self._dtmf_type: int | None = DEFAULT_DTMF_PAYLOAD_TYPE
        self._muted = False
        self._pacer: asyncio.Task[None] | None = None
        self._speeches: deque[_Speech] = deque()
        self._keys: deque[RtpPacket | None] = deque()
        self._source, self._sequence = secrets.randbits(32), secrets.randbits(15)
        self._timestamp_base = secrets.randbits(31)
        self._unwrapper, self._digits = Unwrapper(), DigitReader()
        self._sent: list[AudioPacket] = []
        self._received: list[AudioPacket] = []
        self._lateness: list[float] = []
        self._closed_at: float | None = None

    def point_at(self, line: AudioLine) -> None:
        """Sends to this peer from now on (first SDP, re-INVITE). A peer that only sends, or port 0, is not sent to."""
        self._peer = (line.host, line.port)
        self._codec = line.codec
        self._dtmf_type = line.dtmf
        self._muted = line.port == 0 or line.direction in ("sendonly", "inactive")
        if self._pacer is None and self._closed_at is None:
            self._pacer = asyncio.create_task(self._pace(), name="rtp-pacer")

    def play(self, samples: Samples) -> asyncio.Future[Played]:
        """Speaks after what is being spoken already. The future ends with the last sample on the wire."""
        speech = _Speech(samples, self._loop.create_future())
        self._speeches.append(speech)
        return speech.done

    def stop_playing(self) -> None:
        """Falls silent within 20 ms; what was waiting to be spoken is dropped."""
        now = time.monotonic()
        while self._speeches:
            speech = self._speeches.popleft()
            if not speech.done.done():
                speech.done.set_result(Played(speech.start or now, now, complete=False))

    def press(self, digits: str) -> None:
        """Sends RFC 4733 events, 160 ms a key. Raises `ValueError` when the peer did not offer them."""
        if self._dtmf_type is None:
            raise ValueError("the other side does not take RFC 4733 telephone events")
        for digit in digits:
            for number in range(_KEY_FRAMES + _KEY_END_REPEATS):
                end = number >= _KEY_FRAMES
                duration = min(number + 1, _KEY_FRAMES) * FRAME_SAMPLES
                payload = event_payload(digit, duration, end=end)
                self._keys.append(RtpPacket(self._dtmf_type, number == 0, 0, 0, self._source, payload))
            self._keys.extend([None] * _KEY_GAP_FRAMES)

    def sent(self, origin: float, end: float) -> Track:
        return lay_out(self._sent, origin, end)

    def heard(self, origin: float, end: float) -> Track:
        return lay_out(self._received, origin, end)

    @property
    def packets_heard(self) -> int:
        return len(self._received)

    def pacing(self) -> Pacing:
        late = np.array(self._lateness or [0.0]) * 1000
        return Pacing(len(self._lateness), float(np.median(late)), float(np.percentile(late, 99)), float(np.max(late)))

    async def close(self) -> None:
        if self._closed_at is not None:
            return
        self._closed_at = time.monotonic()
        self.stop_playing()
        self._loop.remove_reader(self._socket.fileno())
        if self._pacer is not None:
            self._pacer.cancel()
            await asyncio.gather(self._pacer, return_exceptions=True)
        self._socket.close()

    async def _pace(self) -> None:
        origin, number, key_timestamp = time.monotonic(), 0, 0
        while True:
            due = origin + number * FRAME_SECONDS
            delay = due - time.monotonic()
            if delay > 0:
                await asyncio.sleep(delay)
            elif delay < -_MAX_CATCH_UP:
                # The machine slept: the time stamps go on with the clock, as after a silence, and no burst follows.
                number += int(-delay / FRAME_SECONDS)
                due = origin + number * FRAME_SECONDS
            timestamp = self._timestamp_base + number * FRAME_SAMPLES
            key = self._keys.popleft() if self._keys else None
            if key is not None:
                key_timestamp = timestamp if key.marker else key_timestamp
                self._send(RtpPacket(key.payload_type, key.marker, 0, key_timestamp, self._source, key.payload))
            else:
                self._send_audio(due, timestamp, first=number == 0)
            self._lateness.append(max(time.monotonic() - due, 0.0))
            number += 1

    def _send_audio(self, due: float, timestamp: int, *, first: bool) -> None:
        samples = self._next_frame(due)
        payload = g711.encode(samples, self._codec)
        if self._muted:
            return
        self._send(RtpPacket(PAYLOAD_TYPES[self._codec], first, 0, timestamp, self._source, payload))
        self._sent.append(AudioPacket(due, self._source, timestamp, samples))

    def _next_frame(self, due: float) -> Samples:
        mixed = self._random.normal(0.0, self._noise_rms, FRAME_SAMPLES) if self._noise_rms else np.zeros(FRAME_SAMPLES)
        filled = 0
        while self._speeches and filled < FRAME_SAMPLES:
            speech = self._speeches[0]
            if speech.position == 0:
                speech.start = due + filled / RATE
            piece = speech.samples[speech.position : speech.position + FRAME_SAMPLES - filled]
            mixed[filled : filled + len(piece)] += piece
            speech.position += len(piece)
            filled += len(piece)
            if speech.position >= len(speech.samples):
                self._speeches.popleft()
                if not speech.done.done():
                    speech.done.set_result(Played(speech.start, due + filled / RATE, complete=True))
        return np.clip(mixed, -32768, 32767).astype(np.int16)

    def _send(self, packet: RtpPacket) -> None:
        if self._peer is None:
            return
        self._sequence += 1
        numbered = RtpPacket(packet.payload_type, packet.marker, self._sequence, packet.timestamp, packet.source, packet.payload)
        try:
            self._socket.sendto(numbered.to_bytes(), self._peer)
        except OSError as error:  # a full buffer, or ICMP "port unreachable" while the peer tears down
            log.debug("rtp_not_sent", error=str(error))

    def _read(self) -> None:
        while True:
            try:
                data, ancillary, _, _ = self._socket.recvmsg(2048, 128)
            except BlockingIOError:
                return
            except OSError as error:
                log.debug("rtp_not_read", error=str(error))
                return
            packet = parse_rtp(data)
            if packet is not None:
                self._take(packet, _arrival(ancillary))

    def _take(self, packet: RtpPacket, at: float) -> None:
        timestamp = self._unwrapper.feed(packet)
        for codec, payload_type in PAYLOAD_TYPES.items():
            if packet.payload_type == payload_type:
                samples = g711.decode(packet.payload, codec)
                self._received.append(AudioPacket(at, packet.source, timestamp, samples))
                self._on_frame(at, samples)
                return
        if packet.payload_type == (self._dtmf_type or DEFAULT_DTMF_PAYLOAD_TYPE):
            digit = self._digits.feed(packet)
            if digit is not None:
                self._on_digit(at, digit)


def _bound_socket(host: str) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    opened.bind((host, 0))
    try:
        opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    except OSError as error:
        log.debug("no_kernel_timestamps", error=str(error))
    return opened


def _arrival(ancillary: list[tuple[int, int, bytes]]) -> float:
    """The kernel's arrival time on the monotonic clock: a busy event loop must not look like a late packet."""
    now = time.monotonic()
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) == 16:
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            age = time.time() - (float(seconds) + float(nanoseconds) / 1e9)
            if 0 <= age < 5:
                return now - age
    return now
