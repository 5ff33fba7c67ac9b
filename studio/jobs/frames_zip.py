"""A result of many frames as the one file that a browser and a program can fetch: a ZIP of numbered pictures.

The pictures are compressed already and are stored as they are. They stay until their job is over, so that a server that
ends before packs them anew and renders nothing. Only where the disk cannot hold them twice, each frame is removed once
it is in there.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import Cancelled
from pipeline.marking.sidecar import lying_beside
from pipeline.media.output import PendingFile, output_errors
from pipeline.report import Progress, ProgressCallback

PACKING = "Packing"
_NOTE = "rendered.json"


@dataclass(frozen=True)
class Rendered:
    """Frames that are finished and wait to be packed.

    Attributes:
        frames: names of their files, in order.
        start: seconds of the target at which they begin.
        engine: what rendered them.
        fingerprint: what their watermark carries; empty without one.
        data: the job's report, as plain values for JSON.
    """

    frames: tuple[str, ...]
    start: float
    engine: str
    fingerprint: str
    data: dict[str, Any]

    def save(self, folder: Path) -> None:
        """Note in the folder where the frames are that nothing has to be rendered any more."""
        part = folder / f".{_NOTE}"
        with part.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / _NOTE)

    @classmethod
    def load(cls, folder: Path) -> Rendered | None:
        """What was noted, where every frame is still there."""
        try:
            found = json.loads((folder / _NOTE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        rendered = cls(**{**found, "frames": tuple(found["frames"])})
        return rendered if all((folder / name).exists() for name in rendered.frames) else None


def pack(
    frames: Sequence[Path],
    output: Path,
    progress: ProgressCallback,
    cancel: threading.Event | None = None,
    least_disk: int = 0,
) -> None:
    """Put finished frames, and what lies beside each with its Content Credentials, into a folder of a new ZIP.

    Args:
        frames: in their order.
        output: the ZIP; it appears when it is whole. The folder inside has its name.
        least_disk: bytes to leave free; where frames and ZIP together would take them, frames go as they are packed.

    Raises:
        OutputError, DiskFull: it cannot be written.
        Cancelled: `cancel` was set.
    """
    pending, files = PendingFile(output), [_files(frame) for frame in frames]
    size = sum(file.stat().st_size for some in files for file in some)
    room = shutil.disk_usage(output.parent).free - size > least_disk
    try:
        with (
            output_errors(),
            zipfile.ZipFile(pending.temporary, "w", zipfile.ZIP_STORED, strict_timestamps=False) as packed,
        ):
            for done, some in enumerate(files):
                if cancel is not None and cancel.is_set():
                    raise Cancelled
                progress(Progress(PACKING, done, len(frames)))
                for file in some:
                    packed.write(file, f"{output.stem}/{file.name}")
                    if not room:
                        file.unlink()
        pending.commit()
    finally:
        pending.discard()


def _files(frame: Path) -> list[Path]:
    """A frame, and what lies beside it."""
    return [file for file in (frame, lying_beside(frame)) if file is not None]
