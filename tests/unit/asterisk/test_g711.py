"""µ-law against the standard's own figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.asterisk.media import g711


@pytest.mark.parametrize(
    ("sample", "code"),
    [(0, 0xFF), (-1, 0x7F), (32767, 0x80), (-32768, 0x00), (-32124, 0x00), (8, 0xFE), (1000, 0xCE), (-1000, 0x4E)],
)
def test_samples_get_the_codes_of_the_standard(sample: int, code: int) -> None:
    assert g711.encode(np.array([sample], "<i2").tobytes()) == bytes([code])


def test_every_code_survives_the_way_there_and_back() -> None:
    codes = bytes(range(256))
    back = g711.encode(g711.decode(codes))
    assert [a for a, b in zip(codes, back, strict=True) if a != b] == [0x7F]  # minus zero becomes zero


@given(st.integers(-32635, 32635))
def test_the_error_is_half_a_step_at_most(sample: int) -> None:
    (back,) = np.frombuffer(g711.decode(g711.encode(np.array([sample], "<i2").tobytes())), "<i2")
    step = 2 ** (max(0, int(abs(sample) + 132).bit_length() - 8) + 3)
    assert abs(int(back) - sample) <= step / 2 + 1


def test_bytes_are_swapped_and_an_odd_one_is_dropped() -> None:
    assert g711.swap_bytes(b"\x01\x02\x03\x04\x05") == b"\x02\x01\x04\x03"
    assert g711.encode(b"\x00") == b""
