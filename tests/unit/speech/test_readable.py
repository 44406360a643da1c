"""Written text as it is spoken."""

import pytest

from ari_app.speech.readable import readable, split_sentences


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Your booking ABC123 is confirmed.", "Your booking A B C 1 2 3 is confirmed."),
        ("Ceremony in 12h", "Ceremony in 12 hours"),
        ("It is 1 h away", "It is 1 hour away"),
        ("one bag of up to 23 kg", "one bag of up to 23 kilos"),
        ("55 x 40 x 20 cm", "55 by 40 by 20 centimetres"),
        ("An extra bag is $45, not £1.", "An extra bag is 45 dollars, not 1 pound."),
        ("10% of the fare", "10 percent of the fare"),
        ("special services (4A)", "special services (4 A)"),
        ("the sister’s dress — urgent", "the sister's dress, urgent"),
        ("Kestrel Bay Air is open", "Kestrel Bay Air is open"),
        ("open from 6 a.m. to 11 p.m.", "open from 6 a.m. to 11 p.m."),
        ("PO Box 311", "PO Box 311"),
        ("  two\n lines ", "two lines"),
    ],
)
def test_text_reads_well(written: str, spoken: str) -> None:
    assert readable(written) == spoken


def test_what_reads_well_is_left_alone_the_second_time() -> None:
    once = readable("ABC123 in 12h for $45, 10% off")
    assert readable(once) == once


def test_sentences_are_split_but_not_at_abbreviations() -> None:
    text = "Staff answer from 6 a.m. to 11 p.m. every day. Dr. Smith is in room two! Can I help you with anything else?"
    assert split_sentences(text) == [
        "Staff answer from 6 a.m. to 11 p.m. every day.",
        "Dr. Smith is in room two!",
        "Can I help you with anything else?",
    ]


def test_a_very_short_sentence_goes_with_the_next() -> None:
    assert split_sentences("Yes. Your bag follows you.") == ["Yes. Your bag follows you."]


def test_nothing_is_lost_in_splitting() -> None:
    text = "I see. That is urgent! Let me connect you to a specialist who can help. Is your tag number on your boarding pass?"
    assert " ".join(split_sentences(text)) == text


def test_no_text_has_no_sentences() -> None:
    assert split_sentences("  ") == []
