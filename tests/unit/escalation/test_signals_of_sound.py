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
