"""The mesh engine on real faces: whose face it is, whose pose and expression, and what stays."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.engines.mesh.atlas import build_atlas
from pipeline.engines.mesh.canonical import canonical
from pipeline.engines.mesh.likeness import move_towards
from pipeline.engines.mesh.openings import openings
from pipeline.frame_recaster import recast_frame
from pipeline.media import Picture
from pipeline.mesh import FaceView, topology
from pipeline.models.face_mesh import (
    FACE_OVAL,
    INNER_LIPS,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_IRIS,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_IRIS,
)
from pipeline.options import Options
from pipeline.types import Crop, FloatArray, Identity, SourcePhoto
from pipeline.wardrobe import FaceRole
from tests import faces, media

NAMES = ("astronaut", "hopper")
PLAIN = Options(keep_occluders=False, source_glasses=True)


def other(name: str) -> str:
    return NAMES[1 - NAMES.index(name)]


def eye_distance(landmarks: FloatArray) -> float:
    return float(np.linalg.norm(landmarks[33, :2] - landmarks[263, :2]))


@pytest.mark.parametrize(("target", "options"), [("astronaut", Options()), ("astronaut", PLAIN), ("hopper", PLAIN)])
def test_the_new_face_is_nearer_the_source_than_the_target(target: str, options: Options) -> None:
    """As a job does it by default; where the target's thick glasses stay, a recogniser goes by them, so they go."""
    source, image = other(target), media.portrait(target)
    result = faces.recast(image, faces.identity(source), options)
    found = faces.arcface(result, faces.faces(result)[0])
    to_source = float(found @ faces.arcface(media.portrait(source), faces.portrait_face(source)))
    to_target = float(found @ faces.arcface(image, faces.portrait_face(target)))
    assert to_source > to_target + 0.1
    assert to_source > 0.3


@pytest.mark.parametrize("target", NAMES)
@pytest.mark.parametrize("likeness", [0.0, Options().likeness])
def test_pose_and_expression_stay_the_targets(target: str, likeness: float) -> None:
    image = media.portrait(target)
    """What is found in the result is the target's mesh, with its features where they were moved to."""
    source, face = faces.identity(other(target)), faces.portrait_face(target)
    assert face.landmarks is not None and face.pose is not None
    result = faces.recast(image, source, Options(likeness=likeness))
    wanted = move_towards(face.landmarks, face.pose, build_atlas(source).shape, likeness)
    after = faces.faces(result)[0].landmarks
    assert after is not None
    error = np.linalg.norm(after[:, :2] - wanted[:, :2], axis=1).mean() / eye_distance(wanted)
    assert error < 0.025


@pytest.mark.parametrize("name", NAMES)
def test_a_person_recast_as_themselves_looks_nearly_the_same(name: str) -> None:
    image, face = media.portrait(name), faces.portrait_face(name)
    result = faces.recast(image, faces.identity(name), Options(source_glasses=True))
    x0, y0, x1, y1 = (int(v) for v in (face.box.x0, face.box.y0, face.box.x1, face.box.y1))
    # Deep wrinkles are held back on purpose.
    assert cv2.PSNR(image[y0:y1, x0:x1], result[y0:y1, x0:x1]) > {"astronaut": 31, "hopper": 29}[name]


def test_a_person_in_hard_light_recast_as_themselves_keeps_its_shadow() -> None:
    """Over brow, eye, lips and cheek of one side: on others it is held back, on the same face in the same light not."""
    image = faces.test_photo("yaoming").copy()
    landmarks = faces.faces(image)[0].landmarks
    assert landmarks is not None
    middle = int(landmarks[168, 0])
    image[:, :middle] = (image[:, :middle] * 0.45).astype(np.uint8)
    face = faces.faces(image)[0]
    result = faces.recast(image, Identity((SourcePhoto(image, face),), faces.identity("hopper").embedding), face=face)
    x0, y0, x1, y1 = (int(v) for v in (face.box.x0, face.box.y0, face.box.x1, face.box.y1))
    assert cv2.PSNR(image[y0:y1, x0:x1], result[y0:y1, x0:x1]) > 35.5


@pytest.mark.parametrize("light", [1.0, 0.3])
def test_a_person_recast_as_themselves_is_as_light_as_before(light: float) -> None:
    """What takes the photo's light away is the inverse of what puts it on: in the dark, too."""
    image = (faces.test_photo("yaoming") * light).astype(np.uint8)
    face = faces.faces(image)[0]
    assert face.landmarks is not None and face.pose is not None and face.points is not None
    source = Identity((SourcePhoto(image, face),), faces.identity("hopper").embedding)
    view = FaceView(Crop(image, face.landmarks, np.eye(2, 3, dtype=np.float32), face.pose, face.points))
    skin = topology().inner > 0.5
    before, after = (
        view.unfold(picture)[skin].astype(float).mean() for picture in (image, faces.recast(image, source, face=face))
    )
    assert abs(after / before - 1) < 0.01


@pytest.mark.parametrize("name", NAMES)
def test_nothing_changes_outside_the_outline(name: str) -> None:
    image, face = media.portrait(name), faces.portrait_face(name)
    result = faces.recast(image, faces.identity(other(name)))
    assert face.landmarks is not None
    hull = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(hull, [np.round(face.landmarks[list(FACE_OVAL), :2]).astype(np.int32)], 1)
    outside = cv2.dilate(hull, np.ones((3, 3), np.uint8)) == 0
    assert (result[outside] == image[outside]).all()
    assert (result[hull > 0] != image[hull > 0]).any(axis=-1).mean() > 0.5


def test_teeth_and_tongue_stay_the_targets() -> None:
    face = faces.portrait_face("astronaut")
    assert face.landmarks is not None
    image = media.grimace(media.portrait("astronaut"), face.landmarks, 1.0, 0.0)
    opened = faces.faces(image)[0]
    result = faces.recast(image, faces.identity("hopper"), Options(likeness=0.0), opened)
    assert opened.landmarks is not None
    mouth = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mouth, [np.round(opened.landmarks[list(INNER_LIPS), :2]).astype(np.int32)], 1)
    inside = cv2.erode(mouth, np.ones((3, 3), np.uint8)) > 0
    assert np.count_nonzero(inside) > 20
    assert np.abs(result[inside].astype(int) - image[inside]).mean() < 4


@pytest.mark.parametrize("name", NAMES)
def test_the_sources_lips_meet_without_teeth_or_line(name: str) -> None:
    """The astronaut smiles with teeth, Hopper's lips are shut in a dark line: on the atlas there are lips only."""
    level = build_atlas(faces.identity(name)).levels[0]
    size = level.shape[0]
    luma = cv2.cvtColor(level, cv2.COLOR_BGR2GRAY).astype(float)
    u, middle = np.round(topology().uv[[82, 13, 312]].T * size).astype(int)
    unit = size / 256
    across = np.array([luma[middle + round(step * unit), u].mean() for step in range(-5, 6)])
    assert (across[1:-1] > 0.85 * np.minimum(across[0], across[-1])).all()
    assert (across[1:-1] < 1.2 * np.maximum(across[0], across[-1])).all()


def test_the_line_between_shut_lips_is_the_targets() -> None:
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    landmarks = face.landmarks
    assert landmarks is not None
    line = (landmarks[list(INNER_LIPS[:11]), :2] + landmarks[list(INNER_LIPS[:1] + INNER_LIPS[:9:-1]), :2]) / 2
    drawn = np.zeros(image.shape[:2], np.uint8)
    cv2.polylines(drawn, [np.round(line * 16).astype(np.int32)], False, 255, 3, cv2.LINE_AA, 4)
    lips = image.copy()
    lips[cv2.dilate(drawn, np.ones((5, 5), np.uint8)) > 0] = (110, 110, 200)

    def darkness(strength: float) -> float:
        """Of the result, where lips meet, when the target has a line of some strength."""
        share = cv2.GaussianBlur(drawn, (0, 0), 0.8)[..., None] / 255.0 * strength
        target = (lips * (1 - share)).astype(np.uint8)
        result = faces.recast(target, faces.identity("astronaut"), Options(likeness=0.0), face)
        return 1 - float(result[drawn > 200].mean()) / without if strength else float(result[drawn > 200].mean())

    without = darkness(0.0)
    assert darkness(0.3) == pytest.approx(0.3, abs=0.1)
    assert darkness(0.7) > 0.45


def test_a_still_target_gives_a_still_result() -> None:
    """Nothing is drawn anew for each frame: grain lies on the face."""
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    results = []
    for index in (0, 7):
        picture = Picture(image.copy(), index=index)
        recast_frame(picture, [FaceRole(face, faces.identity("astronaut"))], faces.wardrobe(), Options())
        results.append(picture.image())
    assert (results[0] == results[1]).all()


def test_shut_lips_leave_no_opening_and_shut_eyes_bring_their_lids() -> None:
    landmarks = faces.portrait_face("hopper").landmarks
    assert landmarks is not None
    size = (512, 600)
    mask = openings(landmarks, size)
    x, y = np.round(landmarks[13, :2]).astype(int)
    assert mask[y, x] < 0.05
    shut = landmarks.copy()
    for eye in (RIGHT_EYE, LEFT_EYE):
        shut[list(eye), 1] = landmarks[list(eye), 1].mean()
    lid = np.round(landmarks[[159, 27], :2].mean(0)).astype(int)
    assert mask[lid[1], lid[0]] < 0.5 < openings(shut, size)[lid[1], lid[0]]


def test_the_narrow_eye_of_who_winks_is_the_new_faces_and_a_shut_one_the_targets() -> None:
    """Or else one eye had the target's colour, and the other one the photo's."""
    landmarks = faces.portrait_face("astronaut").landmarks
    assert landmarks is not None
    centre = np.round(landmarks[RIGHT_IRIS[0], :2]).astype(int)
    shown = {}
    for name, right, left in (("wink", 0.6, 1.0), ("shut wink", 0.25, 1.0), ("blink", 0.6, 0.6)):
        narrow = landmarks.copy()
        for eye, share in ((RIGHT_EYE, right), (LEFT_EYE, left)):
            middle = landmarks[RIGHT_IRIS[0] if eye is RIGHT_EYE else LEFT_IRIS[0], 1]
            narrow[list(eye), 1] = middle + share * (landmarks[list(eye), 1] - middle)
        shown[name] = openings(narrow, (512, 512), own=(1.0, 1.0))[centre[1], centre[0]]
    assert shown["wink"] < 0.3
    assert min(shown["shut wink"], shown["blink"]) > 0.7


def test_a_narrow_gap_between_the_lips_stays_open() -> None:
    """Between its soft borders the target's teeth show whole, also when the mouth is hardly open."""
    landmarks = faces.portrait_face("hopper").landmarks
    assert landmarks is not None
    parted_lips, lips = landmarks.copy(), list(INNER_LIPS)
    middle = landmarks[lips, 1].mean()
    width = np.ptp(landmarks[lips, 0])
    bulge = np.sqrt(np.clip(1 - ((landmarks[lips, 0] - landmarks[lips, 0].mean()) / (width / 2)) ** 2, 0, 1))
    side = np.where(np.arange(len(lips)) < len(lips) // 2, 1, -1)
    parted_lips[lips, 1] = middle + side * bulge * 0.03 * width
    mask = openings(parted_lips, (512, 600), eyes=False)
    x, y = np.round([landmarks[lips, 0].mean(), middle]).astype(int)
    assert mask[y - 1 : y + 2, x].max() > 0.95


def test_the_gaze_is_the_targets() -> None:
    image = media.portrait("astronaut")
    before = faces.portrait_face("astronaut").landmarks
    result = faces.recast(image, faces.identity("hopper"), Options(likeness=0.0))
    after = faces.faces(result)[0].landmarks
    assert before is not None and after is not None
    for iris in (468, 473):
        assert np.linalg.norm(before[iris, :2] - after[iris, :2]) / eye_distance(before) < 0.02


def test_the_light_is_the_targets() -> None:
    image, face = media.portrait("astronaut"), faces.portrait_face("astronaut")
    assert face.landmarks is not None
    x0, x1 = int(face.box.x0), int(face.box.x1)
    shade = np.interp(np.arange(image.shape[1]), [x0, x1], [1.0, 0.35]).astype(np.float32)
    dark = (image * shade[None, :, None]).astype(np.uint8)
    result = faces.recast(dark, faces.identity("hopper"), PLAIN, face)
    right, left = np.round(face.landmarks[[205, 425], :2]).astype(int)

    def cheek(picture: np.ndarray, at: np.ndarray) -> float:
        return float(picture[at[1] - 5 : at[1] + 6, at[0] - 5 : at[0] + 6].mean())

    ratio = (cheek(result, left) / cheek(result, right)) / (cheek(dark, left) / cheek(dark, right))
    assert 0.8 < ratio < 1.25


def test_likeness_moves_inner_features_and_never_the_outline() -> None:
    face, atlas = faces.portrait_face("astronaut"), build_atlas(faces.identity("hopper"))
    assert face.landmarks is not None and face.pose is not None
    moved = move_towards(face.landmarks, face.pose, atlas.shape, 1.0)
    distance = np.linalg.norm(moved - face.landmarks, axis=1)
    assert distance[list(FACE_OVAL)].max() < 1e-3
    assert distance[[1, 33, 263, 13]].max() > 0.5
    assert move_towards(face.landmarks, face.pose, atlas.shape, 0.0) is face.landmarks


def test_features_get_the_sources_proportions_and_keep_the_targets_expression() -> None:
    """Eyes as wide as the source's; a brow that is raised, and lids that shut, are as much so as before."""
    face, atlas = faces.portrait_face("astronaut"), build_atlas(faces.identity("hopper"))
    assert face.landmarks is not None and face.pose is not None
    rest = canonical(face.landmarks, face.pose)
    moved = canonical(move_towards(face.landmarks, face.pose, atlas.shape, 1.0), face.pose)

    def wide(shape: FloatArray) -> float:
        return float(np.linalg.norm(shape[33] - shape[133]) + np.linalg.norm(shape[263] - shape[362]))

    assert abs(wide(moved) - wide(atlas.shape)) < 0.5 * abs(wide(rest) - wide(atlas.shape))
    shut = face.landmarks.copy()
    shut[[159, 386], 1] = shut[[145, 374], 1]
    brows = list(RIGHT_BROW + LEFT_BROW)
    shut[brows, 1] -= 0.12 * eye_distance(face.landmarks)
    by = {}
    for form in (None, rest):
        after = canonical(move_towards(shut, face.pose, atlas.shape, 1.0, form), face.pose)
        by[form is None] = after[brows, 1].mean() - moved[brows, 1].mean()
        assert abs(after[159, 1] - after[145, 1]) < 0.15 * abs(moved[159, 1] - moved[145, 1])
    raised = canonical(shut, face.pose)[brows, 1].mean() - rest[brows, 1].mean()
    assert by[True] == pytest.approx(raised, rel=0.15) and by[False] == pytest.approx(raised, rel=0.02)


def test_the_hidden_side_of_a_turned_photo_comes_from_the_other_side() -> None:
    """A photo whose left half is covered: its atlas still has skin there."""
    face = faces.portrait_face("astronaut")
    assert face.landmarks is not None
    atlas = build_atlas(faces.identity("astronaut"))
    covered = media.portrait("astronaut").copy()
    middle = int(face.landmarks[1, 0])
    covered[:, middle + 12 :] = (covered[:, middle + 12 :] * 0.12).astype(np.uint8)
    half = build_atlas(Identity((SourcePhoto(covered, face),), faces.identity("astronaut").embedding))
    level = [a.levels[0][150:165, 170:185].astype(float).mean() / a.tone.mean() for a in (atlas, half)]
    assert level[1] > 0.7 * level[0]


def test_two_photos_are_used_where_each_shows_the_face_best() -> None:
    """Each photo shows one side, a card hides the other: marks on both cheeks arrive, and are not mirrored."""
    face = faces.portrait_face("astronaut")
    assert face.landmarks is not None
    marked = media.portrait("astronaut").copy()
    for landmark, colour in ((205, (60, 60, 230)), (425, (60, 200, 60))):
        x, y = np.round(face.landmarks[landmark, :2]).astype(int)
        cv2.circle(marked, (int(x), int(y)), 4, colour, -1)
    middle, photos = int(face.landmarks[1, 0]), []
    for side in (slice(0, middle - 4), slice(middle + 4, None)):
        half = marked.copy()
        half[:, side] = (160, 90, 30)
        photos.append(SourcePhoto(half, face))
    atlas = build_atlas(Identity(tuple(photos), faces.identity("astronaut").embedding))
    uv = topology().uv[[205, 425]]
    right, left = (atlas.levels[0][int(v * atlas.size), int(u * atlas.size)].astype(int) for u, v in uv)
    assert right[2] > right[1] + 40, "the red mark on the person's right cheek"
    assert left[1] > left[2] + 40, "the green mark on the left"


def test_the_photos_detail_is_kept_beyond_128_pixels() -> None:
    """A face 550 pixels wide, from a photo of the same size: fine stripes on the photo's cheek are still there."""
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    assert face.landmarks is not None
    big = cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    scaled = replace(
        face,
        landmarks=face.landmarks * 3,
        pose=np.diag([3, 3, 3, 1]).astype(np.float32) @ face.pose,
        box=type(face.box)(*(3 * v for v in (face.box.x0, face.box.y0, face.box.x1, face.box.y1))),
    )
    striped = big.copy()
    x, y = np.round(scaled.landmarks[205, :2]).astype(int)
    striped[y - 20 : y + 20, x - 30 : x + 30 : 6] = np.clip(striped[y - 20 : y + 20, x - 30 : x + 30 : 6] * 0.6, 0, 255)
    striped[y - 20 : y + 20, x - 29 : x + 30 : 6] = np.clip(striped[y - 20 : y + 20, x - 29 : x + 30 : 6] * 0.6, 0, 255)
    source = Identity((SourcePhoto(striped, scaled),), faces.identity("hopper").embedding)
    result = faces.recast(big, source, Options(match_detail=False, likeness=0), scaled)
    row = result[y - 8 : y + 8, x - 24 : x + 24].mean((0, 2))
    spectrum = np.abs(np.fft.rfft(row - row.mean()))
    # The cheek itself gets lighter outwards: that is what the lowest frequencies are.
    assert 7 <= 4 + int(spectrum[4:].argmax()) <= 9
    assert spectrum[7:10].max() > 5 * np.median(spectrum[4:])


def test_tiny_faces_do_not_fail() -> None:
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    assert face.landmarks is not None and face.pose is not None
    k = 0.1
    small = cv2.resize(image, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
    shrunk = replace(
        face,
        landmarks=face.landmarks * k,
        pose=np.diag([k, k, k, 1]).astype(np.float32) @ face.pose,
        box=type(face.box)(*(k * v for v in (face.box.x0, face.box.y0, face.box.x1, face.box.y1))),
    )
    assert faces.recast(small, faces.identity("astronaut"), Options(), shrunk).shape == small.shape


@pytest.mark.parametrize("shift", [(-250, 0), (150, 0), (0, -220), (0, 330)])
def test_a_face_partly_outside_the_frame(shift: tuple[int, int]) -> None:
    image, face = media.portrait("hopper"), faces.portrait_face("hopper")
    assert face.landmarks is not None and face.pose is not None
    moved = cv2.warpAffine(image, np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32), (512, 600))
    pose = face.pose.copy()
    pose[:2, 3] += shift
    offset = np.array([*shift, 0], np.float32)
    box = type(face.box)(*(v + d for v, d in zip(
        (face.box.x0, face.box.y0, face.box.x1, face.box.y1), (*shift, *shift), strict=True)))  # fmt: skip
    there = replace(face, landmarks=face.landmarks + offset, pose=pose, box=box)
    result = faces.recast(moved, faces.identity("astronaut"), Options(), there)
    assert (result != moved).any()


def test_a_trace_of_the_targets_light_changes_hardly_anything() -> None:
    """The hue of shades goes with it: from none to a little is no step."""
    # A warm face on a grey one, whose shades differ most in hue.
    image = cv2.cvtColor(cv2.cvtColor(media.portrait("astronaut"), cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    face, source = faces.faces(image)[0], faces.identity("hopper")
    none, trace, all_of_it = (
        faces.recast(image, source, Options(match_light=strength, match_detail=False), face).astype(int)
        for strength in (0.0, 0.02, 1.0)
    )
    assert np.abs(trace - none).max() <= 8
    assert np.abs(all_of_it - none).max() > 60


def test_nothing_of_a_new_face_is_coloured_in_black_and_white() -> None:
    """Neither lips nor brows nor, by default the source's, irises."""
    image = cv2.cvtColor(cv2.cvtColor(media.portrait("hopper"), cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    recast = faces.recast(image, faces.identity("astronaut"), Options(), faces.faces(image)[0]).astype(int)
    assert np.abs(recast - image).max() > 60
    assert np.percentile(np.ptp(recast, axis=2), 99.9) <= 3
