"""RTP packets and telephone events."""

from ari_app.rehearsal.rtp_packet import DigitReader, RtpPacket, Unwrapper, event_payload, parse_rtp


def packet(timestamp, payload=b"\x00" * 160, *, source=7, marker=False, payload_type=0):
    return RtpPacket(payload_type, marker, 1, timestamp, source, payload)


def test_a_packet_survives_a_round_trip():
    sent = packet(0xFFFFFFFE, b"abc", marker=True, payload_type=101)
    assert parse_rtp(sent.to_bytes()) == sent


def test_header_extension_and_padding_are_taken_off():
    plain = bytearray(packet(5, b"").to_bytes())
    plain[0] |= 0x30
    assert parse_rtp(bytes(plain) + b"\xbe\xde\x00\x01\x00\x00\x00\x00" + b"xyz" + b"\x00\x02").payload == b"xyz"


def test_rtcp_and_garbage_are_not_rtp():
    assert parse_rtp(b"\x80\xc8" + b"\x00" * 20) is None
    assert parse_rtp(b"\x80\x00") is None
    assert parse_rtp(b"\x00" * 20) is None


def test_one_key_press_is_one_digit_however_often_it_is_repeated():
    reader = DigitReader()
    events = [packet(800, event_payload("5", 160 * n, end=n > 3), payload_type=101) for n in range(1, 7)]
    assert [reader.feed(each) for each in events] == ["5", None, None, None, None, None]
    assert reader.feed(packet(4000, event_payload("5", 160, end=True))) == "5"
    assert reader.feed(packet(8000, event_payload("#", 160, end=False))) == "#"


def test_an_unknown_event_is_no_digit():
    assert DigitReader().feed(packet(1, b"\x10\x00\x00\xa0")) is None
    assert DigitReader().feed(packet(1, b"\x01")) is None


def test_timestamps_count_on_beyond_32_bits_and_begin_anew_with_a_new_source():
    unwrapper = Unwrapper()
    assert unwrapper.feed(packet(0xFFFFFFF0)) == 0xFFFFFFF0
    assert unwrapper.feed(packet(0x90)) == 0x100000090
    assert unwrapper.feed(packet(0xFFFFFFF0)) == 0xFFFFFFF0  # a late one
    assert unwrapper.feed(packet(12, source=8)) == 12
