"""The main job: photo and target in, result out."""

from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from pipeline import (
    Cancelled,
    Cast,
    InputError,
    NoFaceInSource,
    NoFaceInTarget,
    Options,
    Progress,
    Recaster,
    Report,
    Role,
)
from pipeline.marking import Marking
from pipeline.types import FloatArray, ImageArray
from tests import faces, media
from tests.media_files import decoded, sound


@pytest.fixture(scope="session")
def recaster() -> Recaster:
    return Recaster()


@pytest.fixture(scope="session")
def unmarked() -> Recaster:
    """For exact pixels: the watermark changes all of them a little."""
    return Recaster(marking=Marking(frozenset()))


@pytest.fixture(scope="session")
def astronaut(recaster: Recaster, tmp_path_factory: pytest.TempPathFactory) -> Cast:
    photo = media.portrait_file("astronaut", tmp_path_factory.mktemp("source"))
    return Cast(everyone=recaster.identify([photo]))


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hopper under a moving camera, with sound, variable frame rate."""
    times = [i * 40 + (i % 3) * 5 for i in range(30)]
    return media.write_clip(
        tmp_path_factory.mktemp("clip") / "hopper.mp4", media.camera(30).frames, 25,
        audio=1.4, times=times, time_base=Fraction(1, 1000),
    )  # fmt: skip


def planes(path: Path) -> list[ImageArray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray() for frame in container.decode(video=0)]


def similarity(image: ImageArray, name: str) -> float:
    seen = faces.faces(image)
    reference: FloatArray = faces.arcface(media.portrait(name), faces.portrait_face(name))
    return float(faces.arcface(image, seen[0]) @ reference)


@pytest.fixture(scope="session")
def result(recaster: Recaster, astronaut: Cast, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    output = tmp_path_factory.mktemp("result") / "result.mp4"
    return recaster.recast(astronaut, clip, output, Options(keep_occluders=False))


def test_a_video_keeps_its_frames_times_and_sound(result: Report, clip: Path) -> None:
    assert (result.kind, result.frames, result.changed, result.faces) == ("video", 30, 30, 30)
    (before, times), (after, new_times) = decoded(clip), decoded(result.output)
    assert len(after) == len(before) == 30
    np.testing.assert_allclose(new_times, times, atol=1e-6)
    assert sound(result.output) == sound(clip)
    assert result.encoder and result.device == "cpu" and result.engine == "mesh"
    assert {stage: time.frames for stage, time in result.stages.items()} == dict.fromkeys(
        ("read", "analyse", "render", "write"), 30
    )
    assert all(time.seconds > 0 for time in result.stages.values())


def test_the_face_in_the_video_is_the_sources(result: Report) -> None:
    """Over its frames together: a mark alone moves what a recogniser makes of one small face by some hundredths."""
    after, _ = decoded(result.output)
    large = [cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC) for image in after[::5]]
    new, old = (np.mean([similarity(image, name) for image in large]) for name in ("astronaut", "hopper"))
    assert new > old + 0.03


def test_outside_the_face_a_lossless_result_is_the_input_bit_for_bit(
    unmarked: Recaster, astronaut: Cast, clip: Path, tmp_path: Path
) -> None:
    report = unmarked.recast(astronaut, clip, tmp_path / "exact.mkv", Options(codec="lossless", end=0.4))
    before, after = planes(clip)[: report.frames], planes(report.output)
    assert len(after) == report.frames == 10
    truth = media.camera(30)
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        height = old.shape[0] * 2 // 3
        x, y = truth.centre(index, "hopper")
        rows, columns = np.mgrid[:height, : old.shape[1]]
        far = np.hypot(columns - x, rows - y) > 110
        assert (old[:height][far] == new[:height][far]).all()
        assert (old[:height] != new[:height]).any()


def test_a_lossless_result_tells_of_the_watermark_and_is_exact_where_it_is_left_out(
    recaster: Recaster, astronaut: Cast, clip: Path, tmp_path: Path
) -> None:
    options = Options(codec="lossless", end=0.1)
    signed = Recaster(marking=Marking(frozenset({"manifest"})))
    exact = signed.recast(astronaut, clip, tmp_path / "signed.mkv", options)
    marked = recaster.recast(astronaut, clip, tmp_path / "marked.mkv", options)
    told = "moves pixels by a grey level or two"
    assert any(told in note for note in marked.notes) and not any(told in note for note in exact.notes)
    before, after = planes(clip)[0], planes(exact.output)[0]
    assert (before[:40] == after[:40]).all()


def test_rotated_input_comes_out_the_same_way_up(recaster: Recaster, astronaut: Cast, tmp_path: Path) -> None:
    """The recast of a clip lying on its side is that of the upright one: the face is found and stays where it is."""
    upright = [cv2.resize(frame, (320, 180)) for frame in media.still(6, face_width=150).frames]
    lying = media.write_clip(tmp_path / "lying.mp4", [cv2.rotate(f, cv2.ROTATE_90_CLOCKWISE) for f in upright])
    report = recaster.recast(astronaut, lying, tmp_path / "out.mp4")
    assert report.changed == 6
    after, _ = decoded(report.output)
    assert after[0].shape == (320, 180, 3)
    back = cv2.rotate(after[3], cv2.ROTATE_90_COUNTERCLOCKWISE)
    assert cv2.PSNR(back[:, :60], upright[3][:, :60]) > 30


def test_trim_keeps_the_part_that_was_asked_for(
    recaster: Recaster, astronaut: Cast, clip: Path, tmp_path: Path
) -> None:
    report = recaster.recast(astronaut, clip, tmp_path / "part.mp4", Options(start=0.4, end=0.8))
    _, times = decoded(clip)
    wanted = sum(0.4 <= time < 0.8 for time in times)
    assert report.frames == wanted == len(decoded(report.output)[0])


def test_progress_counts_up_and_shows_previews(recaster: Recaster, astronaut: Cast, clip: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    recaster.recast(astronaut, clip, tmp_path / "out.mp4", progress=seen.append)
    done = [moment.done for moment in seen]
    assert done == sorted(done) and done[0] == 0 and done[-1] == 30
    assert all(moment.total == 30 for moment in seen)
    previews = [moment.preview for moment in seen if moment.preview is not None]
    assert previews and previews[0].shape == (360, 640, 3)
    assert seen[-1].fps > 0 and seen[-1].eta == 0


def test_cancel_leaves_nothing(recaster: Recaster, astronaut: Cast, clip: Path, tmp_path: Path) -> None:
    cancel = threading.Event()

    def stop(moment: Progress) -> None:
        if moment.done >= 3:
            cancel.set()

    threads = threading.active_count()
    with pytest.raises(Cancelled):
        recaster.recast(astronaut, clip, tmp_path / "out.mp4", progress=stop, cancel=cancel)
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == threads


def test_a_target_without_a_face_is_told_and_leaves_nothing(
    recaster: Recaster, astronaut: Cast, tmp_path: Path
) -> None:
    empty = media.write_clip(tmp_path / "wall.mp4", [media.background(320, 180)] * 5)
    with pytest.raises(NoFaceInTarget):
        recaster.recast(astronaut, empty, tmp_path / "out.mp4")
    cv2.imwrite(str(tmp_path / "wall.png"), media.background(320, 180))
    with pytest.raises(NoFaceInTarget):
        recaster.recast(astronaut, tmp_path / "wall.png", tmp_path / "out.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wall.mp4", "wall.png"]


def test_a_source_without_a_face_is_told(recaster: Recaster) -> None:
    with pytest.raises(NoFaceInSource):
        recaster.identify([media.background(320, 180)])
    with pytest.raises(NoFaceInSource, match="photo 2"):
        recaster.identify([media.portrait("hopper"), media.background(320, 180)])
    with pytest.raises(InputError):
        recaster.identify([])


def test_where_nobody_is_seen_is_noted(recaster: Recaster, astronaut: Cast, tmp_path: Path) -> None:
    frames = [*media.still(12).frames, *[media.background(640, 360)] * 24, *media.still(12).frames]
    target = media.write_clip(tmp_path / "gap.mp4", frames)
    report = recaster.recast(astronaut, target, tmp_path / "out.mp4")
    assert report.frames == 48 and 20 <= report.changed <= 28
    assert any("No face in frames" in note for note in report.notes)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".avif", ".tiff", ".bmp"])
def test_a_picture(recaster: Recaster, astronaut: Cast, tmp_path: Path, suffix: str) -> None:
    target = media.portrait_file("hopper", tmp_path)
    report = recaster.recast(astronaut, target, tmp_path / f"out{suffix}", Options(keep_occluders=False))
    assert (report.kind, report.frames, report.faces) == ("image", 1, 1)
    picture = recaster.recast_frame(media.portrait("hopper"), astronaut, Options(keep_occluders=False))
    written = faces.faces(picture)
    assert len(written) == 1
    assert similarity(picture, "astronaut") > similarity(picture, "hopper")


def test_an_animation(recaster: Recaster, astronaut: Cast, tmp_path: Path) -> None:
    from PIL import Image

    frames = [Image.fromarray(cv2.cvtColor(f, cv2.COLOR_BGR2RGB)) for f in media.still(4, face_width=150).frames]
    frames[0].save(tmp_path / "in.webp", save_all=True, append_images=frames[1:], duration=80, lossless=True)
    report = recaster.recast(astronaut, tmp_path / "in.webp", tmp_path / "out.webp")
    assert (report.kind, report.frames, report.changed) == ("animation", 4, 4)
    with Image.open(report.output) as image:
        assert image.n_frames == 4


def test_people_are_listed_and_each_gets_their_own_face(
    recaster: Recaster, unmarked: Recaster, astronaut: Cast, tmp_path: Path
) -> None:
    """Two people; only one of them is cast, by number; the other stays exactly as they were."""
    target = media.write_clip(
        tmp_path / "two.mp4", media.crossing(48).frames, codec="libx264rgb", pix_fmt="rgb24", options={"qp": "0"}
    )
    people = recaster.people(target)
    assert [person.number for person in people] == [1, 2]
    sure = {}
    for name in ("hopper", "astronaut"):
        own = faces.identity(name).embedding
        sure[name] = max(people, key=lambda person: float(person.embedding @ own))
    assert sure["hopper"] is not sure["astronaut"]

    assert astronaut.everyone is not None
    cast = Cast(roles=(Role(sure["hopper"], astronaut.everyone),))
    report = unmarked.recast(cast, target, tmp_path / "out.mkv", Options(codec="lossless"))
    assert report.people == 1
    truth = media.crossing(48)
    before, after = decoded(target)[0], decoded(report.output)[0]
    for index in (0, 6, 40, 47):
        for name, changes in (("hopper", True), ("astronaut", False)):
            x, y = (round(value) for value in truth.centre(index, name))
            part = (slice(y - 20, y + 20), slice(x - 20, x + 20))
            assert (before[index][part] != after[index][part]).any() == changes


def test_an_empty_cast_is_refused(recaster: Recaster, clip: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cast is empty"):
        recaster.recast(Cast(), clip, tmp_path / "out.mp4")


def test_two_jobs_at_once_do_not_disturb_each_other(
    recaster: Recaster, astronaut: Cast, clip: Path, result: Report, tmp_path: Path
) -> None:
    outputs, errors = [tmp_path / "a.mp4", tmp_path / "b.mp4"], []

    def work(output: Path) -> None:
        try:
            recaster.recast(astronaut, clip, output, Options(keep_occluders=False))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(output,), daemon=True) for output in outputs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    assert errors == []
    reference = planes(result.output)
    for output in outputs:
        assert all((a == b).all() for a, b in zip(planes(output), reference, strict=True))


def test_results_say_that_they_are_synthetic(
    recaster: Recaster, astronaut: Cast, result: Report, tmp_path: Path
) -> None:
    with av.open(str(result.output)) as container:
        assert "Synthetic" in container.metadata.get("comment", "")
    target = media.portrait_file("hopper", tmp_path)
    recaster.recast(astronaut, target, tmp_path / "out.jpg")
    assert b"compositeSynthetic" in (tmp_path / "out.jpg").read_bytes()
