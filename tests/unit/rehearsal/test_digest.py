"""Digest answers against the examples in the RFCs."""

import pytest

from ari_app.rehearsal.digest import answer, parse_challenge

RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm, response):
    challenge = parse_challenge(RFC_7616.format(algorithm))
    header = answer(challenge, username="Mufasa", password="Circle of Life", method="GET", uri="/dir/index.html", cnonce=CNONCE)
    assert f'response="{response}"' in header
    assert "qop=auth" in header and "nc=00000001" in header and f'opaque="{challenge.opaque}"' in header


def test_without_qop_the_old_form_of_rfc_2069_is_used():
    challenge = parse_challenge('Digest realm="r", nonce="n"')
    header = answer(challenge, username="u", password="p", method="REGISTER", uri="sip:h")
    # md5(md5("u:r:p"):n:md5("REGISTER:sip:h")), computed with md5sum
    assert "cnonce" not in header and "qop" not in header
    assert 'response="f7949f33797a7abbe390eaa95b1ca294"' in header


@pytest.mark.parametrize(
    "value", ["Basic realm=x", 'Digest realm="r"', 'Digest nonce="n", algorithm=AKA', 'Digest nonce="n", qop="auth-int"']
)
def test_challenges_that_cannot_be_answered(value):
    assert parse_challenge(value) is None


def test_stale_is_read():
    assert parse_challenge('Digest nonce="n", stale=TRUE').stale
    assert not parse_challenge('Digest nonce="n"').stale
