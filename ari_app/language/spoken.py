"""Writes a text as a recogniser would, because what is typed and what is heard must lie at the same place in meaning."""

import re
from functools import lru_cache
from typing import Final

_JOINED: Final = {
    **{f"{word}nt": f"{word}n't" for word in ("do", "does", "did", "ca", "could", "wo", "would", "should", "is", "are", "was")},
    **{f"{word}nt": f"{word}n't" for word in ("were", "has", "have", "had", "ai", "must", "need")},
    **{f"{word}re": f"{word}'re" for word in ("you", "they")},
    **{f"{word}ve": f"{word}'ve" for word in ("i", "you", "we", "they", "could", "would", "should", "might", "must")},
    **{f"{word}ll": f"{word}'ll" for word in ("you", "they", "it", "that", "there")},
    **{f"{word}d": f"{word}'d" for word in ("you", "they", "it", "that")},
    **{f"{word}s": f"{word}'s" for word in ("he", "she", "it", "that", "there", "here", "what", "where", "who", "how", "when")},
    **{f"{word}s": f"{word}'s" for word in ("let", "nobody", "somebody", "someone", "everyone", "everybody", "nothing")},
    **{"im": "i'm", "oclock": "o'clock", "yall": "y'all"},
}
"""Only what is no word of its own: "well", "ill", "wed", "were", "shell", "id" stay. "its" is far oftener "it's" in speech."""
_WORD: Final = re.compile(r"[a-z]+(?![a-z'])")
_SILENT: Final = re.compile(r"(?!(?<=\d)[.,:](?=\d))[^\w'£$€%]|_")
"""Punctuation, save within numbers."""
_LONELY: Final = re.compile(r"(?<!\w)'+|'+(?!\w)")


@lru_cache(maxsize=4096)
def spoken(text: str) -> str:
    """Lower case, "dont" as "don't", no punctuation but one full stop at the end; "" for a text without words.

    Mean cosine in MiniLM of 1,500 clean turns with the same turns as raw recogniser text: 0.940 as they are, 0.995 so. The full
    stop costs a token and earns more: the model has read sentences with an end, and places them better.
    """
    plain = text.lower().replace("’", "'")
    plain = _LONELY.sub(" ", _SILENT.sub(" ", plain))
    words = " ".join(plain.split())
    return _WORD.sub(lambda word: _JOINED.get(word[0], word[0]), words) + "." if words else ""
