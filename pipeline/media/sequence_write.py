"""Frames into numbered pictures, each whole or not there, with a note of what is finished for the next try."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from pathlib import Path

from pipeline.closing import Closing
from pipeline.errors import RecastError
from pipeline.media.animation import AnimationReader
from pipeline.media.colour import HDR_AS_PICTURES
from pipeline.media.encoders import OPTIONS
from pipeline.media.frame_picture import frame_picture
from pipeline.media.image_write import check_picture_name, format_of, write_picture
from pipeline.media.journal import Facts, Journal
from pipeline.media.numbering import Numbering, keep_apart
from pipeline.media.output import output_errors
from pipeline.media.picture import Picture
from pipeline.media.reader import VideoReader
from pipeline.media.sequence import SequenceReader
from pipeline.options import Options
from pipeline.report import Seal
from pipeline.types import Frame

log = logging.getLogger(__name__)
_AT_ONCE = 4


class SequenceWriter(Closing):
    """Writes the frames of `source` as numbered pictures. Each appears under its name when it is whole.

    Use it as a context manager. What is finished stays, also after an error: the same writer, made anew, tells in
    `finished` what there is, and the rest is written to it. The frames of a sequence keep their numbers, those of a
    video or an animation count from 1.

    Args:
        numbering: of the results.
        key: what has to be the same for finished frames to be of use.
        tags: descriptions to put into each file.
        seals: of a frame's own file (``None`` for one of a video), what is done to its finished result.

    Attributes:
        finished: what was told of the frames that an earlier run has written, from the first one on.
        files: that were written, those before among them.

    Raises:
        OutputError: the results cannot be written there, or would overwrite the target.
    """

    def __init__(
        self,
        numbering: Numbering,
        source: SequenceReader | VideoReader | AnimationReader,
        key: str,
        options: Options = OPTIONS,
        tags: Mapping[str, str] | None = None,
        seals: Callable[[Path | None], Seal | None] = lambda file: None,
    ) -> None:
        self._numbering, self._source, self._seals = numbering, source, seals
        self._quality, self._tags = options.quality, dict(tags or {})
        self._inputs = source.files if isinstance(source, SequenceReader) else {}
        check_picture_name(numbering.file(1), (source.path,))
        keep_apart(numbering.path, (source.path, *self._inputs.values()))
        self._notes: list[str] = [HDR_AS_PICTURES] if source.info.hdr else []
        self._pool = ThreadPoolExecutor(_AT_ONCE, "frames")
        self._waiting: deque[tuple[Path, Facts, Future[tuple[str, ...]]]] = deque()
        numbers = (number for number, _ in source.kept()) if isinstance(source, SequenceReader) else count(1)
        self._journal = Journal(numbering.path, key, map(numbering.file, numbers))
        self.finished = self._journal.facts
        self.files: list[Path] = list(self._journal.files)

    @property
    def encoder(self) -> str:
        return format_of(self._numbering.path).lower()

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user about what was converted."""
        return tuple(self._notes)

    def write(self, frame: Frame, facts: Facts) -> None:
        """Take one frame, in their order. It may not be changed afterwards."""
        if len(self._waiting) >= 2 * _AT_ONCE:
            self._settle()
        if isinstance(frame, Picture) and isinstance(self._source, SequenceReader):
            number = self._source.number(frame)
        else:
            number = frame.index + 1
        path, own = self._numbering.file(number), self._inputs.get(number)
        self._waiting.append((path, facts, self._pool.submit(self._write, path, own, frame)))

    def finish(self) -> None:
        """Wait for the last frames. The note of what is finished goes: another run begins anew."""
        while self._waiting:
            self._settle()
        self._source.source.check()
        self._journal.remove()

    def close(self) -> None:
        """Stop; what is written stays, and is noted. Does nothing after `finish`."""
        self._stop()
        if not self.files:
            self._journal.remove()
        self._journal.close()

    def remove(self) -> tuple[Path, ...]:
        """Take away all frames that were written; returns their files."""
        self._stop()
        with output_errors():
            for path in self.files:
                path.unlink(missing_ok=True)
        self._journal.remove()
        return tuple(self.files)

    def _stop(self) -> None:
        self._pool.shutdown()
        try:
            while self._waiting:
                self._settle()
        except RecastError as error:  # what the caller is told is the reason to stop
            log.warning("A frame in the queue could not be finished: %s", error)

    def _settle(self) -> None:
        path, facts, future = self._waiting.popleft()
        try:
            notes = future.result()
            self._journal.add(path, facts)
        except BaseException:
            self._waiting.clear()  # those after a gap are for the next try: it begins with the first one missing
            raise
        self._notes += [note for note in notes if note not in self._notes]
        self.files.append(path)

    def _write(self, path: Path, own: Path | None, frame: Frame) -> tuple[str, ...]:
        picture = frame_picture(frame)
        return write_picture(path, picture, self._quality, self._tags, (own,) if own else (), self._seals(own))
