"""RTP headers, read and written."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.asterisk.media.rtp_packet import RtpPacket, RtpStream, parse


def stream(**changes: int) -> RtpStream:
    return RtpStream(
        **{"payload_type": 0, "samples_per_frame": 160, "ssrc": 7, "sequence": 65535, "timestamp": 2**32 - 160, **changes}
    )


def test_numbers_go_on_and_wrap_and_the_marker_begins_a_talk_spurt() -> None:
    sender = stream()
    first, second = parse(sender.pack(b"a")), parse(sender.pack(b"b"))
    sender.skip()
    sender.skip()
    third = parse(sender.pack(b"c"))
    assert first == RtpPacket(0, 65535, 2**32 - 160, 7, True, b"a")
    assert second == RtpPacket(0, 0, 0, 7, False, b"b")
    assert third == RtpPacket(0, 1, 480, 7, True, b"c")


def test_csrc_extension_and_padding_are_no_sound() -> None:
    header = struct.pack("!BBHII", 0x80 | 0x20 | 0x10 | 2, 118, 1, 2, 3)
    datagram = header + b"csrc" * 2 + struct.pack("!HH", 0xBEDE, 1) + b"extn" + b"sound" + b"\0\0\3"
    packet = parse(datagram)
    assert packet is not None and packet.payload == b"sound" and packet.payload_type == 118


@pytest.mark.parametrize(
    "datagram",
    [b"", b"\x80" * 11, b"\x00" * 40, b"\x80\xc8" + b"\0" * 20, b"\x90\x00" + b"\0" * 11, b"\xa0\x00" + b"\0" * 10 + b"\xff"],
)
def test_what_is_no_rtp_is_none(datagram: bytes) -> None:
    assert parse(datagram) is None


@given(st.binary(max_size=300))
def test_no_datagram_breaks_the_reader(datagram: bytes) -> None:
    packet = parse(datagram)
    assert packet is None or len(packet.payload) <= len(datagram) - 12
