"""What a live view shows, kept as a video that is marked like every other result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from pipeline.errors import EncoderError
from pipeline.marking import JobMark, tags
from pipeline.media.camera import CameraSource
from pipeline.media.sound import Samples
from pipeline.media.writer import VideoWriter
from pipeline.options import Options
from pipeline.types import ImageArray

STEP = 1e-3
"""Least seconds between two frames of a recording: what comes faster is one frame."""


class Recording:
    """An H.264 MP4, with one channel of sound if there is a microphone. The file appears when it is finished; `abort`
    leaves nothing.

    All frames get the size of the first (less a row or column where that is odd), those of other proportions between
    black bars. Their times are the camera's, so the rate may vary.

    Args:
        output: its name, ending in ``.mp4``.
        options: engine, and how it is encoded.
        mark: what it is marked and sealed with; tags only when ``None``. The frames carry theirs already.
        sound_rate: samples a second of the microphone; 0 without one.

    Raises:
        OutputError: it cannot be written there.
    """

    def __init__(
        self, output: Path, options: Options = Options(), mark: JobMark | None = None, sound_rate: int = 0
    ) -> None:
        self.output = Path(output)
        self._options = replace(options, codec="h264", start=None, end=None, first_frame=None, last_frame=None)
        self._mark, self._sound_rate = mark, sound_rate
        self._writer: VideoWriter | None = None
        self._size = (0, 0)
        self._begin = self._last = self._heard = 0.0
        self.frames = 0

    @property
    def mark(self) -> JobMark | None:
        """What it is marked and sealed with."""
        return self._mark

    @property
    def seconds(self) -> float:
        """How long it is by now, what was heard after the last frame included."""
        return max(self._last, self._heard) - self._begin if self.frames else 0.0

    def write(self, image: ImageArray, moment: float) -> None:
        """Add a recast frame.

        Args:
            image: ``(height, width, 3)`` uint8 BGR.
            moment: seconds on the camera's clock.

        Raises:
            OutputError, EncoderError: it cannot go on.
        """
        if self._writer is None:
            height, width = image.shape[:2]
            self._size = (width // 2 * 2, height // 2 * 2)
            self._source = CameraSource(self._size, sound_rate=self._sound_rate)
            named = self._mark.tags if self._mark is not None else tags(self._options.engine)
            seal = self._mark.seal(self._source.info) if self._mark is not None else None
            self._writer = VideoWriter(self.output, self._source, self._options, named, seal)
            self._begin = moment
        elif moment < self._last + STEP:
            return
        self._last = moment
        self._writer.write(self._source.frame(self._fitted(image), moment - self._begin))
        self.frames += 1

    def write_sound(self, samples: Samples, moment: float) -> None:
        """Add what a microphone heard. What it heard before the first frame is left out.

        Args:
            samples: ``(n,)`` int16, at `sound_rate`.
            moment: seconds on the camera's clock at which the last of them came.

        Raises:
            OutputError, EncoderError: it cannot go on.
        """
        if self._writer is not None and self._sound_rate:
            self._writer.write_sound(samples, moment - len(samples) / self._sound_rate - self._begin)
            self._heard = moment

    def _fitted(self, image: ImageArray) -> ImageArray:
        width, height = self._size
        if image.shape[0] // 2 * 2 == height and image.shape[1] // 2 * 2 == width:
            return np.ascontiguousarray(image[:height, :width])
        scale = min(width / image.shape[1], height / image.shape[0])
        inner = [round(side * scale) for side in image.shape[1::-1]]
        # A row or column less is a camera's rounding, and no bar.
        inner = [whole if whole - side <= 2 else side for side, whole in zip(inner, self._size, strict=True)]
        left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
        fitted = np.zeros((height, width, 3), np.uint8)
        fitted[top : top + inner[1], left : left + inner[0]] = cv2.resize(image, inner, interpolation=cv2.INTER_AREA)
        return fitted

    def finish(self) -> float:
        """Write what is left and give the file its name; its seconds.

        Raises:
            EncoderError: it holds no frame.
        """
        if self._writer is None:
            raise EncoderError("Nothing was recorded.")
        self._writer.finish()
        return self.seconds

    def abort(self) -> None:
        """Stop and leave nothing behind. Does nothing after `finish`."""
        if self._writer is not None:
            self._writer.abort()
