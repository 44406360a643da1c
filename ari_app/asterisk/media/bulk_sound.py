"""Keeps account of sound that Asterisk plays from its own buffer: what it has, what it has played, what must be said again."""

import asyncio
from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Piece:
    """One play() call's sound in the wire's encoding. `sent`: bytes that Asterisk has; `begun`: when it began to play them."""

    number: int
    data: bytes
    done: "asyncio.Future[None]"
    sent: int = field(default=0)
    begun: float | None = field(default=None)


class BulkSound:
    """Pieces that were handed to Asterisk and are not yet played, in order; `bytes_per_second` of the wire's encoding.

    Asterisk reports only the end of a piece, so what lies between is reckoned by the clock. Time is an argument, in seconds.
    """

    def __init__(self, bytes_per_second: int) -> None:
        self._bytes_per_second = bytes_per_second
        self._pieces: deque[Piece] = deque()
        self._finished_seconds = 0.0
        self._count = 0

    @property
    def pieces(self) -> tuple[Piece, ...]:
        return tuple(self._pieces)

    def add(self, data: bytes, done: "asyncio.Future[None]") -> Piece:
        self._count += 1
        piece = Piece(self._count, data, done)
        self._pieces.append(piece)
        return piece

    def sent(self, piece: Piece, count: int, now: float) -> None:
        """`count` bytes more of the piece went out."""
        piece.sent += count
        if self._pieces and self._pieces[0] is piece and piece.begun is None:
            piece.begun = now

    def seconds_ahead(self, now: float) -> float:
        """How much sound lies in Asterisk's buffer."""
        return sum(piece.sent for piece in self._pieces) / self._bytes_per_second - self._played_of_first(now)

    def finished(self, number: int, now: float) -> None:
        """Asterisk has played piece `number`, and so everything before it."""
        if not any(piece.number == number for piece in self._pieces):
            return
        while self._pieces:
            piece = self._pieces.popleft()
            self._finished_seconds += len(piece.data) / self._bytes_per_second
            _resolve(piece)
            if piece.number == number:
                break
        if self._pieces and self._pieces[0].sent:
            self._pieces[0].begun = now

    def drop(self, now: float) -> None:
        """Asterisk's buffer was emptied: what was played until now counts, the rest is gone."""
        self._finished_seconds += self._played_of_first(now)
        while self._pieces:
            _resolve(self._pieces.popleft())

    def take_back(self, piece: Piece, now: float) -> list[Piece]:
        """Remove one piece. Returns the others, cut down to what is still to be played: they must be sent again."""
        played = self._played_of_first(now)
        self._finished_seconds += played
        if self._pieces and played:
            first = self._pieces[0]
            first.data = first.data[round(played * self._bytes_per_second) & ~1 :]
        self._pieces = deque(other for other in self._pieces if other is not piece)
        for other in self._pieces:
            other.sent, other.begun = 0, None
        return list(self._pieces)

    def overdue(self, now: float, grace: float) -> Piece | None:
        """The first piece, when Asterisk should have reported its end `grace` seconds ago."""
        if not self._pieces or self._pieces[0].begun is None:
            return None
        piece = self._pieces[0]
        return piece if now - (piece.begun or 0.0) > len(piece.data) / self._bytes_per_second + grace else None

    def played_seconds(self, now: float) -> float:
        return self._finished_seconds + self._played_of_first(now)

    def _played_of_first(self, now: float) -> float:
        if not self._pieces or self._pieces[0].begun is None:
            return 0.0
        piece = self._pieces[0]
        return min(max(0.0, now - (piece.begun or 0.0)), len(piece.data) / self._bytes_per_second)


def _resolve(piece: Piece) -> None:
    if not piece.done.done():
        piece.done.set_result(None)
