"""Takes the pictures: of each state a wide window in light and in dark, and a phone.

    python -m tests.studio.screenshots [STATE ...] [--looks light dark phone]

A state that cannot be reached is told, and the rest goes on.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.studio.browsing import chromium, opened
from tests.studio.conftest import ROOT, Server, launch
from tests.studio.screenshots.props import STATES, Props

for module in ("recast", "others"):  # they fill STATES
    importlib.import_module(f"tests.studio.screenshots.{module}")
FOLDER = ROOT / "results" / "screenshots"
LOOKS: dict[str, tuple[str, int, int]] = {
    "light": ("light", 1360, 900),
    "dark": ("dark", 1360, 900),
    "phone": ("light", 390, 844),
    "phone-dark": ("dark", 390, 844),
    "tablet": ("light", 820, 1180),
    "wide": ("light", 1920, 1080),
}
# What sticks to the window's edge would lie in the middle of a picture of the whole page.
WHOLE = ".act { position: static !important }"
PATIENCE = 150_000
"""Milliseconds that a state may take to be reached on a busy machine."""
SETTLE = 900
"""Milliseconds after a change of the window."""


def shoot(server: Server, props: Props, names: list[str], looks: list[str]) -> list[str]:
    """Takes the pictures, and answers which states could not be reached."""
    failed = []
    with chromium(f"--use-file-for-fake-video-capture={props.webcam}") as browser:
        for name in names:
            try:
                with opened(browser, server.url, permissions=["camera", "microphone"]) as page:
                    page.set_default_timeout(PATIENCE)
                    STATES[name](page, props)
                    page.wait_for_timeout(800)
                    for look in looks:
                        picture(page, FOLDER / f"{name}-{look}.png", look)
                    tidy(page)
                sys.stdout.write(f"{name}\n")
            except Exception as error:  # one state is no reason to see none of the others
                failed.append(name)
                why = " ".join(str(error).split())
                sys.stdout.write(f"{name} FAILED: {why[:240]}\n")
            sys.stdout.flush()
    return failed


def picture(page: Any, path: Path, look: str) -> None:
    scheme, width, height = LOOKS[look]
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(SETTLE)
    whole = page.locator("dialog[open]").count() == 0
    style = page.add_style_tag(content=WHOLE if whole else ".unused {}")
    page.screenshot(path=path, full_page=whole)
    style.evaluate("(style) => style.remove()")


def tidy(page: Any) -> None:
    """Leaves the server idle."""
    for button in ("#stop:visible", "#cancel-jobs:visible", "#jobs-active .cancel:visible"):
        if page.locator(button).count():
            page.locator(button).first.click()
            page.wait_for_timeout(500)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("states", nargs="*", help=f"of {', '.join(STATES)}; all of them where none is named")
    parser.add_argument("--looks", nargs="*", default=["light", "dark", "phone"], choices=list(LOOKS))
    given = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    # Whoever stops this ends its servers, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    often = {f"RECAST_{what}_EACH_MINUTE": "6000" for what in ("JOBS", "UPLOADS", "LOOKS", "PREVIEWS", "LIVE")}
    with tempfile.TemporaryDirectory() as folder:
        server = launch(Path(folder) / "data", **often)
        props = Props(Path(folder) / "props")
        try:
            failed = shoot(server, props, given.states or list(STATES), given.looks)
        finally:
            props.close()
            server.end()
    if failed:
        sys.stderr.write(f"not reached: {', '.join(failed)}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
