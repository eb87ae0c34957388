from __future__ import annotations

import pytest

from iracing_pipeline.data_api.masking import mask_secret


@pytest.mark.parametrize(
    ("secret", "identifier", "masked"),
    [
        (
            "SuperSecretPassword",
            "test.user@example.com",
            "nXmEFCdpHheD1R3XBVkm6VQavR7ZLbW7SRmzo/MfFso=",
        ),
        ("Secret-Client-Password", "UnitTestApp", "D2GfmYK/nC8zeQPkpV2uGkk13hL0/LTQH44hiJKawCo="),
    ],
)
def test_published_vectors(secret: str, identifier: str, masked: str) -> None:
    assert mask_secret(secret, identifier) == masked


def test_case_and_space_of_the_identifier_do_not_matter() -> None:
    assert mask_secret("s", "  Name@Example.com ") == mask_secret("s", "name@example.com")


def test_case_of_the_secret_matters() -> None:
    assert mask_secret("S", "id") != mask_secret("s", "id")
