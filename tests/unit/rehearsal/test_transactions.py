"""Lost and repeated packets over a real loopback socket."""

import asyncio

import pytest

from ari_app.rehearsal.sip_message import Request, new_branch, respond
from ari_app.rehearsal.transactions import SipEndpoint, SipTimeout


def request(method="OPTIONS", branch=None):
    headers = (
        ("Via", f"SIP/2.0/UDP 127.0.0.1;branch={branch or new_branch()}"),
        ("From", "<sip:a@b>;tag=1"),
        ("To", "<sip:c@d>"),
        ("Call-ID", "x"),
        ("CSeq", f"1 {method}"),
    )
    return Request(headers, b"", method, "sip:c@d")


@pytest.fixture
async def pair():
    seen, late = [], []
    server = SipEndpoint(lambda req, peer: seen.append((req, peer)), lambda response: None)
    client = SipEndpoint(lambda req, peer: None, late.append, t1=0.02)
    await server.open("127.0.0.1")
    await client.open("127.0.0.1")
    yield client, server, seen, late
    client.close()
    server.close()


async def until(condition):
    async with asyncio.timeout(2):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in code without events
            await asyncio.sleep(0.005)


async def test_an_unanswered_request_is_repeated_but_seen_once_and_its_answer_too(pair):
    client, server, seen, _ = pair
    transaction = client.start(request(), server.address)
    await asyncio.sleep(0.15)  # 20, 60, 140 ms: three repetitions
    ((got, peer),) = seen
    server.answer(got, respond(got, 200), peer)
    assert (await transaction.final(1)).status == 200


async def test_a_repeated_request_gets_the_answer_it_got_before(pair):
    client, server, seen, late = pair
    asked = request(branch="z9hG4bKsame")
    transaction = client.start(asked, server.address)
    await until(lambda: seen)
    server.answer(seen[0][0], respond(seen[0][0], 200), seen[0][1])
    await transaction.final(1)
    transaction.close()
    client.send(asked, server.address)
    await until(lambda: late)
    assert late[0].status == 200
    assert len(seen) == 1


async def test_invite_is_not_repeated_after_a_provisional_answer(pair):
    client, server, seen, _ = pair
    sent = []
    client.send = lambda message, peer, send=client.send: (sent.append(message), send(message, peer))
    transaction = client.start(request("INVITE"), server.address)
    await until(lambda: seen)
    server.answer(seen[0][0], respond(seen[0][0], 180), seen[0][1])
    assert (await transaction.response(1)).status == 180
    count = len(sent)
    await asyncio.sleep(0.2)
    assert len(sent) == count


async def test_nobody_there_is_a_timeout_and_the_repeating_stops(pair):
    client, server, _, _ = pair
    server.close()
    sent = []
    client.send = lambda message, peer: sent.append(message)
    with pytest.raises(SipTimeout, match=r"OPTIONS was not answered within 0\.1 s"):
        await client.start(request(), ("127.0.0.1", 9)).final(0.1)
    count = len(sent)
    await asyncio.sleep(0.1)
    assert len(sent) == count


async def test_garbage_does_no_harm(pair):
    client, server, seen, _ = pair
    client._transport.sendto(b"\x00garbage", server.address)
    client._transport.sendto(b"\r\n\r\n", server.address)
    client.start(request(), server.address)
    await until(lambda: seen)
    assert len(seen) == 1
