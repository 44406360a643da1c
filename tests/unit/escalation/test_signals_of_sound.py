"""What the sound raises: a voice above its own level, and speech that is hardly recognised."""

from collections.abc import Callable

import pytest

from ari_app.call.model import Signal

Signals = Callable[..., dict[str, Signal]]
GREETING = ("assistant", "Hello, how can I help?")
ASKS = ("assistant", "Shall I order a new card?")


def speaking(loudness: float, words: str = "the card is in the machine", **more: object) -> tuple[str, str, dict[str, object]]:
    return ("caller", words, {"loudness": loudness, **more})


def test_eight_decibels_over_the_own_level_are_a_raised_voice(last_signals: Signals) -> None:
    found = last_signals(GREETING, speaking(-26), ASKS, speaking(-25), ASKS, speaking(-16))["raised_voice"]
    assert found.strength >= 0.7
    assert "dB over the own level" in found.evidence


@pytest.mark.parametrize("levels", [(-26, -25, -21), (-15, -14, -16), (-24, -30, -24)])
def test_strain_a_loud_caller_and_a_subdued_turn_are_none(last_signals: Signals, levels: tuple[float, ...]) -> None:
    first, second, third = levels
    assert "raised_voice" not in last_signals(GREETING, speaking(first), ASKS, speaking(second), ASKS, speaking(third))


def test_joy_is_no_raised_voice(last_signals: Signals) -> None:
    assert "raised_voice" not in last_signals(GREETING, speaking(-26), ASKS, speaking(-14, "amazing its my birthday"))


def test_who_was_asked_to_speak_up_may_be_loud(last_signals: Signals) -> None:
    deaf = ("assistant", "I can barely hear you. Could you speak up?")
    assert "raised_voice" not in last_signals(GREETING, speaking(-28), deaf, speaking(-17))


def test_the_dog_is_shouted_at_not_the_assistant(last_signals: Signals) -> None:
    assert "raised_voice" not in last_signals(GREETING, speaking(-26), ASKS, speaking(-13, "get down sorry not you the dog"))


def test_pitch_and_sharpness_show_it_where_a_gateway_levels_the_volume(last_signals: Signals) -> None:
    calm, shouting = {"pitch": 120.0, "centroid": 900.0}, {"pitch": 190.0, "centroid": 1300.0}
    found = last_signals(GREETING, speaking(-20, **calm), ASKS, speaking(-20, **calm), ASKS, speaking(-20, **shouting))
    assert "semitones" in found["raised_voice"].evidence


CALM, SHOUTING = {"pitch": 120.0, "centroid": 900.0}, {"pitch": 150.0, "centroid": 1150.0}


def turns(*heard: tuple[str, str, dict[str, object]]) -> list[object]:
    return [line for turn in heard for line in (ASKS, turn)]


def test_louder_higher_and_sharper_add_up_and_the_evidence_names_all_three(last_signals: Signals) -> None:
    found = last_signals(*turns(*[speaking(-26, **CALM)] * 4, speaking(-17, **SHOUTING)))["raised_voice"]
    assert found.evidence == "9 dB over the own level, 4 semitones higher, sharper by 28 %"
    more = last_signals(*turns(*[speaking(-26, **CALM)] * 4, speaking(-17, pitch=165.0, centroid=1300.0)))["raised_voice"]
    assert more.strength > found.strength


@pytest.mark.parametrize("louder", [8, 14])
def test_a_microphone_that_is_nearer_changes_neither_pitch_nor_sharpness(last_signals: Signals, louder: int) -> None:
    assert "raised_voice" not in last_signals(*turns(*[speaking(-30, **CALM)] * 4, speaking(-30 + louder, **CALM)))


@pytest.mark.parametrize("one", [{"pitch": 190.0, "centroid": 900.0}, {"pitch": 120.0, "centroid": 1800.0}])
def test_neither_pitch_nor_sharpness_makes_a_raised_voice_alone(last_signals: Signals, one: dict[str, object]) -> None:
    assert "raised_voice" not in last_signals(*turns(*[speaking(-26, **CALM)] * 4, speaking(-26, **one)))


def test_where_only_the_loudness_is_known_it_decides_alone_from_seven_and_a_half_decibels(last_signals: Signals) -> None:
    assert "raised_voice" in last_signals(*turns(*[speaking(-26)] * 3, speaking(-18.5)))
    assert "raised_voice" not in last_signals(*turns(*[speaking(-26)] * 3, speaking(-18.6)))


def test_a_single_turn_is_a_weak_baseline(last_signals: Signals) -> None:
    risen = speaking(-20, pitch=140.0, centroid=1000.0)
    assert "raised_voice" not in last_signals(*turns(speaking(-26, **CALM), risen))
    steady = [speaking(level, **CALM) for level in (-24, -26, -28, -26)]
    assert "raised_voice" in last_signals(*turns(*steady, risen))


def test_where_all_turns_are_equally_loud_less_pitch_and_sharpness_suffices(last_signals: Signals) -> None:
    risen = speaking(-20, pitch=143.0, centroid=1070.0)
    levelled = [speaking(level, **CALM) for level in (-20, -20.4, -19.8, -20)]
    natural = [speaking(level, **CALM) for level in (-20, -23, -18, -20)]
    assert last_signals(*turns(*levelled, risen))["raised_voice"].evidence == "3 semitones higher, sharper by 19 %"
    assert "raised_voice" not in last_signals(*turns(*natural, risen))


def test_a_voice_that_stays_up_is_not_the_new_measure_at_once(last_signals: Signals) -> None:
    shouted = speaking(-14, **SHOUTING)
    calm = [speaking(-26, **CALM)] * 2
    for times in (1, 2, 3, 4):
        assert "raised_voice" in last_signals(*turns(*calm, *[shouted] * times))
    assert "raised_voice" not in last_signals(*turns(*calm, *[shouted] * 6))


def test_who_was_asked_to_speak_up_goes_on_like_that(last_signals: Signals) -> None:
    deaf = ("assistant", "I can barely hear you. Could you speak up?")
    asked = (GREETING, speaking(-28), ASKS, speaking(-28), deaf, speaking(-17))
    assert "raised_voice" not in last_signals(*asked, ASKS, speaking(-17), ASKS, speaking(-16))
    assert "raised_voice" in last_signals(*asked, ASKS, speaking(-17), ASKS, speaking(-8))


def test_a_caller_in_a_loud_place_is_not_raising_his_voice(last_signals: Signals) -> None:
    noisy = speaking(-16, "sorry it is so loud in here")
    assert "raised_voice" not in last_signals(GREETING, speaking(-26), ASKS, noisy, ASKS, speaking(-16), ASKS, speaking(-15))


def test_the_first_turn_has_no_baseline(last_signals: Signals) -> None:
    assert "raised_voice" not in last_signals(GREETING, speaking(-5))


def heard(confidence: float | None) -> tuple[str, str, dict[str, object]]:
    return ("caller", "five and tea oh", {"confidence": confidence})


def test_two_hardly_recognised_turns_running_count(last_signals: Signals) -> None:
    assert last_signals(GREETING, heard(0.5), ASKS, heard(0.42))["low_confidence"].strength >= 0.8


@pytest.mark.parametrize("run", [(0.9, 0.5), (0.4, 0.9), (0.4, 0.9, 0.5), (None, None)])
def test_one_bad_turn_or_text_without_confidence_is_none(last_signals: Signals, run: tuple[float | None, ...]) -> None:
    lines = [line for confidence in run for line in (ASKS, heard(confidence))]
    assert "low_confidence" not in last_signals(*lines)
