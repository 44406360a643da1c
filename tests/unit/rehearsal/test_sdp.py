"""Offers and answers about one audio line."""

import pytest

from ari_app.rehearsal import sdp
from ari_app.rehearsal.sdp import AudioLine, SdpError

ASTERISK = (
    b"v=0\r\no=- 1 3 IN IP4 127.0.0.1\r\ns=Asterisk\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 24010 RTP/AVP 8 0 101\r\nc=IN IP4 127.0.0.9\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n"
)


def test_an_offer_of_asterisk():
    assert sdp.parse(ASTERISK) == AudioLine("127.0.0.9", 24010, ("alaw", "ulaw"), 101, "sendrecv")


def test_what_is_built_is_read_back():
    line = AudioLine("127.0.0.1", 4000, ("ulaw",), None, "recvonly")
    assert sdp.parse(sdp.build(line, session=1, version=2)) == line


def test_the_second_media_line_does_not_disturb_the_first():
    video = b"m=video 5000 RTP/AVP 96\r\nc=IN IP4 10.0.0.1\r\na=inactive\r\n"
    assert sdp.parse(ASTERISK + video) == sdp.parse(ASTERISK)


@pytest.mark.parametrize("body", [b"", b"v=0\r\nc=IN IP4 1.2.3.4\r\nm=audio 1 RTP/AVP 9 18\r\n", b"m=audio 1 RTP/AVP 0\r\n"])
def test_nothing_to_speak_with(body):
    with pytest.raises(SdpError):
        sdp.parse(body)


@pytest.mark.parametrize(
    ("offered", "answered"),
    [("sendonly", "recvonly"), ("recvonly", "sendonly"), ("inactive", "inactive"), ("sendrecv", "sendrecv")],
)
def test_hold_is_mirrored(offered, answered):
    assert sdp.answer_direction(offered) == answered
