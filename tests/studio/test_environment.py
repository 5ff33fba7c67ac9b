"""Settings of the environment: which there are, and slips in their names."""

from __future__ import annotations

import re

import pytest

from studio.environment import NAMES, misspelt
from tests.studio.conftest import ROOT

SLIP = "RECAST_KEEP_HOUR"


def test_every_variable_that_is_read_is_known() -> None:
    code = "".join(path.read_text() for room in ("pipeline", "studio") for path in sorted((ROOT / room).rglob("*.py")))
    read = set(re.findall(r"RECAST_[A-Z_]*[A-Z]", code)) - {SLIP}
    assert read | {"RECAST_METRICS_TOKEN_FILE", "RECAST_WEBHOOK_SECRET_FILE"} == set(NAMES)


def test_a_slip_is_told_and_what_others_set_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SLIP, "1")
    monkeypatch.setenv("RECAST_KEEP_HOURS", "2")
    for theirs in ("RECAST_PORT", "RECAST_SERVICE_HOST", "RECAST_SERVICE_PORT", "RECAST_PORT_7860_TCP_ADDR"):
        monkeypatch.setenv(theirs, "10.0.0.1")  # Kubernetes, of a service called recast
    assert misspelt() == [f"{SLIP} is no setting and has no effect. RECAST_KEEP_HOURS is perhaps meant."]
