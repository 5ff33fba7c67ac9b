"""Networks whose output is known on paper, through the whole way of a frame, on real faces, for every family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest

from pipeline.engines.network import NetworkEngine
from pipeline.frame_recaster import recast_frame
from pipeline.media import Picture
from pipeline.models.align import TEMPLATES, to_crop
from pipeline.models.catalogue import SwapContract
from pipeline.options import Options
from pipeline.types import Box, Face, ImageArray
from pipeline.wardrobe import FaceRole, Wardrobe
from tests import faces, media, models, networks

BARE = Options(mask="box", keep_occluders=False, match_light=0.0, match_detail=False, keep_texture=False)
"""What the network gives and nothing else."""


Make = Callable[[str, networks.Form], NetworkEngine]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Makes the engine of a family over a network of a form."""
    shelf = models.Shelf(tmp_path_factory.mktemp("closed"))
    return lambda name, form: shelf.engine(name, partial(networks.closed_form, form=form), form)


def smooth_portrait(name: str, side: int) -> tuple[ImageArray, Face]:
    """A portrait in which the face nearly fills a crop of `side` pixels, without detail that such a crop could not
    hold."""
    image, face = media.portrait(name), faces.portrait_face(name)
    factor = 0.45 * side / face.box.width
    large = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    found = faces.faces(np.asarray(large, np.uint8))[0]
    return np.asarray(cv2.GaussianBlur(large, (0, 0), 6.0), np.uint8), found


def through(engine: NetworkEngine, image: ImageArray, face: Face, options: Options) -> ImageArray:
    picture = Picture(image.copy())
    assert recast_frame(picture, [FaceRole(face, faces.identity("astronaut"))], Wardrobe(engine), options) == 1
    return picture.image()


def centre(face: Face, part: float = 0.35) -> tuple[slice, slice]:
    """The middle of the face, where every mask is 1."""
    inner = face.box.scaled(part)
    return slice(int(inner.y0), int(inner.y1)), slice(int(inner.x0), int(inner.x1))


@pytest.mark.parametrize("texture", (False, True), ids=("plain", "texture"))
@pytest.mark.parametrize("name", models.FAMILIES)
def test_the_same_face_comes_back_within_a_grey_level(made: Make, name: str, texture: bool) -> None:
    engine = made(name, "same")
    # As large as the crop: nothing is lost for want of pixels.
    image, face = smooth_portrait("hopper", engine.contract.size)
    result = through(engine, image, face, replace(BARE, keep_texture=texture))
    assert np.abs(result.astype(int) - image).max() <= 1


@pytest.mark.parametrize("name", models.FAMILIES)
def test_with_every_option_as_it_comes_the_same_face_comes_back_from_any_size(made: Make, name: str) -> None:
    """A photo far finer than the network's crop, with its grain: what the network leaves as it is stays as it is."""
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    result = through(made(name, "same"), image, face, Options())
    assert np.abs(result.astype(int) - image).max() <= 1


@pytest.mark.parametrize("name", ("inswapper_128", "uniface_256"))
def test_a_face_that_only_got_another_tone_comes_back_sharp(tmp_path: Path, name: str) -> None:
    """Bluer and lighter all over, by a network with few pixels: the frame's tone and all its detail are back."""

    def bluer(contract: SwapContract, **others: Any) -> onnx.ModelProto:
        def body(graph: networks.Graph, target: str, source: str) -> str:
            return graph.add("Mul", target, graph.constant(np.reshape([1.0, 1.06, 1.15], (1, 3, 1, 1))))

        return networks.swap_model(contract, body, **others)

    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    result = through(models.Shelf(tmp_path).engine(name, bluer, "bluer"), image, face, Options())
    part = centre(face, 0.8)
    assert np.abs(result[part].astype(int) - image[part]).mean() < 1.5
    fine = [cv2.Laplacian(picture[part], cv2.CV_32F).std() for picture in (result, image)]
    assert 0.9 < fine[0] / fine[1] < 1.1


@pytest.mark.parametrize("name", models.FAMILIES)
def test_red_and_blue_change_places(made: Make, name: str) -> None:
    engine = made(name, "channels")
    image, face = smooth_portrait("hopper", engine.contract.size)
    result = through(engine, image, face, BARE)[centre(face)]
    assert np.abs(result.astype(int) - image[centre(face)][..., ::-1]).max() <= 1


@pytest.mark.parametrize("name", models.FAMILIES)
def test_one_colour_is_that_colour(made: Make, name: str) -> None:
    result = through(made(name, "constant"), media.portrait("hopper"), faces.portrait_face("hopper"), BARE)
    wanted = np.array(networks.CONSTANT[::-1]) * 255
    assert np.abs(result[centre(faces.portrait_face("hopper"))] - wanted).max() <= 1


@pytest.mark.parametrize("angle", (0, 30, 180))
@pytest.mark.parametrize("name", models.FAMILIES)
def test_each_of_the_five_points_lies_where_the_template_says(made: Make, name: str, angle: int) -> None:
    """The network paints where in its crop each pixel is; the face's points have to get the template's places, in an
    upright face, a tilted one and one on its head."""
    image = media.portrait("hopper")
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 0.6)
    image = np.asarray(cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    face = faces.faces(image)[0]
    assert face.points is not None
    engine = made(name, "ramp")
    result = through(engine, image, face, BARE)
    size = engine.contract.size
    wanted = TEMPLATES[engine.contract.template] * size / (size - 1)
    for point, place in zip(face.points, wanted, strict=True):
        x, y = np.round(point).astype(int)
        _, green, red = result[y, x] / 255
        # The template is met by least squares: the points of a real face lie near its own.
        assert abs(red - place[0]) < 0.06 and abs(green - place[1]) < 0.06
    found = np.array([result[tuple(np.round(point).astype(int)[::-1])][[2, 1]] / 255 for point in face.points])
    assert np.abs((found - wanted).mean(0)).max() < 0.01


@pytest.mark.parametrize("name", ("blendswap_256", "uniface_256"))
def test_the_source_s_picture_reaches_the_face(made: Make, name: str) -> None:
    """Where the network returns the picture it was given, the source's face lies on the target's, eyes on eyes, in its
    own colours."""
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    engine = made(name, "source")
    result = through(engine, image, face, BARE)
    source, theirs = media.portrait("astronaut"), faces.portrait_face("astronaut")
    assert face.points is not None and theirs.points is not None
    if engine.contract.source_template == engine.contract.template:
        ours = np.vstack([to_crop(face.points, "ffhq_512", 512), [0, 0, 1]])
        there = (np.linalg.inv(ours) @ np.vstack([to_crop(theirs.points, "ffhq_512", 512), [0, 0, 1]]))[:2]
        expected = cv2.warpAffine(source, there, (image.shape[1], image.shape[0]))
        part = centre(face, 0.6)
        left, right = (cv2.GaussianBlur(picture[part], (0, 0), 4).astype(float) for picture in (result, expected))
        assert np.abs(left - right).mean() < 4
    else:
        assert np.abs(result[centre(face)].mean((0, 1)) - source[centre(theirs)].mean((0, 1))).max() < 12


@pytest.mark.parametrize("name", [name for name in models.FAMILIES if name not in ("blendswap_256", "uniface_256")])
def test_the_source_s_vector_reaches_the_face(made: Make, name: str) -> None:
    """The network paints the first three numbers of the vector it gets; they are those worked out here by hand from
    ArcFace's answer."""
    engine = made(name, "source")
    raw = faces.arcface_raw(media.portrait("astronaut"), faces.portrait_face("astronaut"))
    latent = raw / np.linalg.norm(raw)
    if engine.contract.identity == "emap":
        latent = latent @ networks.emap()
        latent /= np.linalg.norm(latent)
    elif engine.contract.identity == "converter":
        weights = np.random.default_rng(2).normal(0, 1 / np.sqrt(512), (512, 512))
        latent = raw @ weights * networks.GHOST_RAW
        if engine.contract.unit:
            latent /= np.linalg.norm(latent)
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    result = through(engine, image, face, BARE)[centre(face)].mean((0, 1))[::-1]
    assert np.abs(result - np.clip(latent[:3] * 4 + 0.5, 0, 1) * 255).max() < 1.5


@pytest.mark.parametrize("boost", ("2x", "3x", "4x"))
def test_phases_are_put_together_where_they_were_taken(made: Make, boost: str) -> None:
    """A network of 128 pixels, asked to render finer, gives back a face that many times larger."""
    engine = made("inswapper_128", "same")
    image, face = smooth_portrait("hopper", 128 * int(boost[0]))
    result = through(engine, image, face, replace(BARE, pixel_boost=boost))  # type: ignore[arg-type]
    assert np.abs(result.astype(int) - image).max() <= 1


def test_nothing_outside_the_square_is_touched(made: Make) -> None:
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    engine = made("simswap_256", "constant")
    area = engine.area(face, BARE)
    result = through(engine, image, face, BARE)
    outside = np.ones(image.shape[:2], bool)
    outside[_slice(area)] = False
    assert (result[outside] == image[outside]).all()
    assert (result != image).any()


def _slice(box: Box) -> tuple[slice, slice]:
    return slice(max(0, int(box.y0)), int(box.y1) + 2), slice(max(0, int(box.x0)), int(box.x1) + 2)
