"""G.711 against values from the standard's tables."""

import numpy as np
import pytest

from ari_app.rehearsal import g711


@pytest.mark.parametrize(
    ("codec", "code", "value"),
    [
        ("ulaw", 0xFF, 0),
        ("ulaw", 0x00, -32124),
        ("ulaw", 0x80, 32124),
        ("ulaw", 0x7F, 0),
        ("alaw", 0xD5, 8),
        ("alaw", 0x2A, -32256),
        ("alaw", 0xAA, 32256),
    ],
)
def test_known_codes(codec, code, value):
    assert g711.decode(bytes([code]), codec)[0] == value


@pytest.mark.parametrize("codec", ["ulaw", "alaw"])
def test_every_code_survives_decode_and_encode(codec):
    codes = bytes(range(256))
    values = g711.decode(codes, codec)
    assert np.array_equal(g711.decode(g711.encode(values, codec), codec), values)


@pytest.mark.parametrize("codec", ["ulaw", "alaw"])
def test_noise_loses_less_than_a_thousandth_of_its_power(codec):
    noise = np.random.default_rng(3).normal(0, 3000, 8000).astype(np.int16)
    error = g711.decode(g711.encode(noise, codec), codec).astype(float) - noise
    assert np.mean(error**2) < np.mean(noise.astype(float) ** 2) / 1000
