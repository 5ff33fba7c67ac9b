"""Edit-level work on finished files, as comparisons and animated previews are.

MoviePy arranges the pictures. What it arranges is read and written by the house's own readers and writers, so that
files nobody vouches for meet the same allow-list as everywhere, frames keep their timestamps, sound is copied, and a
result appears only when it is whole. No other program is started: MoviePy's ffmpeg never sees a file.
"""

from __future__ import annotations

from types import ModuleType

from pipeline.errors import EncoderError
from pipeline.report import Progress, ProgressCallback


def editor() -> ModuleType:
    """MoviePy, imported when it is first needed: that takes seconds.

    Raises:
        EncoderError: it does not work here.
    """
    try:
        import moviepy
    except (ImportError, RuntimeError, OSError) as error:
        # It looks for its ffmpeg program when it is imported, and refuses to be without it.
        raise EncoderError("MoviePy, which makes comparisons and previews, does not work here.") from error
    return moviepy


def tell(progress: ProgressCallback | None, stage: str, done: int, total: int | None) -> None:
    """Tells `progress` how far a stage is; `total` is a guess where a file says too little, and grows with `done`."""
    if progress is not None:
        progress(Progress(stage, done, None if total is None else max(done, total)))
