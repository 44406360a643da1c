"""Reads what was recorded, for the command line, the API and a restart."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ari_app.errors import NotReachable
from ari_app.store.connection import reason
from ari_app.store.keys import CALL, HANDOVER, Keys

_PAGE = 100  # records that are read at once


class RecordReader:
    """Every method raises NotReachable while Redis is away."""

    def __init__(self, redis: "Redis", keys: Keys, where: str) -> None:
        """`where`: the server's address for messages, without a password."""
        self._redis = redis
        self._keys = keys
        self._where = where

    async def calls(self, limit: int = 20, since: float = 0.0) -> list[dict[str, Any]]:
        """The newest `limit` calls that began at or after `since` (seconds since the epoch). Raises NotReachable."""
        return await self._newest(CALL, limit, since)

    async def handovers(self, limit: int = 20, since: float = 0.0) -> list[dict[str, Any]]:
        """The newest handovers, as `calls`."""
        return await self._newest(HANDOVER, limit, since)

    async def call(self, call_id: str) -> dict[str, Any] | None:
        """One call's record; None when it is not known (any more)."""
        return await self._one(self._keys.record(CALL, call_id))

    async def handover(self, handover_id: str) -> dict[str, Any] | None:
        return await self._one(self._keys.record(HANDOVER, handover_id))

    async def call_ids(self, prefix: str) -> list[str]:
        """The ids of all calls that begin so, sorted. Raises NotReachable."""
        pattern = re.sub(r"([*?\[\]\\^])", r"\\\1", prefix) + "*"
        try:
            found = {str(name) async for name, _ in self._redis.zscan_iter(self._keys.index(CALL), match=pattern, count=1000)}
        except (RedisError, OSError) as error:
            raise self._not_reachable(error) from None
        return sorted(found)

    async def calls_since(self, since: float = 0.0) -> AsyncIterator[dict[str, Any]]:
        """All calls that began at or after `since`, oldest first, read page by page. Raises NotReachable."""
        try:
            names: list[Any] = await self._redis.zrange(self._keys.index(CALL), since, "+inf", byscore=True)
            for first in range(0, len(names), _PAGE):
                texts = await self._redis.mget([self._keys.record(CALL, name) for name in names[first : first + _PAGE]])
                for text in texts:
                    if text is not None:
                        yield json.loads(text)
        except (RedisError, OSError) as error:
            raise self._not_reachable(error) from None

    async def close(self) -> None:
        await self._redis.aclose()

    async def live(self) -> dict[str, dict[str, Any]]:
        """Call id → state of all calls that were running when their state was last saved."""
        found: dict[str, dict[str, Any]] = {}
        try:
            async for key in self._redis.scan_iter(match=self._keys.live("*"), count=500):
                state = await self._one(key)
                if state is not None:
                    found[self._keys.call_of(key)] = state
        except (RedisError, OSError) as error:
            raise self._not_reachable(error) from None
        return found

    async def _newest(self, kind: str, limit: int, since: float) -> list[dict[str, Any]]:
        if limit <= 0:
            return []
        try:
            names: list[Any] = await self._redis.zrange(
                self._keys.index(kind), "+inf", since, desc=True, byscore=True, offset=0, num=limit
            )
            keys = [self._keys.record(kind, name) for name in names]
            texts = await self._redis.mget(keys) if keys else []
        except (RedisError, OSError) as error:
            raise self._not_reachable(error) from None
        return [json.loads(text) for text in texts if text is not None]

    async def _one(self, key: str) -> dict[str, Any] | None:
        try:
            text = await self._redis.get(key)
        except (RedisError, OSError) as error:
            raise self._not_reachable(error) from None
        if text is None:
            return None
        record: dict[str, Any] = json.loads(text)
        return record

    def _not_reachable(self, error: Exception) -> NotReachable:
        return NotReachable(
            f"Redis at {self._where} does not answer: {reason(error)}.",
            remedy="Look whether it runs, and whether redis.url in the settings is right.",
        )
