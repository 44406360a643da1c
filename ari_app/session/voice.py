"""The assistant's voice in one call: says texts one after the other, can be interrupted, and tells when it falls silent."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ari_app.errors import AriAppError
from ari_app.session.ports import MediaLeg, Synthesiser

BYTES_PER_SECOND = 16_000  # 8 kHz, 16 bit
SENTENCE_GAP = bytes(BYTES_PER_SECOND * 12 // 100)


@dataclass(slots=True)
class _Item:
    pieces: list[str]
    firm: bool
    said: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: bool = False


class Voice:
    """One per call. `on_silent` is called whenever all has been said, `on_lost` when the sound cannot be made or sent."""

    def __init__(
        self,
        synthesiser: Synthesiser,
        split: Callable[[str], Sequence[str]],
        on_silent: Callable[[], None],
        on_lost: Callable[[AriAppError], None],
    ) -> None:
        self._split = split
        self._synthesiser = synthesiser
        self._on_silent = on_silent
        self._on_lost = on_lost
        self._queue: deque[_Item] = deque()
        self._current: _Item | None = None
        self._wanted = asyncio.Event()
        self._silent = asyncio.Event()
        self._silent.set()
        self._leg: MediaLeg | None = None

    @property
    def leg(self) -> MediaLeg | None:
        return self._leg

    @property
    def busy(self) -> bool:
        return self._current is not None or bool(self._queue)

    def attach(self, leg: MediaLeg | None) -> None:
        """The leg to speak through from now on; None: no voice (what is said then waits for the next leg)."""
        self._leg = leg
        self._wanted.set()

    def say(self, text: str, *, firm: bool = False) -> asyncio.Event:
        """Say `text` after what is being said; the event is set when it was said or dropped. `firm`: never interrupted."""
        item = _Item(list(self._split(text)), firm)
        self._queue.append(item)
        self._silent.clear()
        self._wanted.set()
        return item.said

    def interrupt(self, *, firm: bool = False) -> None:
        """Fall silent within 100 ms; with `firm` also in the middle of what should not be interrupted."""
        for item in [*self._queue]:
            if firm or not item.firm:
                item.dropped = True
                item.said.set()
                self._queue.remove(item)
        current = self._current
        if current is not None and (firm or not current.firm):
            current.dropped = True
            if self._leg is not None:
                self._leg.stop()

    async def prepare(self, text: str) -> float:
        """Have `text` synthesised ahead; seconds that it will take to say."""
        pieces = self._split(text)
        sounds = [await self._synthesiser.synthesise(piece) for piece in pieces]
        return sum(map(len, sounds)) / BYTES_PER_SECOND + 0.12 * max(0, len(sounds) - 1)

    async def silent(self) -> None:
        """Wait until all has been said."""
        await self._silent.wait()

    async def run(self) -> None:
        """The voice's task; ends when it is cancelled."""
        while True:
            await self._wanted.wait()
            if self._leg is None or not self._queue:
                self._wanted.clear()
                continue
            item = self._current = self._queue.popleft()
            try:
                await self._say(item, self._leg)
            except AriAppError as error:
                self._on_lost(error)
            finally:
                item.said.set()
                self._current = None
            if not self._queue:
                self._silent.set()
                self._on_silent()

    async def _say(self, item: _Item, leg: MediaLeg) -> None:
        """Sentence by sentence, the next one synthesised while one is spoken."""
        if not item.pieces:
            return
        coming = asyncio.ensure_future(self._synthesiser.synthesise(item.pieces[0]))
        try:
            for index in range(len(item.pieces)):
                sound = await coming
                if index + 1 < len(item.pieces):
                    coming = asyncio.ensure_future(self._synthesiser.synthesise(item.pieces[index + 1]))
                    sound += SENTENCE_GAP
                if item.dropped:
                    return
                await leg.play(sound)
                if item.dropped:
                    return
        finally:
            coming.cancel()
