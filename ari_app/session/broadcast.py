"""Gives every feed item to everybody who watches: the dashboard, the demo's display, other programs."""

import asyncio
from collections.abc import AsyncIterator

from ari_app.session.services import FeedItem

BEHIND = 1000  # items that one watcher may be behind; then the oldest are dropped and he is told how many


class Broadcast:
    """Watchers come and go; `publish` never waits for them."""

    def __init__(self) -> None:
        self._watchers: set[_Watcher] = set()

    def publish(self, item: FeedItem) -> None:
        for watcher in self._watchers:
            watcher.put(item)

    async def watch(self) -> AsyncIterator[FeedItem]:
        """Every item from now on. A watcher that fell behind gets `{"type": "dropped", "count": n}` in place of the oldest."""
        watcher = _Watcher()
        self._watchers.add(watcher)
        try:
            while True:
                yield await watcher.get()
        finally:
            self._watchers.discard(watcher)


class _Watcher:
    def __init__(self) -> None:
        self._items: asyncio.Queue[FeedItem] = asyncio.Queue(BEHIND)
        self._dropped = 0

    def put(self, item: FeedItem) -> None:
        if self._items.full():
            self._items.get_nowait()
            self._dropped += 1
        self._items.put_nowait(item)

    async def get(self) -> FeedItem:
        item = await self._items.get()
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            return {"type": "dropped", "count": dropped + 1}
        return item
