"""The wire format of SIP: read what Asterisk writes, write what Asterisk reads."""

import pytest

from ari_app.rehearsal.phone_call import Display, display_of
from ari_app.rehearsal.sip_message import (
    Address,
    Request,
    Response,
    SipParseError,
    format_address,
    parameter,
    parse,
    parse_address,
    respond,
    uri_user,
)

INVITE = (
    b"INVITE sip:agent1@127.0.0.1:5070 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKabc\r\n"
    b"v: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKupper\r\n"
    b'f: "Miller, \\"Dave\\"" <sip:+15551234567@127.0.0.1>;tag=aa\r\n'
    b"To: <sip:agent1@127.0.0.1>\r\n"
    b"i: call-1\r\n"
    b"CSeq: 102 INVITE\r\n"
    b"Subject: one\r\n two\r\n"
    b'P-Asserted-Identity: "David M. / wedding bag 12h" <sip:+15551234567@127.0.0.1>\r\n'
    b"l: 4\r\n\r\nabcdXX"
)


def test_request_with_compact_folded_and_repeated_headers():
    message = parse(INVITE)
    assert isinstance(message, Request)
    assert (message.method, message.uri) == ("INVITE", "sip:agent1@127.0.0.1:5070")
    assert message.get_all("Via") == [
        "SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKabc",
        "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKupper",
    ]
    assert message.branch == "z9hG4bKabc"
    assert message.call_id == "call-1"
    assert message.cseq == (102, "INVITE")
    assert message.get("subject") == "one two"
    assert message.body == b"abcd"


def test_response_keeps_its_reason_and_survives_a_round_trip():
    response = respond(parse(INVITE), 486, to_tag="tt", extra=(("Allow", "ACK"),), body=b"x")
    again = parse(response.to_bytes())
    assert isinstance(again, Response)
    assert (again.status, again.reason, again.body) == (486, "Busy Here", b"x")
    assert parse_address(again.get("To")).tag == "tt"
    assert again.get_all("Via") == parse(INVITE).get_all("Via")
    assert again.get("Content-Length") == "1"


def test_a_to_header_with_a_tag_keeps_it():
    tagged = Request((("To", "<sip:x@y>;tag=mine"),), b"", "BYE", "sip:x@y")
    assert respond(tagged, 200, to_tag="other").get("To") == "<sip:x@y>;tag=mine"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('"Miller, \\"Dave\\"" <sip:1@h;user=phone>;tag=x', Address('Miller, "Dave"', "sip:1@h;user=phone", ";tag=x")),
        ("David <sip:1@h>", Address("David", "sip:1@h", "")),
        ("<sip:1@h>", Address("", "sip:1@h", "")),
        ("sip:1@h;tag=y", Address("", "sip:1@h", ";tag=y")),
        ("", Address("", "", "")),
    ],
)
def test_addresses(header, expected):
    assert parse_address(header) == expected


def test_a_name_with_quotes_and_backslashes_comes_back():
    name = 'a "b" \\ c'
    assert parse_address(format_address(name, "sip:1@h", "t")) == Address(name, "sip:1@h", ";tag=t")


@pytest.mark.parametrize(
    ("uri", "user"),
    [("sip:%2B1555;x=y@h:5060", "+1555"), ("tel:+1555;phone-context=x", "+1555"), ("sip:h:5060", ""), ("sip:a:pw@h", "a")],
)
def test_user_part(uri, user):
    assert uri_user(uri) == user


def test_parameters_are_found_whatever_their_case_and_quotes():
    assert parameter('<sip:a@b>;Expires="60";q=1', "expires") == "60"
    assert parameter("<sip:a@b>;xexpires=60", "expires") == ""


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"hello",
        b"INVITE sip:x HTTP/1.1\r\n\r\n",
        b"SIP/2.0 abc OK\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\nnocolon\r\n\r\n",
        b"\xff\xfe",
    ],
)
def test_garbage_is_refused(datagram):
    with pytest.raises(SipParseError):
        parse(datagram)


def test_the_display_prefers_the_asserted_identity():
    assert display_of(parse(INVITE)) == Display("+15551234567", "David M. / wedding bag 12h", "P-Asserted-Identity")


def test_the_display_takes_remote_party_id_before_from():
    request = Request((("From", '"A" <sip:1@h>'), ("Remote-Party-ID", '"B" <sip:2@h>;party=calling')), b"", "INVITE", "sip:x")
    assert display_of(request) == Display("2", "B", "Remote-Party-ID")
