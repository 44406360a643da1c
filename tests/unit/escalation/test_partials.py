"""Words that decide while they are being said: when they are looked at, what confirms them, and what cancels them."""

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.escalation.partials import EVERY, SETTLES, PartialTriggers

Carries = Callable[[str], frozenset[str]]
NOTHING: frozenset[str] = frozenset()
PERSON = frozenset({"Asks for a person"})
LEGAL = frozenset({"Legal matter"})
STEP = EVERY + 0.05


def person(text: str) -> frozenset[str]:
    """A lexicon in small: a human is asked for, and not reported or a humanoid."""
    words = text.split()
    found = PERSON if "human" in words and "said" not in words else NOTHING
    return found | (LEGAL if "lawyer" in words and "office" not in words else NOTHING)


def fed(texts: Iterable[str], carries: Carries = person, step: float = STEP) -> str | None:
    """The first of the texts at which a rule is confirmed, one text after the other."""
    triggers, at = PartialTriggers(), 0.0
    for text in texts:
        at += step
        triggers.heard(text, at)
        if look(triggers, carries, at):
            return text
    return None


def look(triggers: PartialTriggers, carries: Carries, at: float) -> frozenset[str]:
    text = triggers.to_preview(at)
    return triggers.previewed(carries(text)) if text is not None else triggers.settled(at)


def prefixes(text: str) -> list[str]:
    words = text.split()
    return [" ".join(words[: count + 1]) for count in range(len(words))]


# ------------------------------------------------------------------------------------------------ what confirms


def test_words_that_carry_a_rule_are_confirmed_by_the_next_word_that_leaves_it_standing():
    assert fed(prefixes("i want to talk to a human because it is late")) == "i want to talk to a human because"


def test_one_partial_alone_never_confirms():
    assert fed(["i want to talk to a human"]) is None


def test_another_rule_does_not_confirm_the_first_one():
    def one_then_the_other(text: str) -> frozenset[str]:
        return {3: PERSON, 4: LEGAL}.get(len(text.split()), NOTHING)

    assert fed(prefixes("a b c d e f"), one_then_the_other) is None


def test_one_of_several_rules_that_stays_is_confirmed():
    triggers = PartialTriggers()
    triggers.heard("my lawyer", 0.0)
    assert triggers.to_preview(0.0) == "my lawyer"
    assert triggers.previewed(PERSON | LEGAL) == NOTHING
    triggers.heard("my lawyer will", 0.5)
    assert triggers.to_preview(0.5) == "my lawyer will"
    assert triggers.previewed(LEGAL) == LEGAL


def test_words_that_do_not_change_for_long_enough_are_confirmed():
    triggers = PartialTriggers()
    triggers.heard("a human", 1.0)
    assert look(triggers, person, 1.0) == NOTHING
    assert triggers.next_at(1.0) == pytest.approx(1.0 + SETTLES)
    assert triggers.settled(1.0 + SETTLES - 0.01) == NOTHING
    assert triggers.settled(1.0 + SETTLES) == PERSON


def test_words_that_settle_are_those_that_carry_the_rule():
    triggers = PartialTriggers()
    triggers.heard("a human", 1.0)
    look(triggers, person, 1.0)
    triggers.heard("a human said", 1.2)
    assert triggers.settled(9.0) == NOTHING, "the newest words have not been looked at yet"
    assert look(triggers, person, 9.0) == NOTHING
    assert triggers.settled(99.0) == NOTHING


# ------------------------------------------------------------------------------------------------ what cancels


def test_a_word_that_grows_into_another_one_cancels():
    talks = [
        *prefixes("i want to talk to a human"),
        "i want to talk to a humanoid",
        "i want to talk to a humanoid robot about it",
    ]
    assert fed(talks) is None


def test_words_that_come_after_and_take_it_back_cancel():
    assert fed([*prefixes("my lawyer"), "my lawyer office", "my lawyer office address is"]) is None


def test_after_a_word_was_replaced_confirmation_begins_anew():
    flicker = ["a human", "the human please", "the human please now"]
    assert fed(flicker) == "the human please now"


def test_a_word_that_flickers_between_two_looks_cancels_too():
    triggers = PartialTriggers()
    triggers.heard("a human", 1.0)
    look(triggers, person, 1.0)
    triggers.heard("a hum", 1.1)
    triggers.heard("a human please", 1.2)
    assert look(triggers, person, 1.4) == NOTHING
    triggers.heard("a human please do", 1.6)
    assert look(triggers, person, 1.8) == PERSON


def test_words_taken_back_while_they_are_looked_at_count_for_nothing():
    triggers = PartialTriggers()
    triggers.heard("a human", 1.0)
    assert triggers.to_preview(1.0) == "a human"
    triggers.heard("a humanoid", 1.1)
    assert triggers.previewed(PERSON) == NOTHING
    triggers.heard("a humanoid thing", 1.5)
    assert look(triggers, person, 1.5) == NOTHING


def test_words_that_shrink_cancel_and_are_not_looked_at_again_until_new_ones_come():
    triggers = PartialTriggers()
    triggers.heard("a human please", 1.0)
    look(triggers, person, 1.0)
    triggers.heard("a human", 2.0)
    assert (triggers.to_preview(2.0), triggers.settled(9.0), triggers.next_at(9.0)) == (None, NOTHING, None)


# ------------------------------------------------------------------------------------------------ when it is looked


def test_nothing_is_looked_at_without_words():
    triggers = PartialTriggers()
    for text in ("", "   "):
        triggers.heard(text, 1.0)
    assert (triggers.to_preview(1.0), triggers.settled(9.0), triggers.next_at(1.0)) == (None, NOTHING, None)


def test_looks_are_no_nearer_than_the_interval_and_the_newest_words_win():
    triggers = PartialTriggers()
    triggers.heard("one", 1.0)
    assert triggers.to_preview(1.0) == "one"
    triggers.previewed(NOTHING)
    triggers.heard("one two", 1.1)
    assert triggers.to_preview(1.1) is None
    assert triggers.next_at(1.1) == pytest.approx(1.0 + EVERY)
    triggers.heard("one two three", 1.2)
    assert triggers.to_preview(1.0 + EVERY) == "one two three"


def test_there_are_never_two_looks_at_once():
    triggers = PartialTriggers()
    triggers.heard("one", 1.0)
    triggers.to_preview(1.0)
    triggers.heard("one two", 5.0)
    assert (triggers.to_preview(5.0), triggers.settled(5.0), triggers.next_at(5.0)) == (None, NOTHING, None)
    triggers.previewed(NOTHING)
    assert triggers.to_preview(5.0) == "one two"


def test_the_same_words_are_not_looked_at_twice():
    triggers = PartialTriggers()
    triggers.heard("one two", 1.0)
    triggers.to_preview(1.0)
    triggers.previewed(NOTHING)
    triggers.heard("one two", 2.0)
    assert triggers.to_preview(2.0) is None


# ------------------------------------------------------------------------------------------------ whatever is said

WORDS = st.lists(st.sampled_from(["a", "b", "human", "humanoid", "lawyer", "said", "please"]), min_size=1, max_size=12)


def carrying(words: list[str], chosen: frozenset[int]) -> Carries:
    return lambda text: PERSON if len(text.split()) in chosen else NOTHING


@given(WORDS, st.frozensets(st.integers(1, 12)))
def test_fed_word_by_word_it_triggers_where_two_looks_in_a_row_carry_the_rule_and_nowhere_else(words, chosen):
    """So a final text that does not decide leaves nothing triggered, unless two prefixes in a row did carry the rule."""
    texts = prefixes(" ".join(words))
    expected = next((text for count, text in enumerate(texts, 1) if {count - 1, count} <= chosen), None)
    assert fed(texts, carrying(words, chosen)) == expected


@given(WORDS, st.frozensets(st.integers(1, 12)), st.integers(0, 11))
def test_a_final_text_that_does_not_carry_the_rule_never_confirms_what_came_before(words, chosen, last):
    """Whatever was carried before: the look at the last words confirms nothing, at once or later."""
    triggers, at = PartialTriggers(), 0.0
    *before, final = prefixes(" ".join(words))
    for text in before:
        at += STEP
        triggers.heard(text, at)
        look(triggers, carrying(words, chosen), at)
    at += STEP
    triggers.heard(final, at)
    assert look(triggers, lambda text: NOTHING, at) == NOTHING
    assert triggers.settled(at + 100.0) == NOTHING


HEARD = st.lists(
    st.tuples(
        st.sampled_from(["", "a", "a human", "a humanoid", "a human please", "the human", "a human please now"]), st.floats(0, 1)
    ),
    max_size=30,
)


@given(HEARD, st.data())
def test_whatever_flickers_only_words_that_still_stand_are_confirmed_and_nothing_is_due_in_vain(heard, data):
    triggers, at, looking, last_look = PartialTriggers(), 0.0, False, -1.0
    seen: list[str] = []
    for text, pause in heard:
        at += pause
        triggers.heard(text, at)
        if looking and data.draw(st.booleans()):
            looking = False
            if triggers.previewed(person(seen[-1])):
                confirmed_by(seen, text)
        if looking:
            assert triggers.next_at(at) is None
            continue
        due = triggers.next_at(at)
        assert due is None or due >= at
        preview = triggers.to_preview(at)
        if preview is not None:
            assert at >= last_look + EVERY or last_look < 0
            seen.append(preview)
            last_look, looking = at, True
        else:
            settled = triggers.settled(at)
            assert due is None or due > at or settled, "due, and nothing to do"
            if settled:
                assert text == seen[-1] and person(text) == settled


def confirmed_by(seen: list[str], now: str) -> None:
    """The later look goes on from an earlier one that carried the rule too; the words now still go on from both."""
    *before, later = seen
    assert any(person(text) & person(later) and f"{later} ".startswith(f"{text} ") and text != later for text in before)
    assert now.split()[: len(later.split())] == later.split()
