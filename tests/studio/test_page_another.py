"""Setting up the next job while one is under way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.examples import write_clip
from tests import media
from tests.conftest import Material
from tests.media_files import write_loop
from tests.studio.browsing import give, give_target, needs_chromium, opened
from tests.studio.conftest import Server

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "once.mp4"
    write_clip(path, media.portrait("hopper"), 640, 360, seconds=1)
    return path


@pytest.fixture(scope="module")
def film(clip: Path) -> Path:
    """What a machine is busy with for as long as a test needs."""
    return write_loop(clip.with_name("rehearsal.mp4"), clip, 40)


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    with opened(browser, server.url) as page:
        yield page


def begin(page: Any, source: Path, film: Path) -> None:
    give(page, source, film)
    page.click("#go")
    page.wait_for_selector(".progress-card :text('Recasting')")


def cancel_all(page: Any) -> None:
    """Nothing may go on that the next test would wait for."""
    page.goto(page.url.split("#")[0] + "#jobs")
    while page.locator(".job[data-state=running], .job[data-state=queued]").count():
        page.locator(".job-act.cancel:visible").first.click()
        page.wait_for_timeout(500)


def test_the_next_job_is_set_up_while_one_runs(page: Any, material: Material, film: Path, clip: Path) -> None:
    begin(page, material.eileen, film)
    try:
        page.get_by_text("Set up another job meanwhile").click()
        page.wait_for_selector(".asides li :text('rehearsal.mp4')")
        page.wait_for_selector(".divided")  # the preview is back, and so is the button
        assert page.is_visible("#go") and not page.is_visible("#stop")
        give_target(page, clip)
        page.click("#go")
        page.wait_for_selector(".progress-card :text('Waiting: 1 job ahead of yours')")
        assert page.locator(".asides li").count() == 1
        page.locator(".asides li button", has_text="Show").click()  # they change places
        page.wait_for_selector(".progress-card :text('Recasting')")
        page.wait_for_selector(".asides li :text('Waiting')")
        page.click("#stop")  # the one that is shown, and no other
        page.wait_for_selector(".asides [data-state=done]")
        page.locator(".asides li button", has_text="Show").click()
        page.wait_for_selector("#download")
        assert page.locator(".asides li").count() == 0
    finally:
        cancel_all(page)


def test_a_change_on_the_desk_is_meant_for_the_next_job(page: Any, material: Material, film: Path) -> None:
    begin(page, material.eileen, film)
    try:
        page.locator("#option-likeness").fill("0.4")
        page.wait_for_selector(".asides li")
        assert page.is_visible("#go")
        page.wait_for_timeout(400)
        page.reload()  # whoever comes back finds the change, and what goes on beside it
        page.wait_for_selector(".asides li :text-matches('%|Starting|Waiting')")
        assert page.is_visible("#go")
        assert page.locator("#option-likeness").input_value() == "0.4"
        page.click(".asides button:has-text('Show')")
        page.wait_for_selector(".progress-card :text('Recasting')")
        assert page.is_visible("#stop")
    finally:
        cancel_all(page)
