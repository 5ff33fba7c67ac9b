"""Every state of the page as a picture, to be looked at: `make screenshots` writes them to `results/screenshots`.

Three looks of each: a wide window in light and in dark, and a phone. Its own server is started and stopped.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from studio.examples import examples, write_clip
from tests.studio.browsing import chromium, give, give_photos, give_target, opened
from tests.studio.conftest import ROOT, Server, launch

FOLDER = ROOT / "results" / "screenshots"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1360, "height": 900}},
    "dark": {"viewport": {"width": 1360, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True},
}
State = Callable[[Any, "Props"], None]
STATES: dict[str, State] = {}


class Props:
    """Files for the states, made once."""

    def __init__(self, folder: Path) -> None:
        examples(folder)
        self.eileen, self.grace = folder / "eileen-collins.jpg", folder / "grace-hopper.jpg"
        left, right = cv2.imread(str(self.eileen)), cv2.imread(str(self.grace))
        self.both, self.empty, self.blurred = folder / "both.png", folder / "landscape.png", folder / "blurred.jpg"
        cv2.imwrite(str(self.both), np.hstack([left, cv2.resize(right, (437, 512))]))
        cv2.imwrite(str(self.empty), np.full((480, 640, 3), (180, 160, 120), np.uint8))
        cv2.imwrite(str(self.blurred), cv2.GaussianBlur(right, (0, 0), 5))
        self.clip, self.broken = folder / "a film with a long name from the summer holiday.mp4", folder / "broken.mp4"
        write_clip(self.clip, np.asarray(cv2.imread(str(self.both)), np.uint8), 1280, 720, seconds=6)
        self.broken.write_bytes(b"this is not a film")


def state(act: State) -> State:
    STATES[act.__name__.replace("_", "-")] = act
    return act


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
    give(page, props.grace, props.clip)
    page.wait_for_selector("#people .person")
    page.click("#go")
    page.wait_for_selector(".progress-card :text-matches('left')")
    page.wait_for_timeout(2500)


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


def shoot(server: Server, props: Props, names: list[str], looks: list[str]) -> None:
    with chromium() as browser:
        for name in names:
            for look in looks:
                with opened(browser, server.url, permissions=["camera"], **LOOKS[look]) as page:
                    STATES[name](page, props)
                    page.wait_for_timeout(1400)
                    page.screenshot(path=FOLDER / f"{name}-{look}.png", full_page=name != "camera")
                    if page.locator("#stop:visible").count():
                        page.click("#stop")
                    sys.stdout.write(f"{name} {look}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("states", nargs="*", help=f"of {', '.join(STATES)}; all of them where none is named")
    parser.add_argument("--looks", nargs="*", default=list(LOOKS), choices=list(LOOKS))
    given = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        server = launch(Path(folder) / "data", RECAST_JOBS_EACH_MINUTE="600", RECAST_UPLOADS_EACH_MINUTE="2000")
        try:
            shoot(server, Props(Path(folder) / "props"), given.states or list(STATES), given.looks)
        finally:
            server.process.terminate()
            server.process.wait(20)
    return 0


if __name__ == "__main__":
    sys.exit(main())
