"""The states of the Recast tab."""

from __future__ import annotations

from typing import Any

from tests.studio.browsing import give, give_photos, give_target, stroke
from tests.studio.screenshots.props import Props, state


@state
def empty(page: Any, props: Props) -> None:
    page.wait_for_function("[...document.images].every((one) => one.complete)")


@state
def photo_with_remarks(page: Any, props: Props) -> None:
    give_photos(page, [props.blurred, props.both, props.empty])


@state
def looking_for_people(page: Any, props: Props) -> None:
    page.set_input_files("#target-file", props.clip)
    page.wait_for_selector("#people .searching")


@state
def no_face(page: Any, props: Props) -> None:
    give(page, props.grace, props.empty)
    page.wait_for_selector("#people .note")


@state
def broken_file(page: Any, props: Props) -> None:
    give_target(page, props.broken)


@state
def missing_photo(page: Any, props: Props) -> None:
    give_target(page, props.eileen)
    page.click("#go")


@state
def preview_picture(page: Any, props: Props) -> None:
    give(page, props.grace, props.eileen)
    page.wait_for_selector("#people .person")
    page.wait_for_selector(".divided .layer.after img")


@state
def preview_zoomed(page: Any, props: Props) -> None:
    preview_picture(page, props)
    page.get_by_label("Zoom to the face").click()


@state
def painting(page: Any, props: Props) -> None:
    preview_zoomed(page, props)
    page.get_by_label("Leave parts as they are").click()
    stroke(page, (-0.12, 0.1), (0.12, 0.12))


@state
def cast_of_two(page: Any, props: Props) -> None:
    give(page, props.grace, props.clip)
    page.wait_for_selector("#people .person >> nth=2")
    page.click("#people .person >> nth=2")
    page.wait_for_selector(".choice")
    page.get_by_label("Start of the part").fill("1")
    page.get_by_label("Moment shown").first.fill("2.5")
    page.wait_for_timeout(2500)


@state
def own_face_for_a_person(page: Any, props: Props) -> None:
    give_target(page, props.both)
    page.wait_for_selector("#people .person >> nth=1")
    page.click("#people .person >> nth=1")
    page.set_input_files("#person-file", props.grace)
    page.wait_for_selector(".choice .photo.ready")
    page.wait_for_timeout(1500)


@state
def all_settings(page: Any, props: Props) -> None:
    page.get_by_text("More settings").click()


@state
def camera(page: Any, props: Props) -> None:
    page.get_by_text("Use the camera").click()
    page.wait_for_selector("dialog button.primary:enabled")


@state
def running(page: Any, props: Props) -> None:
    give(page, props.grace, props.film)
    page.wait_for_selector("#people .person")
    page.click("#go")
    page.wait_for_selector(".progress-card :text-matches('left')")
    page.wait_for_timeout(2500)


@state
def next_job(page: Any, props: Props) -> None:
    """One is at work, and the next is set up."""
    running(page, props)
    page.get_by_text("Set up another job meanwhile").click()
    give_target(page, props.eileen)
    page.wait_for_selector(".divided .layer.after img")


@state
def result_video(page: Any, props: Props) -> None:
    page.click(".example >> nth=2")
    page.wait_for_selector("#download")


@state
def result_picture(page: Any, props: Props) -> None:
    page.click(".example >> nth=0")
    page.wait_for_selector("#download")


@state
def german(page: Any, props: Props) -> None:
    page.select_option("#language", "de")
    preview_picture(page, props)


@state
def french_result(page: Any, props: Props) -> None:
    page.select_option("#language", "fr")
    result_video(page, props)


@state
def busy_queue(page: Any, props: Props) -> None:
    """Another visitor's film is at work, and more wait."""
    running(page, props)
    first = page.context.browser.new_context().new_page()
    first.set_default_timeout(150_000)
    try:
        first.goto(page.url)
        first.wait_for_selector("#go")
        give(first, props.grace, props.clip)
        first.wait_for_selector("#people .person")
        first.click("#go")
        first.wait_for_selector(".progress-card")
        ahead(page, first)
    finally:
        first.context.close()


def ahead(page: Any, other: Any) -> None:
    """Shows in `page` what the other window sees: a job that waits."""
    name, token = other.evaluate("[localStorage.getItem('recast-job'), localStorage.getItem('recast-owner')]")
    page.evaluate(
        "([name, token]) => { localStorage.setItem('recast-job', name); localStorage.setItem('recast-owner', token) }",
        [name, token],
    )
    page.reload()
    page.wait_for_selector(".progress-card :text-matches('ahead of yours')")


@state
def connection_lost(page: Any, props: Props) -> None:
    running(page, props)
    page.route("**/studio/desk/jobs/**", lambda route: route.abort())
    page.wait_for_selector(".progress-card :text('Trying again')")


@state
def failed_job(page: Any, props: Props) -> None:
    """A part of the film in which nobody is."""
    give(page, props.grace, props.nobody_at_first)
    page.wait_for_selector("#people .person")
    page.locator(".timeline .to").fill("0.8")
    page.click("#go")
    page.get_by_text("No face was found in the part to keep.").wait_for()


@state
def preview_lost(page: Any, props: Props) -> None:
    """The server does not answer."""
    give(page, props.grace, props.eileen)
    page.wait_for_selector(".divided .layer.after img")
    page.route("**/studio/desk/preview", lambda route: route.abort())
    page.get_by_label("Likeness").fill("0.9")
    page.wait_for_selector(".hint.fatal")


@state
def many_people(page: Any, props: Props) -> None:
    give(page, props.grace, props.group)
    page.wait_for_selector("#people .person >> nth=12")
    page.locator("#people .person").nth(4).click()
    page.wait_for_selector(".divided .layer.after img")
