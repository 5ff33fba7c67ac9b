"""Pictures as the frames of a video."""

from __future__ import annotations

import av
import numpy as np

from pipeline.media.animation import AnimationReader
from pipeline.media.camera import CameraSource
from pipeline.media.exr import displayed
from pipeline.media.frames import VideoFrame
from pipeline.media.image_write import deep_rgb, to_pil
from pipeline.media.picture import Picture
from pipeline.media.reader import VideoReader
from pipeline.media.sequence import SequenceReader


def as_video_frame(
    picture: Picture, source: VideoReader | AnimationReader | SequenceReader | CameraSource
) -> VideoFrame:
    """A frame of an animation or a sequence as one of a video, in RGB. Those of a sequence keep the depth and the
    transparency of its first frame; of an animation transparent parts are put on white."""
    picture = displayed(picture)
    clear, deep = source.info.alpha and isinstance(source, SequenceReader), source.info.bit_depth > 8
    if deep:
        samples = deep_rgb(picture, clear)
        native = av.VideoFrame.from_ndarray(samples, "rgba64le" if clear else "rgb48le")
    else:
        image, _ = to_pil(picture, alpha=clear)
        native = av.VideoFrame.from_ndarray(
            np.asarray(image.convert("RGBA" if clear else "RGB")), "rgba" if clear else "rgb24"
        )
    base = source.time_base
    pts, duration = round(picture.time / base), round(picture.duration / base)
    return VideoFrame(native, picture.index, picture.time, pts, duration, base)
