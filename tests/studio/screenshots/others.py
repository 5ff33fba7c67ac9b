"""The states of the other tabs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.studio.browsing import give
from tests.studio.screenshots.props import Props, show_tab, state


def jobs(page: Any) -> None:
    show_tab(page, "Jobs")
    page.wait_for_selector("#jobs.ready")


def example(page: Any, number: int) -> None:
    page.click(f".example >> nth={number}")
    page.wait_for_selector("#download")


@state
def jobs_empty(page: Any, props: Props) -> None:
    jobs(page)
    page.wait_for_selector(".jobs-empty:visible")


@state
def jobs_mixed(page: Any, props: Props) -> None:
    """Done, cancelled, running and waiting jobs."""
    example(page, 0)
    page.reload()
    page.wait_for_selector("#download")
    give(page, props.grace, props.film)
    page.wait_for_selector("#people .person")
    for number in range(3):
        if number:
            page.click("#another")
        page.click("#go")
        page.wait_for_selector(".progress-card")
        page.wait_for_timeout(700)
    page.click("#stop")
    page.wait_for_selector("#go:visible")
    page.click("#go")
    page.wait_for_selector(".progress-card")
    jobs(page)
    page.wait_for_selector("#jobs-active .job[data-state=running] .job-look img[src^=blob]")


@state
def jobs_batch(page: Any, props: Props) -> None:
    jobs(page)
    page.click("#new-batch")
    page.set_input_files("#batch-photos", [props.grace, props.empty])
    page.set_input_files("#batch-targets", [props.eileen, props.clip, props.broken])
    page.wait_for_function("document.querySelectorAll('.batch-file:is(.ready, .failed)').length == 5")


@state
def jobs_batch_empty(page: Any, props: Props) -> None:
    jobs(page)
    page.click("#new-batch")


@state
def jobs_look(page: Any, props: Props) -> None:
    example(page, 0)
    jobs(page)
    page.locator("#jobs-over .job .job-look").first.click()
    page.wait_for_selector("dialog img")


@state
def jobs_delete(page: Any, props: Props) -> None:
    for number in (0, 1):
        example(page, number)
        page.evaluate("document.getElementById('download').remove()")
        page.reload()
        page.wait_for_selector("#download")
        page.evaluate("localStorage.removeItem('recast-job')")
        page.reload()
    jobs(page)
    page.click("#clear-jobs")


def live(page: Any) -> None:
    show_tab(page, "Live")
    page.wait_for_selector("#live[data-state=idle]")


@state
def live_idle(page: Any, props: Props) -> None:
    live(page)


@state
def live_settings(page: Any, props: Props) -> None:
    live(page)
    page.locator("#live summary").click()


@state
def live_running(page: Any, props: Props) -> None:
    live(page)
    page.get_by_role("button", name="Eileen Collins").click()
    page.click("#live-start")
    page.wait_for_selector("#live[data-state=live]")
    page.wait_for_timeout(4000)


@state
def live_recorded(page: Any, props: Props) -> None:
    live_running(page, props)
    page.locator("#live-original").check()
    page.click("#live-record")
    page.wait_for_selector("#live-record[aria-pressed=true]")
    page.wait_for_timeout(2500)
    page.click("#live-record")
    page.wait_for_selector("#live-takes video")
    page.click("#live-record")
    page.wait_for_timeout(1500)


@state
def live_without_camera(page: Any, props: Props) -> None:
    live(page)
    page.evaluate(
        "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError') }; null"
    )
    page.click("#live-start")
    page.wait_for_selector("#live-message:has-text('camera')")


def check(page: Any, path: Path) -> None:
    show_tab(page, "Check a file")
    page.set_input_files("#check-file input[type=file]", path)


@state
def check_empty(page: Any, props: Props) -> None:
    show_tab(page, "Check a file")


@state
def check_synthetic(page: Any, props: Props) -> None:
    example(page, 0)
    with page.expect_download() as download:
        page.click("#download")
    result = props.eileen.with_name("result.jpg")
    download.value.save_as(result)
    check(page, result)
    page.wait_for_selector("#check-outcome .check.found")


@state
def check_unmarked(page: Any, props: Props) -> None:
    check(page, props.eileen)
    page.wait_for_selector("#check-outcome .check")


@state
def check_broken(page: Any, props: Props) -> None:
    check(page, props.broken)
    page.wait_for_timeout(3000)


@state
def models(page: Any, props: Props) -> None:
    show_tab(page, "Models")
    page.wait_for_selector("#models .model")


@state
def models_licence(page: Any, props: Props) -> None:
    models(page, props)
    page.locator("#models button", has_text="Get").first.click()
    page.wait_for_timeout(1000)


@state
def sign_in(page: Any, props: Props) -> None:
    """What a visitor of a studio behind keys meets first."""
    server = props.server("keys", RECAST_ACCESS="keys")
    page.goto(server.url)
    page.wait_for_timeout(1000)
