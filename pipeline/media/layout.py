"""Which pixel formats a frame can be worked on in, and which of them another one is turned into first.

All of them are planar and little-endian, so that there are three ways to read a sample: YUV, grey, and GBR. Packed and
semi-planar formats become the planar one with the same samples, which loses nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import av

from pipeline.errors import UnsupportedMedia

_NAME = re.compile(r"^(?P<family>yuvj|yuva|yuv|gbra|gbr|gray)(?P<sub>\d{3})?p?(?P<depth>9|10|12|14|16)?(?P<le>le)?$")
_SUBSAMPLING = {"444": (0, 0), "422": (1, 0), "420": (1, 1), "440": (0, 1), "411": (2, 0), "410": (2, 2)}
_INSTEAD = {
    "nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "nv24": "yuv444p", "nv42": "yuv444p",
    "yuyv422": "yuv422p", "uyvy422": "yuv422p", "yvyu422": "yuv422p", "uyyvyy411": "yuv411p",
    "p010le": "yuv420p10le", "p210le": "yuv422p10le", "y210le": "yuv422p10le", "p012le": "yuv420p12le",
    "p016le": "yuv420p16le", "v210": "yuv422p10le", "xv30le": "yuv444p10le", "ayuv64le": "yuva444p16le",
    "rgb24": "gbrp", "bgr24": "gbrp", "rgb0": "gbrp", "bgr0": "gbrp", "0rgb": "gbrp", "0bgr": "gbrp",
    "rgba": "gbrap", "bgra": "gbrap", "argb": "gbrap", "abgr": "gbrap", "pal8": "gbrap",
    "rgb48le": "gbrp16le", "rgb48be": "gbrp16le", "rgba64le": "gbrap16le", "rgba64be": "gbrap16le",
    "rgb555le": "gbrp", "rgb565le": "gbrp", "monow": "gray", "monob": "gray", "ya8": "gray", "gray16be": "gray16le",
    "gray10be": "gray10le", "gray12be": "gray12le",
}  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """A planar pixel format.

    Attributes:
        name: FFmpeg's name of it.
        family: ``"yuv"``, ``"grey"`` or ``"gbr"`` (planes in that order).
        alpha: whether a last plane holds alpha.
        shift_x, shift_y: log2 of the chroma subsampling.
        depth: bits of a sample; more than 8 are stored in two bytes.
        full: the format itself says full range (``yuvj…``).
    """

    name: str
    family: Literal["yuv", "grey", "gbr"]
    alpha: bool
    shift_x: int
    shift_y: int
    depth: int
    full: bool

    @property
    def planes(self) -> int:
        return (1 if self.family == "grey" else 3) + self.alpha

    def shifts(self, plane: int) -> tuple[int, int]:
        """log2 of the subsampling of one plane."""
        return (self.shift_x, self.shift_y) if self.family == "yuv" and plane in (1, 2) else (0, 0)


@lru_cache(maxsize=64)
def layout_of(name: str) -> Layout | None:
    """The layout of a planar format, ``None`` for one that has to be turned into another first."""
    found = _NAME.match(name)
    if found is None:
        return None
    depth = int(found["depth"] or 8)
    if (depth > 8) != bool(found["le"]):
        return None
    family, sub = found["family"], found["sub"]
    if family == "gray":
        return Layout(name, "grey", False, 0, 0, depth, False) if sub is None else None
    if family in ("gbr", "gbra"):
        return Layout(name, "gbr", family == "gbra", 0, 0, depth, True) if sub is None else None
    if sub not in _SUBSAMPLING:
        return None
    shift_x, shift_y = _SUBSAMPLING[sub]
    return Layout(name, "yuv", family == "yuva", shift_x, shift_y, depth, family == "yuvj")


def planar_name(name: str) -> str:
    """The planar format that frames of format `name` are worked on in.

    Raises:
        UnsupportedMedia: no planar format holds the same samples.
    """
    if layout_of(name) is not None:
        return name
    if name in _INSTEAD:
        return _INSTEAD[name]
    if name.endswith("be") and layout_of(name[:-2] + "le") is not None:
        return name[:-2] + "le"
    raise UnsupportedMedia("The video stores its pixels in a format that Recast cannot work on.")


@lru_cache(maxsize=64)
def rotated_name(layout: Layout) -> str:
    """The format with the subsampling turned by a quarter: 4:2:2 becomes 4:4:0; others that exist only flat, 4:4:4."""
    if layout.family != "yuv" or layout.shift_x == layout.shift_y:
        return layout.name
    tail = f"{layout.depth}le" if layout.depth > 8 else ""
    prefix = layout.name[: layout.name.index("p", 3) - 3]
    turned = {"422": "440", "440": "422"}.get(layout.name[len(prefix) : len(prefix) + 3])
    if turned is not None and (name := f"{prefix}{turned}p{tail}") in _known():
        return name
    return f"{prefix}444p{tail}"


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    names = [f"yuv{sub}p{tail}" for sub in ("422", "440") for tail in ("", "10le", "12le")] + ["yuvj422p", "yuvj440p"]
    return frozenset(name for name in names if av.VideoFormat(name).name == name)
