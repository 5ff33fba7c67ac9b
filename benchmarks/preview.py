"""How fast the page answers: usable after opening it, and a preview after a change.

    python -m benchmarks.preview [--rounds 9]

In Chromium, against a server of its own, with a clip of 1920x1080 and one face. A preview is timed from the change to
the new picture in the page, which includes the pause that lets a slider be dragged; and for itself, as an answer of
the server. After "a setting changed" the frame and its faces are known; for "another moment" they are not, and the
ratio says what that is worth. Medians.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.clips import one_face


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    from tests.studio.browsing import chromium
    from tests.studio.conftest import launch

    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip-1080.mp4"
        one_face(clip, (1920, 1080), 4.0)
        server = launch(Path(folder) / "data", RECAST_MAX_UPLOAD_MB="200", RECAST_PREVIEWS_EACH_MINUTE="100000")
        try:
            with chromium() as browser:
                usable(browser, server.url, given.rounds)
                photo = next((server.data / "examples").glob("grace*.jpg"))
                previews(browser, server.url, photo, clip, given.rounds)
        finally:
            server.process.terminate()
            server.process.wait(20)
    return 0


def usable(browser: Any, url: str, rounds: int) -> None:
    """From the request for the page until its button can be pressed; a visitor with an empty cache."""
    times = []
    for _ in range(rounds):
        page = browser.new_context().new_page()
        begin = time.perf_counter()
        page.goto(url, wait_until="commit")
        page.wait_for_selector("#go:visible", timeout=60_000)
        times.append(time.perf_counter() - begin)
        page.context.close()
    print(f"page usable          {tell(times)}")


def previews(browser: Any, url: str, photo: Path, clip: Path, rounds: int) -> None:
    page = browser.new_context(viewport={"width": 1360, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    page.goto(url)
    page.wait_for_selector("#go:visible")
    page.set_input_files("#source-file", photo)
    page.set_input_files("#target-file", clip)
    page.wait_for_selector("#people .person")
    page.wait_for_selector(".divided .layer.after img")
    page.wait_for_timeout(1500)
    page.evaluate(WATCH)
    kinds = {"a setting changed": CHANGE, "another moment": MOVE}
    rows: dict[str, list[Any]] = {title: [] for title in kinds}
    for number in range(rounds):
        for title, act in kinds.items():
            rows[title].append(page.evaluate(act, number))
    for title, found in rows.items():
        print(f"{title:<20} in the page {tell([row['page'] for row in found])}")
        print(f"{'':<20} the answer  {tell([row['answer'] for row in found])}")
    known, fresh = (statistics.median(row["page"] for row in found) for found in rows.values())
    print(f"frame and faces known: {fresh / known:.2f} times as fast")
    page.context.close()


def tell(times: list[float]) -> str:
    least, middle, most = (1000 * pick(times) for pick in (min, statistics.median, max))
    return f"{middle:5.0f} ms (of {len(times)}, {least:.0f} to {most:.0f})"


WATCH = """() => {
  const real = window.fetch;
  window.fetch = async (...given) => {
    const begin = performance.now(), answer = await real(...given);
    if (String(given[0]).endsWith("desk/preview")) {
      await answer.clone().blob();
      window.answered = performance.now() - begin;
    }
    return answer;
  };
  window.pictured = (act) => new Promise((done) => {
    const place = document.querySelector(".layer.after .zoomed"), begin = performance.now();
    const watch = new MutationObserver(() => {
      if (!place.querySelector("img")?.complete) return;
      watch.disconnect();
      done({ page: (performance.now() - begin) / 1000, answer: window.answered / 1000 });
    });
    watch.observe(place, { childList: true });
    act();
  });
}"""
CHANGE = """(number) => window.pictured(() => {
  const slider = document.querySelector("#option-likeness");
  slider.value = 0.3 + 0.05 * number;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
})"""
MOVE = """(number) => window.pictured(() => {
  const slider = document.querySelector(".timeline .moment");
  slider.value = 0.3 + 0.37 * number;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
})"""


if __name__ == "__main__":
    sys.exit(main())
