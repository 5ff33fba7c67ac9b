"""A video through reader and writer, as tests of either take it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from pipeline.media import VideoReader, VideoWriter
from pipeline.options import Options
from tests.pipeline_media.make import decoded

QUICK = Options(quality="draft", hardware="never")


def rewrite(
    source: Path,
    output: Path,
    options: Options = QUICK,
    tags: dict[str, str] | None = None,
    change: Any = None,
) -> tuple[str, tuple[str, ...]]:
    """Pass a video through reader and writer; returns encoder and notes."""
    with (
        VideoReader(source, options.start, options.end) as reader,
        VideoWriter(output, reader, options, tags) as writer,
    ):
        for frame in reader:
            if change is not None:
                change(frame)
            writer.write(frame)
        writer.finish()
        return writer.encoder, (*reader.notes, *writer.notes)


def stamps(path: Path) -> list[Fraction]:
    return sorted(frame.pts * frame.time_base for frame in decoded(path) if frame.pts is not None and frame.time_base)
