"""Remembers which channels the application has in Asterisk, and who waits for one of them to enter it."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from ari_app.errors import ChannelGone


class ChannelBook:
    """Channel ids by what we know of them. Identifiers are ours, so a route exists before Asterisk can speak of the channel."""

    def __init__(self) -> None:
        self._awaited: dict[str, asyncio.Future[None]] = {}
        self._helpers: set[str] = set()
        self._abandoned: set[str] = set()
        self._announced: set[str] = set()
        self._alive: set[str] = set()
        self._inside: set[str] = set()
        self._found: set[str] = set()
        self._hanging_up: dict[str, int] = {}

    # ------------------------------------------------------------------------------------------------ what we do

    def expect(self, channel_id: str) -> "asyncio.Future[None]":
        """A helper channel (snoop, external media) will be asked for; the future ends when it enters the application."""
        entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited[channel_id] = entered
        self._helpers.add(channel_id)
        return entered

    def stop_expecting(self, channel_id: str) -> None:
        self._awaited.pop(channel_id, None)

    def abandon(self, channel_id: str) -> None:
        """Nobody wants this channel any more, even if Asterisk makes it later."""
        self.stop_expecting(channel_id)
        self._abandoned.add(channel_id)

    def forget(self, channel_id: str) -> None:
        self._abandoned.discard(channel_id)
        self._helpers.discard(channel_id)

    @contextmanager
    def announced(self, channel_id: str) -> Iterator[None]:
        """While Asterisk is asked for a channel, or for its events. After a yes its end must not be missed.

        The channel may end before Asterisk's answer is here; then it is not remembered.
        """
        self._announced.add(channel_id)
        try:
            yield
            if channel_id in self._announced:
                self._alive.add(channel_id)
        finally:
            self._announced.discard(channel_id)

    # ------------------------------------------------------------------------------------------------ what Asterisk says

    def entered(self, channel_id: str) -> bool:
        """The channel is in the application. True when it is a helper, which nobody else needs to hear of."""
        self._alive.add(channel_id)
        self._inside.add(channel_id)
        waiting = self._awaited.pop(channel_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
        return channel_id in self._helpers

    def found(self, channel_id: str) -> None:
        """The channel was in the application before we were: no entry is told of it, but its end must not be missed."""
        self._alive.add(channel_id)
        self._found.add(channel_id)

    def was_found(self, channel_id: str) -> bool:
        return channel_id in self._found

    def is_inside(self, channel_id: str) -> bool:
        """It has entered the application and has not left it yet."""
        return channel_id in self._inside

    def is_abandoned(self, channel_id: str) -> bool:
        return channel_id in self._abandoned

    def hang_up_requested(self, channel_id: str, cause: int) -> None:
        self._hanging_up[channel_id] = cause

    def left(self, channel_id: str) -> int | None:
        """The channel has left the application or Asterisk; the cause if it is because it was hung up, else None."""
        self._announced.discard(channel_id)
        self._alive.discard(channel_id)
        self._inside.discard(channel_id)
        self._found.discard(channel_id)
        self.forget(channel_id)
        waiting = self._awaited.pop(channel_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_exception(ChannelGone(f"Channel {channel_id} ended before it entered the application"))
            waiting.exception()  # whoever waits sees it; nobody waiting is no error
        return self._hanging_up.pop(channel_id, None)

    # ------------------------------------------------------------------------------------------------ after a gap

    def snapshot(self) -> frozenset[str]:
        """The channels known now: take it before asking Asterisk, so that newer ones are not taken for gone."""
        return frozenset(self._alive)

    def still_known(self, channels: Collection[str]) -> list[str]:
        return sorted(self._alive.intersection(channels))
