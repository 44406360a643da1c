"""A human is fetched for words that are still being said: the phone rings before the sentence ends, and never for too little."""

import asyncio
import json
from datetime import datetime
from itertools import pairwise

import pytest

from ari_app.call.call import CallState
from ari_app.call.model import Carried
from ari_app.escalation.scorer import Scorer
from ari_app.language.loading import load_lexicon
from ari_app.language.rules_file import default_rules, rules_from
from ari_app.rules_in_force import RulesInForce
from tests.session.fakes import FakeScorer, FakeScoring
from tests.session.rules import BY_DAY, LEGAL, PERSON, SHADOW, WHOLE_SHADOW
from tests.session.stage import Stage
from tests.session.virtual_time import run

REQUEST = "i want to talk to a human"
MORE = f"{REQUEST} because my bag with the wedding dress of my sister is lost"
VIP = """
rules:
  - {name: A person, when: human request, escalate: now, queue: vip, priority: 7, say: "At once, of course."}
"""


def by_words(rules: str) -> RulesInForce:
    """These rules, with a scorer of whole turns that goes by their words too: the two ways can be held against each other."""
    file = rules_from(rules.encode(), "rules.yaml", default_rules())
    return RulesInForce(file, lambda book: Scorer(book, load_lexicon(book.language)))


def words(text: str) -> list[str]:
    said = text.split()
    return [" ".join(said[: count + 1]) for count in range(len(said))]


def record(stage: Stage) -> dict:
    return json.loads(json.dumps(next(iter(stage.store.calls.values()))))


def test_the_queue_rings_while_the_caller_still_speaks():
    async def scenario():
        async with Stage(scorer=by_words(VIP).scorer) as stage:
            await stage.conversing()
            await stage.caller_is_saying(*words(REQUEST))
            assert stage.state is CallState.CONVERSING, "one partial is not enough"
            await stage.caller_goes_on(f"{REQUEST} because")
            assert stage.state is CallState.SEEKING
            ((_, endpoint, _, _),) = stage.pbx.originated
            assert endpoint.startswith("Local/vip@")
            assert stage.session.call.handover.decision.priority == 7

    run(scenario())


def test_the_assistant_talks_over_nobody_and_says_it_at_the_callers_pause():
    async def scenario():
        async with Stage(scorer=by_words(VIP).scorer) as stage:
            await stage.conversing()
            await stage.caller_is_saying(*words(MORE)[6:12])
            assert stage.state is CallState.SEEKING
            assert "At once, of course." not in stage.synthesiser.texts
            await stage.caller_pauses(MORE)
            assert "At once, of course." in stage.synthesiser.texts
            await asyncio.sleep(2.0)
            assert f"While we wait: {MORE}." in stage.said()

    run(scenario())


def test_a_caller_who_never_pauses_is_told_all_the_same():
    async def scenario():
        async with Stage(scorer=by_words(VIP).scorer) as stage:
            await stage.conversing()
            await stage.caller_is_saying(*words(f"{REQUEST} because {'on and ' * 12}"))
            assert "At once, of course." in stage.synthesiser.texts

    run(scenario())


def test_the_transcript_gets_the_whole_utterance_and_nothing_is_decided_twice():
    async def scenario():
        async with Stage(scorer=by_words(VIP).scorer) as stage:
            await stage.conversing()
            await stage.caller_is_saying(*words(MORE))
            await stage.caller_pauses(MORE)
            await asyncio.sleep(1.0)
            (spoken,) = (turn for turn in record(stage)["turns"] if turn["speaker"] == "caller")
            assert spoken["text"] == MORE
            assert len(stage.pbx.originated) == 1
            assert [item["type"] for item in stage.feed].count("decided") == 1
            assert stage.said().count("At once, of course.") == 1
            assert stage.said().count(f"While we wait: {MORE}.") == 1

    run(scenario())


def test_the_deciding_words_said_to_their_end_are_not_answered_again():
    async def scenario():
        async with Stage(scorer=by_words(VIP).scorer) as stage:
            await stage.conversing()
            await stage.caller_is_saying(*words(f"{REQUEST} please"))
            assert stage.state is CallState.SEEKING
            await stage.caller_pauses(f"{REQUEST} please now")
            await asyncio.sleep(1.0)
            assert not any(text.startswith("While we wait") for text in stage.said())

    run(scenario())


def test_the_record_tells_the_words_heard_so_far_and_the_time_gained():
    async def scenario():
        async with Stage(scorer=by_words(VIP).scorer) as stage:
            await stage.conversing()
            await stage.caller_is_saying(*words(MORE))
            await stage.caller_pauses(MORE)
            await asyncio.sleep(1.0)
            (handover,) = record(stage)["handovers"]
            assert handover["by"] == "score"
            assert handover["partial_words"] == f"{REQUEST} because"
            assert handover["gained"] == pytest.approx(12 * 0.35 + 0.2, abs=0.05)
            (item,) = (item for item in stage.feed if item["type"] == "heard so far")
            assert (item["text"], item["speaking"]) == (f"{REQUEST} because", True)

    run(scenario())


def test_words_that_decide_at_a_pause_are_recorded_as_before():
    async def scenario():
        async with Stage(scorer=by_words(VIP).scorer) as stage:
            await stage.conversing()
            stage.caller_says(REQUEST)
            await stage.until(CallState.SEEKING)
            await asyncio.sleep(1.0)
            (handover,) = record(stage)["handovers"]
            assert (handover["partial_words"], handover["gained"]) == ("", None)

    run(scenario())


@pytest.mark.parametrize(
    "partials",
    [
        [*words(REQUEST), "i want to talk to a humanoid", "i want to talk to a humanoid robot", f"{REQUEST}oid robot about it"],
        words(f"{REQUEST} no that's what my brother said"),
        words("my lawyer's office address is fifteen main street"),
        [*words(REQUEST), "i want to talk to a", "i want to talk to a hue man"],
        ["", " ", "um", "um the"],
    ],
)
def test_words_that_go_on_otherwise_fetch_nobody(partials):
    async def scenario():
        async with Stage(scorer=by_words(PERSON + LEGAL.partition("rules:")[2]).scorer) as stage:
            await stage.conversing()
            await stage.caller_is_saying(*partials)
            await asyncio.sleep(5.0)
            assert stage.state is CallState.CONVERSING and stage.pbx.originated == []

    run(scenario())


def test_words_that_do_not_change_for_a_while_are_confirmed():
    async def scenario():
        async with Stage(scorer=by_words(PERSON).scorer) as stage:
            await stage.conversing()
            await stage.caller_is_saying(REQUEST, every=0.3)
            assert stage.state is CallState.CONVERSING
            await asyncio.sleep(0.3)
            assert stage.state is CallState.SEEKING

    run(scenario())


def test_a_pause_is_weighed_as_a_whole_and_what_follows_begins_anew():
    async def scenario():
        async with Stage(scorer=by_words(PERSON).scorer) as stage:
            await stage.conversing()
            await stage.caller_is_saying("my bag is a human")
            await stage.caller_pauses("my bag is not here", end=False)
            await asyncio.sleep(3.0)
            assert stage.state is CallState.CONVERSING

    run(scenario())


@pytest.mark.parametrize("rules", [SHADOW, WHOLE_SHADOW])
def test_rules_in_shadow_act_on_no_partial_words(rules):
    async def scenario():
        async with Stage(scorer=by_words(rules).scorer) as stage:
            await stage.conversing()
            await stage.caller_is_saying(*words("i am going to sue you for this i promise"))
            assert stage.state is CallState.CONVERSING

    run(scenario())


@pytest.mark.parametrize(("day", "state"), [(1, CallState.SEEKING), (7, CallState.CONVERSING)])
def test_rules_out_of_their_hours_act_on_no_partial_words(day, state):
    async def scenario():
        async with Stage(scorer=by_words(BY_DAY).scorer, wall_time=datetime(2024, 1, day, 12, 0)) as stage:
            await stage.conversing()
            await stage.caller_is_saying(*words("i am going to sue you for this i promise"))
            assert stage.state is state

    run(scenario())


def test_while_a_handover_runs_partial_words_decide_nothing_more():
    async def scenario():
        async with Stage() as stage:
            await stage.seeking()
            await stage.caller_is_saying(*words(MORE))
            await stage.caller_pauses(MORE)
            assert len(stage.pbx.originated) == 1
            assert stage.session.call.handover.partial_words == ""

    run(scenario())


class Counting(FakeScorer):
    """Counts the looks at partial words."""

    def __init__(self) -> None:
        self.looks: list[tuple[float, str]] = []

    def weigh(self, state: FakeScoring, partial, now=None) -> Carried:
        self.looks.append((asyncio.get_running_loop().time(), partial.text))
        return super().weigh(state, partial, now)


def test_looks_are_at_most_every_300_ms_and_the_newest_words_win():
    async def scenario():
        scorer = Counting()
        async with Stage(scorer=lambda: scorer) as stage:
            await stage.conversing()
            await stage.caller_is_saying(*words("what about my red bag with the blue handle please"), every=0.1)
            await asyncio.sleep(0.5)
            times = [at for at, _ in scorer.looks]
            assert all(later - earlier >= 0.3 - 1e-9 for earlier, later in pairwise(times))
            assert 3 <= len(times) <= 5
            assert scorer.looks[-1][1] == "what about my red bag with the blue handle please"

    run(scenario())


class Broken(FakeScorer):
    def weigh(self, state: FakeScoring, partial, now=None) -> Carried:
        raise ValueError("a fault in a rule")


def test_a_look_that_fails_harms_nothing_and_the_end_of_the_sentence_decides():
    async def scenario():
        async with Stage(scorer=Broken) as stage:
            await stage.conversing()
            await stage.caller_is_saying(*words(REQUEST))
            assert stage.state is CallState.CONVERSING
            await stage.caller_pauses(REQUEST)
            await stage.until(CallState.SEEKING)

    run(scenario())


def test_a_reply_that_comes_after_partial_words_decided_is_said():
    async def scenario():
        async with Stage(scorer=by_words(PERSON).scorer) as stage:
            await stage.conversing()
            dialogue = stage.assistant.dialogues[-1]
            answer = dialogue.answer

            async def slowly(turn, transcript, *, waiting):
                await asyncio.sleep(2.0)
                return await answer(turn, transcript, waiting=waiting)

            dialogue.answer = slowly
            stage.caller_says("what about my bag")
            await asyncio.sleep(0.3)
            await stage.caller_is_saying(REQUEST, f"{REQUEST} please")
            assert stage.state is CallState.SEEKING
            await stage.caller_pauses(f"{REQUEST} please")
            await asyncio.sleep(6.0)
            assert "You said: what about my bag." in stage.synthesiser.texts

    run(scenario())
