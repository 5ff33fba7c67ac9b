"""What a command works on where its target is a ZIP of frames."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import OutputError, about
from pipeline.types import MediaLimits
from studio.work_folder import work_folder


@contextmanager
def film_in(
    target: Path, beside: Path | None, limits: MediaLimits, cancel: threading.Event | None = None
) -> Iterator[Path]:
    """A target as it is; of a ZIP, the name that its frames share, unpacked for as long as it takes.

    Args:
        beside: the folder of the result, which has to have room; ``None`` where there is none.

    Raises:
        InputError: it is not there, or cannot be unpacked.
    """
    # Loaded with the first target, and not with every command.
    from pipeline.media.archive import is_archive, unpack

    with about(str(target)):
        packed = is_archive(target)
    if not packed:
        yield target
        return
    with contextlib.ExitStack() as stack:
        if beside is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="recast-")))
        else:
            made(beside)
            folder = stack.enter_context(work_folder(beside / target.name, "frames"))
        shutil.rmtree(folder / "film", ignore_errors=True)  # of a command that was killed
        with about(str(target)):
            film = unpack(target, folder / "film", limits, cancel=cancel)
        yield film


def made(folder: Path) -> None:
    """Make the folder of a result, where it is missing.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError("The folder for the results cannot be made.") from error
