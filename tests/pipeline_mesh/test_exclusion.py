"""What is painted over stays the target's: on the frame that was painted, on others, in both sorts of engines."""

from __future__ import annotations

import base64
import io
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline import Cast, NoFaceInTarget, Recaster
from pipeline.errors import OptionError
from pipeline.frame_recaster import recast_frame
from pipeline.marking import Marking
from pipeline.media import Picture
from pipeline.mesh.exclusion import laid_on, painted_over
from pipeline.mesh.painted import MOST_CHARACTERS, checked, is_exclusion, read_painted, write_exclusion
from pipeline.options import Options, Painting
from pipeline.types import Face, FloatArray, ImageArray
from pipeline.wardrobe import FaceRole, Wardrobe
from tests import faces, media, models, networks


def strokes(shape: tuple[int, ...], face: Face) -> ImageArray:
    """A dab on a cheek and a line along the lips."""
    painted = np.zeros(shape[:2], np.uint8)
    assert face.landmarks is not None
    cheek, left, right = (tuple(np.round(face.landmarks[i, :2]).astype(int).tolist()) for i in (50, 61, 291))
    width = int(face.box.width)
    cv2.circle(painted, cheek, width // 8, 255, -1)
    cv2.line(painted, left, right, 255, width // 8)
    return painted


def png(picture: ImageArray) -> str:
    return base64.b64encode(cv2.imencode(".png", picture)[1].tobytes()).decode()


def over_frame(painted: ImageArray, whose: str = "") -> tuple[Painting, ...]:
    return (Painting(checked([png(painted)])[0], whose),)


def test_strokes_come_back_to_where_they_were_painted() -> None:
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    painted = strokes(image.shape, face)
    text = write_exclusion(painted_over(painted, face))
    back = laid_on(read_painted(text), face, (image.shape[1], image.shape[0]))
    both, either = ((back > 127) & (painted > 127)).sum(), ((back > 127) | (painted > 127)).sum()
    assert both / either > 0.95
    assert len(text) < 4000


def test_what_lies_beside_the_face_is_not_on_it() -> None:
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    painted = np.full(image.shape[:2], 255, np.uint8)
    box = face.box.scaled(1.5)
    painted[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)] = 0
    assert not painted_over(painted, face).any()


@pytest.mark.parametrize("place", [((420, 300), 300, 0), ((380, 310), 140, 35), ((420, 300), 240, -140)])
def test_they_follow_the_face(place: tuple[tuple[float, float], float, float]) -> None:
    """Painted on the portrait, they hold where the face is elsewhere, larger or smaller, and turned."""
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    painted = strokes(image.shape, face)
    options = Options(exclude=(Painting(write_exclusion(painted_over(painted, face))),))
    moved = media.placed("hopper", *place)
    scene = media.paste(media.background(840, 620), "hopper", moved)
    there = cv2.warpAffine(painted, moved, (840, 620))
    result = faces.recast(scene, faces.identity("astronaut"), options)
    change = np.abs(result.astype(int) - scene).max(2)
    inside = cv2.erode(there, np.ones((5, 5), np.uint8)) > 250
    assert change[inside].max() <= 3
    assert (change > 8).sum() > 3 * inside.sum()


def test_a_network_leaves_them_alone_too(tmp_path: Path) -> None:
    engine = models.Shelf(tmp_path).engine("inswapper_128", partial(networks.closed_form, form="constant"), "constant")
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    painted = strokes(image.shape, face)
    for mask in ("box", "face"):
        options = Options(mask=mask, match_light=0, keep_occluders=False, keep_texture=False, expression=0)  # type: ignore[arg-type]
        picture = Picture(image.copy())
        role = FaceRole(face, faces.identity("astronaut"), write_exclusion(painted_over(painted, face)))
        recast_frame(picture, [role], Wardrobe(engine), options)
        change = np.abs(picture.image().astype(int) - image).max(2)
        inside = cv2.erode(painted, np.ones((5, 5), np.uint8)) > 250
        assert change[inside].max() <= 3
        # Its border is soft, and a little beside it everything is the network's.
        beside = (cv2.dilate(painted, np.ones((31, 31), np.uint8)) > 0) & ~(
            cv2.dilate(painted, np.ones((25, 25), np.uint8)) > 0
        )
        assert np.median(change[beside]) > 20


def scene(count: int) -> list[ImageArray]:
    def motion(i: int) -> FloatArray:
        return media.placed("hopper", (200 + 12 * i, 180), 120 + 2 * i)

    return media.scene(count, {"hopper": motion}).frames


def test_a_mask_over_a_frame_holds_for_the_whole_film(tmp_path: Path) -> None:
    """Painted over the last frame, with the moment of it; the first shows the face elsewhere."""
    frames = scene(16)
    clip = media.write_clip(tmp_path / "clip.mp4", frames, 20)
    painted = strokes(frames[-1].shape, faces.faces(frames[-1])[0])
    options = Options(
        exclude=over_frame(painted), exclude_at=15 / 20, keep_occluders=False, codec="lossless", smooth=0.3
    )
    recaster = Recaster(marking=Marking(frozenset()))
    recaster.recast(Cast(everyone=faces.identity("astronaut")), clip, tmp_path / "result.mkv", options)
    before, after = decoded(clip), decoded(tmp_path / "result.mkv")
    assert len(before) == len(after) == 16
    for index in (0, 8, 15):
        face = faces.faces(frames[index])[0]
        inside = cv2.erode(strokes(frames[index].shape, face), np.ones((7, 7), np.uint8)) > 250
        change = np.abs(before[index].astype(int) - after[index]).max(2)
        assert np.percentile(change[inside], 98) <= 3
        assert np.count_nonzero(change > 12) > 2 * np.count_nonzero(inside)


def decoded(path: Path) -> list[ImageArray]:
    with av.open(str(path)) as container:
        return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in container.decode(video=0)]


def test_a_picture_takes_a_mask_of_its_own_form() -> None:
    """By lightness, by opacity, and smaller than the picture."""
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    painted = strokes(image.shape, face)
    red = np.dstack([np.zeros_like(painted)] * 2 + [np.full_like(painted, 255), painted])
    half = cv2.resize(painted, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    cast = Cast(everyone=faces.identity("astronaut"))
    recaster = Recaster(marking=Marking(frozenset()))
    inside = cv2.erode(painted, np.ones((5, 5), np.uint8)) > 250
    for mask in (painted, red, half):
        result = recaster.recast_frame(image, cast, Options(exclude=over_frame(mask)), [face])
        change = np.abs(result.astype(int) - image).max(2)
        assert change[inside].max() <= 4 and (change > 8).sum() > inside.sum()


def test_masks_from_outside_come_in_small_and_clean() -> None:
    assert checked([""]) == [""]
    (huge,) = checked([png(np.zeros((3000, 4000), np.uint8))])
    assert read_painted(huge).shape == (1440, 1920) and not is_exclusion(huge)
    exclusion = write_exclusion(np.full((192, 192), 255, np.uint8))
    assert is_exclusion(exclusion) and checked(["data:image/png;base64," + exclusion]) == [exclusion]
    assert write_exclusion(np.zeros((192, 192), np.uint8)) == ""


def jpeg() -> str:
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "JPEG")
    return base64.b64encode(file.getvalue()).decode()


def cut_off() -> str:
    data = cv2.imencode(".png", np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8))[1].tobytes()
    return base64.b64encode(data[: len(data) // 2]).decode()


@pytest.mark.parametrize("text", ["white", "ü", "aGVsbG8=", jpeg(), cut_off(), "A" * (MOST_CHARACTERS + 4)])
def test_what_is_no_mask_is_refused(text: str) -> None:
    with pytest.raises(OptionError):
        checked([text])


def test_masks_that_do_not_fit_are_refused() -> None:
    recaster, cast = Recaster(), Cast(everyone=faces.identity("astronaut"))
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")

    def recast(mask: ImageArray, found: list[Face], picture: ImageArray = image) -> None:
        recaster.recast_frame(picture, cast, Options(exclude=over_frame(mask)), found)

    square = np.full((90, 90), 255, np.uint8)
    with pytest.raises(OptionError, match="90 × 90"):
        recast(square, [face])
    nothing = np.zeros(image.shape[:2], np.uint8)
    with pytest.raises(OptionError, match="on no face"):
        recast(nothing, [face])
    with pytest.raises(NoFaceInTarget, match="painted over"):
        recast(square, [], np.zeros((90, 90, 3), np.uint8))
    with pytest.raises(OptionError, match="no frame"):
        recaster.live(faces.identity("astronaut"), Options(exclude=over_frame(square)))
