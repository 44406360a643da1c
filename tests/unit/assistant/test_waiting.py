"""While a human is being fetched: the assistant stays, answers what it can, sends nobody away, and keeps talking."""

from itertools import pairwise

import pytest

from ari_app.call.model import AnswerKind, Fact
from tests.unit.assistant.conversation import Conversation

SHORTEST, LONGEST = 10, 26  # words: about four to nine seconds of speech


async def waiting_caller() -> Conversation:
    talk = await Conversation().verify()
    await talk.say("i have my sister's wedding dress in my checked bag and the ceremony is in twelve hours")
    await talk.say("but this is a wedding emergency")
    return talk


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("okay thank you", "staying with you"),
        ("how long will it take", "can't promise a time"),
        ("hello are you still there", "I am here"),
        ("okay", "I am here"),
        ("can i talk to a real person", "a person is on the way"),
    ],
)
async def test_small_talk_while_waiting(text: str, part: str) -> None:
    reply = await (await waiting_caller()).say(text, waiting=True)
    assert part in reply.text and reply.report.kind is AnswerKind.SOCIAL


async def test_a_question_that_has_an_answer_is_answered() -> None:
    talk = await waiting_caller()
    assert (await talk.say("how many bags can i take", waiting=True)).report.kind is AnswerKind.ANSWERED
    assert "twelve thirty-five" in (await talk.say("when does my new flight leave", waiting=True)).text


@pytest.mark.parametrize("text", ["will my bag be on the new flight", "my sister's dress is in my checked bag", "is there wifi"])
async def test_nobody_who_waits_is_sent_elsewhere(text: str) -> None:
    reply = await (await waiting_caller()).say(text, waiting=True)
    assert "website" not in reply.text and "airport" not in reply.text
    assert reply.report.kind is not AnswerKind.REFERRED


async def test_a_goodbye_while_waiting_does_not_throw_the_caller_out() -> None:
    reply = await (await waiting_caller()).say("thank you goodbye", waiting=True)
    assert not reply.ends_call and "hang up" in reply.text


async def test_the_reference_is_not_asked_for_again_but_taken_when_it_comes() -> None:
    talk = Conversation()
    for text in ("hello", "is my flight cancelled", "", "yes"):
        assert "reference" not in (await talk.say(text, waiting=True)).text
    assert (await talk.say("alpha bravo charlie one two three", waiting=True)).report.kind is AnswerKind.CONFIRMED


async def test_a_bag_tag_number_is_noted_for_the_agent() -> None:
    reply = await (await waiting_caller()).say("it's zero two two zero four four one one nine eight", waiting=True)
    assert reply.report.kind is AnswerKind.CONFIRMED
    assert [(fact.kind, fact.value) for fact in reply.facts] == [("bag tag", "0220441198")]


async def test_what_was_not_understood_is_not_blamed_on_the_caller() -> None:
    reply = await (await waiting_caller()).say("", waiting=True)
    assert reply.report.kind is AnswerKind.NOT_UNDERSTOOD and "still here" in reply.text


# ------------------------------------------------------------------------------------------------ company


async def test_at_least_fourteen_remarks_before_it_starts_over_each_of_a_good_length() -> None:
    talk = await waiting_caller()
    remarks = [talk.company(number) for number in range(18)]
    assert len(set(remarks)) == 18
    for remark in remarks:
        assert SHORTEST <= len(remark.split()) <= LONGEST, remark
        assert not remark.rstrip().endswith("?"), "the next remark follows at once: no time for an answer"


async def test_remarks_are_about_this_caller() -> None:
    talk = await waiting_caller()
    said = " ".join(talk.company(number) for number in range(18))
    for personal in ("your sister's wedding dress", "the ceremony", "David Miller", "Lisbon", "K B 4 1 8", "twelve hours"):
        assert personal in said
    assert "explain it again" in talk.company(1)


async def test_a_caller_of_whom_nothing_is_known_is_kept_company_too() -> None:
    talk = Conversation()
    remarks = [talk.company(number) for number in range(10)]
    assert len(set(remarks)) == 10 and not any("{" in remark for remark in remarks)


async def test_it_never_runs_out_and_never_says_the_same_twice_running() -> None:
    talk = await waiting_caller()
    remarks = [talk.company(number) for number in range(80)]
    assert all(one != two for one, two in pairwise(remarks))
    assert len(set(remarks[:40])) == 40


async def test_a_remark_asked_for_twice_stays_the_same() -> None:
    talk = await waiting_caller()
    assert talk.company(3) == talk.company(3)
    assert talk.company(4) != talk.company(3)


async def test_what_is_learned_while_waiting_does_not_repeat_remarks() -> None:
    talk = Conversation()
    before = [talk.company(number) for number in range(4)]
    talk.facts.append(Fact("matter", "passport missing", "passport missing"))
    after = [talk.company(number) for number in range(4, 12)]
    assert not set(before) & set(after)
    assert any("the passport" in remark for remark in after)


async def test_no_remark_sends_the_caller_elsewhere() -> None:
    talk = await waiting_caller()
    assert not any("website" in talk.company(number) for number in range(40))
