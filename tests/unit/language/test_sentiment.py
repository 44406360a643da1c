"""TextBlob behind the Sentiment protocol."""

import threading

import pytest

from ari_app.language.sentiment import TextBlobSentiment, polarity


@pytest.mark.parametrize(("text", "sign"), [("this is useless", -1), ("you are furious", -1), ("lovely thank you", 1)])
def test_it_knows_a_callers_words(text: str, sign: int) -> None:
    found = polarity(text)
    assert found is not None
    assert found * sign > 0.3


@pytest.mark.parametrize("text", ["", "   "])
def test_no_words_have_no_polarity(text: str) -> None:
    assert polarity(text) is None


def test_words_that_say_nothing_are_neutral() -> None:
    assert polarity("the same one first") == 0


async def test_it_works_in_a_thread_of_its_own() -> None:
    sentiment = TextBlobSentiment()
    await sentiment.warm_up()
    try:
        assert await sentiment.polarity("this is useless") == polarity("this is useless")
        assert any(thread.name.startswith("sentiment") for thread in threading.enumerate())
    finally:
        sentiment.close()
