"""The assistant's side of a call: what it answers, what it reports about its answer, and what it learns."""

import asyncio
import json

import pytest

from ari_app.assistant.assistant import AssistantSettings
from ari_app.assistant.bookings import Booking
from ari_app.call.model import AnswerKind
from ari_app.errors import NotReachable
from tests.unit.assistant.conversation import Conversation

REFERRED_ARTICLE = "What happens to my bag after I am rebooked?"


# ------------------------------------------------------------------------------------------------ greeting and reference


def test_it_greets_says_that_it_is_an_assistant_and_asks_one_question() -> None:
    reply = Conversation().greeting
    assert "automated assistant" in reply.text and reply.text.count("?") == 1
    assert reply.report.kind is AnswerKind.SOCIAL


async def test_a_known_reference_is_confirmed_with_what_the_booking_says() -> None:
    talk = Conversation()
    reply = await talk.say("yes it's alpha bravo charlie one two three")
    assert reply.report.kind is AnswerKind.CONFIRMED
    assert reply.text == (
        "Thank you, David Miller. I see that your flight to Lisbon tomorrow was cancelled. "
        "You are rebooked on flight K B 4 1 8, tomorrow at twelve thirty-five p.m. How can I help you?"
    )
    assert {(fact.kind, fact.value, fact.verified) for fact in reply.facts} == {
        ("name", "David Miller", True),
        ("booking", "ABC123", True),
        ("situation", "Flight to Lisbon cancelled", True),
    }
    assert next(fact for fact in reply.facts if fact.kind == "booking").spoken == "alpha bravo charlie one two three"


async def test_a_reference_in_two_breaths_is_confirmed() -> None:
    talk = Conversation()
    first = await talk.say("it's alpha bravo charlie")
    assert first.report.kind is AnswerKind.ASKED and "alpha bravo charlie so far" in first.text
    assert (await talk.say("one two three")).report.kind is AnswerKind.CONFIRMED


async def test_a_wrong_reference_is_asked_for_once_more_and_then_let_go() -> None:
    talk = Conversation()
    first = await talk.say("alpha bravo charlie one two four")
    assert first.report.kind is AnswerKind.ASKED and "alpha bravo charlie one two four" in first.text
    second = await talk.say("alpha bravo charlie one two five")
    assert second.report.kind is AnswerKind.NO_ANSWER and "without" in second.text
    assert (await talk.say("how long does a refund take")).report.kind is AnswerKind.ANSWERED
    assert talk.facts == []


async def test_a_caller_without_a_reference_is_served_all_the_same() -> None:
    talk = Conversation()
    assert "without it" in (await talk.say("i don't have it with me")).text
    assert (await talk.say("can i bring my dog")).report.kind is AnswerKind.ANSWERED
    reply = await talk.say("is my flight cancelled")
    assert reply.report.kind is AnswerKind.NO_ANSWER and "booking reference" in reply.text


async def test_a_question_before_the_reference_is_answered_first() -> None:
    talk = Conversation()
    assert (await talk.say("how long does a refund take")).report.kind is AnswerKind.ANSWERED
    assert (await talk.say("alpha bravo charlie one two three")).report.kind is AnswerKind.CONFIRMED


async def test_a_booking_question_is_kept_until_the_reference_is_there() -> None:
    talk = Conversation()
    await talk.say("i don't know")
    asked = await talk.say("what's my seat")
    assert asked.report.kind is AnswerKind.ASKED and "reference" in asked.text
    assert "seat 1 4 C" in (await talk.say("p d six m k two")).text


@pytest.mark.parametrize("denial", ["no", "that's not me", "no that's not my booking"])
async def test_a_caller_who_is_somebody_else_is_asked_again(denial: str) -> None:
    talk = await Conversation().verify()
    reply = await talk.say(denial)
    assert reply.report.kind is AnswerKind.ASKED and "wrong booking" in reply.text
    assert "Maria Okafor" in (await talk.say("papa delta six mike kilo two")).text


async def test_a_booking_system_that_fails_is_said_honestly() -> None:
    class Away:
        async def find(self, reference: str) -> Booking | None:
            raise NotReachable("away")

    talk = Conversation(bookings=Away(), reference_pattern="[A-Z]{3}[0-9]{3}")
    reply = await talk.say("alpha bravo charlie one two three")
    assert reply.report.kind is AnswerKind.NO_ANSWER and "can't look up bookings" in reply.text


async def test_a_booking_system_that_hangs_is_not_waited_for() -> None:
    class Hanging:
        async def find(self, reference: str) -> Booking | None:
            await asyncio.Event().wait()
            return None

    talk = Conversation(AssistantSettings(lookup_timeout=0.01), bookings=Hanging(), reference_pattern="[A-Z]{3}[0-9]{3}")
    assert (await talk.say("alpha bravo charlie one two three")).report.kind is AnswerKind.NO_ANSWER


# ------------------------------------------------------------------------------------------------ answers


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("is my flight really cancelled", "Flight K B 4 1 2 to Lisbon is cancelled."),
        ("when does my new flight leave", "leaves tomorrow at twelve thirty-five p.m."),
        ("what time is my flight", "leaves tomorrow at twelve thirty-five p.m."),
        ("how many bags do i have on my booking", "one checked bag"),
    ],
)
async def test_questions_about_the_booking_are_answered_from_it(question: str, answer: str) -> None:
    reply = await (await Conversation().verify()).say(question)
    assert answer in reply.text
    assert (reply.report.kind, reply.report.article, reply.report.match) == (AnswerKind.ANSWERED, "booking", 1.0)


async def test_an_article_is_answered_shortly_and_more_is_told_on_request() -> None:
    talk = await Conversation().verify()
    first = await talk.say("can i bring my dog")
    assert first.report.kind is AnswerKind.ANSWERED and first.report.article == "Can I bring my pet in the cabin?"
    assert len(first.text.split()) <= 40
    more = await talk.say("yes please")
    assert "two places per flight" in more.text and more.report.article == first.report.article
    assert "all I know" in (await talk.say("tell me more")).text


async def test_a_generic_answer_is_reported_as_a_referral_each_time() -> None:
    talk = await Conversation().verify()
    first = await talk.say("i have my sister's wedding dress in my checked bag and the ceremony is in twelve hours")
    assert (first.report.kind, first.report.article) == (AnswerKind.REFERRED, REFERRED_ARTICLE)
    assert "Baggage typically follows rebooked flights. Please check our website or ask at the airport." in first.text
    second = await talk.say("but this is a wedding emergency")
    assert (second.report.kind, second.report.article) == (AnswerKind.REFERRED, REFERRED_ARTICLE)


async def test_what_the_caller_tells_becomes_facts_and_a_suggestion_for_the_agent() -> None:
    talk = await Conversation().verify()
    reply = await talk.say("i have my sister's wedding dress in my checked bag and the ceremony is in twelve hours")
    assert [(fact.kind, fact.value) for fact in reply.facts] == [
        ("matter", "sister's wedding dress in checked bag"),
        ("deadline", "ceremony in 12 hours"),
    ]
    assert reply.suggestion == "Baggage special services, section 4A"
    assert (await talk.say("but this is a wedding emergency")).facts == ()


async def test_an_ordinary_question_suggests_nothing_to_an_agent() -> None:
    assert (await (await Conversation().verify()).say("how many bags can i check in")).suggestion is None


async def test_a_question_without_an_article_is_admitted() -> None:
    talk = await Conversation().verify()
    reply = await talk.say("is there wifi on the plane")
    assert reply.report.kind is AnswerKind.NO_ANSWER and reply.report.article is None
    assert (await talk.say("but you must know")).report.kind is AnswerKind.NO_ANSWER


@pytest.mark.parametrize(("text", "confidence"), [("", None), ("   ", 0.9), ("refund take long", 0.3)])
async def test_a_turn_that_was_not_understood_is_asked_for_again(text: str, confidence: float | None) -> None:
    reply = await Conversation().say(text, confidence=confidence)
    assert reply.report.kind is AnswerKind.NOT_UNDERSTOOD and reply.facts == ()


async def test_a_repeat_says_the_same_again_and_is_no_dead_end() -> None:
    talk = await Conversation().verify()
    answer = await talk.say("will my bag be on the new flight")
    again = await talk.say("sorry could you repeat that please")
    assert again.text == answer.text and again.report.kind is AnswerKind.SOCIAL


async def test_the_same_trouble_is_not_told_in_the_same_words_twice() -> None:
    talk = await Conversation().verify()
    replies = [await talk.say(question) for question in ("is there wifi on board", "what film will they show")]
    assert replies[0].text != replies[1].text


# ------------------------------------------------------------------------------------------------ small talk and the end


async def test_thanks_then_no_then_the_call_ends() -> None:
    talk = await Conversation().verify()
    thanks = await talk.say("okay thank you very much")
    assert thanks.report.kind is AnswerKind.SOCIAL and not thanks.ends_call
    bye = await talk.say("no that's all")
    assert bye.ends_call and "Goodbye" in bye.text


@pytest.mark.parametrize("text", ["goodbye", "okay thanks bye", "that's all i needed thank you bye bye"])
async def test_goodbye_ends_the_call(text: str) -> None:
    assert (await (await Conversation().verify()).say(text)).ends_call


@pytest.mark.parametrize("text", ["no i need help", "thank you but my bag is lost", "i can't say goodnight to my bag"])
async def test_other_words_do_not_end_the_call(text: str) -> None:
    assert not (await (await Conversation().verify()).say(text)).ends_call


async def test_a_caller_who_wants_a_person_is_asked_what_it_is_about() -> None:
    reply = await (await Conversation().verify()).say("can you put me through to a real person")
    assert reply.report.kind is AnswerKind.ASKED and "person" in reply.text


def test_nobody_is_said_honestly() -> None:
    reply = Conversation().dialogue.nobody()
    assert "none of my colleagues" in reply.text and reply.report.kind is AnswerKind.SOCIAL


# ------------------------------------------------------------------------------------------------ restart


async def test_a_restart_goes_on_where_the_call_stood() -> None:
    talk = await Conversation().verify()
    await talk.say("i have my sister's wedding dress in my checked bag")
    first = talk.company(0)
    kept = json.loads(json.dumps(talk.dialogue.snapshot()))
    after = Conversation()
    after.dialogue.restore(kept)
    assert after.dialogue.snapshot() == talk.dialogue.snapshot()
    assert after.company(0) == first
    reply = await after.say("when does my new flight leave")
    assert "twelve thirty-five" in reply.text
    assert "your sister's wedding dress" in " ".join(after.company(number) for number in range(1, 20))


def test_a_snapshot_of_another_version_is_taken_as_far_as_it_goes() -> None:
    talk = Conversation()
    talk.dialogue.restore({"failures": 1, "from_the_future": True})
    assert talk.dialogue.snapshot()["failures"] == 1
