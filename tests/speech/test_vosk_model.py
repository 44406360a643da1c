"""A model path that is no model is refused in words; the embedded model says what it is."""

import shutil
from pathlib import Path

import pytest

from ari_app.errors import BadSettings
from ari_app.speech.listener_factory import VoskListenerFactory
from ari_app.speech.vosk_recogniser import EMBEDDED_MODEL, VoskModel
from tests.speech.sound import quiet, recording


def test_the_embedded_model_says_that_it_knows_synthesised_voices_only() -> None:
    described = VoskListenerFactory().describe()
    assert described["synthesised_voices_only"] is True
    assert described["model_rate"] == 8000
    assert described["model_path"] == str(EMBEDDED_MODEL)


def test_a_path_that_does_not_exist_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"speech\.model_path") as caught:
        VoskModel(tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in caught.value.message
    assert "does not exist" in caught.value.message
    assert "scripts/fetch-model" in caught.value.remedy


def test_a_file_instead_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.zip").write_bytes(b"PK")
    with pytest.raises(BadSettings, match="is not a folder"):
        VoskModel(tmp_path / "model.zip")


def test_an_empty_folder_is_refused_and_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"am/final\.mdl is missing"):
        VoskModel(tmp_path)


def test_a_folder_above_the_model_points_to_the_model(tmp_path: Path) -> None:
    (tmp_path / "vosk-model" / "am").mkdir(parents=True)
    (tmp_path / "vosk-model" / "am" / "final.mdl").write_bytes(b"")
    with pytest.raises(BadSettings) as caught:
        VoskModel(tmp_path)
    assert str(tmp_path / "vosk-model") in caught.value.remedy


@pytest.mark.parametrize("part", ["graph/HCLG.fst", "conf/mfcc.conf"])
def test_a_model_without_a_part_is_refused_and_the_part_is_named(tmp_path: Path, part: str) -> None:
    shutil.copytree(EMBEDDED_MODEL, tmp_path / "model")
    (tmp_path / "model" / part).unlink()
    with pytest.raises(BadSettings) as caught:
        VoskModel(tmp_path / "model")
    assert part in caught.value.message


def test_a_damaged_model_is_refused_by_vosk_and_so_by_us(tmp_path: Path) -> None:
    shutil.copytree(EMBEDDED_MODEL, tmp_path / "model")
    (tmp_path / "model" / "am" / "final.mdl").write_bytes(b"not a model")
    with pytest.raises(BadSettings, match="cannot load"):
        VoskModel(tmp_path / "model")


def test_a_recogniser_for_16_khz_input_feeds_the_8_khz_model_at_its_rate() -> None:
    from ari_app.speech.resampler import Resampler

    recogniser = VoskModel().open(16000)
    recogniser.accept(Resampler(8000, 16000).process_pcm(quiet(0.3) + recording("rms_yes") + quiet(0.3)))
    assert " ".join(word.text for word in recogniser.finish()) == "yes that's right"


def test_word_times_start_anew_with_every_stretch() -> None:
    recogniser = VoskModel().open(8000)
    starts = []
    for _ in range(2):
        recogniser.accept(quiet(0.3) + recording("rms_yes") + quiet(0.3))
        starts.append(recogniser.finish()[0].start)
    assert starts[0] == pytest.approx(starts[1], abs=0.06)
    assert 0.2 < starts[0] < 0.6


def test_the_words_of_a_stretch_appear_before_its_end() -> None:
    recogniser = VoskModel().open(8000)
    recogniser.accept(quiet(0.3) + recording("slt_person"))
    assert recogniser.partial().startswith("i want to talk")


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"rate": 11025}, "speech.rate"), ({"short_pause": 0.6, "long_pause": 0.5}, "pauses"), ({"short_pause": 0.01}, "pauses")],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, float], named: str) -> None:
    with pytest.raises(BadSettings, match=named):
        VoskListenerFactory(**settings)  # type: ignore[arg-type]
