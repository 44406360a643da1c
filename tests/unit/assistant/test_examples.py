"""The examples in the docstrings hold."""

import doctest
from types import ModuleType

import pytest

from ari_app.assistant import bookings, spoken, waiting, words


@pytest.mark.parametrize("module", [bookings, spoken, waiting, words], ids=lambda module: module.__name__)
def test_the_examples_hold(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0 and result.failed == 0
