"""Seconds of voice and quiet in, edges out."""

from ari_app.speech.endpointing import Edge, Endpointer, PauseLengths

STEP = 0.02


def edges(pattern: list[tuple[float, bool]], unfinished: bool = False) -> list[tuple[Edge, float]]:
    """Feed (seconds, voice) pieces in steps of 20 ms; each edge with the time at which it was seen."""
    endpointer = Endpointer(PauseLengths(short=0.2, long=0.55, patient=0.9))
    found, now = [], 0.0
    for seconds, voice in pattern:
        for _ in range(round(seconds / STEP)):
            now += STEP
            edge = endpointer.process(STEP, voice, unfinished)
            if edge is not None:
                found.append((edge, round(now, 2)))
    return found


def test_an_utterance_starts_pauses_and_ends() -> None:
    assert edges([(1.0, False), (1.0, True), (1.0, False)]) == [(Edge.STARTED, 1.1), (Edge.PAUSED, 2.2), (Edge.ENDED, 2.56)]


def test_a_click_starts_nothing() -> None:
    assert edges([(1.0, False), (0.06, True), (1.0, False)] * 3) == []


def test_clicks_in_a_row_with_quiet_between_never_add_up() -> None:
    assert edges([(0.06, True), (0.08, False)] * 50) == []


def test_a_gap_inside_a_word_is_no_pause() -> None:
    assert edges([(0.5, True), (0.14, False), (0.5, True)]) == [(Edge.STARTED, 0.1)]


def test_a_speaker_who_goes_on_after_a_short_pause_stays_in_one_utterance() -> None:
    kinds = [edge for edge, _ in edges([(0.5, True), (0.4, False), (0.5, True), (1.0, False)])]
    assert kinds == [Edge.STARTED, Edge.PAUSED, Edge.RESUMED, Edge.PAUSED, Edge.ENDED]


def test_an_unfinished_phrase_gets_more_time() -> None:
    assert edges([(0.5, True), (2.0, False)], unfinished=True)[-1] == (Edge.ENDED, 1.4)


def test_a_breath_in_the_pause_neither_resumes_nor_prolongs_it() -> None:
    found = edges([(0.5, True), (0.3, False), (0.04, True), (1.0, False)])
    assert [edge for edge, _ in found] == [Edge.STARTED, Edge.PAUSED, Edge.ENDED]
    assert found[-1][1] <= 1.06


def test_times_of_the_utterance_are_those_of_the_voice() -> None:
    endpointer = Endpointer()
    for _ in range(50):
        endpointer.process(STEP, False, False)
    for _ in range(50):
        endpointer.process(STEP, True, False)
    for _ in range(40):
        endpointer.process(STEP, False, False)
    assert abs(endpointer.started_at - 1.0) < 1e-6
    assert abs(endpointer.voice_ended_at - 2.0) < 1e-6
    assert not endpointer.in_utterance
