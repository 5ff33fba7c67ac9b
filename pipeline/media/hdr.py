"""HDR10 metadata."""

from __future__ import annotations

from pipeline.media.details import StreamDetails
from pipeline.media.encoders import Choice


def with_hdr(choice: Choice, details: StreamDetails) -> Choice:
    return choice
