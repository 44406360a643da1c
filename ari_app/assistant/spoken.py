"""Turns written articles into sentences that sound right on a phone: no markup, no signs, units as words."""

import re
from datetime import date, datetime

from ari_app.assistant.words import in_words

_ABBREVIATION = re.compile(r"\b(?:[ap]\.m|e\.g|i\.e|No|Mr|Mrs|Ms|Dr|St)\.$")
_MARKUP: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<!--.*?-->", re.S), " "),
    (re.compile(r"!\[[^\]]*\]\([^)]*\)"), " "),
    (re.compile(r"\[([^\]]+)\]\([^)]*\)"), r"\1"),
    (re.compile(r"[*_`]{1,3}(\S(?:.*?\S)?)[*_`]{1,3}"), r"\1"),
    (re.compile(r"https?://(?:www\.)?([^\s/]+)\S*"), r"\1"),
)
_UNITS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"([$£€])(\d+(?:[.,]\d+)*)"), ""),
    (re.compile(r"(?<=\d)\s*[x×]\s*(?=\d)"), " by "),
    (re.compile(r"(?<=\d)\s*kg\b"), " kilos"),
    (re.compile(r"(?<=\d)\s*cm\b"), " centimetres"),
    (re.compile(r"(?<=\d)\s*km\b"), " kilometres"),
    (re.compile(r"(?<=\d)\s*%"), " percent"),
    (re.compile(r"(?<=\d)\s*[–-]\s*(?=\d)"), " to "),
    (re.compile(r"\s*&\s*"), " and "),
)
_CURRENCY = {"$": "dollars", "£": "pounds", "€": "euros"}
_LIST_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")


def speakable(markdown: str) -> str:
    """Markdown as plain text for a voice.

    >>> speakable("A bag of **23 kg** (55 x 40 cm) is [$45](https://a.example).")
    'A bag of 23 kilos (55 by 40 centimetres) is 45 dollars.'
    """
    lines = [_spoken_line(line) for line in markdown.splitlines() if line.strip() and not line.startswith("#")]
    text = " ".join(lines)
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    text = _UNITS[0][0].sub(lambda found: f"{found[2]} {_CURRENCY[found[1]]}", text)
    for pattern, replacement in _UNITS[1:]:
        text = pattern.sub(replacement, text)
    return re.sub(r"\s+", " ", text).strip()


def _spoken_line(line: str) -> str:
    item = _LIST_ITEM.sub("", line.strip())
    if item != line.strip() and not item.endswith((".", "!", "?", ",", ";", ":")):
        item += "."
    return item.replace("|", " ")


def sentences(text: str) -> list[str]:
    """Splits at sentence ends, not at "a.m." or "PO Box 311".

    >>> sentences("We open at 6 a.m. every day. Do call us!")
    ['We open at 6 a.m. every day.', 'Do call us!']
    """
    parts: list[str] = []
    for piece in re.split(r"(?<=[.!?])\s+(?=[\"'A-Z0-9])", text):
        if parts and _ABBREVIATION.search(parts[-1]):
            parts[-1] = f"{parts[-1]} {piece}"
        else:
            parts.append(piece)
    return [part.strip() for part in parts if part.strip()]


def spelled(code: str, alphabet: dict[str, str]) -> str:
    """A code as it is read back: NATO words and digit names. `alphabet` maps a capital letter or digit to its word."""
    return " ".join(alphabet.get(character, character) for character in code.upper() if not character.isspace())


def spaced(code: str) -> str:
    """A flight number so that a voice reads its signs one by one.

    >>> spaced("KB412")
    'K B 4 1 2'
    """
    return " ".join(code.replace(" ", "").upper())


def clock_time(at: datetime) -> str:
    """
    >>> clock_time(datetime(2030, 1, 1, 7, 10)), clock_time(datetime(2030, 1, 1, 18, 5)), clock_time(datetime(2030, 1, 1, 12))
    ('seven ten a.m.', 'six oh five p.m.', 'twelve noon')
    """
    if (at.hour, at.minute) == (12, 0):
        return "twelve noon"
    hour = in_words((at.hour - 1) % 12 + 1)
    minute = "" if not at.minute else f" oh {in_words(at.minute)}" if at.minute < 10 else f" {in_words(at.minute)}"
    return f"{hour}{minute} {'a.m.' if at.hour < 12 else 'p.m.'}"


def day(at: date, today: date) -> str:
    """
    >>> day(date(2030, 1, 2), date(2030, 1, 1)), day(date(2030, 1, 9), date(2030, 1, 1))
    ('tomorrow', 'on Wednesday, January 9')
    """
    names = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    distance = (at - today).days
    if distance in names:
        return names[distance]
    return f"on {at:%A}" if 1 < distance < 7 else f"on {at:%A}, {at:%B} {at.day}"
