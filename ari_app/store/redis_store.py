"""Records calls and handovers in Redis, and on disk while Redis is away."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterError,
    MaxConnectionsError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from ari_app.errors import NotReachable
from ari_app.store.connection import connect, reason, without_password
from ari_app.store.ending import cancelled
from ari_app.store.keys import CALL, HANDOVER, Keys
from ari_app.store.reader import RecordReader
from ari_app.store.spool import Entry, Spool

log = structlog.get_logger(__name__)

_DAY = 86_400
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0  # seconds between attempts to reach Redis again
_PASSING = (
    BusyLoadingError,
    ReadOnlyError,
    OutOfMemoryError,
    MaxConnectionsError,
    ClusterError,
    NoPermissionError,
    AuthenticationError,
)


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """`spooled`: records on disk that Redis does not have yet. `since`: seconds since the epoch when Redis went away."""

    up: bool
    spooled: int
    since: float | None
    problem: str = ""


class RedisStore(RecordReader):
    """Implements the Store of ari_app.session.ports, and reading as RecordReader does."""

    def __init__(
        self,
        url: str,
        spool_dir: Path,
        *,
        retention_days: int = 365,
        timeout: float = 0.5,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`url`: redis://, rediss:// or unix://. `timeout`: seconds per command. Raises BadSettings for a wrong URL or folder."""
        super().__init__(connect(url, timeout), Keys(), without_password(url))
        self._spool = Spool(spool_dir)
        self._retention = retention_days * _DAY
        self._clock = clock
        self._appending = asyncio.Lock()
        self._live: dict[str, tuple[str, float]] = {}
        self._over: set[str] = set()  # calls whose state is still to be removed
        self._away_since: float | None = None
        self._problem = ""
        self._replay: asyncio.Task[None] | None = None
        self._writing: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------------------------------------------ life

    async def start(self, *, required: bool = False) -> None:
        """Look whether Redis is there and store what was spooled before.

        Redis away: logged, records are spooled; with `required` it raises NotReachable instead.
        """
        try:
            await self._ping()
        except RedisError as error:
            if required:
                await self._redis.aclose()
                raise NotReachable(
                    f"Redis at {self._where} cannot be used: {reason(error)}.",
                    remedy="Start it, or correct redis.url in the settings (empty: a private one is started).",
                ) from None
            self._lost(error)
        if self._spool.waiting:
            self._start_replay()

    async def close(self, patience: float = 2.0) -> None:
        """Try for `patience` seconds to store what is spooled; what remains is stored after the next start."""
        await self._drain()
        if self._replay is not None:
            await asyncio.wait([self._replay], timeout=patience)
            await cancelled(self._replay)
        if self._spool.waiting:
            log.warning("records stay spooled until the next start", records=self._spool.waiting)
        await self._redis.aclose()

    async def _drain(self) -> None:
        if self._writing:
            await asyncio.wait(self._writing)

    def health(self) -> StoreHealth:
        return StoreHealth(self._away_since is None, self._spool.waiting, self._away_since, self._problem)

    # ------------------------------------------------------------------------------------------------ writing

    async def save_call(self, record: Mapping[str, Any]) -> None:
        """Record a call under its `call_id`; `started_at` (epoch seconds) orders it. Later records replace earlier ones."""
        await self._save(CALL, dict(record))

    async def save_handover(self, record: Mapping[str, Any]) -> None:
        """Record a handover under its `handover_id`, as `save_call` does."""
        await self._save(HANDOVER, dict(record))

    async def save_live(self, call_id: str, state: Mapping[str, Any], ttl: float = 3600.0) -> None:
        """Keep a running call's state for a restart. Not spooled: while Redis is away only the newest is remembered."""
        self._over.discard(call_id)
        self._live[call_id] = (json.dumps(state, default=str), ttl)
        if self._away_since is None:
            try:
                await self._redis.set(self._keys.live(call_id), self._live[call_id][0], px=int(ttl * 1000))
            except (RedisError, OSError) as error:
                self._lost(error)

    async def drop_live(self, call_id: str) -> None:
        """The call is over."""
        self._live.pop(call_id, None)
        self._over.add(call_id)
        if self._away_since is None:
            try:
                await self._forget_over()
            except (RedisError, OSError) as error:
                self._lost(error)

    async def _forget_over(self) -> None:
        for call_id in tuple(self._over):
            await self._redis.delete(self._keys.live(call_id))
            self._over.discard(call_id)

    async def _save(self, kind: str, record: dict[str, Any]) -> None:
        """Store or spool. Goes on when its caller is cancelled, so that a record is not lost at shutdown."""
        if not record.get(f"{kind}_id"):
            raise ValueError(f"a {kind} record needs a {kind}_id")
        task = asyncio.create_task(self._store_or_spool(kind, record), name="store record")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.shield(task)

    async def _store_or_spool(self, kind: str, record: dict[str, Any]) -> None:
        async with self._appending:
            if not self._spool.waiting and self._away_since is None:
                try:
                    await self._write(kind, record)
                    return
                except ResponseError as error:
                    self._refused(kind, error)
                except (RedisError, OSError) as error:
                    self._lost(error)
            await asyncio.to_thread(self._spool.append, kind, record)
        self._start_replay()

    async def _write(self, kind: str, record: Mapping[str, Any]) -> None:
        identity, started = str(record[f"{kind}_id"]), float(record.get("started_at") or self._clock())
        index = self._keys.index(kind)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(self._keys.record(kind, identity), json.dumps(record, default=str), ex=self._retention)
            pipe.zadd(index, {identity: started})
            pipe.zremrangebyscore(index, "-inf", self._clock() - self._retention)
            await pipe.execute()

    # ------------------------------------------------------------------------------------------------ Redis away

    def _lost(self, error: Exception) -> None:
        self._problem = reason(error)
        if self._away_since is None:
            self._away_since = self._clock()
            log.warning("redis is away; records are spooled to disk", where=self._where, problem=self._problem)
        self._start_replay()

    def _refused(self, kind: str, error: ResponseError) -> None:
        if isinstance(error, _PASSING):
            self._lost(error)
        else:
            log.error("redis refused a record; it is spooled", kind=kind, problem=reason(error))

    def _start_replay(self) -> None:
        if self._replay is None or self._replay.done():
            self._replay = asyncio.get_running_loop().create_task(self._come_back(), name="store replay")

    async def _come_back(self) -> None:
        """Wait for Redis, store the spooled records in order, then write directly again."""
        wait = _FIRST_WAIT
        while True:
            try:
                await self._ping()
                stored = await self._replay_all()
                break
            except (RedisError, OSError) as error:
                self._lost_again(error)
                await asyncio.sleep(wait)
                wait = min(_LONGEST_WAIT, 2 * wait)
        log.info("redis is back; the spooled records are stored", where=self._where, records=stored)

    def _lost_again(self, error: Exception) -> None:
        self._problem = reason(error)
        if self._away_since is None:
            self._lost(error)

    async def _replay_all(self) -> int:
        position = stored = 0
        while True:
            for entry in await asyncio.to_thread(self._batch, position):
                await self._replay_one(entry)
                position, stored = entry.end, stored + 1
            async with self._appending:
                if await asyncio.to_thread(self._spool.empty_if_read, position):
                    self._away_since, self._problem = None, ""  # from here on records are written directly again
                    break
        await self._forget_over()
        for call_id, (state, ttl) in list(self._live.items()):
            await self._redis.set(self._keys.live(call_id), state, px=int(ttl * 1000))
        return stored

    def _batch(self, position: int) -> list[Entry]:
        return [entry for entry, _ in zip(self._spool.entries(position), range(200), strict=False)]

    async def _replay_one(self, entry: Entry) -> None:
        if entry.kind not in (CALL, HANDOVER):
            await asyncio.to_thread(self._spool.reject, entry.line, "no record")
            return
        try:
            await self._write(entry.kind, entry.record)
        except ResponseError as error:
            if isinstance(error, _PASSING):
                raise
            await asyncio.to_thread(self._spool.reject, entry.line, reason(error))
        except (KeyError, TypeError, ValueError) as error:
            await asyncio.to_thread(self._spool.reject, entry.line, f"bad field {error}")

    async def _ping(self) -> None:
        await self._redis.ping()
