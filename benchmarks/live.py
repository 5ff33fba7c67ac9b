"""The live view in a real browser before a fake camera: frames a second, and how old a frame is when it is seen.

    python -m benchmarks.live [--seconds 8] [--rounds 3] [--size 640x480]

Starts the studio and Chromium on this machine, and gives Chromium a camera made from a public-domain portrait, at 30
frames a second. By turns, so that a busy machine slows both, the page shows the camera recast, and the same camera by
itself: each frame compressed, decompressed and shown, without the server. A frame's age is counted from when the camera
took it until the browser draws the screen with it. Medians are compared. The processor time of a frame is told as well,
since it hardly depends on what else the machine is doing (Linux only).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests import media

FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking",
         "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]  # fmt: skip
WARM_UP = 3.0

ALONE = """
async ([seconds, side]) => {
  const { Camera } = await import(recast.assets + "live/camera.js");
  const { Stage } = await import(recast.assets + "live/show.js");
  const camera = new Camera(document.createElement("video"));
  const canvas = document.createElement("canvas");
  document.body.append(canvas);
  const stage = new Stage(canvas);
  await camera.start();
  const shots = [];
  let number = 0, busy = false;
  camera.watch(async (taken) => {
    if (busy) return;
    busy = true;
    const jpeg = await camera.take(side, 80);
    busy = false;
    const shown = await stage.show(++number, new Blob([jpeg], { type: "image/jpeg" }));
    if (shown !== null) shots.push({ shown, delay: shown - taken });
  });
  await new Promise((done) => setTimeout(done, 1000 * seconds));
  camera.stop();
  canvas.remove();
  return shots;
}
"""


@dataclass(frozen=True)
class Sight:
    """What was seen in one turn. Times in milliseconds; `round_trip` and `server` are 0 without a server. The works are
    processor time for each frame that was shown."""

    fps: float
    delay: float
    late: float
    round_trip: float = 0.0
    server: float = 0.0
    server_work: float = 0.0
    browser_work: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", default="640x480")
    given = parser.parse_args()
    width, height = (int(part) for part in given.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        file = media.write_camera(Path(folder) / "webcam.y4m", media.webcam(90, size=(width, height)).frames)
        with studio(Path(folder) / "data") as (url, server), sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
                args=[*FLAGS, f"--use-file-for-fake-video-capture={file}"],
            )
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(url)
            page.get_by_role("tab", name="Live").click()
            page.wait_for_selector("#live[data-state=idle]")
            page.get_by_role("button", name="Eileen Collins").click()
            live, alone = [], []
            for _ in range(given.rounds):
                live.append(recast(page, given.seconds, server))
                alone.append(by_itself(page, given.seconds / 2, max(width, height)))
            size = page.evaluate("[...document.querySelectorAll('#live-canvas')].map((c) => [c.width, c.height])[0]")
            browser.close()
    report(live, alone, size)


def recast(page: Any, seconds: float, server: int) -> Sight:
    page.evaluate("window.shots ??= (live.addEventListener('shown', (event) => shots.push(event.detail)), [])")
    page.click("#live-start")
    page.wait_for_selector("#live[data-state=live]", timeout=120_000)
    page.wait_for_timeout(1000 * WARM_UP)
    page.evaluate("shots.length = 0")
    before = worked(server), worked(os.getpid())
    page.wait_for_timeout(1000 * seconds)
    shots = page.evaluate("shots.slice()")
    on_server, on_all = (now - then for now, then in zip((worked(server), worked(os.getpid())), before, strict=True))
    page.click("#live-start")
    page.wait_for_selector("#live[data-state=idle]")
    if sum(shot["faces"] for shot in shots) < 0.9 * len(shots):
        raise SystemExit("The face was not recast in every frame.")
    frames = max(1, len(shots))
    return replace(sight(shots), server_work=on_server / frames, browser_work=(on_all - on_server) / frames)


def worked(process: int) -> float:
    """Milliseconds of processor time of a process and all that it has started; 0 where that cannot be told."""
    total, waiting = 0.0, [process]
    while waiting:
        entry = Path(f"/proc/{waiting.pop()}")
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            for thread in (entry / "task").iterdir():
                waiting += [int(child) for child in (thread / "children").read_text().split()]
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")
    return total


def by_itself(page: Any, seconds: float, side: int) -> Sight:
    return sight(page.evaluate(ALONE, [seconds, side])[5:])


def sight(shots: list[dict[str, float]]) -> Sight:
    if len(shots) < 5:
        raise SystemExit("The browser has shown hardly a frame.")
    delays = sorted(shot["delay"] for shot in shots)
    span = (shots[-1]["shown"] - shots[0]["shown"]) / 1000
    return Sight(
        fps=(len(shots) - 1) / span,
        delay=statistics.median(delays),
        late=delays[int(0.95 * len(delays))],
        round_trip=statistics.median(shot.get("round", 0.0) for shot in shots),
        server=statistics.median(shot.get("server", 0.0) for shot in shots),
    )


def report(live: list[Sight], alone: list[Sight], size: list[int]) -> None:
    def middle(turns: list[Sight], name: str) -> float:
        return statistics.median(getattr(turn, name) for turn in turns)

    load = os.getloadavg()[0]
    print(f"{size[0]}x{size[1]}, 30 frames/s offered, {os.cpu_count()} cores, load {load:.1f}")
    for title, turns in (("recast live", live), ("camera alone", alone)):
        each = ", ".join(f"{turn.fps:.1f}/{turn.delay:.0f}" for turn in turns)
        print(
            f"  {title:13s}{middle(turns, 'fps'):6.1f} frames/s, capture to display {middle(turns, 'delay'):4.0f} ms"
            f" (95 %: {middle(turns, 'late'):.0f})   [{each}]"
        )
    print(f"  round trip {middle(live, 'round_trip'):.0f} ms, of it the server {middle(live, 'server'):.0f} ms")
    server, browser = middle(live, "server_work"), middle(live, "browser_work")
    if server:
        most = 1000 * (os.cpu_count() or 1) / (server + browser)
        print(
            f"  processor time of a frame: server {server:.0f} ms, browser {browser:.0f} ms; "
            f"these cores alone could carry {most:.0f} frames/s"
        )
    rate, age = (middle(live, name) / middle(alone, name) for name in ("fps", "delay"))
    print(f"  ratio {rate:.2f} of the rate, {age:.2f} times the age")


@contextmanager
def studio(data: Path) -> Iterator[tuple[str, int]]:
    """The studio on a free port, in a process of its own: its address, and the process."""
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", "0"],
        env={**os.environ, "RECAST_DATA": str(data)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = next((match for line in process.stdout if (match := re.search(r"http://\S+", line))), None)
        if found is None:
            raise SystemExit("The studio did not start.")
        yield found.group(), process.pid
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()
