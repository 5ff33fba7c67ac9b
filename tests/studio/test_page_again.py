"""The page is loaded again, as a phone does by itself: what was set up and not started yet is there as before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Material
from tests.media_files import write_loop
from tests.studio.browsing import give, give_photos, give_target, needs_chromium, opened
from tests.studio.conftest import Server

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    with opened(browser, server.url) as page:
        yield page


@pytest.fixture(scope="module")
def long_clip(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_loop(tmp_path_factory.mktemp("long") / "long.mp4", material.clip, times=60)


def reload(page: Any) -> None:
    page.wait_for_timeout(400)  # what was changed last is kept a moment later
    page.reload()
    page.wait_for_selector("#go", state="attached")


def ordered(page: Any) -> dict[str, Any]:
    """What the page would start now, as it is sent."""
    page.wait_for_selector(".divided .layer.after img")
    with page.expect_request("**/studio/desk/jobs") as sent:
        page.route("**/studio/desk/jobs", lambda route: route.abort())
        page.click("#go")
    page.unroute("**/studio/desk/jobs")
    order: dict[str, Any] = sent.value.post_data_json
    return order


def test_photos_cast_settings_and_part_are_there_again(page: Any, material: Material, long_clip: Path) -> None:
    give(page, [material.grace, material.eileen], long_clip)
    page.wait_for_selector("#people .person")
    page.locator("#people .person", has_text="Person 1").click()
    page.get_by_label("Another face").check()
    page.set_input_files("#person-file", material.eileen)
    page.wait_for_selector(".choice .photo.ready")
    page.locator("#option-likeness").fill("0.7")
    page.get_by_label("Last frame").fill("30")
    page.keyboard.press("Tab")
    before = ordered(page)
    assert before["roles"]["1"]
    assert before["options"]["last_frame"] == 30
    assert before["options"]["likeness"] == 0.7
    reload(page)
    page.wait_for_selector("#sources .photo.ready >> nth=1")
    page.wait_for_selector("#people .person .face .new")
    assert ordered(page) == before


def test_a_photo_alone_is_there_again(page: Any, material: Material) -> None:
    give_photos(page, material.grace)
    reload(page)
    page.wait_for_selector("#sources .photo.ready")
    page.wait_for_selector("#examples .example")
    page.click("#sources .remove")
    reload(page)
    page.wait_for_selector("#sources .drop")


def test_what_was_cancelled_is_there_again(page: Any, material: Material, long_clip: Path) -> None:
    give(page, material.grace, long_clip)
    page.click("#go")
    page.wait_for_selector(".progress-card :text-matches('of .+ frames')")
    page.click("#stop")
    page.wait_for_selector("#status:has-text('Cancelled')")
    reload(page)
    page.wait_for_selector("#sources .photo.ready")
    page.wait_for_selector("#target .target-row.ready")


def test_the_next_job_stays_on_the_desk_and_the_one_that_runs_beside_it(
    page: Any, material: Material, long_clip: Path
) -> None:
    give(page, material.grace, long_clip)
    page.click("#go")
    page.wait_for_selector(".progress-card :text-matches('of .+ frames')")
    give_target(page, material.eileen)
    reload(page)
    page.wait_for_selector(f"#target .target-row.ready :text('{material.eileen.name}')")
    page.wait_for_selector(f".asides li:has-text('{long_clip.name}')")
    page.click(".asides button:has-text('Show')")
    page.wait_for_selector(".progress-card")
    page.click("#stop")
    page.wait_for_selector("#status:has-text('Cancelled')")


def test_another_tab_is_another_desk(page: Any, server: Server, material: Material) -> None:
    give_photos(page, material.grace)
    page.wait_for_timeout(400)
    other = page.context.new_page()
    other.goto(server.url)
    other.wait_for_selector("#sources .drop")
