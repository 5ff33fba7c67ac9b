"""Recast's engine room: faces in pictures and videos, replaced. Usable as a library.

>>> from pathlib import Path
>>> from pipeline import Cast, Recaster
>>> recaster = Recaster()
>>> identity = recaster.identify([Path("face.jpg")])
>>> report = recaster.recast(Cast(everyone=identity), Path("clip.mp4"), Path("result.mp4"))
"""

from pipeline.errors import (
    Cancelled,
    InputError,
    NoFace,
    NoFaceInSource,
    NoFaceInTarget,
    RecastError,
)
from pipeline.live import LiveFrame, LiveSession
from pipeline.media import probe
from pipeline.options import Options
from pipeline.recast import Recaster
from pipeline.report import Progress, Report
from pipeline.types import Cast, Identity, MediaInfo, MediaLimits, Person, Role

__all__ = [
    "Cancelled",
    "Cast",
    "Identity",
    "InputError",
    "LiveFrame",
    "LiveSession",
    "MediaInfo",
    "MediaLimits",
    "NoFace",
    "NoFaceInSource",
    "NoFaceInTarget",
    "Options",
    "Person",
    "Progress",
    "RecastError",
    "Recaster",
    "Report",
    "Role",
    "probe",
]
