"""What tells one job from another: its target, its cast and its options, by content and not by name."""

from __future__ import annotations

import hashlib
import json
import threading
import weakref
from dataclasses import asdict
from pathlib import Path

import numpy as np

from pipeline.media import Numbering
from pipeline.options import Options
from pipeline.types import Cast, Identity

_known: weakref.WeakKeyDictionary[Identity, bytes] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def job_digest(target: Path | None, cast: Cast, options: Options) -> bytes:
    """SHA-256 over the target's bytes (``None`` for stills that come one by one), the photos' pixels and the options.

    The same for the same job wherever its files lie and whoever asks for it.
    """
    digest = hashlib.sha256(json.dumps(asdict(options), sort_keys=True).encode())
    digest.update(cast_digest(cast))
    if target is not None:
        for path in _files(target):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.digest()


def target_stamps(target: Path) -> list[list[int]]:
    """Sizes and times of a target's files, which tell whether they are those of before."""
    return [[found.st_size, found.st_mtime_ns] for found in map(Path.stat, _files(target))]


def _files(target: Path) -> list[Path]:
    numbering = Numbering.of(target)
    return [target] if numbering is None else list(numbering.files().values())


def cast_digest(cast: Cast) -> bytes:
    """SHA-256 over who becomes whom."""
    digest = hashlib.sha256()
    if cast.everyone is not None:
        digest.update(b"everyone" + _identity(cast.everyone))
    for role in cast.roles:
        digest.update(b"%d" % role.person.number + np.ascontiguousarray(role.person.embedding).tobytes())
        digest.update(_identity(role.identity))
    for person in cast.others:
        digest.update(b"other%d" % person.number + np.ascontiguousarray(person.embedding).tobytes())
    return digest.digest()


def _identity(identity: Identity) -> bytes:
    """SHA-256 over the pixels of all photos and whose face in them is meant; taken once in an identity's life."""
    with _lock:
        if identity not in _known:
            digest = hashlib.sha256()
            for photo in identity.photos:
                digest.update(str(photo.image.shape).encode() + np.ascontiguousarray(photo.image).tobytes())
                box = photo.face.box
                digest.update(str([round(edge) for edge in (box.x0, box.y0, box.x1, box.y1)]).encode())
            _known[identity] = digest.digest()
        return _known[identity]
