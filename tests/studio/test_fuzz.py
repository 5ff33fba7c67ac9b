"""The OpenAPI document, taken at its word by a fuzzer: no answer is a fault, and none is other than it says."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import Material
from tests.studio.conftest import Server, serving
from tests.studio.test_http import finished, send

pytestmark = pytest.mark.slow
TOOL = Path(sys.executable).parent / "schemathesis"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that a fuzzer does not fill up: a full line is a 503, which is no fault."""
    many = {f"RECAST_{name}": "1000000" for name in ("QUEUE", "QUEUE_EACH", "JOBS_EACH_MINUTE", "LOOKS_EACH_MINUTE")}
    with serving(tmp_path_factory.mktemp("fuzz") / "data", **many) as server:
        yield server


def fuzz(folder: Path, server: Server, config: str, *words: str) -> str:
    (folder / "schemathesis.toml").write_text(config)
    chosen = ["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "25", "--seed", "1"]
    rest = ["--no-color", "--continue-on-failure", "--request-timeout", "120", *words]
    done = subprocess.run(
        [TOOL, "run", f"{server.url}/openapi.json", *chosen, *rest],
        cwd=folder, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]
    return done.stdout


def test_nothing_that_can_be_sent_is_a_fault(roomy: Server, tmp_path: Path) -> None:
    fuzz(tmp_path, roomy, "")


def test_nor_is_it_with_a_job_that_is_there(roomy: Server, material: Material, tmp_path: Path) -> None:
    token = secrets.token_urlsafe(32)
    job = send(roomy, material.grace, material.eileen, token).json()
    assert finished(roomy, job)["state"] == "done"
    config = f'[parameters]\n"path.name" = "{job["id"]}"\n"header.X-Recast-Token" = "{token}"\n'
    fuzz(tmp_path, roomy, config, "--exclude-method", "DELETE", "--exclude-path", "/process")
    assert httpx.get(f"{roomy.url}/health?live=true", timeout=60).status_code == 200
    assert "Traceback" not in "".join(roomy.log)
