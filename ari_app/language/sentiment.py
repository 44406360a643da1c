"""TextBlob behind the Sentiment protocol: polarity of an utterance, analysed in a worker thread so that the loop never waits."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

# What these words mean to a caller on the phone; TextBlob's own lexicon, made from film and product reviews, misses or mistakes them.
CALL_CENTRE_WORDS: Mapping[str, float] = {
    "useless": -0.8, "pathetic": -0.9, "ridiculous": -0.7, "disgrace": -0.9, "disgraceful": -0.9, "appalling": -0.9, "unacceptable": -0.8,
    "furious": -0.9, "fuming": -0.9, "livid": -0.9, "rubbish": -0.7, "joke": -0.5, "nightmare": -0.8, "scam": -0.9, "liar": -0.9,
    "lie": -0.7, "lying": -0.7, "shambles": -0.8, "worried": -0.5, "scared": -0.7, "desperate": -0.7, "crying": -0.7, "stranded": -0.6,
    "emergency": -0.4, "urgent": -0.3, "urgently": -0.3, "stuck": -0.4, "unhappy": -0.6, "complaint": -0.4, "lawyer": -0.2, "refused": -0.4,
    "sorted": 0.4, "cheers": 0.5, "ta": 0.3, "brilliant": 0.8, "lovely": 0.6, "smashing": 0.7,
    "really": 0.0, "very": 0.0, "first": 0.0, "last": 0.0, "new": 0.0, "own": 0.0, "other": 0.0, "same": 0.0, "long": 0.0, "free": 0.0,
}  # fmt: skip


@lru_cache(maxsize=1)
def _analyser() -> Any:
    """TextBlob's analyser, taught. Importing it takes 2 s and 140 MB: once per process."""
    from textblob import TextBlob
    from textblob.en import sentiment

    sentiment.load()
    for word, polarity in CALL_CENTRE_WORDS.items():
        sentiment.annotate(word, None, polarity, abs(polarity), 1.0)
    return TextBlob


def polarity(text: str) -> float | None:
    """-1 (bad) … 1 (good); None for no words. Blocking: 0.2 ms, and 2 s for the first one in a process."""
    return float(_analyser()(text).sentiment.polarity) if text.strip() else None


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
