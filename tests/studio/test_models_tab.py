"""The Models tab in a real browser, over a hub on this machine."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.models.catalogue import CATALOGUE
from tests.pipeline_models.hub import Hub, hub
from tests.studio.browsing import chromium, needs_chromium, opened
from tests.studio.conftest import Server, launch

BYTES = b"weights" * 500_000


@dataclass(frozen=True)
class Place:
    server: Server
    hub: Hub
    models: Path
    home: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("machine")
    names = ("uniface_256", "gfpgan_1.4")
    with hub({f"{CATALOGUE[name].repository}/{CATALOGUE[name].file}": BYTES for name in names}) as remote:
        server = launch(
            folder / "data", RECAST_MODELS=str(folder / "models"), RECAST_HOME=str(folder / "home"),
            HF_ENDPOINT=remote.url,
        )  # fmt: skip
        try:
            yield Place(server, remote, folder / "models", folder / "home")
        finally:
            server.end()


def row(page: Any, name: str) -> Any:
    return page.locator(f'[data-model="{name}"]')


@needs_chromium
def test_a_model_is_fetched_after_its_licence_was_accepted_and_removed_again(place: Place) -> None:
    with chromium() as browser, opened(browser, place.server.url) as page:
        page.get_by_role("tab", name="Models").click()
        uniface = row(page, "uniface_256")
        assert "Licence unknown" in uniface.inner_text()
        uniface.get_by_role("button", name="Get").click()
        get = page.locator("#licence-get")
        assert get.is_disabled() and not place.hub.transfers
        page.locator("#licence-agreed").check()
        get.click()
        uniface.get_by_text("Here", exact=True).wait_for()
        assert (place.models / "uniface_256.onnx").read_bytes() == BYTES
        assert '"how": "studio"' in (place.home / "licences.json").read_text()
        # Free terms ask nothing.
        restorer = row(page, "gfpgan_1.4")
        restorer.get_by_role("button", name="Get").click()
        restorer.get_by_text("Here", exact=True).wait_for()
        restorer.get_by_role("button", name="Remove").click()
        page.locator("#model-remove").click()
        restorer.get_by_role("button", name="Get").wait_for()
        assert not (place.models / "gfpgan_1.4.onnx").exists()
        # What the hub does not have is said where it was asked for.
        ghost = row(page, "xseg_1")
        ghost.get_by_role("button", name="Get").click()
        ghost.get_by_text("not on the model hub").wait_for()


def ask(server: Server, path: str, method: str = "GET", body: Any = None) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        server.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_without_acceptance_nothing_is_fetched(place: Place) -> None:
    before = len(place.hub.transfers)
    code, answer = ask(place.server, "/studio/models/simswap_256", "POST", {"accept": False})
    assert code == 400 and answer["code"] == "licence"
    assert ask(place.server, "/studio/models/nothing", "POST", {"accept": True})[1]["code"] == "model_unknown"
    assert len(place.hub.transfers) == before


def test_where_others_come_in_the_operator_decides(tmp_path: Path) -> None:
    server = launch(tmp_path / "data", RECAST_ACCESS="public", RECAST_HOME=str(tmp_path / "home"),
                    RECAST_MODELS=str(tmp_path / "models"), HF_HUB_OFFLINE="1")  # fmt: skip
    try:
        code, state = ask(server, "/studio/models")
        assert code == 200 and state["may_change"] is False and state["folder"] == ""
        assert str(tmp_path) not in json.dumps(state)
        for method, body in (("POST", {"accept": True}), ("DELETE", None)):
            code, answer = ask(server, "/studio/models/uniface_256", method, body)
            assert code == 400 and "whoever runs this studio" in answer["error"]
    finally:
        server.end()
