"""External media on a real Asterisk: what is played is heard, whole, soon, and no longer than wanted.

ASTERISK_SUITE chooses the version; `-s` shows the figures.
"""

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ari_app.asterisk.ari_http import AriAccess
from ari_app.asterisk.media.factory import media_factory
from ari_app.asterisk.media.loopback import locate, loopback_check, sweep
from ari_app.asterisk.media.rtp import RtpMediaFactory
from ari_app.asterisk.media.websocket import WebSocketMediaFactory
from ari_app.asterisk.pbx import AriPbx
from ari_app.errors import AriAppError
from ari_app.session.ports import MediaDirection, MediaLeg

SANDBOX = str(Path(__file__).parents[2] / "scripts" / "sandbox")
WAYS = [("rtp", 8000), ("rtp", 16000), ("websocket", 8000), ("websocket", 16000)]

Factory = RtpMediaFactory | WebSocketMediaFactory


def sandbox(*arguments: str) -> str:
    return subprocess.run([SANDBOX, *arguments], check=True, capture_output=True, text=True, timeout=600).stdout


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = str(tmp_path_factory.mktemp("media") / "sb")
    yield json.loads(sandbox("up", "--no-app", "--json", "--dir", folder))
    sandbox("down", "--dir", folder)


@pytest.fixture
async def pbx(running: dict[str, Any]) -> AsyncIterator[AriPbx]:
    ari = running["ari"]
    pbx = AriPbx(AriAccess(ari["url"], ari["username"], ari["password"], ari["app"]))
    await pbx.start()
    try:
        yield pbx
        async with asyncio.timeout(2):  # "the test left channels or bridges behind"
            while await pbx.channels() or await pbx.bridges():  # noqa: ASYNC110 - Asterisk tells by being asked
                await asyncio.sleep(0.05)
    finally:
        await pbx.close()


@pytest.fixture(params=WAYS, ids=lambda way: f"{way[0]}-{way[1]}")
async def factory(request: pytest.FixtureRequest, running: dict[str, Any], pbx: AriPbx) -> AsyncIterator[Factory]:
    transport, rate = request.param
    factory = media_factory(transport, media_host="127.0.0.1", ari_url=running["ari"]["url"], listen_rate=rate)
    yield factory
    await factory.close()


def knows(pbx_version: tuple[int, ...], factory: Factory) -> bool:
    return isinstance(factory, RtpMediaFactory) or pbx_version >= (22, 6)


@dataclass
class Ear:
    """What a leg heard, and when each frame was handed out."""

    leg: MediaLeg
    pcm: bytearray = field(default_factory=bytearray)
    frame_at: list[float] = field(default_factory=list)

    async def listen(self) -> None:
        async for frame in self.leg.frames():
            self.frame_at.append(asyncio.get_running_loop().time())
            self.pcm.extend(frame)

    def levels(self) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """RMS of every 10 ms."""
        block = self.leg.rate // 100
        samples = np.frombuffer(bytes(self.pcm), "<i2").astype(float)
        return np.sqrt((samples[: len(samples) // block * block].reshape(-1, block) ** 2).mean(axis=1))

    def last_sound(self) -> float:
        """The moment when the last frame with sound in it was handed out (event loop's clock)."""
        return self.frame_at[int(np.nonzero(self.levels() > 500)[0][-1]) // 2]


@asynccontextmanager
async def mouth_and_ear(pbx: AriPbx, factory: Factory, *, snoop: bool = False) -> AsyncIterator[tuple[MediaLeg, Ear]]:
    """A party who can speak, and the application's ear: in one bridge, or on the party by a snoop."""
    mouth = await factory.open("mouth", MediaDirection.SPEAK)
    ear = Ear(await factory.open("ear", MediaDirection.LISTEN))
    await pbx.create_bridge("room", "room")
    await pbx.create_bridge("booth", "booth")
    await pbx.external_media("mouth", mouth)
    await pbx.add_channel("room", "mouth")
    await pbx.external_media("ear", ear.leg)
    if snoop:
        await pbx.snoop("mouth", snoop_id="snoop", spy="in")
        await pbx.add_channel("booth", "snoop")
    await pbx.add_channel("booth" if snoop else "room", "ear")
    listening = asyncio.create_task(ear.listen())
    await asyncio.sleep(0.2)
    try:
        yield mouth, ear
    finally:
        for channel_id in ("mouth", "ear", "snoop"):
            await pbx.hang_up(channel_id)
        for bridge_id in ("room", "booth"):
            await pbx.destroy_bridge(bridge_id)
        await mouth.close()
        await ear.leg.close()
        await asyncio.wait_for(listening, 2)
        await asyncio.sleep(0.1)


async def test_the_check_finds_its_sweep_and_leaves_nothing(pbx: AriPbx, factory: Factory) -> None:
    if not knows(await pbx.server_info(), factory):
        with pytest.raises(AriAppError):
            await loopback_check(pbx, factory)
        return
    result = await loopback_check(pbx, factory)
    print(f"there and back: likeness {result.likeness:.3f}, {1000 * (result.delay or 0):.0f} ms")
    assert result.found and result.likeness > 0.95
    assert result.delay is not None and result.delay < 0.15


async def test_a_long_text_is_heard_whole_and_as_long_as_it_is(pbx: AriPbx, factory: Factory) -> None:
    if not knows(await pbx.server_info(), factory):
        return
    loop = asyncio.get_running_loop()
    async with mouth_and_ear(pbx, factory, snoop=True) as (mouth, ear):
        began = loop.time()
        await asyncio.gather(mouth.play(sweep(2.0, 8000)), mouth.play(sweep(1.0, 8000)))
        took = loop.time() - began
        await asyncio.sleep(0.4)
        likeness, at = locate(sweep(2.0, ear.leg.rate), bytes(ear.pcm), ear.leg.rate)
        levels = ear.levels()[round(at * 100) : round((at + 3.0) * 100)]
        weak = int((levels < 1500).sum())
        print(f"likeness {likeness:.3f}, play took {took:.3f} s for 3 s, weak 10 ms blocks {weak} of 300")
    assert likeness > 0.95
    assert abs(took - 3.0) < 0.1
    assert weak <= 6
    assert mouth.played_seconds == pytest.approx(3.0, abs=0.05)


async def test_short_stalls_of_the_application_are_not_heard(pbx: AriPbx, factory: Factory) -> None:
    if not knows(await pbx.server_info(), factory):
        return
    async with mouth_and_ear(pbx, factory) as (mouth, ear):
        speaking = asyncio.create_task(mouth.play(sweep(2.0, 8000)))
        while not speaking.done():
            await asyncio.sleep(0.15)
            time.sleep(0.035)  # noqa: ASYNC251 - the stall
        await asyncio.sleep(0.4)
        likeness, _ = locate(sweep(2.0, ear.leg.rate), bytes(ear.pcm), ear.leg.rate)
        print(f"with stalls of 35 ms: likeness {likeness:.3f}")
    assert likeness > 0.95


async def test_stop_ends_the_sound_within_100_ms_and_the_next_text_is_heard(pbx: AriPbx, factory: Factory) -> None:
    if not knows(await pbx.server_info(), factory):
        return
    loop = asyncio.get_running_loop()
    async with mouth_and_ear(pbx, factory) as (mouth, ear):
        speaking = asyncio.create_task(mouth.play(sweep(20.0, 8000)))
        await asyncio.sleep(0.7)
        stopped = loop.time()
        mouth.stop()
        await asyncio.wait_for(speaking, 0.05)
        await asyncio.sleep(0.4)
        rest = ear.last_sound() - stopped
        print(f"sound ended {1000 * rest:.0f} ms after stop(), played {mouth.played_seconds:.2f} s")
        assert rest < 0.1
        assert 0.6 < mouth.played_seconds < 0.85
        await mouth.play(sweep(0.5, 8000))
        await asyncio.sleep(0.3)
        assert locate(sweep(0.5, ear.leg.rate), bytes(ear.pcm), ear.leg.rate)[0] > 0.95


async def test_one_cancelled_text_leaves_the_one_behind_it(pbx: AriPbx, factory: Factory) -> None:
    if not knows(await pbx.server_info(), factory):
        return
    async with mouth_and_ear(pbx, factory) as (mouth, ear):
        first = asyncio.create_task(mouth.play(sweep(10.0, 8000)))
        second = asyncio.create_task(mouth.play(sweep(0.5, 8000)))
        await asyncio.sleep(0.5)
        first.cancel()
        await asyncio.wait_for(second, 0.8)
        await asyncio.sleep(0.3)
        assert locate(sweep(0.5, ear.leg.rate), bytes(ear.pcm), ear.leg.rate)[0] > 0.95


async def test_one_frame_for_every_20_ms_also_while_asterisk_sends_nothing(pbx: AriPbx, factory: Factory) -> None:
    if not knows(await pbx.server_info(), factory):
        return
    async with mouth_and_ear(pbx, factory) as (mouth, ear):
        loop = asyncio.get_running_loop()
        began, before = loop.time(), len(ear.pcm)
        await mouth.play(sweep(0.3, 8000))
        await asyncio.sleep(1.5)
        await mouth.play(sweep(0.3, 8000))
        await asyncio.sleep(0.9)
        passed = loop.time() - began
        heard = (len(ear.pcm) - before) / 2 / ear.leg.rate
    assert passed > 2.9
    assert heard == pytest.approx(passed, abs=0.1)
