"""A cable between the application and Asterisk that a test can cut and mend."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any


class Cable:
    """Carries TCP from `port` to `far_port`, both on loopback; in a thread of its own, so that tests need not wait for it."""

    def __init__(self, port: int, far_port: int) -> None:
        self.port, self._far_port = port, far_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"cable {far_port}", daemon=True)
        self._server: asyncio.Server | None = None
        self._carrying: set[asyncio.Task[None]] = set()
        self._whole = threading.Event()  # set: sound and well
        self._whole.set()
        self._thread.start()
        self.mend()

    def mend(self) -> None:
        """Whole again: new connections are carried."""
        self._do(self._listen())

    def freeze(self) -> None:
        """Nothing comes through any more and nobody is told, as when a firewall forgets a connection; new ones hang too."""
        self._whole.clear()

    def thaw(self) -> None:
        """Everything goes on, except what hung meanwhile: those connections break, and what was in them is lost."""
        self.cut()
        self._whole.set()
        self.mend()

    def cut(self) -> None:
        """All connections break, new ones are refused. Idempotent."""
        self._do(self._break())

    def close(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(5)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._carry(reader, writer))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)
        task.add_done_callback(lambda _: writer.transport.abort())  # a task that is cancelled before it began does nothing

    async def _break(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        tasks = list(self._carrying)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # the aborted sockets close

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._until_thawed()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._far_port)
        except OSError:
            return
        ways = [asyncio.create_task(self._pump(reader, far_writer)), asyncio.create_task(self._pump(far_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._until_thawed()
                writer.write(data)
                await writer.drain()

    async def _until_thawed(self) -> None:
        while not self._whole.is_set():  # noqa: ASYNC110 - set by another thread
            await asyncio.sleep(0.05)
