"""Faces with something held before them, and the truth about where.

Everything is made on the atlas. A face is given another light, another skin, shadows with hard borders, highlights,
stubble and the dirt of a camera, all of which are *not* in front of it; then, in most of the pictures, a hand, a card,
a stick, a cloth or a ball is. What looks like one of these and is none is what the network has to learn.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
SIZE, SMALL = 192, 96


@dataclass(frozen=True, eq=False)
class Material:
    """What `benchmarks.occluders.material` wrote: faces ``(n, 192, 192, 3)`` uint8 BGR, how they are seen ``(n, 96,
    96)``, surfaces ``(m, 96, 96, 3)`` uint8, zones ``(5, 96, 96)``: face, skin, features, beard, inner."""

    faces: NDArray[np.uint8]
    facing: Array
    surfaces: NDArray[np.uint8]
    zones: Array


@dataclass(frozen=True, eq=False)
class Scene:
    """One picture ``(192, 192, 3)`` uint8 BGR, how it is seen ``(96, 96)``, what is in front ``(96, 96)`` 0 to 1."""

    image: NDArray[np.uint8]
    seen: Array
    truth: Array


def scene(material: Material, random: np.random.Generator) -> Scene:
    """Anybody, under any light, with or without something before the face."""
    which = int(random.integers(len(material.faces)))
    face, seen = material.faces[which].astype(np.float32), material.facing[which]
    if random.random() < 0.35:
        # Half of another person: skins and faces that nobody has.
        other = int(random.integers(len(material.faces)))
        share = float(random.uniform(0.2, 0.8))
        face = face * share + material.faces[other].astype(np.float32) * (1 - share)
        seen = np.minimum(seen, material.facing[other])
    if random.random() < 0.5:
        face, seen = face[:, ::-1], seen[:, ::-1]
    face = _skin(face, material, random)
    face = _light(face, random)
    mask = np.zeros((SIZE, SIZE), np.float32)
    if random.random() < 0.72:
        for _ in range(int(random.choice([1, 1, 1, 2]))):
            face, mask = _cover(face, mask, material, random)
    truth = cv2.resize(mask, (SMALL, SMALL), interpolation=cv2.INTER_AREA)
    return Scene(_camera(face, random), np.ascontiguousarray(seen), truth)


def _skin(face: Array, material: Material, random: np.random.Generator) -> Array:
    """Another colour of skin, freckles, stubble, paint."""
    face = face * np.exp(random.normal(0, 0.12, 3)).astype(np.float32) * np.float32(np.exp(random.normal(-0.1, 0.3)))
    if random.random() < 0.18:
        face = np.repeat(face.mean(-1, keepdims=True), 3, -1)
    zone = cv2.resize(material.zones[3], (SIZE, SIZE))
    if random.random() < 0.15:
        grain = _noise(random, float(random.uniform(0.6, 2.5)))
        beard = np.clip(_noise(random, 9.0) * 0.6 + zone * random.uniform(0.6, 1.6) - 0.2, 0, 1) * zone
        face = face * (1 - beard * np.float32(random.uniform(0.3, 0.85)) * np.clip(0.8 + 0.3 * grain, 0, 1))[..., None]
    if random.random() < 0.2:
        spots = np.clip(_noise(random, float(random.uniform(0.8, 2.5))) - 1.6, 0, 1)
        tint = np.array([0.7, 0.75, 0.9], np.float32)
        face = face * (1 - spots[..., None] * (1 - tint) * random.uniform(0.3, 1.5))
    return np.asarray(face, np.float32)


def _light(face: Array, random: np.random.Generator) -> Array:
    """A lopsided light, hard cast shadows, highlights: nothing of it is in front of the face."""
    v, u = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE - 0.5
    if random.random() < 0.7:
        angle = random.uniform(0, 2 * np.pi)
        across = np.cos(angle) * u + np.sin(angle) * v
        steep, depth = random.uniform(2, 18), random.uniform(0.1, 0.8)
        tint = 1 + random.normal(0, 0.08, 3).astype(np.float32)
        face = face * (1 - depth * tint / (1 + np.exp(-steep * (across[..., None] - random.uniform(-0.2, 0.2)))))
    for _ in range(int(random.choice([0, 0, 1, 2]))):
        shadow, _ = _shape(random)
        # A shadow with as hard a border as a thing has is rare, and then nobody can tell them apart.
        soft = cv2.GaussianBlur(shadow, (0, 0), float(random.choice([2.5, 4.0, 5.0, 6.0, 8.0, 10.0, 14.0])))[..., None]
        tint = 1 + random.normal(0, 0.05, 3).astype(np.float32)
        face = face * (1 - soft * np.float32(random.uniform(0.2, 0.55)) * tint)
    for _ in range(int(random.choice([0, 0, 1, 2, 3]))):
        centre, radius = random.uniform(0.25, 0.75, 2) * SIZE, random.uniform(2, 14)
        y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
        spot = np.exp(-(((x - centre[0]) / radius) ** 2 + ((y - centre[1]) / radius / random.uniform(0.6, 2)) ** 2))
        face = face + spot[..., None] * np.float32(random.uniform(10, 90))
    return np.clip(face, 0, 255).astype(np.float32)


def _cover(face: Array, mask: Array, material: Material, random: np.random.Generator) -> tuple[Array, Array]:
    """Hold something before the face, and let it cast a little shadow."""
    shape, height = _shape(random)
    # Coverage of nearly everything says nothing: there is no face left to tell it from.
    if shape.mean() > 0.34 or shape.mean() < 0.004:
        return face, mask
    surface = _surface(face, height, material, random)
    border = cv2.GaussianBlur(shape, (0, 0), float(random.choice([0.5, 0.8, 1.3, 2.2])))[..., None]
    if random.random() < 0.6:
        shift = np.array([[1, 0, random.uniform(-8, 8)], [0, 1, random.uniform(-2, 9)]], np.float32)
        cast = cv2.GaussianBlur(cv2.warpAffine(shape, shift, (SIZE, SIZE)), (0, 0), float(random.uniform(1.5, 6)))
        face = face * (1 - cast[..., None] * np.float32(random.uniform(0.1, 0.5)))
    return face * (1 - border) + surface * border, np.maximum(mask, border[..., 0])


def _surface(face: Array, height: Array, material: Material, random: np.random.Generator) -> Array:
    """What the thing is made of: skin as the face's own or nearly, one colour, or part of a picture."""
    kind = random.random()
    if kind < 0.5:
        patch = face[70:130, 50:142].reshape(-1, 3)
        tone = np.median(patch, 0) * np.exp(random.normal(0, 0.10, 3)) * np.exp(random.normal(0.0, 0.22))
        surface = np.broadcast_to(tone.astype(np.float32), face.shape)
        if random.random() < 0.3:
            other = material.faces[int(random.integers(len(material.faces)))].astype(np.float32)
            part = cv2.resize(other[60:130, 45:147], (SIZE, SIZE))
            surface = part * (tone / (part.mean((0, 1)) + 1)).astype(np.float32)
    elif kind < 0.78:
        tone = random.uniform(0, 255, 3) if random.random() < 0.6 else np.full(3, random.uniform(5, 250))
        surface = np.broadcast_to(tone.astype(np.float32), face.shape)
    else:
        picture = material.surfaces[int(random.integers(len(material.surfaces)))]
        turned = np.rot90(picture, int(random.integers(4)))
        surface = cv2.resize(turned, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        surface = surface * np.float32(np.exp(random.normal(0, 0.25)))
    shade = 1 - np.float32(random.uniform(0, 0.55)) * (1 - height)
    grain = 1 + 0.03 * _noise(random, float(random.uniform(0.7, 3)))
    folds = 1 + np.float32(random.uniform(0, 0.12)) * _noise(random, float(random.uniform(4, 16)))
    return np.clip(surface * (shade * grain * folds)[..., None], 0, 255).astype(np.float32)


def _shape(random: np.random.Generator) -> tuple[Array, Array]:
    """Coverage ``(192, 192)`` 0 to 1, and how much the surface there faces the camera, 0 to 1."""
    maker = random.choice(["hand", "card", "ball", "stick", "cloth", "blob"], p=[0.34, 0.2, 0.14, 0.12, 0.1, 0.1])
    return {"hand": _hand, "card": _card, "ball": _ball, "stick": _stick, "cloth": _cloth, "blob": _blob}[maker](random)


def _point(random: np.random.Generator, spread: float = 0.26) -> Array:
    return np.asarray((0.5 + random.uniform(-spread, spread, 2)) * SIZE, np.float32)


def _outside(random: np.random.Generator) -> Array:
    angle = random.uniform(0, 2 * np.pi)
    return np.asarray((0.5 + 0.62 * np.array([np.cos(angle), np.sin(angle)])) * SIZE, np.float32)


def _capsule(begin: Array, end: Array, radius: float, taper: float = 1.0) -> tuple[Array, Array]:
    """A rounded rod: coverage, and height as of a half cylinder."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    along = end - begin
    t = np.clip(((x - begin[0]) * along[0] + (y - begin[1]) * along[1]) / (float(along @ along) + 1e-3), 0, 1)
    distance = np.hypot(x - begin[0] - t * along[0], y - begin[1] - t * along[1]) / (radius * (1 + (taper - 1) * t))
    return (distance < 1).astype(np.float32), np.sqrt(np.clip(1 - distance**2, 0, 1)).astype(np.float32)


def _hand(random: np.random.Generator) -> tuple[Array, Array]:
    """Fingers side by side from one direction, and at times the palm and arm they come from."""
    root, tip = _outside(random), _point(random)
    radius = float(random.uniform(6, 15))
    direction = (tip - root) / (float(np.linalg.norm(tip - root)) + 1e-3)
    normal = np.array([-direction[1], direction[0]], np.float32)
    shape, height = np.zeros((SIZE, SIZE), np.float32), np.zeros((SIZE, SIZE), np.float32)
    fingers = int(random.integers(1, 5))
    for finger in range(fingers):
        aside = normal * np.float32((finger - (fingers - 1) / 2) * radius * random.uniform(1.7, 2.3))
        length = np.float32(random.uniform(-0.1, 0.25) * SIZE)
        bend = normal * np.float32(random.normal(0, 5))
        part, high = _capsule(
            root + aside, tip + aside - direction * length + bend, radius, float(random.uniform(0.7, 1))
        )
        shape, height = np.maximum(shape, part), np.maximum(height, high)
    if random.random() < 0.5:
        reach = np.float32(random.uniform(0.15, 0.5))
        part, high = _capsule(root, root + (tip - root) * reach, radius * float(random.uniform(1.8, 3.5)))
        shape, height = np.maximum(shape, part), np.maximum(height, np.minimum(1, high * 1.2))
    return shape, height


def _card(random: np.random.Generator) -> tuple[Array, Array]:
    box = (tuple(map(float, _point(random, 0.36))), tuple(random.uniform(14, 95, 2)), float(random.uniform(0, 180)))
    shape = np.zeros((SIZE, SIZE), np.float32)
    cv2.fillPoly(shape, [np.round(cv2.boxPoints(box)).astype(np.int32)], 1.0)
    return shape, np.ones_like(shape)


def _ball(random: np.random.Generator) -> tuple[Array, Array]:
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    centre, radii = _point(random, 0.36), random.uniform(8, 48, 2)
    distance = np.hypot((x - centre[0]) / radii[0], (y - centre[1]) / radii[1])
    return (distance < 1).astype(np.float32), np.sqrt(np.clip(1 - distance**2, 0, 1)).astype(np.float32)


def _stick(random: np.random.Generator) -> tuple[Array, Array]:
    end = _point(random, 0.4) if random.random() < 0.6 else _outside(random)
    return _capsule(_outside(random), end, float(random.uniform(2.5, 7)))


def _cloth(random: np.random.Generator) -> tuple[Array, Array]:
    """A mask or scarf over the lower face, or a cap or bandage over the upper."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    bend = random.uniform(-0.5, 0.5) * ((x / SIZE - 0.5) ** 2) * SIZE + random.normal(0, 0.08) * (x - SIZE / 2)
    level = random.uniform(0.55, 0.72) * SIZE if random.random() < 0.7 else random.uniform(0.2, 0.32) * SIZE
    shape = (y > level + bend) if level > 0.45 * SIZE else (y < level + bend)
    return shape.astype(np.float32), np.ones((SIZE, SIZE), np.float32)


def _blob(random: np.random.Generator) -> tuple[Array, Array]:
    centre, count = _point(random, 0.36), 14
    angles = np.sort(random.uniform(0, 2 * np.pi, count))
    radii = random.uniform(0.5, 1.0, count) * random.uniform(14, 50)
    points = centre + np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]
    shape = np.zeros((SIZE, SIZE), np.float32)
    cv2.fillPoly(shape, [np.round(points).astype(np.int32)], 1.0)
    inside = cv2.distanceTransform((shape > 0).astype(np.uint8), cv2.DIST_L2, 5)
    return shape, np.minimum(inside / np.float32(random.uniform(2, 20)), 1).astype(np.float32)


def _camera(face: Array, random: np.random.Generator) -> NDArray[np.uint8]:
    """Blur, few pixels, noise, compression."""
    if random.random() < 0.35:
        face = cv2.GaussianBlur(face, (0, 0), float(random.uniform(0.6, 2.6)))
    if random.random() < 0.25:
        side = int(random.integers(48, 150))
        face = cv2.resize(cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA), (SIZE, SIZE))
    if random.random() < 0.5:
        face = face + random.normal(0, random.uniform(1, 9), face.shape).astype(np.float32)
    if random.random() < 0.3:
        face = (np.clip(face, 0, 255) / 255) ** np.float32(random.uniform(0.7, 1.4)) * 255
    image = np.clip(face, 0, 255).astype(np.uint8)
    if random.random() < 0.4:
        coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(25, 90))])[1]
        image = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return image


def _noise(random: np.random.Generator, sigma: float) -> Array:
    """Smooth noise of unit variance."""
    step = max(1, int(sigma))
    coarse = random.standard_normal((SIZE // step + 2, SIZE // step + 2)).astype(np.float32)
    blurred = cv2.GaussianBlur(coarse, (0, 0), max(sigma / step, 0.3))
    noise = cv2.resize(blurred, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    return np.asarray(noise / (noise.std() + 1e-6), np.float32)
