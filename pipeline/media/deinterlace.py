"""Making whole frames of interlaced ones, one for each, with libavfilter's bwdif."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import av
import av.filter
from av.video.stream import VideoStream

from pipeline.media.frames import copy_tags

_DRY = (av.error.BlockingIOError, av.error.EOFError)


class Deinterlacer:
    """Frames in, as many frames out, the last ones on `flush`. Progressive frames pass as they are."""

    def __init__(self, stream: VideoStream, first: av.VideoFrame) -> None:
        self._graph = av.filter.Graph()
        source = self._graph.add_buffer(
            width=first.width, height=first.height, format=first.format, time_base=stream.time_base
        )
        bwdif = self._graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
        self._graph.link_nodes(source, bwdif, self._graph.add("buffersink"))
        self._graph.configure()
        self._waiting: deque[av.VideoFrame] = deque()

    def push(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Hand in a frame; yields those that are ready."""
        self._waiting.append(frame)
        self._graph.vpush(frame)
        yield from self._ready()

    def flush(self) -> Iterator[av.VideoFrame]:
        self._graph.vpush(None)
        yield from self._ready()

    def _ready(self) -> Iterator[av.VideoFrame]:
        while True:
            try:
                done = self._graph.vpull()
            except _DRY:
                return
            # The filter counts time in halves; the frame that went in knows its own timestamps and tags.
            copy_tags(self._waiting.popleft(), done)
            yield done
