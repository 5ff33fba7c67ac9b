"""Fetching a model from the hub.

`huggingface_hub` speaks the protocol (mirrors, tokens, proxies, broken connections, offline mode: its own environment
variables hold). What it does not do is done here: a transfer that broke off goes on where it was even in another
process, the disk is looked at first, and nothing gets the file's name before its checksum is right.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from pipeline.errors import DownloadError, ModelAltered, NoSpace
from pipeline.models.catalogue import ModelEntry
from pipeline.models.checksums import Checksums

log = logging.getLogger(__name__)

MIRROR = "HF_ENDPOINT"
SPARE = 64 * 1024 * 1024
"""Bytes that are left free on the disk."""
UNREACHABLE = (
    "The model hub cannot be reached, so {title} could not be fetched. Check the connection, set HF_ENDPOINT to a "
    "mirror, or put the file into a folder named by RECAST_MODELS. The mesh engine needs no download."
)
OFFLINE = (
    "HF_HUB_OFFLINE keeps Recast off the network, so {title} could not be fetched. Unset it, or put the file into a "
    "folder named by RECAST_MODELS. The mesh engine needs no download."
)

UNUSABLE = (
    "What is set for the way to the model hub cannot be used, so {title} could not be fetched. Look at HTTPS_PROXY, "
    "HF_ENDPOINT, HF_TOKEN and SSL_CERT_FILE; the log says what is wrong."
)
SOCKS = (
    "A SOCKS proxy is set, which takes the package socksio, so {title} could not be fetched. Install that, or set a "
    "proxy whose address begins with http."
)


@dataclass(frozen=True)
class Fetching:
    """How far a transfer is.

    Attributes:
        name: of the entry.
        done, total: bytes; `total` is ``None`` where the hub does not say.
    """

    name: str
    done: int
    total: int | None


@dataclass(frozen=True)
class _Remote:
    """What the hub says of a file. `sha256`: ``None`` where its tag is none, as that of a small file."""

    url: str
    size: int | None
    etag: str
    sha256: str | None


def fetch(
    entry: ModelEntry, folder: Path, checksums: Checksums, progress: Callable[[Fetching], None] | None = None
) -> Path:
    """The entry's file in `folder`, fetched unless another process has just done so.

    Raises:
        NoSpace, DownloadError, ModelAltered: see `pipeline.models.store.Store.get`.
    """
    final = folder / f"{entry.name}.onnx"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{entry.name}.lock"):
            if final.is_dir():
                raise DownloadError(f"{entry.title} cannot be kept: a folder of its name is there, {final.name}.")
            if not final.exists():
                _transfer(entry, final, checksums, progress)
    except OSError as error:
        if isinstance(error, ConnectionError):
            raise
        log.warning("%s cannot be written: %s", entry.name, error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace(
                f"The disk became full while {entry.title} was fetched. Make room and try again; it goes on from there."
            ) from error
        raise DownloadError(f"{entry.title} cannot be written to the folder of models.") from error
    return final


def _transfer(
    entry: ModelEntry, final: Path, checksums: Checksums, progress: Callable[[Fetching], None] | None
) -> None:
    with _setting_errors(entry):
        # It reads addresses when it is imported.
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers
    with _hub_errors(entry):
        remote = _look(entry)
        # The part belongs to one version of the file: another version starts anew.
        part = final.with_name(f".{entry.name}.{remote.etag[:16]}.part")
        for stale in final.parent.glob(f".{entry.name}.*.part"):
            if stale != part:
                stale.unlink()
        have = part.stat().st_size if part.exists() else 0
        if remote.size is not None and have > remote.size:
            part.unlink()
            have = 0
        _check_space(entry, final.parent, (remote.size or 0) - have)
        with part.open("ab") as file:
            http_get(
                remote.url, file, resume_size=have, headers=build_hf_headers(), expected_size=remote.size,
                displayed_filename=entry.name, tqdm_class=_meter(entry.name, remote.size, have, progress),
            )  # fmt: skip
            file.flush()
            os.fsync(file.fileno())
    try:
        checksums.check(entry, part, anew=True, announced=remote.sha256)
    except ModelAltered:
        part.unlink()
        raise
    os.replace(part, final)
    # Known under its final name too, so that it is not read again at once.
    checksums.check(entry, final)


def _look(entry: ModelEntry) -> _Remote:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    endpoint = os.environ.get(MIRROR) or None
    with _setting_errors(entry):
        url = hf_hub_url(entry.repository, entry.file, revision=entry.revision, endpoint=endpoint)
        found = get_hf_file_metadata(url, endpoint=endpoint)
    if found.commit_hash:
        log.info("%s: revision %s", entry.name, found.commit_hash)
    etag = "".join(character for character in found.etag or "unknown" if character.isalnum())
    # Large files are tagged with their own checksum.
    return _Remote(url, found.size, etag, etag if re.fullmatch("[0-9a-f]{64}", etag) else None)


def _check_space(entry: ModelEntry, folder: Path, wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < wanted + SPARE:
        raise NoSpace(
            f"{entry.title} needs {_megabytes(wanted)} more, and {_megabytes(max(free - SPARE, 0))} are free where "
            "models are kept. Make room, or name another folder with RECAST_MODELS."
        )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB"


def _meter(name: str, total: int | None, have: int, progress: Callable[[Fetching], None] | None) -> type[Any]:
    """A class that `http_get` can use as its progress bar."""
    from tqdm import tqdm

    class Meter(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            # Its own drawing is off; the base class is there for the protocol.
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": True})
            self._done = have

        def update(self, n: float | None = 1) -> bool | None:
            self._done += int(n or 0)
            if progress is not None:
                progress(Fetching(name, self._done, total))
            return None

    return Meter


@contextlib.contextmanager
def _setting_errors(entry: ModelEntry) -> Iterator[None]:
    """What comes of settings that make no sense, before anything is sent: proxies and addresses that are none, tokens
    that no header can hold, certificates that are not there. The library raises whatever came first."""
    import httpx2

    try:
        yield
    except ConnectionError:
        raise
    except ImportError as error:
        log.warning("the proxy cannot be used: %s", error)
        raise DownloadError(SOCKS.format(title=entry.title)) from error
    except (ValueError, OSError, httpx2.InvalidURL) as error:
        if isinstance(error, httpx2.HTTPError) or _is_of_the_hub(error):
            raise
        log.warning("what is set for the hub cannot be used: %s", error)
        raise DownloadError(UNUSABLE.format(title=entry.title)) from error


def _is_of_the_hub(error: BaseException) -> bool:
    """Some of its own errors are made of those of the system."""
    return type(error).__module__.startswith("huggingface_hub")


@contextlib.contextmanager
def _hub_errors(entry: ModelEntry) -> Iterator[None]:
    """The library's many errors as ours."""
    import httpx2
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    try:
        yield
    except (RepositoryNotFoundError, EntryNotFoundError) as error:
        log.warning("%s is not on the hub: %s", entry.name, error)
        raise DownloadError(f"{entry.title} is not on the model hub any more, or needs a login there.") from error
    except HfHubHTTPError as error:
        log.warning("the hub refused %s: %s", entry.name, error)
        raise DownloadError(f"The model hub refused to give {entry.title}. Try again later.") from error
    except OfflineModeIsEnabled as error:
        raise DownloadError(OFFLINE.format(title=entry.title)) from error
    except (httpx2.HTTPError, ConnectionError) as error:
        log.warning("the hub cannot be reached: %s", error)
        raise DownloadError(UNREACHABLE.format(title=entry.title)) from error
    except OSError as error:
        # What http_get raises when fewer bytes came than were announced.
        if "Consistency check" not in str(error):
            raise
        log.warning("%s broke off: %s", entry.name, error)
        raise DownloadError(f"The transfer of {entry.title} broke off. Try again; it goes on where it was.") from error
