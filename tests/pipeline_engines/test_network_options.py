"""What is done to a network's face besides laying it back: masks, restorers, mouth and eyes, the photo's detail, half
precision."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest

from pipeline.engines.mesh import MeshEngine
from pipeline.engines.network import NetworkEngine
from pipeline.engines.network.detail import DEEPEST, crisper, unchanged
from pipeline.engines.network.expression import MouthKeeper, mouth_missing
from pipeline.engines.network.precision import sound
from pipeline.errors import DeviceMemory
from pipeline.frame_recaster import recast_frame
from pipeline.media import Picture
from pipeline.models import onnx_runner
from pipeline.models.catalogue import SwapContract
from pipeline.options import Options
from pipeline.steps import device_notes
from pipeline.types import Face, FloatArray, Identity, ImageArray, SourcePhoto
from pipeline.wardrobe import FaceRole, Wardrobe
from tests import faces, media, models, networks

BARE = Options(
    mask="box", keep_occluders=False, match_light=0.0, match_detail=False, keep_texture=False, expression=0.0
)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> models.Shelf:
    return models.Shelf(tmp_path_factory.mktemp("options"))


def form(shelf: models.Shelf, name: str, which: networks.Form) -> NetworkEngine:
    return shelf.engine(name, partial(networks.closed_form, form=which), which)


def recast(
    engine: NetworkEngine, options: Options, image: ImageArray | None = None, face: Face | None = None,
    source: Identity | None = None,
) -> ImageArray:  # fmt: skip
    picture = Picture((media.portrait("hopper") if image is None else image).copy())
    engine.ready(options)
    found = face or faces.portrait_face("hopper")
    who = source or faces.identity("astronaut")
    assert recast_frame(picture, [FaceRole(found, who)], Wardrobe(engine), options) == 1
    return picture.image()


def put(shelf: models.Shelf, name: str, model: onnx.ModelProto) -> None:
    onnx.save(model, str(shelf.folder / "models" / f"{name}.onnx"))


def middle(face: Face, part: float = 0.3) -> tuple[slice, slice]:
    box = face.box.scaled(part)
    return slice(int(box.y0), int(box.y1)), slice(int(box.x0), int(box.x1))


def test_a_restorer_gets_and_gives_the_finished_face(shelf: models.Shelf) -> None:
    put(shelf, "gfpgan_1.4", networks.restorer(512))
    put(shelf, "codeformer", networks.restorer(512, weighted=True))
    put(shelf, "gpen_bfr_512", networks.restorer(512, constant=0.2))
    engine = form(shelf, "uniface_256", "source")
    plain = recast(engine, BARE)
    # One that gives back what it got changes nothing.
    for name in ("gfpgan_1.4", "codeformer"):
        again = recast(engine, replace(BARE, restorer=name, restorer_strength=1.0))  # type: ignore[arg-type]
        assert np.abs(again.astype(int) - plain).mean() < 0.01
    grey = (1 + 0.2) * 127.5
    part = middle(faces.portrait_face("hopper"))
    for strength in (1.0, 0.5):
        result = recast(engine, replace(BARE, restorer="gpen_bfr_512", restorer_strength=strength))[part]
        wanted = plain[part] * (1 - strength) + grey * strength
        # What is finer than the restorer's own pixels stays.
        assert np.abs(result - wanted).mean() <= 1 and np.abs((result - wanted).mean()) < 0.5


def test_what_an_occluder_sees_in_front_stays(shelf: models.Shelf) -> None:
    put(shelf, "xseg_2", networks.occluder())
    engine = form(shelf, "inswapper_128", "constant")
    face, image = faces.portrait_face("hopper"), media.portrait("hopper").copy()
    rows, columns = middle(face, 0.5)
    bar = slice(rows.start + 30, rows.start + 60)
    image[bar, columns] = (255, 0, 0)
    result = recast(engine, replace(BARE, occluder="xseg_2"), image, face)
    inner = slice(bar.start + 4, bar.stop - 4), slice(columns.start + 4, columns.stop - 4)
    assert np.abs(result[inner].astype(int) - image[inner]).max() <= 1
    above = slice(bar.start - 16, bar.start - 12), columns
    assert np.abs(result[above] - np.array(networks.CONSTANT[::-1]) * 255).max() < 3
    without = recast(engine, BARE, image, face)
    assert np.abs(without[inner].astype(int) - image[inner]).min() > 20


def test_the_mesh_engine_takes_occluder_and_parser(shelf: models.Shelf) -> None:
    put(shelf, "xseg_2", networks.occluder())
    put(shelf, "bisenet_resnet_34", networks.parser())
    engine = MeshEngine(lambda: shelf.library)
    face, image = faces.portrait_face("hopper"), media.portrait("hopper").copy()
    rows, columns = middle(face, 0.4)
    bar = slice(rows.stop - 30, rows.stop)
    image[bar, columns] = (255, 0, 0)
    bare = Options(keep_occluders=False, likeness=0.0)

    def change(options: Options) -> FloatArray:
        picture = Picture(image.copy())
        engine.ready(options)
        recast_frame(picture, [FaceRole(face, faces.identity("astronaut"))], Wardrobe(engine), options)
        return np.abs(picture.image().astype(np.float32) - image).max(2)

    inner = slice(bar.start + 4, bar.stop - 4), slice(columns.start + 4, columns.stop - 4)
    plain = change(bare)
    assert plain[inner].min() > 20
    occluded = change(replace(bare, occluder="xseg_2"))
    assert occluded[inner].max() <= 1
    # Beside the bar nothing is lost.
    above = slice(rows.start, bar.start - 16), columns
    assert np.abs(occluded[above] - plain[above]).mean() < 1
    # The stand-in calls the right half hair.
    parted = change(replace(bare, parser="bisenet_resnet_34"))
    assert parted[rows, columns.stop - 15 : columns.stop].max() == 0
    assert parted[rows, columns.start : columns.start + 15].mean() > 3


def test_a_parser_keeps_the_face_to_its_parts(shelf: models.Shelf) -> None:
    put(shelf, "bisenet_resnet_34", networks.parser())
    face, image = faces.portrait_face("hopper"), media.portrait("hopper")
    result = recast(form(shelf, "inswapper_128", "constant"), replace(BARE, parser="bisenet_resnet_34"))
    rows, columns = middle(face, 0.5)
    # The stand-in calls the right half hair.
    right = slice(columns.stop - 20, columns.stop)
    left = slice(columns.start, columns.start + 20)
    assert (result[rows, right] == image[rows, right]).all()
    assert np.abs(result[rows, left] - np.array(networks.CONSTANT[::-1]) * 255).max() < 3


def test_the_outline_keeps_background_and_hair(shelf: models.Shelf) -> None:
    engine = form(shelf, "uniface_256", "constant")
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    box, outline = (recast(engine, replace(BARE, mask=mask)) for mask in ("box", "face"))  # type: ignore[arg-type]
    changed = [np.count_nonzero((result != image).any(2)) for result in (box, outline)]
    assert changed[1] < 0.75 * changed[0]
    assert np.abs(outline[middle(face)] - np.array(networks.CONSTANT[::-1]) * 255).max() <= 1


def open_mouth() -> tuple[ImageArray, Face]:
    face = faces.portrait_face("hopper")
    assert face.landmarks is not None
    image = media.grimace(media.portrait("hopper"), face.landmarks, 0.45, 0.0)
    return image, faces.faces(image)[0]


def test_mouth_and_eyes_may_stay_the_target_s(shelf: models.Shelf) -> None:
    image, face = open_mouth()
    assert face.landmarks is not None
    engine = form(shelf, "inswapper_128", "constant")
    result = recast(engine, replace(BARE, keep_mouth=True, keep_eyes=True), image, face)
    inside = np.round(face.landmarks[[13, 14], :2].mean(0)).astype(int)
    irises = np.round(face.landmarks[[468, 473], :2]).astype(int)
    for x, y in (inside, *irises):
        assert np.abs(result[y, x].astype(int) - image[y, x]).max() <= 4
    cheek = np.round(face.landmarks[50, :2]).astype(int)
    assert np.abs(result[cheek[1], cheek[0]] - np.array(networks.CONSTANT[::-1]) * 255).max() <= 2


def test_a_mouth_that_the_network_keeps_shut_is_opened(shelf: models.Shelf) -> None:
    """The network paints the portrait with its lips shut on a target with its mouth open."""
    image, face = open_mouth()
    assert face.landmarks is not None and face.points is not None
    engine = form(shelf, "uniface_256", "source")
    shut = faces.portrait_face("hopper")
    assert shut.embedding is not None
    source = Identity((SourcePhoto(media.portrait("hopper"), shut),), shut.embedding)
    keeper = MouthKeeper()
    missing = []
    for strength in (0.0, 1.0):
        result = recast(engine, replace(BARE, expression=strength), image, face, source)
        found = keeper.find(result, face.points)
        assert found is not None
        missing.append(mouth_missing(face.landmarks, found))
    assert missing[0] > 0.05
    assert missing[1] < 0.35 * missing[0]
    # A mouth that is open as it should be is left alone, whatever the option says.
    same = form(shelf, "uniface_256", "same")
    kept = [recast(same, replace(BARE, expression=strength), image, face) for strength in (0.0, 1.0)]
    assert (kept[0] == kept[1]).all()


def test_the_photo_s_detail_is_finer_than_the_network_s(shelf: models.Shelf) -> None:
    """A face larger than the network's crop: the photo's pores come over, at their place; its folds do not."""
    image = np.asarray(cv2.resize(media.portrait("astronaut"), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))
    face = faces.faces(image)[0]
    assert face.landmarks is not None
    engine = form(shelf, "blendswap_256", "source")
    soft, fine = (
        recast(engine, replace(BARE, photo_detail=strength), image, face, faces.identity("hopper"))
        for strength in (0.0, 1.0)
    )
    (x, y), reach = np.round(face.landmarks[425, :2]).astype(int), int(0.07 * face.box.width)
    cheek = slice(y - reach, y + reach), slice(x - reach, x + reach)

    def sharpness(picture: ImageArray) -> float:
        grey = cv2.cvtColor(picture[cheek], cv2.COLOR_BGR2GRAY).astype(np.float32)
        return float(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 1)).mean())

    assert sharpness(fine) > 1.25 * sharpness(soft)
    ratio = (fine.astype(np.float32) + 1) / (soft.astype(np.float32) + 1)
    assert np.abs(ratio[soft.min(2) > 40] - 1).max() < DEEPEST + 0.03
    # Light and shape stay the network's.
    part = middle(face, 0.6)
    blurred = [cv2.GaussianBlur(picture[part], (0, 0), 12).astype(int) for picture in (soft, fine)]
    assert np.abs(blurred[0] - blurred[1]).max() < 4


def fineness(picture: ImageArray, part: tuple[slice, slice]) -> float:
    """Amplitude of what is finer than three pixels."""
    grey = cv2.cvtColor(picture[part], cv2.COLOR_BGR2GRAY).astype(np.float32)
    return float(np.quantile(np.abs(grey - cv2.GaussianBlur(grey, (3, 3), 0.8)), 0.25))


def test_a_network_s_face_has_the_grain_of_the_film(shelf: models.Shelf) -> None:
    noise = np.random.default_rng(5).normal(0, 1.5, media.portrait("hopper").shape[:2])[..., None]
    image = np.asarray(np.clip(media.portrait("hopper") + noise, 0, 255), np.uint8)
    face = faces.faces(image)[0]
    engine = form(shelf, "inswapper_128", "constant")
    part = middle(face, 0.3)
    smooth, grained = (recast(engine, replace(BARE, match_detail=on), image, face) for on in (False, True))
    wanted = fineness(image, part)
    assert fineness(smooth, part) < 0.1 * wanted
    assert 0.5 * wanted < fineness(grained, part) < 1.1 * wanted
    # Grain is all that comes: light and colour stay the network's.
    light = cv2.blur(grained[part].astype(np.float32), (15, 15))[8:-8, 8:-8]
    assert np.abs(light - np.array(networks.CONSTANT[::-1]) * 255).max() < 2


def test_edges_of_an_enlarged_face_are_crisper() -> None:
    """Lids and lips, not the skin; nothing where the network has left the face as it was, or need not be enlarged."""
    picture = np.full((64, 64, 3), 120, np.float32)
    picture[20:40] = 60
    swapped = cv2.GaussianBlur(picture, (0, 0), 1.0) + np.random.default_rng(2).uniform(-0.4, 0.4, (64, 64, 1))
    swapped = swapped.astype(np.float32)
    other = np.full((64, 64, 3), 200, np.uint8)
    crisp = crisper(swapped, unchanged(swapped, other), 0.3)
    slope, before = (np.abs(np.diff(one[15:25, :, 1], axis=0)).max(0).mean() for one in (crisp, swapped))
    assert 1.1 * before < slope < 1.6 * before
    assert np.abs(crisp[48:] - swapped[48:]).max() < 0.05
    assert crisper(swapped, unchanged(swapped, other), 1.0) is swapped
    same = np.rint(swapped).astype(np.uint8)
    assert np.abs(crisper(swapped, unchanged(swapped, same), 0.3) - swapped).max() < 0.3


def test_light_is_matched_on_skin(shelf: models.Shelf) -> None:
    """A source in darker and colder light than the target's comes in the target's."""
    cold = np.asarray(np.clip(media.portrait("astronaut") * np.array([0.95, 0.85, 0.75]), 0, 255), np.uint8)
    face = faces.portrait_face("astronaut")
    assert face.embedding is not None
    source = Identity((SourcePhoto(cold, face),), face.embedding)
    engine = form(shelf, "uniface_256", "source")
    part = middle(faces.portrait_face("hopper"), 0.4)
    wanted = np.median(media.portrait("hopper")[part], axis=(0, 1))

    def off(options: Options) -> float:
        return float(np.abs(np.median(recast(engine, options, source=source)[part], axis=(0, 1)) - wanted).max())

    assert off(replace(BARE, match_light=1.0)) < 0.5 * off(BARE)


def test_half_precision_is_used_where_it_is_sound(tmp_path: Path) -> None:
    library = models.library(tmp_path)
    single = networks.write_family(tmp_path / "models", "inswapper_128")
    networks.write_family(tmp_path / "models", "inswapper_128_fp16", half=True)
    engine = NetworkEngine("inswapper_128_fp16", library)
    good = recast(engine, BARE)
    assert engine.notes == ()
    reference = recast(NetworkEngine("inswapper_128", library), BARE)
    assert np.abs(good.astype(int) - reference).mean() < 0.5
    assert single.exists()


def test_half_precision_that_melts_is_found_out(tmp_path: Path) -> None:
    """A file in half precision that gives other faces than the one in single precision: that takes its place, and it is
    said."""
    library = models.library(tmp_path)
    networks.write_family(tmp_path / "models", "inswapper_128", partial(networks.closed_form, form="same"))
    networks.write_family(tmp_path / "models", "inswapper_128_fp16", partial(networks.closed_form, form="constant"),
                          half=True)  # fmt: skip
    engine = NetworkEngine("inswapper_128_fp16", library)
    result = recast(engine, replace(BARE, keep_texture=True))
    assert len(engine.notes) == 1 and "wrong faces in half precision" in engine.notes[0]
    assert np.abs(result.astype(int) - media.portrait("hopper")).max() <= 1


def test_half_precision_of_one_s_own_that_melts_on_a_gpu_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no file in single precision beside it: it has to agree with itself on the CPU. The GPU is the CPU over
    another network."""
    library, entries, opened = models.library(tmp_path), tmp_path / "notes" / "entries", onnx_runner.opened
    entries.mkdir(parents=True)
    contract = SwapContract("arcface_128", 128)
    for name, form in (("mine", "same"), ("melted", "constant")):
        onnx.save(networks.closed_form(contract, form, half=True), str(entries / f"{name}.onnx"))  # type: ignore[arg-type]
    (entries / "mine.json").write_text('{"file": "mine.onnx", "template": "arcface_128", "size": 128}')

    class OnGpu(onnx_runner.OnnxRunner):
        def __init__(self, runner: onnx_runner.OnnxRunner) -> None:
            super().__init__(runner._session)
            self.device = "cuda"

    def open_here(path: Path, device: Any, batch: int, cache: Path, gpu: int = 0) -> tuple[onnx_runner.OnnxRunner, int]:
        melts = device == "cuda" and path.stem == "mine"
        runner, size = opened(entries / "melted.onnx" if melts else path, "cpu", 1, cache)
        return (OnGpu(runner) if device == "cuda" else runner), size

    monkeypatch.setattr(onnx_runner, "opened", open_here)
    library.device = "cuda"
    engine = NetworkEngine("mine", library)
    result = recast(engine, replace(BARE, keep_texture=True))
    assert len(engine.notes) == 1 and "wrong faces in half precision on this cuda device" in engine.notes[0]
    assert np.abs(result.astype(int) - media.portrait("hopper")).max() <= 1


def test_half_precision_is_compared_on_the_cpu_where_the_gpu_has_no_room_for_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, opened = models.library(tmp_path), onnx_runner.opened
    for name in ("inswapper_128", "inswapper_128_fp16"):
        networks.write_family(tmp_path / "models", name, half=name.endswith("fp16"))

    class OnGpu(onnx_runner.OnnxRunner):
        def __init__(self, runner: onnx_runner.OnnxRunner) -> None:
            super().__init__(runner._session)
            self.device = "cuda"

    def open_here(path: Path, device: Any, batch: int, cache: Path, gpu: int = 0) -> tuple[onnx_runner.OnnxRunner, int]:
        if device == "cuda" and path.stem == "inswapper_128":
            raise DeviceMemory
        runner, size = opened(path, "cpu", 1, cache)
        return (OnGpu(runner) if device == "cuda" else runner), size

    monkeypatch.setattr(onnx_runner, "opened", open_here)
    library.device = "cuda"
    engine = NetworkEngine("inswapper_128_fp16", library)
    recast(engine, BARE)
    assert engine.notes == ()
    where = {name: words.split(",")[0] for name, words in library.running().items()}
    assert where == {"arcface_w600k_r50": "CUDA", "inswapper_128": "CPU", "inswapper_128_fp16": "CUDA"}


def test_half_precision_is_looked_at_again_and_part_by_part(tmp_path: Path) -> None:
    """Wrong in one corner of the face is wrong; so is a face that breaks only later."""
    right = np.random.default_rng(0).random((1, 3, 128, 128), np.float32)
    rounded = right.astype(np.float16).astype(np.float32)
    corner = right.copy()
    corner[..., 40:56, 70:86] += 0.15
    assert sound(rounded, right) and not sound(corner, right)
    assert not sound(np.where(right > 0.999, np.nan, right).astype(np.float32), right)

    def breaking(contract: SwapContract, **others: Any) -> onnx.ModelProto:
        """Gives no numbers for a face that is lighter than most, as sums do that are beyond half precision's range."""

        def body(graph: networks.Graph, target: str, source: str) -> str:
            light = graph.add("ReduceMean", target, axes=[1, 2, 3], keepdims=1)
            beyond = graph.add(
                "Mul", graph.add("Relu", graph.add("Sub", light, graph.constant(0.7))), graph.constant(1e30)
            )
            return graph.add("Add", target, graph.add("Mul", beyond, graph.constant(1e30)))

        return networks.swap_model(contract, body, **others)

    library = models.library(tmp_path)
    networks.write_family(tmp_path / "models", "inswapper_128", partial(networks.closed_form, form="same"))
    networks.write_family(tmp_path / "models", "inswapper_128_fp16", breaking, half=True)
    engine = NetworkEngine("inswapper_128_fp16", library)
    image = media.portrait("hopper")
    recast(engine, replace(BARE, keep_texture=True))
    assert engine.notes == ()
    light = np.asarray(np.clip(image.astype(np.float32) * 0.5 + 128, 0, 255), np.uint8)
    result = recast(engine, replace(BARE, keep_texture=True), light, faces.portrait_face("hopper"))
    assert "wrong faces in half precision" in engine.notes[0]
    assert np.abs(result.astype(int) - light).max() <= 1


def test_a_network_says_what_it_leaves_aside(shelf: models.Shelf) -> None:
    picture, large = form(shelf, "uniface_256", "source"), form(shelf, "simswap_unofficial_512", "same")
    notes = device_notes(Options(engine="uniface_256", resemblance=0.8, pixel_boost="4x"), Wardrobe(picture))
    assert len(notes) == 1 and "knows no resemblance" in notes[0]
    notes = device_notes(Options(engine="simswap_unofficial_512", resemblance=0.8, pixel_boost="3x"), Wardrobe(large))
    assert len(notes) == 1 and "1024 pixels at most: pixel boost was 2x in place of 3x" in notes[0]
    assert device_notes(Options(engine="uniface_256"), Wardrobe(picture)) == ()


def test_the_mesh_engine_says_what_it_leaves_aside() -> None:
    notes = device_notes(Options(restorer="codeformer", pixel_boost="2x"), Wardrobe(MeshEngine()))
    assert len(notes) == 1 and "pixel boost, restorer" in notes[0]
    assert device_notes(Options(), Wardrobe(MeshEngine())) == ()
