"""The lexicons that ship with the package."""

import pytest

from ari_app.errors import BadSettings
from ari_app.language.loading import languages, load_lexicon


@pytest.mark.parametrize("language", languages())
def test_every_lexicon_loads(language: str) -> None:
    assert load_lexicon(language).language == language


def test_an_unknown_language_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BadSettings, match="tlh") as error:
        load_lexicon("tlh")
    assert "en" in error.value.remedy
