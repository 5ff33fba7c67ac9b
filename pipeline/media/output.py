"""A result appears under its final name only when it is whole."""

from __future__ import annotations

import errno
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av.error

from pipeline.errors import DiskFull, EncoderError, HardwareFailed, OutputError
from pipeline.report import Seal

log = logging.getLogger(__name__)

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_WRITE_ERRORS = (
    *NO_SPACE, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.EFBIG,
    errno.ENOENT, errno.ENOTDIR, errno.ESTALE,  # the folder went away meanwhile
)  # fmt: skip
_STEM = 120
"""Bytes of the final name that a temporary one begins with."""


class PendingFile:
    """A hidden file beside `final` that takes its name when it is finished, or goes away.

    Attributes:
        final: where the result will be.
        temporary: where it is written until then; same folder, same ending.

    Args:
        seal: what is done to the finished file before it gets its name.

    Raises:
        OutputError: the folder is missing or cannot be written, `final` is one of `inputs`, a folder or a device, or no
            name that a file can have.
    """

    def __init__(self, final: Path, inputs: tuple[Path, ...] = (), seal: Seal | None = None) -> None:
        self.final, self._seal = Path(final), seal
        folder = self.final.parent
        try:
            if "\0" in str(self.final):
                raise ValueError("a name holds a null byte")
            if not folder.is_dir():
                raise OutputError("The folder for the result does not exist.")
            if self.final.is_dir():
                raise OutputError("The result has the name of a folder.")
            if self.final.exists() and not self.final.is_file():
                raise OutputError("The result has the name of a device.")
        except (OSError, ValueError) as error:
            raise OutputError("The result cannot have this name.") from error
        if any(_same(self.final, path) for path in inputs):
            raise OutputError("The result would overwrite the input; choose another name.")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OutputError("The folder for the result cannot be written to.")
        # Cut by bytes, of which names in most scripts take several a letter, so that a name that is allowed stays so.
        stem = os.fsencode(self.final.stem)[:_STEM].decode("utf-8", "ignore")
        self.temporary = folder.resolve() / f".{stem}.{secrets.token_hex(6)}.part{self.final.suffix}"

    def commit(self) -> None:
        """Seal the finished file and give it its name, in one step."""
        with output_errors():
            if self._seal is not None:
                self._seal(self.temporary, self.final)
            os.replace(self.temporary, self.final)

    def discard(self) -> None:
        """Leave nothing behind; may be called at any time, also twice."""
        try:
            self.temporary.unlink(missing_ok=True)
        except OSError:
            log.warning("a temporary file could not be removed", exc_info=True)


def _same(one: Path, other: Path) -> bool:
    with suppress(OSError):
        return os.path.samefile(one, other)
    return False


@contextmanager
def output_errors() -> Iterator[None]:
    """Turn what goes wrong while writing files into sentences."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE:
            raise DiskFull from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise OutputError("The result cannot be written there: permission denied.") from error
        raise OutputError("The result could not be written.") from error


@contextmanager
def encoding_errors(hardware: bool = False) -> Iterator[None]:
    """Turn what FFmpeg raises while encoding into `OutputError` or `EncoderError`.

    Args:
        hardware: whether a piece of hardware encodes. Its errors have the numbers of a file's ("operation not
            permitted" where a library is missing), so all but a full disk are `HardwareFailed`; a file that truly
            cannot be written cannot be written by software either.
    """
    try:
        yield
    except av.error.FFmpegError as error:
        if hardware and error.errno not in NO_SPACE:
            raise HardwareFailed from error
        if is_write_error(error):
            with output_errors():
                raise OSError(error.errno, "writing failed") from error
        raise EncoderError from error
    except OSError:
        with output_errors():
            raise
    except ValueError as error:
        if isinstance(error, OutputError):
            raise
        raise EncoderError from error


def tells_of_no_space(error: Exception) -> bool:
    """Whether a library's own error, which has the system's words but not its number, is about a full disk."""
    return any(os.strerror(number) in str(error) for number in NO_SPACE)


def is_write_error(error: av.error.FFmpegError) -> bool:
    """Whether FFmpeg failed at the file rather than at the encoding."""
    return error.errno in _WRITE_ERRORS
