"""The source's face as one flat, evenly lit picture (the atlas), made once from all its photos."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from pipeline.engines.mesh.beard import dense, thinned
from pipeline.engines.mesh.calm import shade_of
from pipeline.engines.mesh.canonical import canonical
from pipeline.engines.mesh.drawn import creases, gap
from pipeline.engines.mesh.evening import evened
from pipeline.engines.mesh.exposure import exposure
from pipeline.engines.mesh.eyes import Found, eye_place, find_eyes
from pipeline.engines.mesh.grain import quieted
from pipeline.engines.mesh.halves import Halves, alike, both_halves
from pipeline.engines.mesh.irises import iris_colour
from pipeline.engines.mesh.lips import whole_lips
from pipeline.engines.mesh.looks import Carried, Looks
from pipeline.engines.mesh.pores import pores
from pipeline.engines.mesh.smile import folds, smile
from pipeline.engines.mesh.undress import undressed
from pipeline.engines.mesh.withheld import withheld
from pipeline.mesh.look_up import fourfold
from pipeline.mesh.maps import thrice
from pipeline.mesh.skin import NEAR, Skin, read_skin, spread_colour
from pipeline.mesh.spread import spread
from pipeline.mesh.topology import ZONES, topology
from pipeline.mesh.view import FaceView
from pipeline.types import Crop, FloatArray, Identity, ImageArray, SourcePhoto

SMALLEST, LARGEST = 256, 2048
MIRROR = 0.12
"""What a mirrored texel counts beside one that is really seen."""
FILLED = 0.25
"""The same of a half that was filled from the other one, without what that has for itself, see `Halves`."""
ASIDE = 0.2
"""What a place that is hardly seen counts at least, beside the same one seen from the front in another photo."""
ELSEWHERE = 1e-3
"""What eyes of other photos count beside those of the one that shows them best: two gazes make none."""
GRAZING = (0.16, 0.38)
"""Cosines to the line of sight between which the sides of the face go from smeared to sharp."""
SHARPNESS = 6
"""Power of the blending weights: high, so that two photos meet in a narrow band and never show doubly."""


@dataclass(frozen=True, eq=False)
class Atlas:
    """The unfolded face.

    Attributes:
        looks: the pictures, with and without what is worn.
        size: side of the largest of them.
        valid: ``(96, 96)`` float32, 0 where no photo shows the face itself (hair, hat, never seen).
        shown: ``(96, 96)`` float32, the cosine to the line of sight at which a photo shows each place at best.
        tone: ``(3,)`` float32 BGR, the colour of bare skin.
        deep: ``(3,)`` float32, how its hue goes with its darkness, see `pipeline.mesh.hue`.
        beard: ``(96, 96)`` float32, 1 where one grows and around; ``None`` without one.
        shape: ``(468, 3)`` float32, the face's proportions in the canonical frame (centimetres, y up).
        smile: how broadly the photos' face smiles, see `smile`.
        folds: ``(384, 384, 4)`` uint8, what lifts the folds of that smile, see `folds`; fourfold.
        gap: how far the photos' mouth is open, see `gap`.
        creases: ``(384, 384, 4)`` uint8, what lifts the deep folds about the mouth, see `creases`; fourfold;
            ``None`` without any.
        irises: ``(3,)`` float32, see `iris_colour`; ``None`` where no photo shows them well.
    """

    looks: Looks
    size: int
    valid: FloatArray
    shown: FloatArray
    tone: FloatArray
    deep: FloatArray
    beard: FloatArray | None
    shape: FloatArray
    smile: float
    folds: ImageArray
    gap: float
    creases: ImageArray | None
    irises: FloatArray | None

    @property
    def levels(self) -> tuple[ImageArray, ...]:
        """The picture as it is carried over by default, at full, half, quarter ... size: ``(n, n, 3)`` uint8 BGR."""
        return self.looks.levels(Carried())


@dataclass(frozen=True, eq=False)
class _Leaf:
    """One photo unfolded and evenly lit.

    Attributes:
        picture: ``(n, n, 3)`` float32 BGR.
        weight: ``(96, 96)`` float32, what it counts beside other photos.
        valid: ``(96, 96)`` float32, where it shows the face at all.
        sharp: ``(96, 96)`` float32, where it shows it at no grazing angle, under which texels are smeared.
        lent: whether it is another one mirrored.
    """

    picture: FloatArray
    weight: FloatArray
    valid: FloatArray
    sharp: FloatArray
    lent: bool = False

    def mirrored(self) -> _Leaf:
        parts = (self.picture, self.weight * MIRROR, self.valid, self.sharp)
        picture, weight, valid, sharp = (part[:, ::-1] for part in parts)
        return _Leaf(picture, weight, valid, sharp, lent=True)


def build_atlas(identity: Identity) -> Atlas:
    """Unfold every photo, take its light away, and put them together, each where it shows the face best."""
    size = _size(identity)
    views = [FaceView(_crop(photo)) for photo in identity.photos]
    halves = [both_halves(_unfolded(view, size), view) for view in views]
    read = [read_skin(each.small, each.facing) for each in halves]
    skins = [skin.under_beard() for skin in read]
    tone = _tone(skins)
    pictures = [whole_lips(each.picture) for each in halves]
    bare = [undressed(picture, skin) for picture, skin in zip(pictures, skins, strict=True)]
    glasses = [a is not b for a, b in zip(pictures, bare, strict=True)]
    best, eyes = _eyes(identity, halves, glasses)
    sheet, valid = _sheet(bare, halves, skins, tone, best)
    dressed = _sheet(pictures, halves, skins, tone, best)[0] if any(glasses) else None
    hairs = [skin.beard.hair for skin in read if skin.beard is not None]
    # As broadly as light is measured.
    beard = _about(np.max(hairs, axis=0), 15) if hairs else None
    if beard is not None:
        sheet = thinned(sheet, beard, tone)
        dressed = None if dressed is None else thinned(dressed, beard, tone)
        beard = dense(beard)
    shape = alike([canonical_shape(photo) for photo in identity.photos], [each.turned for each in halves])
    colours = [c for photo in identity.photos if (c := iris_colour(photo.image, _landmarks(photo))) is not None]
    irises = np.mean(colours, axis=0).astype(np.float32) if colours else None
    deep = shade_of(sheet, tone)
    shown = np.max([each.facing for each in halves], axis=0)
    own = withheld(bare, [each.facing for each in halves], read, beard)
    looks = Looks(sheet, sheet if dressed is None else dressed, tone, deep, eyes, own)
    picture = looks.levels(Carried())[0]
    about = creases(picture, beard)
    return Atlas(
        looks, size, valid, shown, tone, deep, beard, shape, smile(shape), fourfold(folds(picture)), gap(shape),
        None if about is None else fourfold(about), irises,
    )  # fmt: skip


def _sheet(
    pictures: list[ImageArray], halves: list[Halves], skins: list[Skin], tone: FloatArray, eyes: int | None
) -> tuple[ImageArray, FloatArray]:
    """The unfolded photos bound together, their eyes those of one of them, if given; and where they are valid."""
    leaves = [_leaf(*each, tone) for each in zip(pictures, halves, skins, strict=True)]
    if len(leaves) > 1:
        # The front from the one that shows it so, a cheek from the one that is turned.
        ahead = (np.clip(half.facing, ASIDE, 1) for half in halves)
        leaves = [replace(leaf, weight=leaf.weight * share) for leaf, share in zip(leaves, ahead, strict=True)]
    if eyes is not None:
        others = 1 - eye_place() * (1 - ELSEWHERE)
        binding = leaves + [leaf.mirrored() for leaf in leaves]
        binding = [leaf if n == eyes else replace(leaf, weight=leaf.weight * others) for n, leaf in enumerate(binding)]
        return _bind(binding, tone)
    return _bind(leaves + [leaf.mirrored() for leaf in leaves], tone)


def _eyes(
    identity: Identity, halves: list[Halves], glasses: list[bool]
) -> tuple[int | None, tuple[Found, Found] | None]:
    """Which photo shows the eyes best, and where they are in it. Behind glasses they are half reflections."""
    photos = zip(identity.photos, halves, glasses, strict=True)
    found = [None if worn else find_eyes(_landmarks(photo), half.own) for photo, half, worn in photos]
    known = [number for number, eyes in enumerate(found) if eyes is not None]
    if not known:
        return None, None
    best = max(known, key=lambda number: identity.photos[number].face.box.area)
    return best, found[best]


def canonical_shape(photo: SourcePhoto) -> FloatArray:
    """``(468, 3)`` vertices of the photo's mesh carried back into the canonical frame by its pose."""
    assert photo.face.pose is not None
    return canonical(_landmarks(photo), photo.face.pose)


def _crop(photo: SourcePhoto) -> Crop:
    """The whole photo as a crop."""
    assert photo.face.pose is not None
    return Crop(photo.image, _landmarks(photo), np.eye(2, 3, dtype=np.float32), photo.face.pose)


def _landmarks(photo: SourcePhoto) -> FloatArray:
    assert photo.face.landmarks is not None
    return photo.face.landmarks


def _size(identity: Identity) -> int:
    """Texels enough for the finest photo: the outline takes up about 0.7 of the atlas' side."""
    widest = max(max(photo.face.box.width, photo.face.box.height) for photo in identity.photos)
    return int(np.clip(2 ** np.ceil(np.log2(widest * 1.4)), SMALLEST, LARGEST))


def _tone(skins: list[Skin]) -> FloatArray:
    """Mean colour of the skin, over the photos."""
    light = np.concatenate([skin.light[skin.trust > 0.5] for skin in skins] + [skins[0].light.reshape(-1, 3)[:1]])
    return np.asarray(light.mean(0), np.float32)


def _unfolded(view: FaceView, size: int) -> ImageArray:
    x, y = cv2.split(spread(view.points[:, :2], size))
    picture: ImageArray = cv2.remap(view.crop.image, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return picture


def _leaf(picture: ImageArray, half: Halves, skin: Skin, tone: FloatArray) -> _Leaf:
    shown = 1 - np.maximum(np.maximum(_with_shadow(skin.hair), skin.front), skin.dark)
    flat = quieted(np.clip(evened(picture, skin, tone), 0, 255), shown * np.minimum(half.facing * 2, 1), tone)
    seen = np.clip((half.facing - 0.03) / 0.45, 0, 1)
    # Where something begins to cover the face the other side of it takes over, before hair comes along.
    weight = seen * (FILLED + (1 - FILLED) * half.own) * shown**4 * exposure(flat, tone)
    if skin.shade is not None:
        # Brows and eyes are never quite alike.
        weight = weight * (1 - _about(skin.shade) * (1 - cv2.GaussianBlur(topology().features, (0, 0), 1.0))) ** 4
    sharp = np.clip((half.facing - GRAZING[0]) / (GRAZING[1] - GRAZING[0]), 0, 1)
    return _Leaf(flat, weight, shown * np.clip(seen * 4, 0, 1), shown * sharp)


def _about(places: FloatArray, reach: int = 9) -> FloatArray:
    """Places with what lies among them and about."""
    wide = cv2.dilate(places, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return np.asarray(cv2.GaussianBlur(wide, (0, 0), reach / 5), np.float32)


def _with_shadow(hair: FloatArray) -> FloatArray:
    """Hair and the edge it casts on the skin before it. Brows are never taken for it."""
    wide = cv2.dilate(hair, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
    kept = np.maximum(cv2.GaussianBlur(topology().features, (0, 0), 1.5), topology().brows)
    return np.maximum(cv2.GaussianBlur(wide, (0, 0), 1.5) * (1 - kept), hair).astype(np.float32)


def _bind(leaves: list[_Leaf], tone: FloatArray) -> tuple[ImageArray, FloatArray]:
    size, zones = leaves[0].picture.shape[0], topology()
    weights = [leaf.weight**SHARPNESS + 1e-12 for leaf in leaves]
    total = np.sum(weights, axis=0)
    shares = [cv2.GaussianBlur(weight / total, (0, 0), 1.5) for weight in weights]
    picture = np.zeros((size, size, 3), np.float32)
    sharp, lent = np.zeros((2, ZONES, ZONES), np.float32)
    for leaf, share in zip(leaves, shares, strict=True):
        lent += share * leaf.lent
        picture += cv2.multiply(leaf.picture, thrice(cv2.resize(share.astype(np.float32), (size, size))))
        sharp += leaf.sharp * share
    valid = np.max([leaf.valid for leaf in leaves], axis=0)
    valid = cv2.GaussianBlur((np.clip(valid, 0, 1) * zones.face).astype(np.float32), (0, 0), 1.5)
    # Hair must not bleed into the faded border, nor smears to the sides: there is plain skin instead.
    keep = (np.clip(valid * 1.6 - 0.3, 0, 1) * (1 - zones.sides * (1 - sharp * (1 - zones.brim)))).astype(np.float32)
    plain = _plain(picture, keep, tone)
    keep = keep * (1 - lent * _forehead())
    plain = cv2.resize(plain, (size, size), interpolation=cv2.INTER_LINEAR) + pores(picture)
    keep = thrice(cv2.resize(keep, (size, size), interpolation=cv2.INTER_LINEAR))
    picture = plain + cv2.multiply(picture - plain, keep)
    # To the sides the target's own skin is better than what was never seen.
    covered = (valid * (1 - zones.sides * (1 - sharp))).astype(np.float32)
    covered = cv2.morphologyEx(covered, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13)))
    covered = cv2.GaussianBlur(covered, (0, 0), 1.2)
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8), covered


def _forehead() -> FloatArray:
    """``(96, 96)`` float32, 1 on the forehead down to the brows, whose strokes and shine are seen to be there twice
    where hair hides one half of it, and the other is mirrored."""
    mesh = topology()
    return mesh.rim * (1 - mesh.sides) * (1 - cv2.dilate(mesh.brows, np.ones((3, 3), np.uint8)))


def _plain(picture: FloatArray, keep: FloatArray, tone: FloatArray) -> FloatArray:
    """``(96, 96, 3)``: the colour that the skin (or the beard) beside it leads to expect at each place."""
    small = cv2.resize(picture, (ZONES, ZONES), interpolation=cv2.INTER_AREA)
    weight = keep**2 * topology().face * (1 - topology().features)
    return spread_colour(small, weight.astype(np.float32), NEAR * ZONES, np.full_like(small, tone), 0.02)
