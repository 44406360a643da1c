"""TextBlob behind the Sentiment protocol: polarity of an utterance, analysed in a worker thread so that the loop never waits."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ari_app.call.model import Party
from ari_app.escalation.written_calls import WrittenCall
from ari_app.language.loading import load_lexicon


@lru_cache(maxsize=1)
def _analyser() -> Any:
    """TextBlob's analyser, taught what words mean to a caller on the phone: its own lexicon is made from film and product
    reviews, and misses or mistakes them. Importing it takes up to 2 s and 140 MB: once per process.
    """
    from textblob import TextBlob
    from textblob.en import sentiment

    sentiment.load()
    for word, value in load_lexicon("en").polarity.items():
        sentiment.annotate(word, None, value, abs(value), 1.0)
    return TextBlob


def polarity(text: str) -> float | None:
    """-1 (bad) … 1 (good); None for no words. Blocking: 0.2 ms, and 2 s for the first one in a process."""
    return float(_analyser()(text).sentiment.polarity) if text.strip() else None


def with_polarity(call: WrittenCall) -> WrittenCall:
    """The call with the polarity of every turn of the caller's that was written without. Blocking."""
    missing = (turn.party is Party.CALLER and turn.polarity is None for turn in call.turns)
    turns = (
        replace(turn, polarity=polarity(turn.text)) if wanted else turn for turn, wanted in zip(call.turns, missing, strict=True)
    )
    return replace(call, turns=tuple(turns))


class TextBlobSentiment:
    """The Sentiment of a running application: one worker thread, so that import and analysis never hold up the loop."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sentiment")

    async def warm_up(self) -> None:
        """Import TextBlob before the first call needs it."""
        await self.polarity("good")

    async def polarity(self, text: str) -> float | None:
        return await asyncio.get_running_loop().run_in_executor(self._worker, polarity, text)

    def close(self) -> None:
        self._worker.shutdown(wait=False, cancel_futures=True)
