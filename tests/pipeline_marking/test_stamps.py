"""Time stamps and certificates that end: what was signed in time stays valid, and what was not is told in words."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import MarkingError
from pipeline.marking.credentials import Credentials, credentials
from pipeline.marking.verify import check_manifest
from tests.pipeline_marking.test_manifest import certificate, sealed
from tests.stamps import OPENSSL, authority

SECONDS = 4.0
"""How long the certificate of these tests is good for: long enough to sign with it."""


@pytest.mark.skipif(OPENSSL is None, reason="there is no openssl for a time stamp authority")
def test_a_time_stamp_outlives_the_certificate(tmp_path: Path) -> None:
    chain, key = certificate(SECONDS / 86_400)
    with authority(tmp_path) as (address, root, asked):
        signs = {
            "RECAST_CREDENTIALS": str(tmp_path / "own"), "RECAST_SIGN_CERT": chain, "RECAST_SIGN_KEY": key,
            "RECAST_SIGN_TSA": address,
        }  # fmt: skip
        stamped, plain = (_signed(tmp_path / name, signs | more) for name, more in (
            ("stamped", {}), ("plain", {"RECAST_SIGN_TSA": ""}),
        ))  # fmt: skip
    assert len(asked) == 1
    for file in (stamped, plain):
        assert check_manifest(file, "jpeg", chain + root).state == "trusted"
        stranger = check_manifest(file, "jpeg", root)
        assert stranger.state == "valid"
        assert stranger.reasons == ("Who signed it is not among those that this installation trusts.",)
    time.sleep(SECONDS + 1)
    assert check_manifest(stamped, "jpeg", chain + root).state == "trusted"
    over = check_manifest(plain, "jpeg", chain + root)
    assert over.state == "invalid" and "The certificate that signed it has expired." in over.reasons
    # A stamp by somebody whom nobody trusts proves nothing.
    assert check_manifest(stamped, "jpeg", chain).state == "invalid"


def _signed(folder: Path, environment: dict[str, str]) -> Path:
    folder.mkdir()
    return sealed(folder, ".jpg", credentials(environment))[0]


def test_an_authority_that_does_not_answer_is_told(tmp_path: Path) -> None:
    own: Credentials = credentials({"RECAST_CREDENTIALS": str(tmp_path / "own")})
    with pytest.raises(MarkingError, match="time stamp authority did not answer"):
        sealed(tmp_path, ".jpg", replace(own, time_stamp_url="http://127.0.0.1:9"))
