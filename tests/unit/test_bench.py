"""The bench's parts compute what they say: on tiny inputs with known results, never by the clock of this machine."""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog
from rich.console import Console

from ari_app.call.model import Party, Turn
from ari_app.escalation.written_calls import WrittenCall
from ari_app.language.rules_file import default_rules
from ari_app.rehearsal.measure import Measured, Silence, Span
from ari_app.rehearsal.recording import RATE, Track, save_stereo
from ari_app.rehearsal.report import Report
from ari_app.rehearsal.script import load_script
from ari_app.rehearsal.timeline import ApplicationReported, CallAnswered, HungUp, PickedUp

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))


def module(name: str) -> Any:
    return importlib.import_module(f"bench_lib.{name}")


bench, caller_voice, compare, events, findings = map(module, ("__main__", "caller_voice", "compare", "events", "findings"))
handover, load, process_cost, recordings, scorer = map(module, ("handover", "load", "process_cost", "recordings", "scorer"))
table, voice, voice_calls = map(module, ("table", "voice", "voice_calls"))
Cost, Spread = process_cost.Cost, findings.Spread


def noise(seconds: float, dbfs: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 32768 * 10 ** (dbfs / 20), round(seconds * RATE))


def track(*parts: np.ndarray) -> Track:
    """The parts, mixed; the shorter ones are followed by silence."""
    whole = np.zeros(max(map(len, parts)))
    for part in parts:
        whole[: len(part)] += part
    return Track(0.0, np.clip(np.rint(whole), -32768, 32767).astype(np.int16))


def after(seconds: float, sound: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros(round(seconds * RATE)), sound])


def pcm(sound: np.ndarray) -> bytes:
    return sound.astype("<i2").tobytes()


# ---------------------------------------------------------------------------------------------------- comparing


class Worker:
    """Advances a clock of its own by what each pass is said to take."""

    def __init__(self):
        self.now, self.done = 0.0, []

    def work(self, name: str, seconds: list[float], units: float):
        def one_pass() -> float:
            self.done.append(name)
            self.now += seconds[self.done.count(name) - 1]
            return units

        return one_pass


def test_rates_are_units_per_second_and_the_ratio_is_of_each_repetition_the_warm_up_not_counted():
    worker = Worker()
    ours, bare = worker.work("ours", [99.0, 1.0, 2.0], 10.0), worker.work("bare", [99.0, 4.0, 4.0], 20.0)
    found = compare.compare("x", "units/s", ours, bare, bare_name="it", repetitions=2, clock=lambda: worker.now)
    assert found.ours.values == (10.0, 5.0)
    assert found.bare.values == (5.0, 5.0)
    assert found.ratio.values == (2.0, 1.0)


def test_who_goes_first_alternates():
    worker = Worker()
    ours, bare = worker.work("ours", [1.0] * 4, 1.0), worker.work("bare", [1.0] * 4, 1.0)
    compare.compare("x", "", ours, bare, bare_name="", repetitions=3, clock=lambda: worker.now)
    assert worker.done == ["ours", "bare", *["ours", "bare"], *["bare", "ours"], *["ours", "bare"]]


def test_quantiles_lie_between_the_values():
    spread = Spread((1.0, 2.0, 3.0, 4.0, 5.0))
    assert (spread.median, spread.quantile(0.95), spread.low, spread.high) == (3.0, 4.8, 1.0, 5.0)
    assert spread.to_dict()["p95"] == 4.8 and spread.to_dict()["n"] == 5


# ---------------------------------------------------------------------------------------------------- the parts


def test_the_callers_line_has_noise_everywhere_and_pauses_as_long_as_asked_for():
    sentence = pcm(noise(1.0, -20.0, 1))
    sound = caller_voice.on_the_line([sentence, sentence], "a b", pause=1.5)
    assert sound.seconds == 5.0 and sound.voice == pytest.approx(0.4)
    assert b"".join(sound.pieces(0.3)) == sound.pcm
    pause = np.frombuffer(sound.pcm, "<i2")[RATE : 2 * RATE].astype(float)
    assert 20 * np.log10(np.sqrt(np.mean(pause**2)) / 32768) == pytest.approx(caller_voice.NOISE_DBFS, abs=1.0)


def test_only_the_callers_utterances_count_and_decisions_are_seen():
    texts = [(Party.CALLER, "how big can my bag be"), (Party.ASSISTANT, "It may be big."), (Party.CALLER, "what about two bags")]
    quiet = WrittenCall("quiet", tuple(Turn(n, party, text, 6.0 * n, 6.0 * n + 5) for n, (party, text) in enumerate(texts)))
    wants = WrittenCall("wants", (Turn(0, Party.CALLER, "i want to talk to a real person now please", 0.0, 4.0),))
    assert scorer.caller_texts([quiet, wants]) == [texts[0][1], texts[2][1], wants.turns[0].text]
    assert scorer.score_calls([quiet], default_rules()) == (2, 0)
    assert scorer.score_calls([quiet, wants], default_rules()) == (3, 1)


def test_every_line_is_read_as_often_as_asked_for():
    seen: list[str] = []
    assert events.read_all(seen.append, ["a", "b"], 3) == 6
    assert seen == ["a", "b"] * 3


def test_recorded_traffic_is_compared_event_by_event():
    file = next(iter(sorted(events.RECORDED.glob("*-22-events.jsonl"))))
    found = events.compare_file(file, 1, 1)
    assert found.name == "Asterisk 22" and found.facts["events"] == len(file.read_text().splitlines())
    assert found.ours.low > 0 and found.bare.low > 0


def test_a_share_of_a_core_is_cpu_seconds_by_seconds():
    assert process_cost.share_of_core(Cost(10.0, 3.0, 0), Cost(20.0, 5.5, 0)) == 0.25


def test_a_process_that_works_has_used_cpu_and_memory():
    before = process_cost.cost_of(os.getpid())
    while process_cost.cost_of(os.getpid()).cpu == before.cpu:
        sum(range(10_000))
    assert before.rss > 1024 * 1024
    with pytest.raises(ProcessLookupError):
        process_cost.cost_of(2**22 + 1)  # above the kernel's greatest number


# ---------------------------------------------------------------------------------------------------- raised voices


def dbfs(sound: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(sound**2)) / 32768))


def test_the_same_seed_plans_the_same_calls_and_more_of_one_kind_leave_the_others_alone():
    assert voice_calls.plan(2, 1, 5) == voice_calls.plan(2, 1, 5) != voice_calls.plan(2, 1, 6)
    assert set(voice_calls.plan(2, 1, 5)) < set(voice_calls.plan(3, 2, 5))


def test_a_raised_end_is_louder_higher_brighter_and_faster_and_what_only_seems_so_is_not_all_of_it():
    for call in voice_calls.plan(20, 20, 5):
        before, end = call.turns[: call.ends_at], call.turns[call.ends_at]
        assert 4 <= len(before) <= 6
        if call.kind == voice_calls.RAISED:
            assert 6 <= end.level_db <= 14 and 2 <= end.semitones <= 6 and end.tilt > 0.5 and end.stretch < 1
        elif call.kind == voice_calls.NEARER:
            assert end.level_db > 1 and abs(end.semitones) <= 2 and abs(end.tilt) < 1.5 and end.stretch == 1
        elif call.kind == voice_calls.LOUD:
            assert all(turn.level_db >= 6 for turn in call.turns)
        elif call.kind == voice_calls.NOISE:
            assert end.noise_db >= 12


def test_the_plain_sentences_give_no_reason_for_a_loud_voice_and_the_glad_ones_do():
    reader = voice.Reader(voice.load_lexicon("en"))
    excuses = ("glad", "thanks", "to someone else", "loud reason", "speak up please")
    assert not any(reader.read(words).has(*excuses) for words in voice_calls.PLAIN + voice_calls.OTHERS)
    assert all(reader.read(words).has(*excuses) for words in voice_calls.GLAD_WORDS)


@pytest.mark.parametrize("level", [-40.0, -26.0, -12.0])
def test_agc_brings_every_voice_to_its_level_and_leaves_the_pauses_behind(level):
    spoken = np.concatenate([noise(2.0, level, 21), noise(1.0, -75.0, 22)])
    found = voice_calls.levelled(spoken)
    assert dbfs(found[RATE : 2 * RATE]) == pytest.approx(voice_calls.AGC_TARGET_DB, abs=1.5)
    assert dbfs(found[-RATE // 2 :]) < -45


def test_the_telephone_band_keeps_its_middle_only():
    time = np.arange(RATE) / RATE
    tones = {hertz: 3000 * np.sin(2 * np.pi * hertz * time) for hertz in (80, 1000, 3900)}
    lost = {hertz: dbfs(tone) - dbfs(voice_calls.telephone_band(tone)) for hertz, tone in tones.items()}
    assert lost[1000] == pytest.approx(0, abs=0.2) and min(lost[80], lost[3900]) > 20


def test_an_area_is_the_share_of_pairs_in_order_and_a_share_has_an_interval_at_its_ends_too():
    assert voice.auc(np.array([3.0, 1.0]), np.array([2.0, 1.0])) == pytest.approx((1 + 1 + 0 + 0.5) / 4)
    low, high = voice.wilson(0, 10)
    assert low == 0 and high == pytest.approx(0.278, abs=0.002)


def test_each_turn_but_the_first_is_judged_by_the_real_signal():
    plain = [voice_calls.Manner(words) for words in voice_calls.PLAIN[:6]]
    call = voice_calls.SpokenCall(voice_calls.RAISED, "slt", -26.0, -50.0, 0.0, tuple(plain), (1,))
    calm, raised = voice.Prosody(-26.0, 120.0, 900.0), voice.Prosody(-16.0, 150.0, 1150.0)
    reader = voice.Reader(voice.load_lexicon("en"))
    judged = voice.judge(call, [calm, calm, calm, voice.Prosody(), raised, raised], reader)
    assert [(each.place.name, each.fired) for each in judged] == [
        *[("BEFORE", False)] * 3,
        ("END", True),
        ("STILL", True),
    ]
    assert judged[2].rise is None and judged[2].sound() == voice.NOT_HEARD


# ---------------------------------------------------------------------------------------------------- recordings

WHISPER, HAND_OFF = noise(1.5, -20.0, 7), noise(2.0, -20.0, 8)


def test_the_whisper_is_found_to_the_sample_and_nowhere_else():
    heard = track(after(3.0, WHISPER), noise(8.0, -55.0, 9))
    span = recordings.locate(pcm(WHISPER), heard, 1.0, 8.0)
    assert span.start == pytest.approx(3.0, abs=1 / RATE) and span.seconds == pytest.approx(1.5)
    cut_off = recordings.locate(pcm(WHISPER), heard, 3.1, 8.0)
    assert cut_off.start == pytest.approx(3.0, abs=1 / RATE)
    assert recordings.locate(pcm(HAND_OFF), heard, 1.0, 8.0) is None
    assert recordings.locate(pcm(WHISPER), heard, 5.0, 8.0) is None


def test_a_whisper_in_the_callers_ear_at_the_same_time_is_a_leak_and_what_both_hear_later_is_none():
    agent = track(after(3.0, WHISPER), after(4.5, HAND_OFF))
    assert not recordings.leaked(agent, Span(3.0, 4.5), track(after(4.51, HAND_OFF)))
    assert recordings.leaked(agent, Span(3.0, 4.5), track(after(3.02, 0.1 * WHISPER), after(4.5, HAND_OFF)))


def test_a_room_is_heard_from_the_moment_of_joining_also_under_the_assistants_voice():
    room = noise(8.0, -52.0, 10)
    joined = after(4.5, room[round(4.5 * RATE) :])
    heard = track(joined, after(4.5, HAND_OFF))
    assert recordings.heard_from(track(room), heard, 3.0, 8.0, pcm(HAND_OFF)) == pytest.approx(4.5, abs=0.02)
    assert recordings.heard_from(track(room), heard, 3.0, 8.0) > 6.4
    assert recordings.heard_from(track(room), track(after(4.5, HAND_OFF)), 3.0, 8.0) is None


# ---------------------------------------------------------------------------------------------------- calls


def report(folder: Path, *, caller_hears: np.ndarray, agent_hears: np.ndarray, failure: str | None = None) -> Report:
    """A call in which the agent picks up at 2 s; both rooms are noisy, and each hears what is given."""
    rooms = {"caller": noise(9.0, -52.0, 11), "agent": noise(9.0, -52.0, 12)}
    joined = {name: after(4.5, room[round(4.5 * RATE) :]) for name, room in rooms.items()}
    heard = {"caller": track(joined["agent"], caller_hears), "agent": track(joined["caller"], agent_hears)}
    for name, room in rooms.items():
        save_stereo(folder / f"{name}.wav", track(room), heard[name])
    return Report(
        script="tiny",
        origin=0.0,
        seconds=9.0,
        failure=failure,
        remedy="",
        agent="agent",
        shown_number="",
        shown_name="",
        card="",
        queue=None,
        measured=Measured(-42.0, ring_ms=260.0, whisper_start_ms=40.0, silence_heard=Silence(310.0, 3.0)),
        words=None,
        pacing={},
        folder=folder,
        recordings={name: folder / f"{name}.wav" for name in rooms},
        timeline=(PickedUp(2.0, "agent"), ApplicationReported(2.1, "application", "whisper started", {"text": "Ana."})),
        leftovers={"channels": 0},
    )


def test_a_calls_times_are_read_from_its_recordings(tmp_path):
    hand_off = after(4.5, HAND_OFF)
    call = report(tmp_path, caller_hears=hand_off, agent_hears=track(after(2.95, WHISPER), hand_off).samples.astype(float))
    times = handover.read_times(call, pcm(WHISPER), pcm(HAND_OFF), {"Asterisk": 0.02})
    assert handover.whisper_text(call) == "Ana."
    assert (times.problem, times.ring, times.whisper, times.silence, times.left_over) == ("", 260.0, 40.0, 310.0, 0)
    assert times.two_way == pytest.approx(50.0, abs=20.0)  # the whisper ended at 4.45 s, both were joined at 4.5 s
    assert times.agent_heard_whisper and times.caller_heard_whisper is False


def test_a_whisper_that_nobody_heard_has_no_times(tmp_path):
    call = report(tmp_path, caller_hears=after(4.5, HAND_OFF), agent_hears=after(4.5, HAND_OFF))
    times = handover.read_times(call, pcm(WHISPER), pcm(HAND_OFF), {})
    assert not times.agent_heard_whisper and times.whisper is None and times.two_way is None


def test_a_failed_call_is_counted_and_not_left_out(tmp_path):
    good = handover.CallTimes("", 250.0, 50.0, -10.0, 300.0, True, False, 0, {"the application": 0.06, "Asterisk": 0.01})
    late = handover.CallTimes("", 350.0, 70.0, 10.0, 700.0, True, True, 2, {"the application": 0.08, "Asterisk": 0.01})
    found = {each.name: each for each in handover.findings([good, late, handover.CallTimes(problem="no answer")])}
    rings = found["end of the deciding words → phone rings"]
    assert (rings.found.median, rings.missing) == (300.0, 1)
    assert found["CPU of the application for this call"].found.values == (6.0, 8.0)
    counts = {name: (each.found, each.of, each.good) for name, each in found.items() if isinstance(each, findings.Count)}
    assert counts == {
        "calls that went through": (2, 3, False),
        "whisper found in the agent's recording": (2, 3, False),
        "whisper found in the caller's recording": (1, 3, False),
        "calls that left nothing in Asterisk": (2, 3, False),
    }


def test_costs_are_taken_while_all_callers_talk():
    me = {"app": os.getpid(), "asterisk": os.getpid()}
    talking = load.AllTalking(me, 2)
    talking.show(CallAnswered(0.1, "caller"))
    assert not talking.begin
    talking.show(CallAnswered(0.2, "caller"))
    assert talking.begin and not talking.complete
    talking.show(HungUp(9.0, "caller", "us", 200))
    first = talking.end
    talking.show(HungUp(9.5, "caller", "us", 200))
    assert talking.complete and talking.end is first


def test_a_caller_who_is_gone_before_the_last_one_came_spoils_the_measurement():
    talking = load.AllTalking({"app": os.getpid(), "asterisk": os.getpid()}, 2)
    talking.show(CallAnswered(0.1, "caller"))
    talking.show(HungUp(9.0, "caller", "them", 200))
    talking.show(CallAnswered(9.1, "caller"))
    assert load.problems([], talking) == ["the callers were never all on the line at the same time"]


def test_what_one_call_costs_is_the_difference_by_the_callers():
    megabyte = load.MEGABYTE
    talking = load.AllTalking({}, 4)
    for name in load.PARTS:
        talking.begin[name], talking.end[name] = Cost(0.0, 1.0, 0), Cost(10.0, 3.0, 180 * megabyte)
    before = {name: Cost(0.0, 0.0, 100 * megabyte) for name in load.PARTS}
    found = {each.name: each.value for each in load.findings(4, before, talking, dict.fromkeys(load.PARTS, 0.04))}
    assert found["the application: memory for each live call"] == pytest.approx(20.0)
    assert found["Asterisk: CPU for each tapped call"] == pytest.approx(4.0)
    assert found["Asterisk: CPU with no call"] == pytest.approx(4.0)


@pytest.mark.parametrize("file", [handover.SCRIPT, load.SCRIPT])
def test_the_scripts_can_be_played(file):
    assert load_script(file).steps


# ---------------------------------------------------------------------------------------------------- the command


def printed(part: Any, width: int = 80) -> str:
    console = Console(width=width, record=True, file=open(os.devnull, "w"))  # noqa: SIM115 - closed below
    console.print(table.render(part))
    console.file.close()
    return console.export_text()


def test_the_table_shows_ratio_quantiles_counts_and_broken_promises_on_a_narrow_terminal():
    part = findings.Part(
        "all kinds",
        "made up",
        [
            findings.Comparison(
                "decoding", "events/s", Spread((300.0, 330.0)), Spread((100.0, 100.0)), "json.loads", {"events": 7}
            ),
            findings.Distribution("silence", "ms", Spread((100.0, 700.0)), 1, 500.0),
            findings.Distribution("never measured", "ms", None, 3),
            findings.Count("leaks", 1, 3, 0),
            findings.Figure("memory", "MB", 12345.0),
            findings.Estimate("found", "off", 0.5, (0.25, 0.75), 8),
            findings.Estimate("found", "on", 3.0, None, 9),
        ],
        ["call 3: no answer"],
    )
    text = printed(part)
    for expected in (
        "3.15",
        "3.00 … 3.30",
        "ours / json.loads",
        "events 7",
        "670",
        "2 of 3",
        "≤ 500 ✗",
        "1 of 3",
        "12,345",
        "0.50 (0.25 … 0.75)",
        "8 / 9",
    ):
        assert expected in text
    assert "✗ call 3: no answer" in text and "0 of 3" in text
    written = json.loads(json.dumps(part.to_dict()))
    assert written["comparisons"][0]["ratio"]["p50"] == 3.15 and written["distributions"][1]["found"] is None
    assert written["counts"][0]["good"] is False and written["problems"] == ["call 3: no answer"]


@pytest.mark.parametrize(
    ("value", "shown"), [(12345.6, "12,346"), (92.14, "92.1"), (3.1416, "3.14"), (0.05128, "0.0513"), (0, "0")]
)
def test_large_numbers_are_whole_and_small_ones_have_three_significant_digits(value, shown):
    assert table.number(value) == shown


@pytest.fixture
def logging_as_before():
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_a_part_is_measured_printed_and_written(logging_as_before, tmp_path, capsys):
    file = tmp_path / "bench.json"
    assert bench.main(["events", "--repetitions", "1", "--json", str(file)]) == 0
    assert "ours / json.loads" in capsys.readouterr().out
    written = json.loads(file.read_text())
    assert list(written["parts"]) == ["events"] and written["host"]["cores"] == os.cpu_count()
    assert {each["name"] for each in written["parts"]["events"]["comparisons"]} == {"Asterisk 16", "Asterisk 22"}


@pytest.mark.parametrize("wrong", [["speed"], ["handover", "--calls", "0"], ["--repetitions", "many"]])
def test_a_wrong_option_is_named_and_nothing_is_measured(wrong, capsys):
    with pytest.raises(SystemExit) as stopped:
        bench.main(wrong)
    assert stopped.value.code == 2
    assert wrong[-1] in capsys.readouterr().err


def test_failed_calls_and_unmet_counts_make_the_command_fail():
    count = findings.Count("calls that went through", 1, 2, 2)
    assert bench._failed(findings.Part("x", "", [count]))
    assert bench._failed(findings.Part("x", "", [], ["nobody answered"]))
    assert not bench._failed(findings.Part("x", "", [findings.Count("leaks", 0, 2, 0)]))
