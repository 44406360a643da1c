"""The report: judged against expectations, written as JSON, pleasant to read."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from ari_app.errors import BadSettings
from ari_app.rehearsal.correlation import FirstHeard, Found
from ari_app.rehearsal.evidence import _deciding, _words, recognised_by
from ari_app.rehearsal.measure import Measured, Silence, Span
from ari_app.rehearsal.rendering import event_line, render
from ari_app.rehearsal.report import Report, Words, judge
from ari_app.rehearsal.rtp import Pacing
from ari_app.rehearsal.script import Expectations
from ari_app.rehearsal.stage import Stage
from ari_app.rehearsal.target import Target
from ari_app.rehearsal.timeline import ApplicationReported, CardArrived, HungUp, Joined, Rang, SpeakingBegan, Spoke, StepBegan

MEASURED = Measured(
    threshold_dbfs=-42.0,
    trigger_end=101.0,
    ring_ms=640.4,
    whisper_start_ms=55.0,
    whisper=Span(103.0, 111.2),
    agent_hears_caller=FirstHeard(111.3, 0.01, 0.9, 111.3),
    caller_hears_agent=FirstHeard(111.32, 0.01, 0.9, 111.32),
    agent_hears_caller_ms=100.0,
    caller_hears_agent_ms=120.0,
    two_way_ms=120.0,
    silence_heard=Silence(480.0, 105.0),
    silence_heard_or_own=Silence(300.0, 105.0),
    whisper_in_agent=Found(True, 1.0, 1.0),
    whisper_in_caller=Found(False, 0.2, 0.01),
)
TIMELINE = (
    Rang(1.64, "Bo", "+15551234567", "David M. / wedding bag 12h", "P-Asserted-Identity"),
    CardArrived(1.7, "Bo", "David Miller · ABC123\nceremony in 12 h"),
    Joined(11.3, "Bo"),
    HungUp(20.0, "Bo", "us", 200),
)
REPORT = Report(
    script="The wedding dress",
    origin=100.0,
    seconds=21.0,
    failure=None,
    remedy="",
    agent="Bo",
    shown_number="+15551234567",
    shown_name="David M. / wedding bag 12h",
    card="David Miller · ABC123\nceremony in 12 h",
    queue="support",
    measured=MEASURED,
    words=Words("a b c d", "a b c", 0.25),
    pacing={"caller": Pacing(1000, 0.5, 2.0, 7.5)},
    folder=Path("/tmp/recordings"),
    recordings={"caller": Path("/tmp/recordings/caller.wav")},
    timeline=TIMELINE,
)
FULL = Expectations(
    handover=True,
    queue="support",
    agent="Bo",
    number="+15551234567",
    card="abc123",
    whisper_heard_by_agent=True,
    whisper_heard_by_caller=False,
    ring_within=1000,
    whisper_within=100,
    two_way_within=500,
    longest_silence=500,
    word_error_rate=0.3,
)


def test_every_expectation_that_is_met_passes():
    checks = judge(FULL, REPORT)
    assert len(checks) == 12
    assert all(check.passed for check in checks)


def test_what_is_not_expected_is_not_checked():
    assert judge(Expectations(), REPORT) == ()


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (Expectations(handover=False), "yes"),
        (Expectations(queue="sales"), "support"),
        (Expectations(card="lisbon"), "David Miller"),
        (Expectations(whisper_heard_by_caller=True), "no"),
        (Expectations(longest_silence=400), "480 ms"),
        (Expectations(word_error_rate=0.2), "0.25"),
    ],
)
def test_a_missed_expectation_says_what_was_found(expected, found):
    (check,) = judge(expected, REPORT)
    assert check.passed is False
    assert found in check.found
    assert not replace(REPORT, checks=(check,)).passed


def test_what_could_not_be_measured_does_not_pass():
    (check,) = judge(Expectations(two_way_within=500), replace(REPORT, measured=Measured(-42.0)))
    assert (check.passed, check.found) == (None, "not measured")
    assert not replace(REPORT, checks=(check,)).passed


def test_leftovers_and_failures_do_not_pass():
    assert REPORT.passed
    assert replace(REPORT, leftovers={"channels": 0, "bridges": 0}).passed
    assert not replace(REPORT, leftovers={"channels": 1}).passed
    assert not replace(REPORT, failure="step 1").passed


def test_the_json_holds_figures_checks_and_events_with_their_kind():
    written = json.loads(replace(REPORT, checks=judge(FULL, REPORT)).to_json())
    assert written["passed"] is True
    assert written["measured"]["silence_heard"] == {"ms": 480.0, "at": 105.0}
    assert written["measured"]["whisper_in_caller"]["found"] is False
    assert written["timeline"][0] == {
        "event": "Rang",
        "at": 1.64,
        "phone": "Bo",
        "number": "+15551234567",
        "name": "David M. / wedding bag 12h",
        "source": "P-Asserted-Identity",
    }
    assert written["recordings"] == {"caller": "/tmp/recordings/caller.wav"}
    assert len(written["checks"]) == 12


def printed(renderable):
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115 - closed with the process
    console.print(renderable)
    console.file.close()
    return console.export_text()


def test_the_report_reads_well():
    text = printed(render(replace(REPORT, checks=judge(FULL, REPORT), leftovers={"channels": 0})))
    for part in (
        "640 ms",
        "480 ms",
        "300 ms when the caller's own words count",
        "8.2 s long",
        "25.0 %",
        "ceremony in 12 h",
        "passed",
    ):
        assert part in text
    failed = printed(render(replace(REPORT, failure="step 2 of caller", remedy="listen", measured=Measured(-42.0))))
    assert "✗ step 2 of caller" in failed
    assert "not passed" in failed


def test_a_line_for_what_people_want_to_see_and_none_for_the_rest():
    lines = [event_line(event) for event in (*TIMELINE, SpeakingBegan(2, "caller", "hello"))]
    assert "rings: David M. / wedding bag 12h · +15551234567" in lines[0].plain
    assert lines[1].plain.count("\n") == 1
    assert lines[-1].plain.endswith("“hello”")
    assert event_line(StepBegan(1, "caller", 1, "wait")) is None


@pytest.fixture
def stage():
    return Stage(lambda event: None)


def test_the_deciding_words_are_the_marked_ones_else_the_last_before_the_ringing(stage):
    first, second, third = (Spoke(at, "caller", "x", at - 1, True) for at in (2.0, 5.0, 9.0))
    for event in (first, second, third):
        stage.tell(event)
    assert _deciding(stage, 6.0) is second
    marked = Spoke(12.0, "caller", "x", 11.0, True, deciding=True)
    stage.tell(marked)
    assert _deciding(stage, 6.0) is marked
    assert _deciding(Stage(lambda event: None), None) is None


def test_only_the_callers_final_words_up_to_the_join_are_compared(stage):
    def heard(at, text, **fields):
        stage.tell(ApplicationReported(at, "application", "utterance", {"party": "caller", "text": text, **fields}))

    stage.tell(Spoke(2.0, "caller", "my flight was cancelled", 1.0, True))
    heard(2.2, "my fl", final=False)
    heard(2.5, "my flight is cancelled")
    heard(2.6, "i am sorry", party="assistant")
    stage.tell(Joined(5.0, "Bo"))
    stage.tell(Spoke(8.0, "caller", "thank you", 7.0, True))
    heard(8.5, "thank you")
    assert recognised_by(stage.of(ApplicationReported), 100) == ["my flight is cancelled", "thank you"]
    assert _words(stage) == Words("my flight was cancelled", "my flight is cancelled", 0.25)


def test_a_target_is_what_the_sandbox_prints_and_its_mistakes_are_named():
    facts = {
        "sip": {"host": "127.0.0.1", "port": 5062},
        "caller": {"username": "c", "password": "p", "extension": "100"},
        "agents": [{"username": "agent1", "password": "a"}, {"username": "agent2", "password": "b"}],
        "ari": {"url": "ignored"},
    }
    target = Target.from_mapping(facts)
    assert target.agent_account(None, 1).username == "agent2"
    assert target.agent_account("agent1", 5).password == "a"
    with pytest.raises(BadSettings, match="no agent 'x'"):
        target.agent_account("x", 0)
    with pytest.raises(BadSettings, match="no agent number 3"):
        target.agent_account(None, 2)
    with pytest.raises(BadSettings, match=r"caller\.password: Field required"):
        Target.from_mapping({**facts, "caller": {"username": "c", "extension": "1"}})
