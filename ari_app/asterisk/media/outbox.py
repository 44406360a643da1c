"""What is still to be said on a leg: appended by `play`, taken in frames by the pacer, emptied by `stop`."""

import asyncio
from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class _Piece:
    """One play() call's sound, already in the wire's encoding."""

    data: bytes
    done: "asyncio.Future[None]"
    taken: int = field(default=0)


class Outbox:
    """A queue of sound in the wire's encoding. Pieces follow each other without a seam; the last frame is padded."""

    def __init__(self, frame_bytes: int, padding: int) -> None:
        self._frame_bytes = frame_bytes
        self._padding = bytes([padding])
        self._pieces: deque[_Piece] = deque()
        self.frames_taken = 0

    def __bool__(self) -> bool:
        return bool(self._pieces)

    async def play(self, data: bytes) -> None:
        """Append `data`; returns when its last byte was taken, or at `clear`. Cancelling takes the rest back."""
        if not data:
            return
        piece = _Piece(data, asyncio.get_running_loop().create_future())
        self._pieces.append(piece)
        try:
            await piece.done
        finally:
            if piece in self._pieces:
                self._pieces.remove(piece)

    def take_frame(self) -> bytes | None:
        """The next frame, or None when there is nothing to say."""
        if not self._pieces:
            return None
        frame = bytearray()
        while self._pieces and len(frame) < self._frame_bytes:
            piece = self._pieces[0]
            part = piece.data[piece.taken : piece.taken + self._frame_bytes - len(frame)]
            frame += part
            piece.taken += len(part)
            if piece.taken == len(piece.data):
                self._finish(self._pieces.popleft())
        self.frames_taken += 1
        return bytes(frame).ljust(self._frame_bytes, self._padding)

    def clear(self) -> None:
        """Drop everything; waiting play() calls return."""
        while self._pieces:
            self._finish(self._pieces.popleft())

    @staticmethod
    def _finish(piece: _Piece) -> None:
        if not piece.done.done():
            piece.done.set_result(None)
