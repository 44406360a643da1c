"""What the assistant says in the last seconds before the agent joins."""

from ari_app.session.company import BREATH, LONGEST_PAUSE, best_fit

CHOICES = [("sentence", 3.0), ("short", 0.7), ("middle", 1.3), ("long", 2.2)]


def test_the_next_sentence_is_said_while_there_is_room_for_more_after_it():
    assert best_fit(9.0, CHOICES) == "sentence"


def test_a_sentence_that_would_leave_an_awkward_rest_gives_way_to_one_that_does_not():
    assert best_fit(3.6, CHOICES) != "sentence"


def test_nothing_fits_into_a_pause():
    assert best_fit(LONGEST_PAUSE, CHOICES) is None
    assert best_fit(0.5, CHOICES) is None


def test_from_any_room_no_pause_grows_over_the_limit_but_for_the_shortest_rest():
    for tenths in range(10, 120):
        room, pauses = tenths / 10, []
        while (choice := best_fit(room, CHOICES)) is not None:
            room -= dict(CHOICES)[choice] + BREATH
            pauses.append(BREATH)
        assert room <= 0.7, "whatever is left is shorter than the shortest filler"
