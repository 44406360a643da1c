"""External media over RTP: one UDP socket a leg, paced by the shared clock, deaf to strangers."""

import asyncio
import contextlib
import ipaddress
import secrets
import socket
import struct
import time
from collections.abc import AsyncIterator, Mapping

import structlog

from ari_app.asterisk.media import g711
from ari_app.asterisk.media.inbox import Inbox
from ari_app.asterisk.media.outbox import Outbox
from ari_app.asterisk.media.pacing import Pacer
from ari_app.asterisk.media.rtp_packet import ULAW, RtpPacket, RtpStream, parse
from ari_app.asterisk.media.timeline import FRAME_SECONDS, Timeline
from ari_app.asterisk.system_errors import in_words
from ari_app.errors import AriAppError
from ari_app.session.ports import MediaDirection

log = structlog.get_logger(__name__)

_LARGEST_DATAGRAM = 2048
_MOST_AT_ONCE = 500
_SO_TIMESTAMPNS = 35  # Linux; the socket module does not name it
_TIMESPEC = struct.Struct("@ll")
_ANCILLARY_BYTES = socket.CMSG_SPACE(_TIMESPEC.size)
_RATES = {"ulaw": 8000, "slin16": 16000}
_ULAW_RATE = 8000
_ULAW_FRAME = 160
_FRAMES_AHEAD = 2
"""How far Asterisk's mixer is kept supplied: 40 ms of our own lateness are not heard, and stop() stays far below 100 ms."""
_STALL_SECONDS = 0.1


class RtpLeg:
    """One external media channel's far end. `format`: "ulaw", or "slin16" for a leg that listens (16 kHz).

    Asterisk never played slin16 that was sent into it, so speech goes out as µ-law. While there is nothing to say nothing
    is sent: a mixing bridge and a whispering snoop make their own silence, and idle legs cost Asterisk nothing.
    """

    transport = "udp"
    encapsulation = "rtp"
    connection_type = "client"
    direction = "both"

    def __init__(
        self, leg_id: str, media: MediaDirection, sock: socket.socket, host: str, audio_format: str, pacer: Pacer
    ) -> None:
        self.leg_id = leg_id
        self.format = audio_format
        self.rate = _RATES[audio_format]
        self.external_host = f"[{host}]:{sock.getsockname()[1]}" if ":" in host else f"{host}:{sock.getsockname()[1]}"
        self._listens = media is MediaDirection.LISTEN
        self._sock = sock
        self._pacer = pacer
        self._remote: tuple[str, int] | None = None
        self._inbox = Inbox(leg_id)
        self._outbox = Outbox(_ULAW_FRAME, g711.SILENCE)
        self._stream = RtpStream(
            payload_type=ULAW,
            samples_per_frame=_ULAW_FRAME,
            ssrc=secrets.randbits(32),
            sequence=secrets.randbits(15),
            timestamp=secrets.randbits(32),
        )
        self._ahead = 0  # frames sent before their time
        self._last_tick = 0.0
        self._timeline: Timeline | None = None
        self._ssrc: int | None = None
        self._closed = False
        self.strangers = 0
        self.unsent = 0

    async def connected(self, variables: Mapping[str, str]) -> None:
        """Asterisk's end is known: UNICASTRTP_LOCAL_ADDRESS and UNICASTRTP_LOCAL_PORT of the external media channel.

        Raises AriAppError when they are missing or make no address. Sound that came before waits in the socket.
        """
        address, port = variables.get("UNICASTRTP_LOCAL_ADDRESS", ""), variables.get("UNICASTRTP_LOCAL_PORT", "")
        try:
            self._remote = (str(ipaddress.ip_address(address)), int(port))
        except ValueError as error:
            raise AriAppError(
                f"Asterisk gave no RTP address for the external media channel {self.leg_id}",
                "load chan_rtp.so (module load chan_rtp.so), it answers for external media over RTP",
            ) from error
        if self._closed:
            return
        if self._listens:
            with contextlib.suppress(OSError):  # not on this system: then the time of reading has to do
                self._sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            self._timeline = Timeline(self.rate, asyncio.get_running_loop().time())
            asyncio.get_running_loop().add_reader(self._sock, self._read)
        self._pacer.add(self)

    def frames(self) -> AsyncIterator[bytes]:
        """20 ms frames of 16-bit little-endian PCM at `rate`, zeros where nothing came; ends on close."""
        return self._inbox.frames()

    async def play(self, pcm: bytes) -> None:
        """Append 8 kHz PCM; returns when its last frame was sent, or at stop() or close()."""
        if self._listens:
            raise ValueError(f"media leg {self.leg_id} was opened to listen")
        if not self._closed:
            await self._outbox.play(g711.encode(pcm))

    def stop(self) -> None:
        """Drop what has not been sent; play() returns."""
        self._outbox.clear()

    @property
    def played_seconds(self) -> float:
        return self._outbox.frames_taken * FRAME_SECONDS

    @property
    def dropped_frames(self) -> int:
        """Frames that nobody fetched in time."""
        return self._inbox.dropped

    async def close(self) -> None:
        """Give the port back; idempotent. play() returns, frames() ends."""
        if self._closed:
            return
        self._closed = True
        self._pacer.remove(self)
        self._outbox.clear()
        self._inbox.close()
        if self._timeline is not None:
            asyncio.get_running_loop().remove_reader(self._sock)
        self._sock.close()

    def tick(self, now: float) -> None:
        """20 ms have passed: send the next frame, or fill what Asterisk left out."""
        if self._closed:
            return
        if self._timeline is not None:
            self._read()  # what came during a stall of the loop is not lost: it is only read late
            self._inbox.put(self._timeline.advance(now))
            return
        if now - self._last_tick > _STALL_SECONDS:  # what was ahead is used up
            self._ahead = 0
        self._last_tick = now
        self._speak()

    def _speak(self) -> None:
        """Send the frame that is due, and at the beginning of a talk spurt those that keep Asterisk supplied."""
        for _ in range(1 + _FRAMES_AHEAD - self._ahead):
            frame = self._outbox.take_frame()
            if frame is None:
                break
            self._send(self._stream.pack(frame))
            self._ahead += 1
        if self._ahead:
            self._ahead -= 1
        else:
            self._stream.skip()

    def _send(self, datagram: bytes) -> None:
        if self._remote is None:
            return
        try:
            self._sock.sendto(datagram, self._remote)
        except OSError as error:  # a full buffer or a network that is down: this frame is lost, the next may get through
            if not self.unsent:
                log.warning("sound cannot be sent to Asterisk", leg_id=self.leg_id, error=str(error))
            self.unsent += 1

    def _read(self) -> None:
        """Read all that is there: asyncio's own datagram transport takes one packet a turn and falls behind after a stall.

        When a packet came is the kernel's word, so that a stall of the event loop tears no holes into the sound.
        """
        clock_offset = time.time() - asyncio.get_running_loop().time()
        for _ in range(_MOST_AT_ONCE):
            try:
                datagram, ancillary, _flags, source = self._sock.recvmsg(_LARGEST_DATAGRAM, _ANCILLARY_BYTES)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                log.warning("sound cannot be received", leg_id=self.leg_id, error=str(error))
                return
            packet = parse(datagram) if self._is_asterisk(source) else None
            if packet is not None:
                self._heard(packet, _arrival(ancillary) - clock_offset)

    def _is_asterisk(self, source: tuple[str, int]) -> bool:
        if self._remote is None:
            return False
        address, port = self._remote
        if source[1] == port and (source[0] == address or ipaddress.ip_address(address).is_unspecified):
            return True
        if not self.strangers:
            log.warning("sound from an address that is not Asterisk's is ignored", leg_id=self.leg_id, expected=address)
        self.strangers += 1
        return False

    def _heard(self, packet: RtpPacket, now: float) -> None:
        if self._timeline is None:
            return
        if packet.payload_type == ULAW:
            pcm, wanted = g711.decode(packet.payload), self.format == "ulaw"
        else:  # slin16's payload type is dynamic: 118 unless rtp_pt_dynamic says otherwise
            pcm, wanted = g711.swap_bytes(packet.payload), self.format == "slin16"
        if not wanted:
            return
        new_stream = packet.ssrc != self._ssrc
        self._ssrc = packet.ssrc
        self._inbox.put(self._timeline.put(packet.timestamp, pcm, now, new_spurt=new_stream or packet.marker))


def _arrival(ancillary: list[tuple[int, int, bytes]]) -> float:
    """When the kernel got the packet, Unix time in seconds; now, where it does not say."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return float(seconds + nanoseconds * 1e-9)
    return time.time()


class RtpMediaFactory:
    """Opens RTP legs on `host`, an address of this machine that Asterisk can send to.

    Ports are the operating system's choice, or the first free one of `ports` where a firewall wants a range.
    """

    def __init__(self, host: str, *, listen_format: str = "ulaw", ports: range | None = None) -> None:
        if listen_format not in _RATES:
            raise ValueError(f"listen_format must be one of {', '.join(_RATES)}")
        self._host = host
        self._listen_format = listen_format
        self._ports = ports
        self._next_port = 0
        self._pacer = Pacer()

    async def open(self, leg_id: str, direction: MediaDirection) -> RtpLeg:
        """A leg with a bound socket. Raises AriAppError when the host or every port is unusable."""
        audio_format = self._listen_format if direction is MediaDirection.LISTEN else "ulaw"
        return RtpLeg(leg_id, direction, self._bound_socket(), self._host, audio_format, self._pacer)

    async def close(self) -> None:
        await self._pacer.close()

    def _bound_socket(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        problem: OSError | None = None
        for port in self._candidates():
            sock = socket.socket(family, socket.SOCK_DGRAM)
            sock.setblocking(False)
            try:
                sock.bind((self._host, port))
            except OSError as error:
                sock.close()
                problem = error
                continue
            return sock
        raise AriAppError(
            f"no UDP port for sound can be opened on {self._host}: {in_words(problem) if problem else 'none is free'}",
            "set media_host to an address of this machine that Asterisk can reach, or widen media_ports",
        )

    def _candidates(self) -> list[int]:
        """Ports in turn, so that a port is not used again while a late packet of the last call may still come."""
        if self._ports is None:
            return [0]
        ports = list(self._ports)
        start = self._next_port % len(ports)
        self._next_port += 1
        return ports[start:] + ports[:start]
