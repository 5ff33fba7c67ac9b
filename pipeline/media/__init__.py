"""Pictures and videos in and out: what is not replaced keeps its exact values."""

from pipeline.media.animation import AnimationReader
from pipeline.media.animation_write import AnimationWriter
from pipeline.media.frame_times import in_time
from pipeline.media.frames import VideoFrame
from pipeline.media.image import read_picture
from pipeline.media.image_write import check_picture_name, write_picture
from pipeline.media.numbering import Numbering, numbered_result
from pipeline.media.open import open_result, open_target
from pipeline.media.photo import read_photo
from pipeline.media.picture import Picture
from pipeline.media.probe import probe
from pipeline.media.profile import in_srgb
from pipeline.media.reader import VideoReader
from pipeline.media.sequence import SequenceReader
from pipeline.media.sequence_write import SequenceWriter
from pipeline.media.spread import spread
from pipeline.media.writer import VideoWriter

__all__ = [
    "AnimationReader",
    "AnimationWriter",
    "Numbering",
    "Picture",
    "SequenceReader",
    "SequenceWriter",
    "VideoFrame",
    "VideoReader",
    "VideoWriter",
    "check_picture_name",
    "in_srgb",
    "in_time",
    "numbered_result",
    "open_result",
    "open_target",
    "probe",
    "read_photo",
    "read_picture",
    "spread",
    "write_picture",
]
