"""The Live tab in a real Chromium, before a camera that is made from code. Skipped where there is no Chromium."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pipeline.marking.manifest import DIGITAL_SOURCE_TYPE
from tests import media
from tests.conftest import Material
from tests.studio.browsing import chromium, needs_chromium, opened
from tests.studio.conftest import Server, eventually

pytestmark = needs_chromium

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    file = media.write_camera(tmp_path_factory.mktemp("camera") / "webcam.y4m", media.webcam(30).frames)
    with chromium(f"--use-file-for-fake-video-capture={file}") as browser:
        yield browser


@pytest.fixture
def live(browser: Any, server: Server) -> Iterator[Open]:
    """Opens the Live tab."""
    with ExitStack() as pages:

        def show(width: int = 1280, script: str = "", **context: Any) -> Any:
            page = pages.enter_context(
                opened(browser, "about:blank", ready="html", viewport={"width": width, "height": 900}, **context)
            )
            page.add_init_script(script)
            page.goto(server.url)
            page.get_by_role("tab", name="Live").click()
            page.wait_for_selector("#live[data-state=idle]")
            return page

        yield show


def start(page: Any, face: str = "Eileen Collins") -> None:
    page.get_by_role("button", name=face).click()
    page.click("#live-start")
    page.wait_for_selector("#live[data-state=live]")
    page.wait_for_function("/[1-9]\\d* fps/.test(document.querySelector('#live-figures').textContent)")


def test_a_visitor_sees_themselves_recast_and_keeps_a_recording(live: Open, tmp_path: Path) -> None:
    page = live()
    starting = page.locator("#live .consent")
    starting.get_by_text("By starting").wait_for()
    start(page)
    assert not starting.is_visible()
    assert "ms delay" in page.inner_text("#live-figures")
    assert page.inner_text("#live-message") == ""
    page.click("#live-record")
    page.wait_for_selector("#live-record[aria-pressed=true]")
    page.wait_for_function("document.querySelector('#live-clock').textContent >= '0:01'")
    page.click("#live-record")
    page.wait_for_selector("#live-takes video")
    with page.expect_download() as download:
        page.click("#live-takes a")
    download.value.save_as(tmp_path / "live.mp4")
    import av

    with av.open(str(tmp_path / "live.mp4")) as file:
        assert file.metadata["DigitalSourceType"] == DIGITAL_SOURCE_TYPE
        recorded = [frame.to_ndarray(format="bgr24") for frame in file.decode(video=0)]
    # Somebody else than who sits before the camera: nearer to her than any two of the camera's own frames are apart.
    from tests import faces

    source = faces.arcface(media.portrait("astronaut"), faces.portrait_face("astronaut"))
    sitter = faces.arcface(media.portrait("hopper"), faces.portrait_face("hopper"))
    now = faces.arcface(recorded[-1], faces.faces(recorded[-1])[0])
    assert now @ source > sitter @ source + 0.1
    page.click("#live-start")
    page.wait_for_selector("#live[data-state=idle]")
    assert starting.is_visible()
    assert page.evaluate("document.querySelector('#live-self').srcObject") is None


HEARD = """
    window.asked = [];
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const stream = await real(wanted);
      asked.push(...stream.getAudioTracks());
      return stream;
    };
"""


@pytest.mark.slow
def test_sound_is_recorded_only_where_the_visitor_turned_it_on(live: Open, tmp_path: Path) -> None:
    import av

    page = live(script=HEARD)
    start(page)

    def recorded(name: str) -> Path:
        page.click("#live-record")
        page.wait_for_selector("#live-record[aria-pressed=true]")
        page.wait_for_function("document.querySelector('#live-clock').textContent >= '0:03'")
        takes = page.locator("#live-takes video").count()
        page.click("#live-record")
        page.wait_for_function(f"document.querySelectorAll('#live-takes video').length > {takes}")
        with page.expect_download() as download:
            page.locator("#live-takes a").first.click()
        download.value.save_as(tmp_path / name)
        return tmp_path / name

    silent = recorded("silent.mp4")
    assert page.evaluate("asked.length") == 0
    page.locator("#live-sound").check()
    loud = recorded("loud.mp4")
    assert page.evaluate("asked.map((track) => track.readyState)") == ["ended"]
    with av.open(str(silent)) as file:
        assert not file.streams.audio
    with av.open(str(loud)) as file:
        assert file.metadata["DigitalSourceType"] == DIGITAL_SOURCE_TYPE
        # Chromium's own microphone beeps once a second.
        assert max(abs(frame.to_ndarray()).max() for frame in file.decode(audio=0)) > 0.05
    with av.open(str(loud)) as file:
        lengths = [float(stream.duration * stream.time_base) for stream in file.streams]
    assert abs(lengths[0] - lengths[1]) < 1.0


def _places_taken(server: Server, browser: Any) -> bool:
    """Whether a further visitor is refused; there are two places."""
    from websockets.sync.client import connect

    with connect(server.url.replace("http", "ws", 1) + "/studio/live") as socket:
        try:
            return "live_full" in str(socket.recv(timeout=0.5))
        except TimeoutError:
            return False


@pytest.mark.slow
def test_it_stops_at_once_when_the_tab_closes(live: Open, server: Server, browser: Any) -> None:
    pages = [live(), live()]
    for page in pages:
        start(page)
    assert _places_taken(server, browser)
    third = live()
    third.click("#live-start")
    third.wait_for_selector("#live-message:has-text('All live places are taken')")
    assert third.get_attribute("#live", "data-state") == "idle"
    pages[0].close()
    eventually(lambda: not _places_taken(server, browser), 5)
    # Going to another tab of the studio turns the camera off as well.
    pages[1].get_by_role("tab", name="Recast").click()
    pages[1].wait_for_selector("#live[data-state=idle]", state="attached")
    assert pages[1].evaluate("document.querySelector('#live-self').srcObject") is None


@pytest.mark.slow
def test_the_delay_does_not_grow_and_the_picture_gets_smaller_when_it_is_slow(live: Open) -> None:
    # A network that holds each answer back for 400 milliseconds.
    page = live(
        script="""
        const Real = WebSocket;
        window.WebSocket = class extends Real {
          set onmessage(act) { super.onmessage = (event) => setTimeout(() => act(event), 400); }
        };
    """
    )
    page.evaluate("window.delays = []; live.addEventListener('shown', (event) => delays.push(event.detail.delay))")
    start(page)
    page.wait_for_function("/×\\s(?!480)\\d+/.test(document.querySelector('#live-figures').textContent)")
    page.wait_for_function("delays.length >= 60")
    delays = page.evaluate("delays")
    late = sorted(delays[-20:])[10]
    assert late > 400
    assert late < sorted(delays[:20])[10] + 400


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "words"), [("NotAllowedError", "may not be used"), ("NotFoundError", "No camera was found")]
)
def test_a_camera_that_cannot_be_had_is_told_in_words(live: Open, name: str, words: str) -> None:
    page = live(script=f"navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('', '{name}') }}")
    page.click("#live-start")
    page.wait_for_selector(f"#live-message:has-text('{words}')")
    assert page.get_attribute("#live", "data-state") == "idle"


@pytest.mark.slow
def test_no_camera_stays_on_that_nobody_looks_through(live: Open) -> None:
    """Whoever stops and starts again while the browser still asks whether the camera may be used gets it twice."""
    page = live(
        script="""(() => {
            const real = MediaDevices.prototype.getUserMedia;
            window.cameras = [];
            MediaDevices.prototype.getUserMedia = async function (wanted) {
                await new Promise((allowed) => window.allowed ? allowed() : addEventListener("allow", allowed));
                const stream = await real.call(this, wanted);
                window.cameras.push(stream.getVideoTracks()[0]);
                return stream;
            };
        })()"""
    )
    page.get_by_role("button", name="Eileen Collins").click()
    for _ in range(3):
        page.click("#live-start")
        page.wait_for_selector("#live[data-state=starting]")
        page.click("#live-start")
        page.wait_for_selector("#live[data-state=idle]")
    page.click("#live-start")
    page.wait_for_selector("#live[data-state=starting]")
    page.evaluate("window.allowed = true; dispatchEvent(new Event('allow'))")
    page.wait_for_selector("#live[data-state=live]")
    page.wait_for_function("/[1-9]\\d* fps/.test(document.querySelector('#live-figures').textContent)")
    assert page.evaluate("cameras.map((track) => track.readyState)") == ["ended", "ended", "ended", "live"]
    page.click("#live-start")
    assert page.evaluate("cameras.every((track) => track.readyState === 'ended')")


def test_a_photo_without_a_face_is_told_beside_it(live: Open, material: Material) -> None:
    page = live()
    page.set_input_files("#live-photos", str(material.empty))
    page.wait_for_selector("#live-drop img")
    page.click("#live-start")
    page.wait_for_selector("#live-drop .drop-note:has-text('No face was found')")
    page.set_input_files("#live-photos", str(material.eileen))
    page.click("#live-start")
    page.wait_for_selector("#live[data-state=live]")
    # Another face while one is live.
    page.get_by_role("button", name="Grace Hopper").click()
    time.sleep(1)
    assert page.get_attribute("#live", "data-state") == "live"


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 768])
def test_it_fits_small_windows(live: Open, width: int) -> None:
    page = live(width=width)
    page.locator("#live summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.slow
def test_everything_can_be_done_by_keyboard(live: Open) -> None:
    page = live()
    page.locator("#live-photos").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator(".face-choice[aria-pressed=true]").inner_text() == "Eileen Collins"
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "live-start":
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("#live[data-state=live]")


@pytest.mark.slow
def test_it_speaks_other_languages(live: Open) -> None:
    page = live(locale="de-DE")
    page.wait_for_selector("#live-start:has-text('Kamera starten')")
    page.click("#live-start")
    page.wait_for_selector("#live-figures:has-text('Verzögerung')")
