"""Turns packets that come early, late, twice or not at all into an even row of 20 ms frames on the wall clock."""

from dataclasses import dataclass

FRAME_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Patience:
    """How far a packet may be from its moment, in seconds.

    late: how long a missing frame is waited for before it is filled with zeros; also the pause after which a talk spurt
    counts as new. early: a sender whose clock runs fast may get this far ahead before one of its packets is left out.
    jump: a timestamp further ahead than this says nothing any more, and the count starts anew.
    """

    late: float = 0.06
    early: float = 0.12
    jump: float = 1.0


class Timeline:
    """A row of frames of `rate` · 20 ms samples; frame n belongs to the wall clock's n-th 20 ms since `started`.

    Within a talk spurt the packets' timestamps say where a packet belongs. After a pause the next packet's arrival does:
    Asterisk sends nothing at all while it has nothing to say, and its timestamps need not have gone on meanwhile.
    Frames leave as soon as they are complete, so an undisturbed stream is not delayed. Time is an argument, in seconds.
    """

    def __init__(self, rate: int, started: float, patience: Patience | None = None) -> None:
        self._rate = rate
        self._frame_samples = round(rate * FRAME_SECONDS)
        self._frame_bytes = 2 * self._frame_samples
        self._silence = bytes(self._frame_bytes)
        self._started = started
        self._patience = patience or Patience()
        self._next = 0  # the frame that leaves next
        self._filling: dict[int, tuple[bytearray, int]] = {}  # frame → samples so far, how many bytes were put
        self._anchor: tuple[int, int] | None = None  # (timestamp, sample position) of the spurt's first packet
        self._last_arrival = started
        self._late_in_a_row = 0
        self.late_packets = 0
        self.skipped_packets = 0
        self.silent_frames = 0

    def put(self, timestamp: int, pcm: bytes, now: float, *, new_spurt: bool = False) -> list[bytes]:
        """A packet has come: `pcm` (16-bit little-endian) at RTP `timestamp`. Returns the frames that are complete now."""
        frames = self.advance(now)
        paused = now - self._last_arrival > self._patience.late
        self._last_arrival = now
        position = None if new_spurt or paused else self._position(timestamp)
        if position is not None:
            ahead = position / self._rate - (now - self._started)
            if ahead > self._patience.jump:
                position = None
            elif ahead > self._patience.early:
                self._skip(len(pcm) // 2)
                return frames
            elif position + len(pcm) // 2 <= self._next * self._frame_samples:
                self.late_packets += 1
                self._late_in_a_row += 1
                if self._late_in_a_row < 3:
                    return frames
                position = None
        if position is None:
            frames += self._start_spurt(timestamp, now)
            position = self._position(timestamp) or 0
        self._late_in_a_row = 0
        self._write(position, pcm)
        return frames + self._complete()

    def advance(self, now: float) -> list[bytes]:
        """The clock has moved on. Returns frames that are overdue, with zeros where nothing came."""
        overdue = int((now - self._started - self._patience.late) / FRAME_SECONDS + 1e-6)
        frames = []
        while self._next < overdue:
            frames.append(self._emit())
        return frames + self._complete() if frames else frames

    def _position(self, timestamp: int) -> int | None:
        """The sample position that `timestamp` stands for, or None before the first spurt."""
        if self._anchor is None:
            return None
        distance = (timestamp - self._anchor[0]) & 0xFFFFFFFF
        return self._anchor[1] + (distance - (1 << 32) if distance & 0x80000000 else distance)

    def _skip(self, samples: int) -> None:
        """Leave a packet out: all that follow move up by its length."""
        self.skipped_packets += 1
        if self._anchor is not None:
            self._anchor = (self._anchor[0], self._anchor[1] - samples)

    def _start_spurt(self, timestamp: int, now: float) -> list[bytes]:
        """Count anew: the packet that has just come holds the last 20 ms. What it overtakes was silence."""
        frame = max(self._next, int((now - self._started) / FRAME_SECONDS + 1e-6) - 1)
        self._anchor = (timestamp, frame * self._frame_samples)
        frames = []
        while self._next < frame:
            frames.append(self._emit())
        return frames

    def _write(self, position: int, pcm: bytes) -> None:
        offset = 2 * position
        first = 2 * self._next * self._frame_samples
        if offset < first:  # its beginning is too late
            pcm, offset = pcm[first - offset :], first
        while pcm:
            frame, start = divmod(offset, self._frame_bytes)
            part = pcm[: self._frame_bytes - start]
            samples, put = self._filling.get(frame) or (bytearray(self._frame_bytes), 0)
            samples[start : start + len(part)] = part
            self._filling[frame] = (samples, put + len(part))
            offset += len(part)
            pcm = pcm[len(part) :]

    def _complete(self) -> list[bytes]:
        frames = []
        while (filling := self._filling.get(self._next)) is not None and filling[1] >= self._frame_bytes:
            frames.append(self._emit())
        return frames

    def _emit(self) -> bytes:
        filling = self._filling.pop(self._next, None)
        self._next += 1
        if filling is None:
            self.silent_frames += 1
            return self._silence
        return bytes(filling[0])
