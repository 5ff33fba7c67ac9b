"""A result of many frames as the one file that a browser and a program can fetch: a ZIP of numbered pictures.

The pictures are compressed already and are stored as they are. The ZIP is written frame by frame, and each frame is
removed once it is in there, so that the disk never holds the result twice.
"""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import Cancelled
from pipeline.marking.sidecar import lying_beside
from pipeline.media.output import PendingFile, output_errors
from pipeline.report import Progress, ProgressCallback

PACKING = "Packing"


def pack(
    frames: Sequence[Path], output: Path, progress: ProgressCallback, cancel: threading.Event | None = None
) -> None:
    """Move finished frames, and what lies beside each with its Content Credentials, into a folder of a new ZIP.

    Args:
        frames: in their order.
        output: the ZIP; it appears when it is whole. The folder inside has its name.

    Raises:
        OutputError, DiskFull: it cannot be written. Frames that were packed by then are gone.
        Cancelled: `cancel` was set.
    """
    pending = PendingFile(output)
    try:
        with (
            output_errors(),
            zipfile.ZipFile(pending.temporary, "w", zipfile.ZIP_STORED, strict_timestamps=False) as packed,
        ):
            for done, frame in enumerate(frames):
                if cancel is not None and cancel.is_set():
                    raise Cancelled
                progress(Progress(PACKING, done, len(frames)))
                for file in (frame, lying_beside(frame)):
                    if file is not None:
                        packed.write(file, f"{output.stem}/{file.name}")
                        file.unlink()
        pending.commit()
    finally:
        pending.discard()
