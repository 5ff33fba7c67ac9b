"""Comparisons and previews: what is where in them, what they keep of the result, and that they leave nothing behind."""

from __future__ import annotations

import subprocess
import sys
import threading
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import Cancelled, FileMissing, InputError, OptionError, OutputError, UnsupportedMedia
from pipeline.media.comparison import comparison
from pipeline.media.preview import preview
from pipeline.options import ComparisonLayout
from pipeline.types import ImageArray
from tests import media
from tests.media_files import decoded, sound

WIDTH, HEIGHT = 160, 90
TIMES = [i * 40 + (i % 3) * 7 for i in range(24)]


def flat(level: int, colour: tuple[int, int, int] = (1, 1, 1), size: tuple[int, int] = (WIDTH, HEIGHT)) -> ImageArray:
    return np.full((size[1], size[0], 3), np.array(colour) * level, np.uint8)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An original that grows brighter and bluer, and a red result of its frames from 6 on; sound, uneven times."""
    folder = tmp_path_factory.mktemp("pair")
    before = media.write_clip(
        folder / "before.mp4", [flat(8 * i + 20, (1, 0, 0)) for i in range(24)], 25,
        audio=1.0, times=TIMES, time_base=Fraction(1, 1000),
    )  # fmt: skip
    after = media.write_clip(
        folder / "after.mp4", [flat(8 * i + 20, (0, 0, 1)) for i in range(6, 24)], 25,
        audio=0.7, times=[time - TIMES[6] for time in TIMES[6:]], time_base=Fraction(1, 1000),
    )  # fmt: skip
    return before, after


def near(part: ImageArray, blue: int, red: int) -> bool:
    mean = part.reshape(-1, 3).mean(axis=0)
    return bool(abs(mean[0] - blue) < 12 and abs(mean[2] - red) < 12)


@pytest.mark.parametrize("layout", ["side-by-side", "stacked"])
def test_both_are_shown_frame_by_frame(pair: tuple[Path, Path], tmp_path: Path, layout: ComparisonLayout) -> None:
    """Each frame of the result stands beside the original it was made of, at its own time, with the result's sound."""
    before, after = pair
    output = comparison(before, after, tmp_path / "out.mp4", layout=layout, start=TIMES[6] / 1000)
    frames, times = decoded(output)
    assert len(frames) == 18
    np.testing.assert_allclose(times, decoded(after)[1], atol=1e-3)
    assert sound(output) == sound(after)
    for number, frame in enumerate(frames):
        level = 8 * (number + 6) + 20
        if layout == "stacked":
            assert frame.shape == (2 * HEIGHT + 2, WIDTH, 3)
            old, new = frame[5 : HEIGHT - 5], frame[HEIGHT + 7 : -5]
        else:
            assert frame.shape == (HEIGHT, 2 * WIDTH + 2, 3)
            old, new = frame[:, 5 : WIDTH - 5], frame[:, WIDTH + 7 : -5]
        assert near(old, level, 0) and near(new, 0, level), number
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_the_wipe_moves_over_one_frame(pair: tuple[Path, Path], tmp_path: Path) -> None:
    before, after = pair
    frames, _ = decoded(comparison(before, before, tmp_path / "same.mkv", layout="wipe"))
    assert frames[0].shape == (HEIGHT, WIDTH, 3)
    frames, _ = decoded(comparison(before, after, tmp_path / "out.mkv", layout="wipe"))
    lines = [int(np.argmax(frame.astype(int).sum(axis=(0, 2)))) for frame in frames]
    assert abs(lines[0] - WIDTH // 2) < 4 and lines[-1] > WIDTH * 0.8 and lines == sorted(lines)
    for frame, line in zip(frames, lines, strict=True):
        assert frame[:, : line - 6, 0].mean() > frame[:, : line - 6, 2].mean()
        assert frame[:, line + 8 :, 2].mean() > frame[:, line + 8 :, 0].mean()


def test_sizes_that_differ_become_one_height(pair: tuple[Path, Path], tmp_path: Path) -> None:
    large = media.write_clip(tmp_path / "large.mp4", [flat(60, size=(320, 180))] * 5, 25)
    for old, new in ((large, pair[1]), (pair[0], large)):
        frames, _ = decoded(comparison(old, new, tmp_path / "out.mp4"))
        assert frames[0].shape == (HEIGHT, 2 * WIDTH + 2, 3)


@pytest.mark.parametrize("layout", ["side-by-side", "stacked", "wipe"])
def test_pictures(tmp_path: Path, layout: ComparisonLayout) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), flat(200, (1, 0, 0)))
    Image.new("RGBA", (WIDTH * 2, HEIGHT * 2), (200, 0, 0, 255)).save(tmp_path / "b.webp", lossless=True)
    output = comparison(tmp_path / "a.png", tmp_path / "b.webp", tmp_path / "out.png", layout=layout)
    image = cv2.imread(str(output))
    height, width = image.shape[:2]
    assert (width, height) == {
        "side-by-side": (2 * WIDTH + 2, HEIGHT), "stacked": (WIDTH, 2 * HEIGHT + 2), "wipe": (WIDTH, HEIGHT)
    }[layout]  # fmt: skip
    first, last = image[2, 2], image[-3, -3]
    assert tuple(first) == (200, 0, 0) and tuple(last) == (0, 0, 200)
    middle = image[HEIGHT, 3] if layout == "stacked" else image[3, width // 2]
    assert tuple(middle) == (255, 255, 255)


def test_pictures_do_not_load_moviepy(tmp_path: Path) -> None:
    """It takes seconds to import, so nothing but comparing and previewing videos may pay for it."""
    cv2.imwrite(str(tmp_path / "a.png"), flat(200))
    code = (
        "import sys; from pathlib import Path; import pipeline; from pipeline.media.comparison import comparison\n"
        f"comparison(Path({str(tmp_path / 'a.png')!r}), Path({str(tmp_path / 'a.png')!r}), "
        f"Path({str(tmp_path / 'b.png')!r}))\n"
        "assert 'moviepy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_animations(tmp_path: Path) -> None:
    for name, colour in (("a", (200, 0, 0)), ("b", (0, 0, 200))):
        frames = [Image.new("RGB", (64, 48), tuple(c * i // 4 for c in colour)) for i in range(1, 5)]
        frames[0].save(tmp_path / f"{name}.gif", save_all=True, append_images=frames[1:], duration=100, loop=0)
    with Image.open(comparison(tmp_path / "a.gif", tmp_path / "b.gif", tmp_path / "out.webp")) as image:
        assert (image.n_frames, image.size) == (4, (130, 48))
    frames, times = decoded(comparison(tmp_path / "a.gif", tmp_path / "b.gif", tmp_path / "out.mp4"))
    assert len(frames) == 4 and times == pytest.approx([0, 0.1, 0.2, 0.3], abs=1e-3)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_a_preview_shows_where_something_moves(tmp_path: Path, suffix: str) -> None:
    """Six quiet seconds of which the last one and a half move."""
    wall = media.background(320, 180)
    frames = [wall] * 68 + [np.roll(wall, 12 * i, axis=1) for i in range(22)]
    clip = media.write_clip(tmp_path / "clip.mp4", frames, 15)
    output = preview(clip, tmp_path / f"out{suffix}", seconds=1.0, width=160, fps=10)
    with Image.open(output) as image:
        assert (image.n_frames, image.size, image.info["loop"]) == (10, (160, 90), 0)
        shown = []
        for number in range(image.n_frames):
            image.seek(number)
            shown.append(np.asarray(image.convert("L"), np.int16))
    moved = [float(np.abs(b - a).mean()) for a, b in pairwise(shown)]
    assert np.median(moved) > 2
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["clip.mp4", f"out{suffix}"])


def test_a_preview_of_a_still_video_is_its_middle(tmp_path: Path) -> None:
    frames = [flat(20 + 2 * (i // 10) * 10) for i in range(100)]
    clip = media.write_clip(tmp_path / "clip.mp4", frames, 25)
    with Image.open(preview(clip, tmp_path / "out.webp", seconds=0.4)) as image:
        level = float(np.asarray(image.convert("L")).mean())
    assert 90 <= level <= 130


def test_a_preview_of_a_short_clip_is_all_of_it_and_not_enlarged(pair: tuple[Path, Path], tmp_path: Path) -> None:
    with Image.open(preview(pair[0], tmp_path / "out.gif", fps=10)) as image:
        assert image.size == (WIDTH, HEIGHT)
        assert 9 <= image.n_frames <= 11


def test_results_carry_the_tags_they_are_given(pair: tuple[Path, Path], tmp_path: Path) -> None:
    tags = {"comment": "Synthetic: made for a test."}
    with av.open(str(comparison(*pair, tmp_path / "out.mp4", tags=tags))) as container:
        assert container.metadata["comment"] == tags["comment"]
    assert b"Synthetic" in preview(pair[1], tmp_path / "out.gif", tags=tags).read_bytes()


def test_mistakes_are_told_and_leave_nothing(pair: tuple[Path, Path], tmp_path: Path) -> None:
    before, after = pair
    picture, playlist = tmp_path / "a.png", tmp_path / "list.mp4"
    cv2.imwrite(str(picture), flat(100))
    playlist.write_text(f"#EXTM3U\n#EXTINF:1,\nfile://{before}\n")
    out = tmp_path / "out.mp4"
    with pytest.raises(FileMissing):
        comparison(tmp_path / "none.mp4", after, out)
    for call in (lambda: comparison(playlist, after, out), lambda: comparison(before, playlist, out)):
        with pytest.raises(UnsupportedMedia):
            call()
    with pytest.raises(UnsupportedMedia):
        preview(playlist, tmp_path / "out.gif")
    with pytest.raises(OptionError):
        comparison(picture, after, out)
    with pytest.raises(OptionError):
        comparison(before, after, out, layout="pile")  # type: ignore[arg-type]
    with pytest.raises(OptionError):
        comparison(before, after, out, start=60)
    with pytest.raises(OptionError):
        preview(picture, tmp_path / "out.gif")
    with pytest.raises(OptionError):
        preview(before, tmp_path / "out.gif", seconds=-1)
    for name in ("out", "out.txt", "out.jpg", "out.png", "none/out.mp4"):
        with pytest.raises(OutputError):
            comparison(before, after, tmp_path / name)
    with pytest.raises(OutputError):
        comparison(picture, picture, tmp_path / "out.mp4")
    with pytest.raises(OutputError):
        preview(before, tmp_path / "out.mp4")
    for path in (before, after):
        with pytest.raises(OutputError, match="overwrite"):
            comparison(before, after, path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "list.mp4"]


def test_cancelling_leaves_nothing(pair: tuple[Path, Path], tmp_path: Path) -> None:
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        comparison(*pair, tmp_path / "out.mp4", progress=lambda _: cancel.set(), cancel=cancel)
    with pytest.raises(Cancelled):
        preview(pair[0], tmp_path / "out.gif", cancel=cancel)
    assert list(tmp_path.iterdir()) == []


def test_damage_in_the_middle_is_told(pair: tuple[Path, Path], tmp_path: Path) -> None:
    data = bytearray(pair[1].read_bytes())
    at = data.index(b"mdat")
    data[at + 400 : at + 1200] = b"\xa5" * 800
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(data)
    with pytest.raises(InputError):
        comparison(pair[0], broken, tmp_path / "out.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["broken.mp4"]


def test_no_program_is_started_with_a_users_file(
    pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MoviePy would read with an ffmpeg that knows playlists and addresses; it must not get to see a file."""
    import moviepy  # noqa: F401  (what it does when it is imported is its own affair)

    def refused(*_words: object, **_more: object) -> None:
        raise AssertionError("a program was started")

    monkeypatch.setattr(subprocess, "Popen", refused)
    comparison(*pair, tmp_path / "out.mp4")
    preview(pair[0], tmp_path / "out.gif")
