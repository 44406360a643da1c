"""TextBlob behind the Sentiment protocol: polarity of an utterance, analysed in a worker thread so that the loop never waits.

TextBlob knows English only: in other languages there is no polarity, and the lexicon's words of anger and distress count alone.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from ari_app.call.model import Party
from ari_app.escalation.written_calls import WrittenCall
from ari_app.language.loading import load_lexicon

_LANGUAGE: Final = "en"  # TextBlob's


@lru_cache(maxsize=1)
def _analyser() -> Any:
    """TextBlob's analyser, taught what words mean to a caller on the phone: its own lexicon is made from film and product
    reviews, and misses or mistakes them. Importing it takes up to 2 s and 140 MB: once per process.
    """
    from textblob import TextBlob
    from textblob.en import sentiment

    sentiment.load()
    for word, value in load_lexicon(_LANGUAGE).polarity.items():
        sentiment.annotate(word, None, value, abs(value), 1.0)
    return TextBlob


def polarity(text: str, language: str = _LANGUAGE) -> float | None:
    """-1 (bad) … 1 (good); None for no words, and in another language than English.

    Blocking: 0.2 ms, and 2 s for the first one in a process.
    """
    return float(_analyser()(text).sentiment.polarity) if language == _LANGUAGE and text.strip() else None


def with_polarity(call: WrittenCall, language: str) -> WrittenCall:
    """The call with the polarity of every turn of the caller's that was written without. Blocking."""
    missing = (turn.party is Party.CALLER and turn.polarity is None for turn in call.turns)
    turns = (
        replace(turn, polarity=polarity(turn.text, language)) if wanted else turn
        for turn, wanted in zip(call.turns, missing, strict=True)
    )
    return replace(call, turns=tuple(turns))


class TextBlobSentiment:
    """The Sentiment of a running application: one worker thread, so that import and analysis never hold up the loop."""

    def __init__(self, language: Callable[[], str] = lambda: _LANGUAGE) -> None:
        """`language`: of the rules in force, which may change while the application runs."""
        self._language = language
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sentiment")

    async def warm_up(self) -> None:
        """Import TextBlob before the first call needs it."""
        await self.polarity("good")

    async def polarity(self, text: str) -> float | None:
        return await asyncio.get_running_loop().run_in_executor(self._worker, polarity, text, self._language())

    def close(self) -> None:
        self._worker.shutdown(wait=False, cancel_futures=True)
