"""The page while things go wrong: a reload, a killed server, a busy queue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Material
from tests.media_files import write_loop
from tests.studio.browsing import give, needs_chromium, opened
from tests.studio.conftest import Server, eventually, launch

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def long_clip(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_loop(tmp_path_factory.mktemp("long") / "long.mp4", material.clip, times=30)


def test_a_reload_and_a_killed_server_lose_nothing(
    browser: Any, material: Material, long_clip: Path, tmp_path: Path
) -> None:
    server = launch(tmp_path / "data", RECAST_SEGMENT_SECONDS="1")
    port = server.url.rsplit(":", 1)[1]
    servers = [server]
    try:
        with opened(browser, server.url) as page:
            give(page, material.grace, long_clip)
            page.wait_for_selector("#people .person")
            page.click("#go")
            page.wait_for_selector(".progress-card :text-matches('of 750 frames')")
            page.reload()
            page.wait_for_selector(".progress-card :text-matches('of 750 frames')")
            assert page.locator("#stop:visible").count() == 1
            segments = tmp_path / "data" / "jobs"
            eventually(lambda: bool(list(segments.glob("*/segments/*.json"))), 120)
            server.kill()
            page.wait_for_selector(".progress-card :text('Trying again…')")
            servers.append(launch(tmp_path / "data", "--port", port, RECAST_SEGMENT_SECONDS="1"))
            page.wait_for_selector("#download", timeout=240_000)
            assert "750 of 750 frames were recast." in page.inner_text(".report")
            page.wait_for_selector("#sources .photo.ready")
    finally:
        for each in servers:
            each.kill()


def test_a_preview_comes_back_by_itself(browser: Any, server: Server, material: Material) -> None:
    with opened(browser, server.url) as page:
        page.route("**/studio/desk/preview", lambda route: route.abort())
        give(page, material.grace, material.eileen)
        page.wait_for_selector(".hint.fatal:has-text('connection')")
        page.unroute("**/studio/desk/preview")
        page.wait_for_selector(".divided .layer.after img")
        page.wait_for_selector(".hint:has-text('Preview of this frame')")


def test_a_photo_that_could_not_be_looked_at_is_looked_at_again(
    browser: Any, server: Server, material: Material
) -> None:
    """As when a page is loaded again while the server starts anew."""
    with opened(browser, server.url) as page:
        page.route("**/studio/desk/photo", lambda route: route.abort())
        with page.expect_event("requestfailed"):
            page.set_input_files("#source-file", material.grace)
        page.unroute("**/studio/desk/photo")
        page.wait_for_selector("#sources .photo.ready")


def test_a_busy_queue_says_how_long(browser: Any, material: Material, tmp_path: Path) -> None:
    # Long enough to keep any machine busy until the third page has asked; nobody waits for who is in it.
    clip = write_loop(tmp_path / "very-long.mp4", material.clip, times=300)
    server = launch(tmp_path / "data", RECAST_QUEUE="1")
    try:
        with opened(browser, server.url) as first, opened(browser, server.url) as second:
            for page in (first, second):
                page.route("**/studio/desk/people", lambda route: route.abort())
                give(page, material.grace, clip)
            first.click("#go")
            first.wait_for_selector(".progress-card :text-matches('of .+ frames')")
            second.click("#go")
            second.wait_for_selector(".progress-card :text-matches('1 job ahead of yours')")
            second.reload()
            second.wait_for_selector(".progress-card :text-matches('1 job ahead of yours')")
            second.wait_for_selector(".viewer img")  # what is worked on is seen again
            with opened(browser, server.url) as third:
                third.click(".example >> nth=2")
                third.wait_for_selector("#people .note, #status:has-text('busy')")
            second.click("#stop")
            second.wait_for_selector("#status:has-text('Cancelled')")
    finally:
        server.kill()


def test_who_presses_twice_starts_one_job(browser: Any, server: Server, material: Material) -> None:
    """A key that is held down presses itself again and again, and the server takes a moment to look at the files."""
    with opened(browser, server.url) as page:
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/desk/jobs") else None)
        give(page, material.grace, material.eileen)
        page.evaluate(
            """() => {
                const press = () => document.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", ctrlKey: true}));
                for (let turn = 0; turn < 5; turn++) setTimeout(press, 20 * turn);
            }"""
        )
        page.wait_for_selector("#download")
        assert len(sent) == 1
