"""Presets over HTTP and the Gradio API: programs find and use them; the page keeps them where it may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file

from pipeline.options import Options
from studio.presets import Presets
from tests.conftest import Material
from tests.studio.conftest import Server, serving

WEB = {"picture_format": "webp", "quality": "draft"}


@pytest.fixture
def presets(server: Server) -> Iterator[Presets]:
    """Those of the common server, one of which is there; none is left."""
    presets = Presets(server.data / "presets")
    presets.save("Für das Netz", WEB)
    yield presets
    for preset in presets.all():
        presets.remove(preset.name)


def save(server: Server, name: str, options: object, **others: object) -> httpx.Response:
    body = {"name": name, "options": options, **others}
    return httpx.post(f"{server.url}/studio/desk/presets", json=body, timeout=60)


def test_programs_find_them_and_use_them(server: Server, presets: Presets, material: Material) -> None:
    wanted = [{"name": "Für das Netz", "options": WEB}]
    assert httpx.get(f"{server.url}/presets", timeout=60).json() == {"presets": wanted}
    client = Client(server.url, verbose=False)
    assert client.predict(api_name="/presets") == wanted
    path, _ = client.predict(
        sources=[handle_file(material.grace)], target=handle_file(material.eileen),
        options={"preset": "Für das Netz"}, api_name="/recast_image",
    )  # fmt: skip
    assert Path(path).suffix == ".webp"
    files = [("source_image", material.grace.read_bytes()), ("target", material.eileen.read_bytes())]
    refused = httpx.post(f"{server.url}/process", files=files, data={"options": '{"preset": "Film"}'}, timeout=60)
    assert (refused.status_code, refused.json()["code"]) == (400, "preset_unknown")
    assert "Für das Netz" in refused.json()["error"]


def test_the_page_keeps_them_on_ones_own_machine(server: Server, presets: Presets) -> None:
    kept = save(server, " Film ", {"quality": "best", "likeness": Options().likeness})
    assert (kept.status_code, kept.json()) == (200, {"name": "Film", "options": {"quality": "best"}})
    assert presets.get("Film").options == {"quality": "best"}
    again = save(server, "Film", {})
    assert (again.status_code, again.json()["code"]) == (409, "preset_exists")
    assert save(server, "Film", {"quality": "draft"}, replace=True).status_code == 200
    assert presets.get("Film").options == {"quality": "draft"}
    start = httpx.get(f"{server.url}/studio/desk/start", timeout=60).json()["presets"]
    assert start["here"] is True and [one["name"] for one in start["list"]] == ["Film", "Für das Netz"]
    for name in ("Film", "F%C3%BCr%20das%20Netz"):
        assert httpx.delete(f"{server.url}/studio/desk/presets/{name}", timeout=60).status_code == 204
    gone = httpx.delete(f"{server.url}/studio/desk/presets/Film", timeout=60)
    assert (gone.status_code, gone.json()["code"]) == (400, "preset_unknown")
    for name, options, code in (("../x", {}, "bad_preset_name"), ("x", {"a": 1}, "bad_preset"), ("x", 3, "bad_preset")):
        refused = save(server, name, options)
        assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert presets.all() == ()


def test_a_hosted_studio_keeps_nobodys(tmp_path: Path) -> None:
    data = tmp_path / "data"
    Presets(data / "presets").save("Offered", WEB)
    with serving(data, RECAST_ACCESS="public") as server:
        kept = save(server, "Mine", {"quality": "best"})
        assert kept.json() == {"name": "Mine", "options": {"quality": "best"}}
        refused = httpx.delete(f"{server.url}/studio/desk/presets/Offered", timeout=60)
        assert (refused.status_code, refused.json()["code"]) == (403, "presets_not_kept")
        found = httpx.get(f"{server.url}/presets", timeout=60).json()["presets"]
        assert found == [{"name": "Offered", "options": WEB}]
    assert [path.name for path in (data / "presets").iterdir()] == ["Offered.json"]
    assert json.loads((data / "presets" / "Offered.json").read_text()) == WEB
