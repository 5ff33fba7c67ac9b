"""The invisible watermark on real portraits: seen by nobody, found after what happens to media, and nowhere else."""

from __future__ import annotations

import math
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import get_args

import av
import cv2
import numpy as np
import pytest
from skimage import data

from pipeline.marking.watermark import Detector, FilmShades, Found, Payload, Use, Watermark
from pipeline.marking.watermark.chance import FALSE_ALARM, threshold, together
from pipeline.marking.watermark.code import CHIPS, decode, encode
from pipeline.marking.watermark.detect import TEMPLATE_BAR, data_chance, scales, template_chance
from pipeline.media import Picture
from pipeline.media.frames import VideoFrame
from pipeline.types import ImageArray
from tests import media

PAYLOAD = Payload(0xC0FFEE42)


def marked(image: ImageArray, payload: Payload = PAYLOAD, use: Use = "still") -> ImageArray:
    picture = Picture(image.copy())
    assert Watermark(payload).mark(picture, use)
    return picture.image()


def look(*images: ImageArray) -> Found:
    detector = Detector()
    for image in images:
        detector.add(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image)
    return detector.find()


def psnr(one: ImageArray, other: ImageArray) -> float:
    return 10 * math.log10(255**2 / float(np.mean((one.astype(np.float64) - other) ** 2)))


def jpeg(image: ImageArray, quality: int) -> ImageArray:
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def screenshot(image: ImageArray) -> ImageArray:
    desktop = np.full((round(image.shape[0] * 1.3), round(image.shape[1] * 1.2), 3), 60, np.uint8)
    shown = cv2.resize(image, None, fx=0.9, fy=0.9, interpolation=cv2.INTER_LINEAR)
    desktop[50 : 50 + shown.shape[0], 31 : 31 + shown.shape[1]] = shown
    return desktop


ATTACKS: dict[str, Callable[[ImageArray], ImageArray]] = {
    "nothing": lambda image: image,
    "jpeg 50": lambda image: jpeg(image, 50),
    "half size": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "crop to 80 %": lambda image: image[image.shape[0] // 10 :, image.shape[1] // 10 :][
        : image.shape[0] * 4 // 5, : image.shape[1] * 4 // 5
    ],
    "brighter": lambda image: cv2.convertScaleAbs(image, alpha=1.2, beta=10),
    "darker": lambda image: cv2.convertScaleAbs(image, alpha=0.8),
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "screenshot": screenshot,
}


@pytest.fixture(scope="module")
def portrait() -> ImageArray:
    return media.paste(media.background(1280, 720), "hopper", media.placed("hopper", (640, 360), 260))


@pytest.fixture(scope="module")
def portrait_marked(portrait: ImageArray) -> ImageArray:
    return marked(portrait)


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_is_read_after(attack: str, portrait_marked: ImageArray) -> None:
    found = look(ATTACKS[attack](portrait_marked))
    assert found.found and found.payload == PAYLOAD and found.confidence > 1 - 1e-6
    assert found.mirrored == (attack == "mirrored")


@pytest.mark.parametrize(
    ("name", "attack"),
    [
        *(("gravel", attack) for attack in ("nothing", "jpeg 50", "half size", "crop to 80 %", "screenshot")),
        *(("grass", attack) for attack in ("nothing", "jpeg 50", "darker")),
    ],
)
def test_it_is_read_where_all_is_texture(name: str, attack: str) -> None:
    """Enlarged close-ups that are busy all over, and drown what is as coarse as their stones and blades."""
    large = cv2.resize(getattr(data, name)(), (820, 820), interpolation=cv2.INTER_CUBIC)
    image = cv2.cvtColor(large, cv2.COLOR_GRAY2BGR)
    done = marked(image)
    assert psnr(image, done) > 42
    assert look(ATTACKS[attack](done)).payload == PAYLOAD


@pytest.mark.parametrize("use", ["still", "film"])
@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_it_is_faint(name: str, use: Use) -> None:
    image = media.portrait(name)
    assert psnr(image, marked(image, use=use)) > 42


def test_the_strongest_places_give_way_first() -> None:
    """Beside much texture, faint texture keeps the mark that it hides: only what is louder is brought down."""
    random = np.random.default_rng(3)
    calm = np.clip(random.normal(128, 4, (720, 480)), 0, 255)
    wild = np.clip(random.normal(128, 40, (720, 800)), 0, 255)
    alone = np.hstack([calm, np.full((720, 800), 128.0)]).astype(np.uint8)
    beside = np.hstack([calm, wild]).astype(np.uint8)
    for use in get_args(Use):
        quiet, loud = (
            marked(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), use=use)[:, :400, 0] - image[:, :400].astype(np.float64)
            for image in (alone, beside)
        )
        assert loud.std() == pytest.approx(quiet.std(), rel=0.05)
        assert psnr(beside, marked(cv2.cvtColor(beside, cv2.COLOR_GRAY2BGR), use=use)[:, :, 0]) > 42


@pytest.mark.parametrize("use", ["still", "film"])
def test_on_a_clear_sky_it_is_fainter_still(use: Use) -> None:
    sky = np.repeat(np.linspace(200, 150, 360).astype(np.uint8)[:, None, None], 640, 1).repeat(3, 2)
    change = marked(sky, use=use).astype(int) - sky
    assert np.abs(change).max() <= 2
    assert psnr(sky, marked(sky, use=use)) > 50


def test_nothing_is_found_where_nothing_is(portrait: ImageArray) -> None:
    random = np.random.default_rng(5)
    for image in (portrait, media.portrait("astronaut"), random.integers(0, 256, (300, 400, 3), np.uint8)):
        found = look(image)
        assert not found.found and found.payload is None and found.confidence == 0.0
    assert not Detector().find().found


def test_the_bars_leave_less_than_one_false_alarm_in_a_million() -> None:
    """By Hoeffding's bound over everything that is tried, half for the template and half for both parts together."""
    tried = 2 * 7 * len(scales()) * (64**2 + 128**2 + 64**2 + 192**2)
    assert threshold(tried) == TEMPLATE_BAR and tried * math.exp(-(TEMPLATE_BAR**2) / 2) < 5.1e-7
    assert template_chance(TEMPLATE_BAR) == pytest.approx(FALSE_ALARM / 2)
    # Two independent chances: how often is their product so small?
    random = np.random.default_rng(0)
    products = random.random(200_000) * random.random(200_000)
    for product in (0.1, 0.01, 0.001):
        assert float(np.mean(products <= product)) == pytest.approx(together(product, 1.0), rel=0.1)
    # Noise is read as something, but never as likely as that.
    scores = [decode(random.standard_normal(CHIPS)) for _ in range(50)]
    assert all(payload is None or data_chance(score) > 1e-4 for payload, score in scores)
    assert data_chance(9.2) < FALSE_ALARM / 10 < together(1.0, data_chance(8.5))


def test_the_code_reads_through_noise() -> None:
    random = np.random.default_rng(1)
    for job in (0, 1, 0xFFFFFFFF, 0x12345678):
        noisy = encode(Payload(job)) + random.standard_normal(CHIPS) * 1.5
        payload, score = decode(noisy)
        assert payload == Payload(job) and data_chance(score) < 1e-6
    with pytest.raises(ValueError, match="fit"):
        encode(Payload(1 << 32))


def test_the_same_frame_is_always_marked_alike(portrait: ImageArray) -> None:
    mark, barrier = Watermark(PAYLOAD), threading.Barrier(4)

    def work(number: int) -> ImageArray:
        barrier.wait(60)
        size = (640, 360) if number % 2 else (1280, 720)
        picture = Picture(cv2.resize(portrait, size))
        mark.mark(picture)
        return picture.image()

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, range(4)))
    assert np.array_equal(done[0], done[2]) and np.array_equal(done[1], done[3])
    assert not np.array_equal(marked(portrait), marked(portrait, Payload(1)))


def test_too_small_a_frame_stays_as_it_is() -> None:
    picture = Picture(np.full((64, 200, 3), 90, np.uint8))
    assert not Watermark(PAYLOAD).mark(picture)
    assert (picture.image() == 90).all()


@pytest.mark.parametrize("form", ["yuv420p", "yuv420p10le", "gbrp", "gray", "yuv444p"])
def test_only_light_is_changed_in_every_kind_of_frame(form: str, portrait: ImageArray) -> None:
    native = av.VideoFrame.from_ndarray(portrait, "bgr24").reformat(format=form)
    before = [np.asarray(bytes(plane)) for plane in native.planes]
    frame = VideoFrame(native, 0, 0.0, 0, 1, Fraction(1, 30))
    assert Watermark(PAYLOAD).mark(frame)
    after = [np.asarray(bytes(plane)) for plane in frame.native.planes]
    alike = [bool(one == other) for one, other in zip(before, after, strict=True)]
    assert alike == {"gbrp": [False] * 3, "gray": [False]}.get(form, [False, True, True])
    assert look(frame.image()).payload == PAYLOAD


def test_a_deep_picture_and_one_with_alpha(portrait: ImageArray) -> None:
    alpha = np.full(portrait.shape[:2], 77, np.uint8)
    deep = Picture(portrait.astype(np.uint16) * 257)
    clear = Picture(portrait.copy(), alpha.copy())
    for picture in (deep, clear):
        Watermark(PAYLOAD).mark(picture)
        assert look(picture.image()).payload == PAYLOAD
    assert clear.alpha is not None and (clear.alpha == 77).all()


def test_a_video_is_read_after_it_was_reduced_and_compressed_hard() -> None:
    """Written well, then brought to half its size and to CRF 28."""
    mark, detector = Watermark(PAYLOAD), Detector()
    frames = []
    for image in media.crossing(24).frames:
        picture = Picture(cv2.resize(image, (960, 540)))
        mark.mark(picture)
        frames.append(picture.image())
    for image in coded([cv2.resize(each, (480, 270), interpolation=cv2.INTER_AREA) for each in coded(frames, 18)], 28):
        detector.add(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    assert detector.find().payload == PAYLOAD


def film(images: list[ImageArray], rate: float = 30.0, first: int = 0) -> list[Picture]:
    return [Picture(image.copy(), index=n, time=n / rate) for n, image in enumerate(images, first)]


def shades_of(pictures: list[Picture]) -> list[int]:
    """For each frame of a film the number of what is added to it, by when it is first."""
    say = FilmShades(Watermark(PAYLOAD))
    said = [say(picture) for picture in pictures]
    return [said.index(shade) for shade in said]


def test_frames_that_show_the_same_are_marked_alike_four_at_a_time(portrait: ImageArray) -> None:
    """Something small moves all the time."""
    slow = []
    for n in range(10):
        slow.append(portrait.copy())
        cv2.circle(slow[-1], (200 + 16 * n, 300), 40, (20, 20, 20), -1)
    assert shades_of(film(slow)) == [0, 0, 0, 0, 4, 4, 4, 4, 8, 8]
    assert shades_of(film(slow[:6], first=7)) == [0, 1, 1, 1, 1, 5]  # counted from the target's beginning
    assert shades_of(film(slow[:4], rate=10)) == [0, 0, 2, 2]  # no longer than an eighth of a second


def test_frames_in_which_nothing_stirs_are_marked_alike_twelve_at_a_time(portrait: ImageArray) -> None:
    small = cv2.resize(portrait, (320, 180), interpolation=cv2.INTER_AREA)
    grain = np.random.default_rng(3)
    noisy = [np.clip(small + grain.normal(0, 2, small.shape), 0, 255).astype(np.uint8) for _ in range(26)]
    assert shades_of(film(noisy)) == [0] * 12 + [12] * 12 + [24] * 2
    assert shades_of(film(noisy[:16], first=7)) == [0] * 5 + [5] * 11
    assert shades_of(film(noisy[:10], rate=10)) == [0] * 5 + [5] * 5  # no longer than half a second


def test_a_frame_that_shows_something_else_has_its_own_mark(portrait: ImageArray) -> None:
    """A cut, and a camera that moves fast."""
    other = np.ascontiguousarray(portrait[:, ::-1])
    moved = np.roll(portrait, portrait.shape[1] // 12, axis=1)
    assert shades_of(film([portrait, portrait, other, other])) == [0, 0, 2, 2]
    assert shades_of(film([portrait, moved, portrait, moved])) == [0, 1, 2, 3]
    larger = cv2.resize(portrait, None, fx=1.5, fy=1.5)
    assert shades_of(film([portrait, portrait, larger, larger])) == [0, 0, 2, 2]
    small = np.zeros((90, 120, 3), np.uint8)
    assert FilmShades(Watermark(PAYLOAD))(Picture(small)) is None


def test_a_film_whose_frames_are_marked_alike_is_read(portrait: ImageArray) -> None:
    """Somebody passes a camera that rests; compressed hard at half its size."""
    mark, detector = Watermark(PAYLOAD), Detector()
    say, frames = FilmShades(mark), []
    for picture in film([cv2.resize(image, (960, 540)) for image in media.crossing(24).frames], rate=24):
        shade = say(picture)
        assert shade is not None
        picture.shade(shade)
        frames.append(picture.image())
    for image in coded([cv2.resize(each, (480, 270), interpolation=cv2.INTER_AREA) for each in coded(frames, 18)], 28):
        detector.add(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    assert detector.find().payload == PAYLOAD


def coded(frames: list[ImageArray], crf: int) -> list[ImageArray]:
    """Through H.264 and back."""
    with tempfile.TemporaryDirectory() as folder:
        path = media.write_clip(Path(folder) / "clip.mp4", frames, options={"crf": str(crf), "preset": "medium"})
        with av.open(str(path)) as container:
            return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def test_frames_of_a_video_are_gathered() -> None:
    """Compressed hard and at half size, single frames need not be readable; together they are."""
    mark, detector = Watermark(PAYLOAD), Detector()
    for image in media.camera(16).frames:
        picture = Picture(cv2.resize(image, (1280, 720)))
        mark.mark(picture)
        small = cv2.resize(picture.image(), (640, 360), interpolation=cv2.INTER_AREA)
        detector.add(cv2.cvtColor(jpeg(small, 30), cv2.COLOR_BGR2GRAY))
    assert detector.find().payload == PAYLOAD
