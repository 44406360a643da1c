"""Prepares written text for being spoken: booking references letter by letter, units and signs as words."""

import re

MINIMUM_SENTENCE = 12  # characters; shorter ones are spoken together with the next: "Yes." alone sounds chopped
ABBREVIATIONS = ("a.m.", "p.m.", "mr.", "mrs.", "ms.", "dr.", "no.", "st.", "e.g.", "i.e.", "approx.")
UNITS = {
    "h": ("hour", "hours"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "min": ("minute", "minutes"),
    "s": ("second", "seconds"),
    "kg": ("kilo", "kilos"),
    "g": ("gram", "grams"),
    "cm": ("centimetre", "centimetres"),
    "m": ("metre", "metres"),
    "km": ("kilometre", "kilometres"),
}
CURRENCIES = {"$": ("dollar", "dollars"), "£": ("pound", "pounds"), "€": ("euro", "euros")}
TYPOGRAPHY = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "…": "...", "\u00a0": " ", "·": ",", "•": ","})

_REFERENCE = re.compile(r"\b(?=[A-Z0-9]*[A-Z])(?=[A-Z0-9]*\d)[A-Z0-9]{2,}\b")
_DIMENSIONS = re.compile(r"(?<=\d)\s*[x×]\s*(?=\d)")
_MONEY = re.compile(r"([$£€])\s?(\d+(?:,\d{3})*(?:\.\d+)?)")
_UNIT = re.compile(rf"\b(\d+(?:\.\d+)?)\s?({'|'.join(sorted(UNITS, key=len, reverse=True))})\b(?![-'/])")
_CLOCK = re.compile(r"\b(\d{1,2}):00\b")


def readable(text: str) -> str:
    """`text` as a synthesiser should get it: "ABC123" → "A B C 1 2 3", "12h" → "12 hours", "$45" → "45 dollars"."""
    text = text.translate(TYPOGRAPHY)
    text = re.sub(r"\s*[–—]\s*", ", ", text)
    text = _MONEY.sub(lambda match: f"{match[2]} {_plural(match[2], CURRENCIES[match[1]])}", text)
    text = _REFERENCE.sub(lambda match: " ".join(match[0]), text)
    text = _DIMENSIONS.sub(" by ", text)
    text = _UNIT.sub(lambda match: f"{match[1]} {_plural(match[1], UNITS[match[2]])}", text)
    text = _CLOCK.sub(r"\1 o'clock", text)
    text = text.replace("%", " percent").replace("&", " and ")
    return " ".join(text.split())


def split_sentences(text: str) -> list[str]:
    """The sentences of `text`, so that the first can be spoken while the others are still being made."""
    sentences: list[str] = []
    for piece in re.split(r"(?<=[.!?])\s+", " ".join(text.split())):
        joins = sentences and (len(sentences[-1]) < MINIMUM_SENTENCE or sentences[-1].lower().endswith(ABBREVIATIONS))
        if joins:
            sentences[-1] += f" {piece}"
        elif piece:
            sentences.append(piece)
    return sentences


def _plural(amount: str, forms: tuple[str, str]) -> str:
    return forms[0] if amount == "1" else forms[1]
