"""RTP legs over loopback sockets, with the test as Asterisk's end."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from ari_app.asterisk.media import g711
from ari_app.asterisk.media.factory import media_factory
from ari_app.asterisk.media.rtp import RtpLeg, RtpMediaFactory
from ari_app.asterisk.media.rtp_packet import RtpPacket, RtpStream, parse
from ari_app.errors import AriAppError
from ari_app.session.ports import MediaDirection

LOUD = (1000).to_bytes(2, "little") * 160


class AsteriskEnd:
    """One UDP socket, as UnicastRTP opens it."""

    def __init__(self) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.setblocking(False)
        self.stream = RtpStream(payload_type=0, samples_per_frame=160, ssrc=1, sequence=1, timestamp=1)

    @property
    def variables(self) -> dict[str, str]:
        return {"UNICASTRTP_LOCAL_ADDRESS": "127.0.0.1", "UNICASTRTP_LOCAL_PORT": str(self.sock.getsockname()[1])}

    def send(self, leg: RtpLeg, datagram: bytes) -> None:
        host, _, port = leg.external_host.rpartition(":")
        self.sock.sendto(datagram, (host, int(port)))

    def received(self) -> list[RtpPacket]:
        packets = []
        while True:
            try:
                packet = parse(self.sock.recv(2048))
            except BlockingIOError:
                return packets
            assert packet is not None
            packets.append(packet)


@pytest.fixture
def asterisk() -> Iterator[AsteriskEnd]:
    end = AsteriskEnd()
    yield end
    end.sock.close()


@pytest.fixture
async def factory() -> AsyncIterator[RtpMediaFactory]:
    factory = RtpMediaFactory("127.0.0.1")
    yield factory
    await factory.close()


async def opened(factory: RtpMediaFactory, direction: MediaDirection, asterisk: AsteriskEnd) -> RtpLeg:
    leg = await factory.open("leg", direction)
    await leg.connected(asterisk.variables)
    return leg


async def first_loud(leg: RtpLeg) -> bytes:
    async with asyncio.timeout(2):
        async for frame in leg.frames():
            if any(frame):
                return frame
    raise AssertionError("the leg ended")


async def test_speech_goes_out_every_20_ms_as_numbered_ulaw(factory: RtpMediaFactory, asterisk: AsteriskEnd) -> None:
    leg = await opened(factory, MediaDirection.SPEAK, asterisk)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(leg.play(LOUD * 60), leg.play(LOUD * 39 + LOUD[:100]))
    took = loop.time() - began
    packets = asterisk.received()
    assert took == pytest.approx(2.0, abs=0.1)
    assert len(packets) == 100 and leg.played_seconds == pytest.approx(2.0)
    assert {packet.payload_type for packet in packets} == {0} and len({packet.ssrc for packet in packets}) == 1
    assert [(packet.sequence - packets[0].sequence) % 65536 for packet in packets] == list(range(100))
    assert [(packet.timestamp - packets[0].timestamp) % 2**32 for packet in packets] == list(range(0, 16000, 160))
    assert [packet.marker for packet in packets] == [True] + [False] * 99
    assert packets[0].payload == g711.encode(LOUD)
    assert packets[-1].payload == g711.encode(LOUD[:100]) + b"\xff" * 110
    await leg.close()


async def test_a_pause_is_not_sent_but_counted_in_the_timestamp(factory: RtpMediaFactory, asterisk: AsteriskEnd) -> None:
    leg = await opened(factory, MediaDirection.SPEAK, asterisk)
    await leg.play(LOUD)
    await asyncio.sleep(0.2)
    await leg.play(LOUD)
    first, second = asterisk.received()
    assert (second.sequence - first.sequence) % 65536 == 1
    assert (second.timestamp - first.timestamp) % 2**32 / 8000 == pytest.approx(0.2, abs=0.08)
    assert first.marker and second.marker
    await leg.close()


async def test_stop_and_close_end_the_sound_and_every_play(factory: RtpMediaFactory, asterisk: AsteriskEnd) -> None:
    leg = await opened(factory, MediaDirection.SPEAK, asterisk)
    speaking = [asyncio.create_task(leg.play(LOUD * 500)) for _ in range(2)]
    await asyncio.sleep(0.1)
    leg.stop()
    await asyncio.wait_for(asyncio.gather(*speaking), 0.05)
    asterisk.received()
    await asyncio.sleep(0.1)
    assert asterisk.received() == []
    speaking = [asyncio.create_task(leg.play(LOUD * 500))]
    await asyncio.sleep(0.05)
    await leg.close()
    await asyncio.wait_for(speaking[0], 0.05)
    await leg.close()
    await asyncio.wait_for(leg.play(LOUD * 500), 0.05)


async def test_what_asterisk_sends_is_heard_and_strangers_are_not(factory: RtpMediaFactory, asterisk: AsteriskEnd) -> None:
    stranger = AsteriskEnd()
    leg = await opened(factory, MediaDirection.LISTEN, asterisk)
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            stranger.send(leg, stranger.stream.pack(b"\x00" * 160))
        asterisk.send(leg, b"\x80\xc8 this is RTCP, not sound ")
        asterisk.send(leg, asterisk.stream.pack(g711.encode(LOUD)))
        assert await first_loud(leg) == g711.decode(g711.encode(LOUD))
    assert leg.strangers == 3
    assert [entry["event"] for entry in logs] == ["sound from an address that is not Asterisk's is ignored"]
    stranger.sock.close()
    await leg.close()
    assert [frame async for frame in leg.frames() if any(frame)] == []


async def test_slin16_comes_in_network_order_whatever_its_payload_type(asterisk: AsteriskEnd) -> None:
    factory = media_factory("rtp", media_host="127.0.0.1", ari_url="", listen_rate=16000)
    assert isinstance(factory, RtpMediaFactory)
    leg = await opened(factory, MediaDirection.LISTEN, asterisk)
    assert (leg.rate, leg.format) == (16000, "slin16")
    stream = RtpStream(payload_type=118, samples_per_frame=320, ssrc=1, sequence=1, timestamp=1)
    asterisk.send(leg, stream.pack(b"\x01\x02" * 320))
    assert await first_loud(leg) == b"\x02\x01" * 320
    await leg.close()
    await factory.close()


async def test_a_stall_of_the_event_loop_tears_no_hole(factory: RtpMediaFactory, asterisk: AsteriskEnd) -> None:
    """A thread goes on sending while the loop is blocked; when each packet came is the kernel's word."""
    leg = await opened(factory, MediaDirection.LISTEN, asterisk)
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    def talk() -> None:
        began = time.monotonic()
        for number in range(40):
            asterisk.send(leg, asterisk.stream.pack(g711.encode(LOUD)))
            time.sleep(max(0.0, began + (number + 1) * 0.02 - time.monotonic()))
        loop.call_soon_threadsafe(release.set)

    talking = asyncio.create_task(asyncio.to_thread(talk))
    await asyncio.sleep(0.2)
    time.sleep(0.3)  # noqa: ASYNC251 - the stall
    await release.wait()
    await talking
    await asyncio.sleep(0.2)
    await leg.close()
    frames = [any(frame) async for frame in leg.frames()]
    spoken = frames[frames.index(True) : len(frames) - frames[::-1].index(True)]
    assert spoken.count(True) == 40 and spoken.count(False) == 0


async def test_a_listener_that_does_not_fetch_costs_words_and_not_memory(factory: RtpMediaFactory, asterisk: AsteriskEnd) -> None:
    leg = await opened(factory, MediaDirection.LISTEN, asterisk)
    with structlog.testing.capture_logs() as logs:
        leg._inbox.put([LOUD] * 600)
    assert leg.dropped_frames == 100
    assert [entry["event"] for entry in logs] == ["listener too slow, dropping the oldest sound"]
    await leg.close()


async def test_missing_address_names_the_module(factory: RtpMediaFactory) -> None:
    leg = await factory.open("leg", MediaDirection.SPEAK)
    with pytest.raises(AriAppError, match="no RTP address") as caught:
        await leg.connected({"UNICASTRTP_LOCAL_PORT": "1"})
    assert "chan_rtp" in caught.value.remedy
    await leg.close()


async def test_ports_come_from_the_range_and_when_it_is_full_it_is_said() -> None:
    probe = AsteriskEnd()
    port = probe.sock.getsockname()[1]
    factory = RtpMediaFactory("127.0.0.1", ports=range(port, port + 1))
    with pytest.raises(AriAppError, match=r"no UDP port for sound can be opened on 127.0.0.1") as caught:
        await factory.open("leg", MediaDirection.SPEAK)
    assert "media_ports" in caught.value.remedy
    probe.sock.close()
    leg = await factory.open("leg", MediaDirection.SPEAK)
    assert leg.external_host == f"127.0.0.1:{port}"
    await leg.close()


async def test_a_leg_is_used_for_what_it_was_opened_for(factory: RtpMediaFactory) -> None:
    leg = await factory.open("leg", MediaDirection.LISTEN)
    with pytest.raises(ValueError, match="opened to listen"):
        await leg.play(LOUD)
    await leg.close()


@pytest.mark.parametrize(("transport", "rate"), [("audiosocket", 8000), ("rtp", 44100)])
def test_an_unknown_transport_or_rate_is_refused(transport: str, rate: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        media_factory(transport, media_host="127.0.0.1", ari_url="", listen_rate=rate)
