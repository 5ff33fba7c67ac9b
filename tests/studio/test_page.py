"""The page beyond the short round: two people, every way a job can go, other languages, addresses, screens and senses.

All in a real Chromium against real servers; slow, so part of `make check` only.
"""

from __future__ import annotations

import json
import re
import signal
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pipeline.models.catalogue import ENTRIES
from studio.examples import write_clip
from tests.conftest import Material
from tests.studio.browsing import chromium, give, give_photos, give_target, needs_chromium, opened, save
from tests.studio.conftest import Server, eventually, launch

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    with opened(browser, server.url, permissions=["camera"]) as page:
        yield page


@pytest.fixture(scope="module")
def long_clip(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    write_clip(path, np.asarray(cv2.imread(str(material.eileen)), np.uint8), 320, 240, seconds=10)
    return path


@pytest.fixture(scope="module")
def two(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of Eileen Collins and Grace Hopper side by side."""
    path = tmp_path_factory.mktemp("two") / "two.mp4"
    write_clip(path, np.asarray(cv2.imread(str(material.both)), np.uint8), 640, 360, seconds=2)
    return path


def kept_side(path: Path, original: Path) -> list[float]:
    """How much the left and the right half of a picture differ from the original's."""
    found, before = (cv2.imread(str(one)).astype(np.float32) for one in (path, original))
    middle = before.shape[1] // 2
    change = np.abs(found - before).mean(axis=2)
    return [float(change[:, :middle].max()), float(change[:, middle:].max())]


def test_each_of_two_people_gets_a_face_of_their_own(page: Any, material: Material, tmp_path: Path) -> None:
    give_target(page, material.both)
    page.wait_for_selector("#people .person >> nth=2")
    page.locator("#people .person", has_text="Person 1").click()
    page.set_input_files("#person-file", material.eileen)
    page.wait_for_selector(".choice .photo.ready")
    page.locator("#people .person", has_text="Person 2").click()
    page.set_input_files("#person-file", material.grace)
    page.wait_for_selector(".choice .photo.ready")
    page.wait_for_selector(".divided .layer.after img")
    page.click("#go")
    page.wait_for_selector("#download")
    assert "2 faces were recast." in page.inner_text(".report")
    both = kept_side(save(page, tmp_path / "both.png"), material.both)
    assert min(both) > 20
    page.click("#again")
    page.locator("#people .person", has_text="Person 1").click()
    page.get_by_label("No change").check()
    page.click("#go")
    page.wait_for_selector(".report :text('1 face was recast.')")
    one = kept_side(save(page, tmp_path / "one.png"), material.both)
    assert sorted(value > 20 for value in one) == [False, True]


def test_the_report_of_a_film_tells_of_each_person_and_the_clip_compares(
    page: Any, material: Material, two: Path, tmp_path: Path
) -> None:
    give(page, material.grace, two)
    page.locator("#people .person", has_text="Person 2").click()
    page.wait_for_selector(".choice")
    page.click("#go")
    page.wait_for_selector("#download")
    assert "Person 2: in all 50 frames." in page.inner_text(".report")
    with page.expect_download() as download:
        page.click("#comparison")
    path = tmp_path / "comparison.mp4"
    download.value.save_as(path)
    video = cv2.VideoCapture(str(path))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 50
    assert video.get(cv2.CAP_PROP_FRAME_WIDTH) > 2 * 640


def test_a_preview_follows_the_moment_and_the_settings(page: Any, material: Material) -> None:
    give(page, material.grace, material.clip)
    page.wait_for_selector(".divided .layer.after img")
    page.wait_for_timeout(1000)

    def shown() -> str:
        return str(page.get_attribute(".layer.after img", "src"))

    first = shown()
    page.locator(".timeline .moment").fill("0.8")
    page.wait_for_function("(first) => document.querySelector('.layer.after img').src != first", arg=first)
    second = shown()
    page.get_by_label("Likeness").fill("1")
    page.wait_for_function("(second) => document.querySelector('.layer.after img').src != second", arg=second)
    page.get_by_label("Zoom to the face").click()
    page.wait_for_selector(".canvas.close")
    page.get_by_label("Divide before and after").fill("20")
    assert page.evaluate("getComputedStyle(document.querySelector('.canvas')).getPropertyValue('--at')") == "20%"


def test_a_poor_photo_says_why_and_a_better_one_may_come_from_the_camera(
    page: Any, material: Material, tmp_path: Path
) -> None:
    soft = tmp_path / "soft.jpg"
    cv2.imwrite(str(soft), cv2.GaussianBlur(cv2.imread(str(material.grace)), (0, 0), 6))
    give_photos(page, [soft, material.both, material.empty])
    said = page.inner_text("#sources .remarks")
    assert "blurred" in said and "2 people" in said and "No face can be seen" in said
    page.get_by_label("Take a photo with the camera").click()
    page.locator("dialog button.primary").click()
    page.wait_for_function("document.querySelectorAll('#sources .photo').length == 4")
    assert page.locator("dialog").count() == 0


def test_pasting_gives_a_photo_and_then_a_target(page: Any, material: Material) -> None:
    for path in (material.grace, material.eileen):
        page.evaluate(
            """async (bytes) => {
              const file = new File([new Uint8Array(bytes)], "pasted.jpg", { type: "image/jpeg" });
              const data = new DataTransfer();
              data.items.add(file);
              document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
            }""",
            list(path.read_bytes()),
        )
        page.wait_for_selector("#sources .photo.ready")
    page.wait_for_selector("#target .target-row.ready")
    assert page.locator("#sources .photo").count() == 1


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
            page.wait_for_selector(".progress-card :text-matches('of 250 frames')")
            page.reload()
            page.wait_for_selector(".progress-card :text-matches('of 250 frames')")
            assert page.locator("#stop:visible").count() == 1
            segments = tmp_path / "data" / "jobs"
            eventually(lambda: bool(list(segments.glob("*/segments/*.json"))), 120)
            server.process.send_signal(signal.SIGKILL)
            server.process.wait(10)
            page.wait_for_selector(".progress-card :text('Trying again…')")
            servers.append(launch(tmp_path / "data", "--port", port, RECAST_SEGMENT_SECONDS="1"))
            page.wait_for_selector("#download")
            assert "250 of 250 frames were recast." in page.inner_text(".report")
            page.wait_for_selector("#sources .photo.ready")
    finally:
        for each in servers:
            each.process.kill()
            each.process.wait(10)


def test_a_busy_queue_says_how_long(browser: Any, material: Material, long_clip: Path, tmp_path: Path) -> None:
    server = launch(tmp_path / "data", RECAST_QUEUE="1")
    try:
        with opened(browser, server.url) as first, opened(browser, server.url) as second:
            give(first, material.grace, long_clip)
            first.wait_for_selector("#people .person")
            give(second, material.grace, long_clip)
            second.wait_for_selector("#people .person")
            first.click("#go")
            first.wait_for_selector(".progress-card :text-matches('of 250 frames')")
            second.click("#go")
            second.wait_for_selector(".progress-card :text-matches('1 job ahead of yours')")
            with opened(browser, server.url) as third:
                third.click(".example >> nth=2")
                third.wait_for_selector("#people .note, #status:has-text('busy')")
            second.click("#stop")
            second.wait_for_selector("#status:has-text('Cancelled')")
    finally:
        server.process.kill()
        server.process.wait(10)


# --- languages


def texts(page: Any) -> list[str]:
    found: list[str] = page.evaluate(
        """() => {
          const found = [];
          for (const place of document.querySelectorAll('#head, #desk, #foot')) {
            const walk = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
            for (let node = walk.nextNode(); node; node = walk.nextNode()) {
              const named = node.parentElement.closest('.verbatim, script, style, [hidden], #option-engine');
              if (!named && /\\p{L}{2}/u.test(node.data)) found.push(node.data.trim());
            }
          }
          for (const element of document.querySelectorAll('#desk [aria-label], #desk [title], #desk [alt]'))
            for (const name of ['aria-label', 'title', 'alt'])
              if (element.getAttribute(name) && !element.closest('.verbatim')) found.push(element.getAttribute(name));
          return found;
        }"""
    )
    return found


SAME = re.compile(
    r"Recast|CPU|GPU|H\.264|HEVC|VP9|AV1|Codec|Expression|Video|Image|Pause|Photo|Person \d+|JPEG|PNG|\d+ × \d+"
)
"""What may be the same in two languages."""


@pytest.mark.parametrize("language", ["de", "fr"])
def test_nothing_stays_english(browser: Any, server: Server, material: Material, language: str) -> None:
    with opened(browser, server.url, locale=language) as page:
        assert page.evaluate("document.documentElement.lang") == language
        page.click("#advanced summary")
        give(page, [material.grace, material.both, material.empty], material.clip)
        page.wait_for_selector("#people .person")
        page.wait_for_selector(".divided .layer.after img")
        page.wait_for_timeout(1000)
        networks = {entry.title for entry in ENTRIES}
        translated = texts(page)
        page.select_option("#language", "en")
        page.wait_for_function("document.documentElement.lang == 'en'")
        english = set(texts(page))
        assert [text for text in translated if text in english - networks and not SAME.search(text)] == []
        page.select_option("#language", language)
        page.click("#go")
        page.wait_for_selector("#download")
        done = {"de": "25 von 25 Bildern wurden geändert.", "fr": "25 images sur 25 ont été changées."}[language]
        page.wait_for_selector(f".report :text('{done}')")
        page.reload()
        page.wait_for_selector(f".report :text('{done}')")


# --- addresses


class _Prefix(BaseHTTPRequestHandler):
    """A reverse proxy that serves another server under /deep/path, as nginx does when told to strip it."""

    protocol_version = "HTTP/1.0"
    origin = ""

    def _pass(self) -> None:
        if not self.path.startswith("/deep/path"):
            return self.send_error(404)
        length = int(self.headers.get("Content-Length") or 0)
        path = self.path.removeprefix("/deep/path") or "/"
        kept = {
            name: value for name, value in self.headers.items() if name.lower() not in ("connection", "accept-encoding")
        }
        body = self.rfile.read(length) if length else None
        request = urllib.request.Request(self.origin + path, body, kept, method=self.command)
        try:
            answer = urllib.request.urlopen(request, timeout=120)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in ("transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.end_headers()
            while part := answer.read1(1 << 16):
                self.wfile.write(part)
                self.wfile.flush()

    do_GET = do_POST = do_DELETE = do_HEAD = _pass

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def behind_a_proxy(tmp_path: Path) -> Iterator[str]:
    server = launch(tmp_path / "data", GRADIO_ROOT_PATH="/deep/path", RECAST_TRUSTED_PROXIES="127.0.0.1")
    handler = type("Prefix", (_Prefix,), {"origin": server.url})
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{proxy.server_port}/deep/path/"
    proxy.shutdown()
    server.process.kill()
    server.process.wait(10)


def test_under_a_root_path_behind_a_proxy(browser: Any, behind_a_proxy: str) -> None:
    missing: list[str] = []
    with opened(browser, behind_a_proxy) as page:
        page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
        page.click(".example >> nth=2")
        page.wait_for_selector("#download")
        page.wait_for_function("[...document.querySelectorAll('.viewer video')].every((one) => one.readyState >= 2)")
        page.reload()
        page.wait_for_selector("#download")
    assert missing == []


def test_in_a_frame(browser: Any, server: Server, tmp_path: Path) -> None:
    """In a page of the same site; which others may frame it is the operator's to say."""
    with opened(browser, server.url) as page:
        page.evaluate(
            """() => {
              document.body.innerHTML = '<iframe style="width:1200px;height:800px" src="./?frame"></iframe>';
            }"""
        )
        frame = page.frame_locator("iframe")
        frame.locator(".example >> nth=0").click()
        frame.locator("#download").wait_for()


# --- screens and senses


def violations(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], "resultTypes": ["violations"]}
    # What gradio itself draws around the tabs is not ours to word.
    context = {"exclude": [["footer[aria-label]"]]}
    found = Axe().run(page, context=context, options=rules).response["violations"]
    return [
        f"{one['id']}: {one['help']} ({json.dumps([node['html'][:140] for node in one['nodes'][:3]])})"
        for one in found
        if one["id"] not in ("region", "landmark-one-main", "page-has-heading-one")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, server: Server, material: Material, scheme: str) -> None:
    with opened(browser, server.url, color_scheme=scheme) as page:
        page.wait_for_timeout(500)
        assert violations(page) == []
        page.click("#advanced summary")
        give(page, [material.grace, material.both], material.clip)
        page.wait_for_selector("#people .person")
        page.locator("#people .person").first.click()
        page.wait_for_selector(".divided .layer.after img")
        page.wait_for_timeout(1200)
        assert violations(page) == []
        page.click("#go")
        page.wait_for_selector("#download")
        page.wait_for_timeout(1200)
        assert violations(page) == []


def test_by_keyboard_alone(page: Any) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('example')"):
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("#download")
    assert page.evaluate("document.activeElement.id") == "done-line"
    page.get_by_label("Divide before and after").focus()
    before = page.evaluate("document.querySelector('.split-range').value")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.querySelector('.split-range').value") != before


def test_reduced_motion_is_honoured(browser: Any, server: Server) -> None:
    with opened(browser, server.url, reduced_motion="reduce") as page:
        page.click(".example >> nth=0")
        page.wait_for_selector("#download")
        moving = page.evaluate("document.getAnimations().filter((one) => one.playState == 'running').length")
        assert moving == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(browser: Any, server: Server, scheme: str) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "color_scheme": scheme}
    with opened(browser, server.url, **phone) as page:
        assert page.evaluate("document.body.classList.contains('dark')") == (scheme == "dark")
        page.locator(".example >> nth=0").tap()
        page.wait_for_selector("#download")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        small = page.evaluate(
            """() => [...document.querySelectorAll('#desk button, #desk a')].filter((one) => {
              const box = one.getBoundingClientRect();
              return box.width && (box.width < 24 || box.height < 24);
            }).map((one) => one.outerHTML.slice(0, 90))"""
        )
        assert small == []
