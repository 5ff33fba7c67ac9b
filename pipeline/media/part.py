"""The part of a film to keep."""

from __future__ import annotations

from pipeline.errors import OptionError


def check_part(start: float | None, end: float | None, duration: float | None = None) -> None:
    """Whether there can be such a part.

    Args:
        start, end: in seconds; ``None`` for those of the film.
        duration: of the film, in seconds, where it is known.

    Raises:
        OptionError: it ends before it starts, or starts outside the film.
    """
    if (start is not None and start < 0) or (end is not None and end <= (start or 0)):
        raise OptionError("The end of the part to keep must lie after its start, and its start after 0 seconds.")
    if start is not None and duration is not None and start >= duration:
        raise OptionError(f"The part to keep starts after the end ({duration:.2f} s).")
