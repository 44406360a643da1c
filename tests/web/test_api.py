"""The HTTP side over real sockets: what it tells, whom it answers, and how it refuses."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest

from ari_app.errors import BadSettings, NotReachable
from ari_app.session.broadcast import Broadcast
from ari_app.web.server import WebServer, make_app
from ari_app.web.services import HandoverRefused, Health, NoSuchCall, RulesHealth

NOW = 1_900_000_000.0
TOKEN = "a-long-random-token"
HEALTHY = Health(ari=True, ami=True, redis=True, calls=1, recogniser="small model, 8 kHz")
Record = Mapping[str, Any]


@dataclass
class Running:
    """A running application as the web side sees it."""

    state: Health = HEALTHY
    live: list[Record] = field(default_factory=list)
    recorded: list[Record] = field(default_factory=list)
    ended: list[Record] = field(default_factory=list)
    feed: Broadcast = field(default_factory=Broadcast)
    redis_away: bool = False
    asked: list[tuple[str, str | None, str]] = field(default_factory=list)

    def health(self) -> Health:
        return self.state

    def live_calls(self) -> Sequence[Record]:
        return self.live

    async def calls(self, limit: int, since: float) -> Sequence[Record]:
        self._look()
        return [record for record in self.recorded if record["started_at"] >= since][:limit]

    async def call(self, call_id: str) -> Record | None:
        self._look()
        return next((record for record in self.recorded if record["call_id"] == call_id), None)

    async def handovers(self, limit: int, since: float) -> Sequence[Record]:
        self._look()
        return self.ended[:limit]

    def watch(self) -> AsyncIterator[Record]:
        return self.feed.watch()

    async def hand_over(self, call_id: str, queue: str | None, reason: str) -> None:
        state = next((record["state"] for record in self.live if record["call_id"] == call_id), None)
        if state is None:
            raise NoSuchCall(f"There is no running call {call_id}.")
        if state != "conversing":
            raise HandoverRefused(f"The call {call_id} is {state}.")
        self.asked.append((call_id, queue, reason))

    def _look(self) -> None:
        if self.redis_away:
            raise NotReachable("Redis does not answer.", remedy="Start it.")


def live(call_id: str = "call-1", state: str = "conversing", name: str = "David Miller") -> dict[str, Any]:
    return {
        "call_id": call_id,
        "state": state,
        "started_at": NOW - 65,
        "caller": {"number": "+15557654321", "name": name},
        "score": {
            "points": 6.5,
            "threshold": 10.0,
            "contributions": [{"rule": "In circles", "points": 6.5, "signals": [{"evidence": "asked twice"}]}],
        },
    }


def ended(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "handover_id": f"call-1-{number}",
        "call_id": "call-1",
        "started_at": NOW,
        "caller": {"number": "+15557654321", "name": "David Miller"},
        "decision": {"rules": ["Urgent"], "queue": "support"},
        "reasons": [{"rule": "Urgent", "points": 8.0, "signals": [{"evidence": "ceremony in 12 hours"}]}],
        "agent_interface": "PJSIP/agent1",
        "outcome": "answered",
        "decided_at": 40.0,
        "rang_at": 40.2,
        "picked_up_at": 44.0,
        "whisper_started_at": 44.1,
        "whisper_ended_at": 52.0,
        "joined_at": 52.3,
        **more,
    }


@pytest.fixture
def running() -> Running:
    return Running(live=[live()], recorded=[{"call_id": "call-0", "started_at": NOW - 900}], ended=[ended()])


@pytest.fixture
async def http(running: Running) -> AsyncIterator[aiohttp.ClientSession]:
    server = WebServer(make_app(running, clock=lambda: NOW), "127.0.0.1", 0)
    async with aiohttp.ClientSession(await server.start()) as session:
        yield session
    await server.close()


@pytest.fixture
async def guarded(running: Running) -> AsyncIterator[aiohttp.ClientSession]:
    server = WebServer(make_app(running, token=TOKEN), "127.0.0.1", 0, token=TOKEN)
    async with aiohttp.ClientSession(await server.start()) as session:
        yield session
    await server.close()


async def error_of(response: aiohttp.ClientResponse) -> tuple[int, str]:
    content = await response.json()
    return response.status, content["error"]["code"]


# ------------------------------------------------------------------------------------------------ health and metrics


async def test_health_is_ok_while_every_connection_stands(http: aiohttp.ClientSession) -> None:
    async with http.get("/health") as response:
        assert response.status == 200
        assert await response.json() == {
            "status": "ok",
            "asterisk": {"ari": True, "ami": True, "version": ""},
            "redis": {"up": True, "spooled": 0},
            "recogniser": {"description": "small model, 8 kHz", "synthesised_voices_only": False},
            "rules": None,
            "calls": 1,
            "notes": [],
        }


REFUSED = RulesHealth("rules.yaml", "0123456789ab", 7, 1, "The changed rules are refused: line 3 <bad>")


async def test_health_and_page_tell_which_rules_hold_and_why_newer_ones_do_not(
    http: aiohttp.ClientSession, running: Running
) -> None:
    running.state = replace(HEALTHY, rules=REFUSED)
    async with http.get("/health") as response:
        found = await response.json()
        assert found["status"] == "ok"
        assert found["rules"]["fingerprint"] == "0123456789ab" and "line 3" in found["rules"]["problem"]
    async with http.get("/") as response:
        text = await response.text()
        assert "Rules: rules.yaml, 7 rules, 1 in shadow, 0123456789ab" in text
        assert "refused: line 3 &lt;bad&gt;" in text
    async with http.get("/metrics") as response:
        assert "ari_app_rules_refused 1.0" in await response.text()


async def test_what_shadow_mode_kept_back_is_counted_and_stands_with_the_call(
    http: aiohttp.ClientSession, running: Running
) -> None:
    shadow = {"turn": 5, "points": 4.0, "decision": {"rules": ["Legal <words>"], "queue": "compliance"}}
    running.live = [live() | {"shadow": [shadow]}]
    async with http.get("/") as response:
        assert "would have been handed over at turn 5 by Legal &lt;words&gt; (shadow)" in await response.text()
    running.feed.publish({"type": "shadow decision", "call_id": "call-1", "at": 1.0, **shadow})
    await asyncio.sleep(0.05)
    async with http.get("/metrics") as response:
        assert 'ari_app_shadow_decisions_total{rule="Legal <words>"} 1.0' in await response.text()


async def test_health_says_degraded_and_why(http: aiohttp.ClientSession, running: Running) -> None:
    running.state = Health(
        ari=True, ami=False, redis=True, calls=0, recogniser="embedded", synthesised_voices_only=True, notes=("model",)
    )
    async with http.get("/health") as response:
        told = await response.json()
    assert told["status"] == "degraded" and told["asterisk"]["ami"] is False
    assert told["recogniser"]["synthesised_voices_only"] is True and told["notes"] == ["model"]


async def test_metrics_count_what_the_feed_told(http: aiohttp.ClientSession, running: Running) -> None:
    for event in (
        {"type": "state", "was": "new", "state": "conversing"},
        {"type": "said", "speaker": "caller"},
        {"type": "decided", **ended()},
        {"type": "agent refused"},
        {"type": "handover ended", **ended()},
        {"type": "handover ended", **ended(2, outcome="abandoned", joined_at=None, rang_at="broken")},
        {"type": "unheard of"},
    ):
        running.feed.publish(event)
    await asyncio.sleep(0.05)
    async with http.get("/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain")
        text = await response.text()
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert lines["ari_app_calls_total"] == "1.0"
    assert lines['ari_app_turns_total{speaker="caller"}'] == "1.0"
    assert lines['ari_app_decisions_total{rule="Urgent"}'] == "1.0"
    assert lines['ari_app_handovers_total{outcome="answered",queue="support"}'] == "1.0"
    assert lines['ari_app_handovers_total{outcome="abandoned",queue="support"}'] == "1.0"
    assert lines["ari_app_agents_refused_total"] == "1.0"
    assert lines["ari_app_handover_to_agent_seconds_count"] == "1.0"
    assert float(lines["ari_app_handover_to_agent_seconds_sum"]) == pytest.approx(12.3)
    assert lines['ari_app_up{part="redis"}'] == "1.0" and lines["ari_app_live_calls"] == "1.0"


# ------------------------------------------------------------------------------------------------ calls and handovers


async def test_calls_lists_the_recorded_and_the_live_ones(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/calls") as response:
        assert [call["call_id"] for call in (await response.json())["calls"]] == ["call-0"]
    async with http.get("/api/calls?live=true") as response:
        assert [call["call_id"] for call in (await response.json())["calls"]] == ["call-1"]


async def test_a_call_is_found_while_it_runs_and_when_it_is_recorded(http: aiohttp.ClientSession) -> None:
    for call_id, state in (("call-1", "conversing"), ("call-0", None)):
        async with http.get(f"/api/calls/{call_id}") as response:
            assert (await response.json()).get("state") == state
    async with http.get("/api/calls/call-9") as response:
        assert await error_of(response) == (404, "no such call")


@pytest.mark.parametrize("since", [str(NOW), "2030-03-17T17:46:40Z", "2030-03-17T17:46:40", "2030-03-17T18:46:40+01:00"])
async def test_since_takes_seconds_or_a_date(http: aiohttp.ClientSession, running: Running, since: str) -> None:
    running.recorded = [{"call_id": "new", "started_at": NOW}, {"call_id": "old", "started_at": NOW - 1}]
    async with http.get("/api/calls", params={"since": since}) as response:
        assert [call["call_id"] for call in (await response.json())["calls"]] == ["new"]


@pytest.mark.parametrize("query", ["limit=0", "limit=many", "limit=1001", "limit=-1", "limit=²", "since=yesterday", "since=nan"])
async def test_a_parameter_that_makes_no_sense_is_refused(http: aiohttp.ClientSession, query: str) -> None:
    async with http.get(f"/api/handovers?{query}") as response:
        assert await error_of(response) == (400, "bad request")


async def test_handovers_come_with_their_reasons(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/handovers?limit=1") as response:
        (record,) = (await response.json())["handovers"]
    assert record["reasons"][0]["signals"][0]["evidence"] == "ceremony in 12 hours"


async def test_records_that_cannot_be_read_are_a_503_with_a_remedy(http: aiohttp.ClientSession, running: Running) -> None:
    running.redis_away = True
    async with http.get("/api/calls") as response:
        assert response.status == 503
        assert (await response.json())["error"] == {
            "code": "not reachable",
            "message": "Redis does not answer.",
            "remedy": "Start it.",
        }


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/api/calls", 405)])
async def test_unknown_paths_and_methods_are_refused_in_json(
    http: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    async with http.request(method, path) as response:
        assert (await error_of(response))[0] == status


# ------------------------------------------------------------------------------------------------ an operator's handover


async def test_an_operator_starts_a_handover(http: aiohttp.ClientSession, running: Running) -> None:
    async with http.post("/api/calls/call-1/handover", json={"queue": "vip", "reason": "known caller"}) as response:
        assert response.status == 202
    async with http.post("/api/calls/call-1/handover") as response:
        assert response.status == 202
    assert running.asked == [("call-1", "vip", "known caller"), ("call-1", None, "operator")]


async def test_the_pages_button_starts_a_handover_and_leads_back(http: aiohttp.ClientSession, running: Running) -> None:
    async with http.post("/api/calls/call-1/handover", data={"x": "y"}, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/")
    assert running.asked == [("call-1", None, "operator")]


async def test_a_handover_of_no_call_or_at_the_wrong_time_is_refused(http: aiohttp.ClientSession, running: Running) -> None:
    running.live.append(live("call-2", "connected"))
    async with http.post("/api/calls/call-9/handover") as response:
        assert await error_of(response) == (404, "no such call")
    async with http.post("/api/calls/call-2/handover") as response:
        assert await error_of(response) == (409, "handover refused")


@pytest.mark.parametrize(
    "body",
    ["{", "[1]", '{"que": "x"}', '{"queue": 7}', '{"reason": "a\\nb"}', json.dumps({"reason": "longer than a display can show"})],
)
async def test_a_body_that_makes_no_sense_is_refused(http: aiohttp.ClientSession, running: Running, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    async with http.post("/api/calls/call-1/handover", data=body, headers=headers) as response:
        assert await error_of(response) == (400, "bad request")
    assert running.asked == []


# ------------------------------------------------------------------------------------------------ live events


async def test_events_arrive_as_lines_of_json_in_order(http: aiohttp.ClientSession, running: Running) -> None:
    async with http.get("/api/events") as response:
        assert response.content_type == "application/x-ndjson"
        assert await response.content.readline() == b"\n"  # it listens now
        for number in range(3):
            running.feed.publish({"type": "said", "call_id": "call-1", "text": f"é {number}"})
        told = [json.loads(await response.content.readline()) for _ in range(3)]
    assert [event["text"] for event in told] == ["é 0", "é 1", "é 2"]


async def test_events_of_one_call_only(http: aiohttp.ClientSession, running: Running) -> None:
    async with http.get("/api/events?call=call-2") as response:
        await response.content.readline()
        running.feed.publish({"type": "said", "call_id": "call-1"})
        running.feed.publish({"type": "said", "call_id": "call-2"})
        assert json.loads(await response.content.readline())["call_id"] == "call-2"


async def test_events_as_server_sent_events_for_browsers(http: aiohttp.ClientSession, running: Running) -> None:
    async with http.get("/api/events", headers={"Accept": "text/event-stream"}) as response:
        assert response.content_type == "text/event-stream"
        assert await response.content.readline() == b": still here\n"
        running.feed.publish({"type": "scored", "call_id": "call-1"})
        lines = [await response.content.readline() for _ in range(3)]
    assert lines[1:] == [b"event: scored\n", b'data: {"type": "scored", "call_id": "call-1"}\n']


async def test_a_client_that_reads_nothing_is_told_how_much_it_missed(http: aiohttp.ClientSession, running: Running) -> None:
    async with http.get("/api/events") as response:
        await response.content.readline()
        for number in range(3000):
            running.feed.publish({"type": "said", "number": number})
        running.feed.publish({"type": "last"})
        numbers: list[int] = []
        dropped = 0
        async for line in response.content:
            event = json.loads(line)
            if event["type"] == "last":
                break
            if event["type"] == "dropped":
                dropped += event["count"]
            else:
                numbers.append(event["number"])
    assert dropped > 0 and dropped + len(numbers) == 3000
    assert numbers == sorted(numbers)


async def test_a_client_that_leaves_is_no_longer_watched_for(http: aiohttp.ClientSession, running: Running) -> None:
    watching = len(running.feed._watchers)
    async with http.get("/api/events") as response:
        await response.content.readline()
        running.feed.publish({"type": "said"})
        await response.content.readline()
        assert len(running.feed._watchers) == watching + 1
    async with asyncio.timeout(5):
        while len(running.feed._watchers) > watching:
            running.feed.publish({"type": "said"})
            await asyncio.sleep(0.01)


async def test_closing_the_server_ends_open_streams(running: Running) -> None:
    server = WebServer(make_app(running), "127.0.0.1", 0)
    async with aiohttp.ClientSession(await server.start()) as session, session.get("/api/events") as response:
        await response.content.readline()
        async with asyncio.timeout(5):
            await server.close()
    assert running.feed._watchers == set()


# ------------------------------------------------------------------------------------------------ the page


async def test_the_page_lists_live_calls_and_handovers_with_their_reasons(http: aiohttp.ClientSession) -> None:
    async with http.get("/") as response:
        assert response.content_type == "text/html"
        text = await response.text()
    for shown in ("David Miller +15557654321", "6.5 of 10", "asked twice", "1:05", "ceremony in 12 hours", "answered", "12.3 s"):
        assert shown in text
    assert 'action="/api/calls/call-1/handover"' in text


async def test_what_a_caller_calls_himself_cannot_change_the_page(http: aiohttp.ClientSession, running: Running) -> None:
    running.live = [live("call-1", name="<script>alert(1)</script>")]
    async with http.get("/") as response:
        text = await response.text()
        assert "<script>alert" not in text and "&lt;script&gt;alert" in text
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]


async def test_the_page_is_shown_while_redis_is_away(http: aiohttp.ClientSession, running: Running) -> None:
    running.redis_away = True
    running.state = Health(ari=True, ami=True, redis=False, spooled=3, calls=1, recogniser="model")
    async with http.get("/") as response:
        text = await response.text()
    assert "The records cannot be read" in text and "3 records wait on disk" in text and "David Miller" in text


async def test_the_page_is_shown_before_the_first_call(http: aiohttp.ClientSession, running: Running) -> None:
    running.live, running.ended = [], []
    async with http.get("/") as response:
        text = await response.text()
    assert "Nobody." in text and "None yet." in text


# ------------------------------------------------------------------------------------------------ who may ask


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic !!"}])
async def test_without_the_token_only_health_is_told(guarded: aiohttp.ClientSession, headers: dict[str, str]) -> None:
    for path in ("/", "/metrics", "/api/calls", "/api/events"):
        async with guarded.get(path, headers=headers) as response:
            assert await error_of(response) == (401, "unauthorized")
    async with guarded.get("/health", headers=headers) as response:
        assert response.status == 200


async def test_the_token_opens_the_api_for_programs_and_the_page_for_browsers(guarded: aiohttp.ClientSession) -> None:
    async with guarded.get("/api/calls", headers={"Authorization": f"Bearer {TOKEN}"}) as response:
        assert response.status == 200
    async with guarded.get("/", headers={"Authorization": aiohttp.encode_basic_auth("me", TOKEN)}) as response:
        assert response.status == 200


async def test_another_sites_page_cannot_start_a_handover(http: aiohttp.ClientSession, running: Running) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        async with http.post("/api/calls/call-1/handover", headers=headers) as response:
            assert await error_of(response) == (403, "forbidden")
    assert running.asked == []


async def test_a_name_that_points_here_is_not_enough_to_read_calls(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/calls", headers={"Host": "rebound.example"}) as response:
        assert await error_of(response) == (403, "forbidden")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "pbx.example"])
def test_other_addresses_than_loopback_need_a_token(running: Running, host: str) -> None:
    with pytest.raises(BadSettings, match=r"http\.token"):
        WebServer(make_app(running), host, 8089)


async def test_a_busy_port_is_a_clear_error_that_names_the_setting(running: Running) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(NotReachable, match=f"port {port} .* another program has it") as raised:
            await WebServer(make_app(running), "127.0.0.1", port).start()
    assert "http.port" in raised.value.remedy


async def test_a_failing_request_does_not_show_its_insides(http: aiohttp.ClientSession, running: Running) -> None:
    running.recorded = [{"call_id": "call-0"}]  # no started_at: a fault of ours
    async with http.get("/api/calls") as response:
        assert await error_of(response) == (500, "internal error")
        assert "started_at" not in await response.text()
