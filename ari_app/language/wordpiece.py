"""Cuts a text into the word pieces of an uncased BERT vocabulary, because both embedding engines read their words that way."""

import unicodedata
from collections.abc import Iterable

UNKNOWN = "[UNK]"
_LONGEST_WORD = 100
"""Characters; BERT calls longer words unknown."""
_REMEMBERED_WORDS = 20_000
_CHINESE = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))


class WordPiece:
    """The tokenizer of `bert-base-uncased`, without its special tokens: text → numbers of vocabulary entries."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self.number_of = {token: number for number, token in enumerate(vocabulary)}
        self._unknown = self.number_of[UNKNOWN]
        self._remembered: dict[str, tuple[int, ...]] = {}

    def numbers(self, text: str) -> list[int]:
        """The vocabulary numbers of a text, in its order; [] for an empty one."""
        found: list[int] = []
        for word in words(text):
            pieces = self._remembered.get(word)
            found += self._learnt(word) if pieces is None else pieces
        return found

    def _learnt(self, word: str) -> tuple[int, ...]:
        if len(self._remembered) >= _REMEMBERED_WORDS:
            self._remembered.clear()
        pieces = self._remembered[word] = self._pieces(word)
        return pieces

    def _pieces(self, word: str) -> tuple[int, ...]:
        """The longest entry that the word begins with, then the longest one for what is left, and so on."""
        if len(word) > _LONGEST_WORD:
            return (self._unknown,)
        pieces: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                number = self.number_of.get(prefix + word[start:end])
                if number is not None:
                    break
            else:
                return (self._unknown,)
            pieces.append(number)
            start = end
        return tuple(pieces)


def words(text: str) -> list[str]:
    """Lower-case words and single punctuation marks, without accents."""
    if text.isascii() and text.isprintable():
        return _apart(text.lower()).split()
    plain = unicodedata.normalize("NFD", "".join(map(_cleaned, text)))
    return _apart("".join(sign for sign in plain if unicodedata.category(sign) != "Mn").lower()).split()


def _apart(text: str) -> str:
    """Spaces around every punctuation mark."""
    if text.replace(" ", "").isalnum():
        return text
    return "".join(f" {sign} " if _is_punctuation(sign) else sign for sign in text)


def _is_punctuation(sign: str) -> bool:
    """All of ASCII's signs, "$" and "^" too, as BERT has it."""
    if sign.isalnum() or sign == " ":
        return False
    return "!" <= sign <= "~" or unicodedata.category(sign).startswith("P")


def _cleaned(sign: str) -> str:
    """A space for any kind of space, nothing for what cannot be seen, and spaces around Chinese characters."""
    category = unicodedata.category(sign)
    if sign in "\t\n\r" or category in ("Zs", "Zl", "Zp"):
        return " "
    if sign == "\ufffd" or category in ("Cc", "Cf", "Co", "Cs"):
        return ""
    return f" {sign} " if any(first <= ord(sign) <= last for first, last in _CHINESE) else sign
