"""Follows the rules file while calls run: a changed one is in force within seconds, a broken one is refused."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import structlog

from ari_app.errors import AriAppError
from ari_app.language import rules_summary
from ari_app.language.rules_file import RulesFile, default_rules, fingerprint, rules_from
from ari_app.rules_in_force import NamedScorer, RulesInForce, for_settings, rules_path
from ari_app.session.services import FeedItem
from ari_app.settings import Settings

log = structlog.get_logger()

LOOK_EVERY = 1.0  # seconds
SETTLE = 0.25  # seconds after which a changed file is looked at again: it may still be being written
MISSING_FOR = 5.0  # seconds; editors that write by renaming take the file away for a moment
ASK_AGAIN = 10.0  # seconds after which a good file that Asterisk could not take (a queue is missing) is tried again

Signature = tuple[int, int, int, int]
Accept = Callable[[RulesFile], Awaitable[None]]


class RulesWatch:
    """One task. `accept` is asked before new rules come into force, and raises AriAppError where they cannot be acted upon."""

    def __init__(
        self,
        path: Path,
        settings: Settings,
        in_force: RulesInForce,
        accept: Accept,
        publish: Callable[[FeedItem], None],
        *,
        executor: Executor | None = None,
    ) -> None:
        self._path, self._settings, self._in_force = path, settings, in_force
        self._accept, self._publish, self._executor = accept, publish, executor
        self._signature: Signature | None = None
        self._content = b""
        self._candidate = ""  # a fingerprint that was seen once
        self._refused = ""  # … and one that is not to be read again
        self._try_again_at: float | None = None
        self._missing_since: float | None = None

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(SETTLE if self._candidate else LOOK_EVERY)
            try:
                await self.look()
            except Exception:  # top of the task: one odd file must not end the watching
                log.exception("rules file not looked at", file=self._path.name)
                self._problem(
                    f"The rules file {self._path.name} could not be taken; the log says why. The old rules stay in force."
                )

    async def look(self) -> None:
        """Once: whether the file is another one by now, and what to do about it."""
        now = asyncio.get_running_loop().time()
        try:
            content = await self._off_loop(self._read)
        except OSError as error:
            self._candidate = ""
            self._gone(now, error)
            return
        self._missing_since = None
        name = fingerprint(content)
        if name == self._in_force.file.fingerprint:
            self._as_before()
        elif name == self._refused:
            if self._try_again_at is not None and now >= self._try_again_at:
                await self._take(content, name, now)
        elif name != self._candidate:
            self._candidate = name
        else:
            self._candidate = ""
            await self._take(content, name, now)

    def _read(self) -> bytes:
        """The content; read only where the file's times, size or place have changed."""
        found = os.stat(self._path)
        signature = (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
        if signature != self._signature:
            self._content = self._path.read_bytes()
            self._signature = signature
        return self._content

    async def _take(self, content: bytes, name: str, now: float) -> None:
        self._refused, self._try_again_at = name, None
        try:
            scorer = await self._off_loop(lambda: self._made(content))
        except AriAppError as error:
            self._refuse(error)
            return
        try:
            await self._accept(scorer.file)
        except AriAppError as error:
            self._try_again_at = now + ASK_AGAIN  # what is missing is missing outside the file, and may come
            self._refuse(error)
            return
        self._refused = ""
        self._change(scorer)

    def _made(self, content: bytes) -> NamedScorer:
        """Blocking. Raises BadSettings with every mistake; the folder is left out of what others may read."""
        return self._in_force.made(for_settings(rules_from(content, self._path.name, default_rules()), self._settings))

    def _change(self, scorer: NamedScorer) -> None:
        was, file = self._in_force.file, scorer.file
        self._in_force.change(scorer)
        counts = rules_summary.counts(file.book)
        log.info("rules changed", file=file.name, fingerprint=file.fingerprint, was=was.fingerprint, **counts)
        self._tell("rules changed", fingerprint=file.fingerprint, was=was.fingerprint, **counts)

    def _refuse(self, error: AriAppError) -> None:
        first, *more = error.message.split("\n")
        reason = f"{first} (and {len(more)} more: ari-app rules check)" if more else first
        if self._problem(f"The changed rules are refused, those read before stay in force: {reason}"):
            kept = self._in_force.file.fingerprint
            log.error("rules refused, those read before stay in force", file=self._path.name, reason=reason, kept=kept)
            self._tell("rules refused", reason=error.message, remedy=error.remedy, kept=kept)

    def _gone(self, now: float, error: OSError) -> None:
        if self._missing_since is None:
            self._missing_since = now
        if now - self._missing_since < MISSING_FOR:
            return
        self._signature, self._refused = None, ""
        reason = error.strerror or str(error)
        if self._problem(f"The rules file {self._path.name} cannot be read ({reason}); the rules read before stay in force."):
            log.warning("rules file cannot be read, the rules read before stay in force", file=self._path.name, reason=reason)
            self._tell("rules refused", reason=f"{self._path.name}: {reason}", remedy="", kept=self._in_force.file.fingerprint)

    def _as_before(self) -> None:
        self._candidate = self._refused = ""
        self._try_again_at = None
        if self._in_force.problem:
            self._in_force.problem = ""
            log.info("rules file is again the one in force", file=self._path.name, fingerprint=self._in_force.file.fingerprint)
            self._tell("rules back", fingerprint=self._in_force.file.fingerprint)

    def _problem(self, text: str) -> bool:
        """Whether it is a new one, that is to be told."""
        new, self._in_force.problem = text != self._in_force.problem, text
        return new

    def _tell(self, kind: str, **more: Any) -> None:
        self._publish({"type": kind, "file": self._path.name, **more})

    async def _off_loop(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


async def follow_rules(
    settings: Settings, stack: AsyncExitStack, in_force: RulesInForce, accept: Accept, publish: Callable[[FeedItem], None]
) -> None:
    """Say which rules hold, and watch the operator's file for as long as the application runs; the shipped ones do not change."""
    file, path = in_force.file, rules_path(settings)
    log.info("rules in force", file=Path(file.name).name, fingerprint=file.fingerprint, **rules_summary.counts(file.book))
    for each in file.warnings:
        log.warning("rules file can be mended", file=Path(file.name).name, line=each.line, what=each.what, remedy=each.remedy)
    if path is not None:
        watching = asyncio.create_task(RulesWatch(path, settings, in_force, accept, publish).run(), name="rules watch")
        stack.callback(watching.cancel)
