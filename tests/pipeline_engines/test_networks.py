"""Networks with the published files' contract: what they are given and what becomes of their answer, against
insightface's own INSwapper and against the maths written out here."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from insightface.model_zoo.inswapper import INSwapper
from insightface.utils import face_align
from onnx import helper

from pipeline.engines.network import NetworkEngine
from pipeline.engines.network.contract import from_output, to_input
from pipeline.engines.network.crop import take
from pipeline.engines.network.identity import merged
from pipeline.errors import ModelError
from pipeline.frame_recaster import recast_frame
from pipeline.media import Picture
from pipeline.models.align import TEMPLATES, similarity, to_crop
from pipeline.models.catalogue import CATALOGUE, SwapContract
from pipeline.models.session import Session
from pipeline.options import Options
from pipeline.types import Face, FloatArray, ImageArray
from pipeline.wardrobe import FaceRole, Wardrobe
from tests import faces, media, models, networks

BARE = Options(mask="box", keep_occluders=False, match_light=0.0, match_detail=False, keep_texture=False)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> models.Shelf:
    return models.Shelf(tmp_path_factory.mktemp("networks"))


def target() -> tuple[ImageArray, Face]:
    """A portrait in which the face is about as large as a crop of 128 pixels."""
    image = np.asarray(cv2.resize(media.portrait("hopper"), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA))
    return image, faces.faces(image)[0]


def recast(engine: NetworkEngine, image: ImageArray, face: Face, options: Options = BARE) -> ImageArray:
    picture = Picture(image.copy())
    assert recast_frame(picture, [FaceRole(face, faces.identity("astronaut"))], Wardrobe(engine), options) == 1
    return picture.image()


def inswapper(path: Path) -> INSwapper:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return INSwapper(model_file=str(path), session=session)


def like_insightface(shelf: models.Shelf, path: Path, engine: NetworkEngine) -> None:
    """Crop, latent, output and paste beside insightface's own."""
    image, face = target()
    theirs, source_face = inswapper(path), faces.portrait_face("astronaut")
    assert source_face.points is not None
    # Fits that agree to the fifth digit round a pixel now and then another way, which would hide what is compared.
    straight = to_crop(source_face.points, "arcface_112_v2", 112)
    assert np.abs(straight - face_align.estimate_norm(source_face.points)).max() < 1e-3
    raw = faces.arcface_raw(media.portrait("astronaut"), source_face, straight)
    ours = engine.prepare(faces.identity("astronaut"))
    latent = (raw / np.linalg.norm(raw)).reshape(1, -1) @ theirs.emap
    latent /= np.linalg.norm(latent)
    assert np.abs(ours.source - latent).max() < 1e-5

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        crop, matrix = face_align.norm_crop2(image, face.points, 128)
    assert face.points is not None
    own_matrix = to_crop(face.points, "arcface_128", 128)
    assert np.abs(own_matrix - matrix).max() < 1e-3
    own_crop = take(image, own_matrix, 128)
    # The same interpolation of the same pixels; the last digit of the matrix may round another way.
    assert np.abs(own_crop.astype(int) - crop).max() <= 1 and (own_crop == crop).mean() > 0.98

    blob = cv2.dnn.blobFromImage(crop, 1 / 255, (128, 128), (0, 0, 0), swapRB=True)
    assert np.abs(to_input(crop[None], engine.contract) - blob).max() < 1e-6
    wanted = theirs.session.run(None, {"target": blob, "source": latent.astype(np.float32)})[0]
    session = Session(path, "cpu")
    output = session(target=to_input(crop[None], engine.contract), source=ours.source)[0]
    assert np.abs(output - wanted).max() < 1e-3

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        person = SimpleNamespace(kps=face.points, normed_embedding=raw / np.linalg.norm(raw))
        pasted = theirs.get(image, person, person, paste_back=True)
    result = recast(engine, image, face)
    inner = face.box.scaled(0.6)
    part = slice(int(inner.y0), int(inner.y1)), slice(int(inner.x0), int(inner.x1))
    # Theirs cuts off fractions and enlarges linearly, ours rounds and is a little sharper: not so once both are soft.
    ours, theirs_there = (cv2.GaussianBlur(picture[part].astype(np.float32), (0, 0), 2) for picture in (result, pasted))
    difference = np.abs(ours - theirs_there)
    assert np.median(difference) <= 1 and difference.mean() < 1.5


def test_crop_latent_output_and_paste_are_insightface_s(shelf: models.Shelf) -> None:
    engine = shelf.engine("inswapper_128")
    like_insightface(shelf, shelf.folder / "models" / f"{engine.name}.onnx", engine)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_full_size_too(shelf: models.Shelf) -> None:
    """138 million weights: as large and as dear as the real file."""
    path = shelf.folder / "models" / "inswapper_128.full.onnx"
    engine = shelf.engine("inswapper_128", lambda contract, **_: networks.full_inswapper(), "full")
    weights = sum(int(np.prod(part.dims)) for part in onnx.load(str(path)).graph.initializer)
    assert 137e6 < weights < 140e6
    like_insightface(shelf, path, engine)


@pytest.mark.parametrize("name", models.FAMILIES)
def test_each_family_gets_and_gives_what_its_publisher_s_code_does(shelf: models.Shelf, name: str) -> None:
    """From frame to frame by formulas written out here, apart from the mask's border."""
    engine = shelf.engine(name)
    contract = engine.contract
    # Faces much larger than the crop are reduced first, which publishers do not do: not so here.
    factor = 0.5 * contract.size / faces.portrait_face("hopper").box.width
    image = np.asarray(cv2.resize(media.portrait("hopper"), None, fx=factor, fy=factor), np.uint8)
    face = faces.faces(image)[0]
    assert face.points is not None
    # As the publisher does it: points to template with a similarity, a linear warp, RGB, normalised.
    matrix = similarity(face.points, TEMPLATES[contract.template] * np.float32(contract.size))
    size = (contract.size, contract.size)
    crop = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    blob = crop[..., ::-1].astype(np.float64) / 255
    blob = (blob - np.array(contract.mean)) / np.array(contract.deviation)
    session = onnxruntime.InferenceSession(str(shelf.folder / "models" / f"{engine.name}.onnx"))
    feed = {"target": blob.transpose(2, 0, 1)[None].astype(np.float32), "source": source_of(contract.identity, name)}
    output = session.run(None, feed)[0][0].transpose(1, 2, 0)
    if contract.signed:
        output = output * np.array(contract.deviation) + np.array(contract.mean)
    face_out = (output.clip(0, 1) * 255)[..., ::-1].astype(np.float32)
    back = cv2.invertAffineTransform(matrix)
    wanted = cv2.warpAffine(face_out, back, image.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    result = recast(engine, image, face)
    inner = face.box.scaled(0.6)
    part = slice(int(inner.y0), int(inner.y1)), slice(int(inner.x0), int(inner.x1))
    difference = np.abs(result[part] - wanted[part].clip(0, 255))
    assert difference.mean() < 0.6 and np.percentile(difference, 99) < 3


def source_of(identity: str, name: str) -> FloatArray:
    """The input `source` for the astronaut, by formulas written out here."""
    photo, face = media.portrait("astronaut"), faces.portrait_face("astronaut")
    contract = CATALOGUE[name].swap
    assert contract is not None and face.points is not None
    if identity == "image":
        size = contract.source_size
        matrix = similarity(face.points, TEMPLATES[contract.source_template] * np.float32(size))
        crop = cv2.warpAffine(photo, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
        return (crop[..., ::-1].astype(np.float32) / 255).transpose(2, 0, 1)[None]
    raw = faces.arcface_raw(photo, face).astype(np.float64)
    unit = raw / np.linalg.norm(raw)
    if identity == "emap":
        unit = unit @ networks.emap()
    elif identity == "converter":
        weights = np.random.default_rng(2).normal(0, 1 / np.sqrt(512), (512, 512))
        unit = raw @ weights * networks.GHOST_RAW
        if not contract.unit:
            return unit[None].astype(np.float32)
    return (unit / np.linalg.norm(unit))[None].astype(np.float32)


def test_resemblance_goes_from_the_target_to_beyond_the_source(shelf: models.Shelf) -> None:
    engine = shelf.engine("hyperswap_1a_256")
    source, other = (faces.arcface_raw(media.portrait(name), faces.portrait_face(name)) for name in
                     ("astronaut", "hopper"))  # fmt: skip
    unit = [vector / np.linalg.norm(vector) for vector in (source, other)]

    def nearness(resemblance: float) -> tuple[float, float]:
        mixed = engine._introduce.towards(source, other, resemblance)
        mixed = mixed / np.linalg.norm(mixed)
        return float(mixed @ unit[0]), float(mixed @ unit[1])

    towards, exact, beyond = nearness(0.2), nearness(0.5), nearness(0.9)
    assert exact[0] > 0.9999
    assert towards[1] > exact[1] > beyond[1]
    assert beyond[0] > 0.8
    image, face = target()
    pictures = [recast(engine, image, face, Options(resemblance=value)) for value in (0.0, 0.5, 1.0)]
    assert (pictures[0] != pictures[1]).any() and (pictures[1] != pictures[2]).any()


def test_a_stranger_among_the_photos_is_left_out() -> None:
    """Three photos of one person and one of another: the odd one does not count, the better ones count more."""
    image, face = media.portrait("astronaut"), faces.portrait_face("astronaut")
    own = [faces.arcface_raw(np.asarray(np.clip(image * gain, 0, 255), np.uint8), face) for gain in (0.8, 1.0, 1.2)]
    stranger = faces.arcface_raw(media.portrait("hopper"), faces.portrait_face("hopper"))
    alone, mixed = merged(own, [1, 1, 1]), merged([*own, stranger], [1, 1, 1, 50])
    assert float(alone @ mixed / np.linalg.norm(alone) / np.linalg.norm(mixed)) > 0.9999
    leaning = merged(own, [100, 1, 1])
    first = own[0] / np.linalg.norm(own[0])
    assert leaning @ first / np.linalg.norm(leaning) > alone @ first / np.linalg.norm(alone)


def test_a_file_that_is_not_what_its_entry_says_is_refused(shelf: models.Shelf) -> None:
    with pytest.raises(ModelError, match="128 × 128") as raised:
        shelf.engine(
            "hififace_unofficial_256",
            lambda contract, **others: networks.seeded(CATALOGUE["inswapper_128"].swap),
            "wrong",
        )  # type: ignore[arg-type]
    assert "256" in str(raised.value)


def test_an_answer_that_is_no_face_of_that_size_is_refused(shelf: models.Shelf) -> None:
    """What a network gives shows when it is run: here twice as many pixels as it was given."""

    def larger(contract: SwapContract, **others: Any) -> onnx.ModelProto:
        def body(graph: networks.Graph, target: str, source: str) -> str:
            return graph.add("Resize", target, "", graph.constant([1, 1, 2, 2]), mode="nearest")

        return networks.swap_model(contract, body, **others)

    image, face = target()
    with pytest.raises(ModelError, match=r"gives 3 × 256 × 256; its entry says 3 × 128 × 128"):
        recast(shelf.engine("inswapper_128", larger, "larger"), image, face)


def test_values_beyond_the_range_are_cut_off_not_wrapped() -> None:
    contract = CATALOGUE["inswapper_128"].swap
    assert contract is not None
    contract = replace(contract, size=2)
    output = np.array([-1.0, 0.5, 2.0, np.inf], np.float32).reshape(1, 1, 2, 2).repeat(3, 1)
    assert np.allclose(from_output(output, contract)[0, :, :, 0].ravel(), [0, 127.5, 255, 255])


def test_values_that_are_no_numbers_are_told_and_no_black_face(shelf: models.Shelf) -> None:
    def broken(contract: SwapContract, **others: Any) -> onnx.ModelProto:
        def body(graph: networks.Graph, target: str, source: str) -> str:
            return graph.add("Sqrt", graph.add("Sub", target, graph.constant(2.0)))

        return networks.swap_model(contract, body, **others)

    image, face = target()
    with pytest.raises(ModelError, match="no numbers"):
        recast(shelf.engine("inswapper_128", broken, "broken"), image, face)


def test_a_second_output_that_is_no_row_each_is_told(shelf: models.Shelf) -> None:
    def broken(contract: SwapContract, **others: Any) -> onnx.ModelProto:
        model = networks.closed_form(contract, "same", **others)
        model.graph.node.append(helper.make_node("ReduceMean", ["target"], ["level"], keepdims=0))
        model.graph.output.append(helper.make_tensor_value_info("level", onnx.TensorProto.FLOAT, []))
        return model

    image, face = target()
    with pytest.raises(ModelError, match="a row for each"):
        recast(shelf.engine("inswapper_128", broken, "level"), image, face)
