"""Pictures and videos in and out: what is not replaced keeps its exact values."""

from pipeline.media.frames import VideoFrame
from pipeline.media.image import read_picture
from pipeline.media.image_write import write_picture
from pipeline.media.picture import Picture
from pipeline.media.probe import probe
from pipeline.media.reader import VideoReader
from pipeline.media.writer import VideoWriter

__all__ = ["Picture", "VideoFrame", "VideoReader", "VideoWriter", "probe", "read_picture", "write_picture"]
