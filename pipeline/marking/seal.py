"""Signing a finished file: C2PA Content Credentials in it, or beside it where its format cannot hold them.

Files are hashed and copied by streaming, whatever their length. The library is contentauth's own (c2pa-python), because
a signature that only its maker can check proves nothing.
"""

from __future__ import annotations

import io
import json
import logging
import os
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pipeline.errors import MarkingError
from pipeline.marking.certificate import checked
from pipeline.marking.credentials import Credentials
from pipeline.marking.manifest import definition, ingredient

if TYPE_CHECKING:
    import c2pa

log = logging.getLogger(__name__)

EMBEDDED: Mapping[str, str] = {
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".apng": "image/png", ".webp": "image/webp",
    ".avif": "image/avif", ".tif": "image/tiff", ".tiff": "image/tiff", ".gif": "image/gif", ".mp4": "video/mp4",
    ".m4v": "video/mp4", ".mov": "video/quicktime",
}  # fmt: skip
"""Endings of formats that hold a manifest, and their media types."""

_BESIDE: Mapping[str, str] = {".bmp": "image/bmp", ".mkv": "video/x-matroska", ".webm": "video/webm"}
CONTAINERS: Mapping[str, str] = {
    "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "avif": "image/avif", "heif": "image/heic",
    "tiff": "image/tiff", "gif": "image/gif", "mov": "video/mp4", "avi": "video/avi",
}  # fmt: skip
"""Media types of what holds a manifest itself, by the container that `pipeline.media.probe` tells."""
_OPAQUE = "application/octet-stream"
ANY = "image/bmp"
"""As what a file is read whose manifest lies beside it: formats without room for one are all hashed in the same way."""
LONGEST_NAME = 255
"""Bytes of a file's name, on every usual file system."""
_KEPT, _SIDECAR, _LARGEST_SIDECAR = "kept.c2pa", ".c2pa", 64 << 20
_PATIENCE = 30.0
_LONGEST_SIGNATURE = 4096
_HELD_MB = 8
_IN_PIECES = 32 << 20
_PIECE_KB = 4096


def context(anchors: str = "", in_pieces: bool = False) -> c2pa.Context:
    """Settings of the library: no thumbnails (they would show the face that was replaced), nothing fetched.

    Args:
        in_pieces: hash a film piece by piece (a Merkle tree) when signing. Without it up to 256 MB are read at once;
            with it, not every other implementation of the standard can check the file, so only large ones are.
    """
    import c2pa

    pieces = {"merkle_tree_chunk_size_in_kb": _PIECE_KB} if in_pieces else {}
    trust = {"trust": {"user_anchors": anchors}} if anchors else {}
    return c2pa.Context.from_dict({
        "core": {"backing_store_memory_threshold_in_mb": _HELD_MB, **pieces},
        "builder": {"thumbnail": {"enabled": False}},
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": True},
        **trust,
    })  # fmt: skip


def sidecar_of(path: Path) -> Path:
    """Where the manifest of a file is written whose format cannot hold it: under the file's whole name, so that an MKV
    and a WebM of one stem have one each. Where that is longer than a name may be, without the file's ending."""
    whole = path.with_name(f"{path.name}{_SIDECAR}")
    return whole if len(os.fsencode(whole.name)) <= LONGEST_NAME else _short(path)


def lying_beside(path: Path) -> Path | None:
    """The manifest's file beside a file whose format cannot hold it, where there is one: under the file's whole name,
    or, as other programs write it, without the file's ending."""
    return next((beside for beside in (sidecar_of(path), _short(path)) if beside.is_file()), None)


def manifest_beside(path: Path, media_type: str) -> bytes | None:
    """The manifest beside a file whose format cannot hold it; ``None`` where there is none (of a likely size)."""
    beside = None if media_type in EMBEDDED.values() else lying_beside(path)
    if beside is None or beside.stat().st_size > _LARGEST_SIDECAR:
        return None
    return beside.read_bytes()


def _short(path: Path) -> Path:
    return path.with_suffix(_SIDECAR)


def beside(path: Path) -> Path | None:
    """Where the manifest of a result of this name will lie; ``None`` where the result holds it."""
    return None if path.suffix.lower() in EMBEDDED else sidecar_of(path.absolute())


class Seal:
    """Signs one result; called with the finished temporary file and the name that it will get.

    Args:
        parent: the target; its own manifest, where it has one, becomes part of the result's. ``None`` for what a camera
            showed.
        container: the target's, as `MediaInfo` tells it.
        fingerprint: of the job, in hexadecimal.

    Attributes:
        notes: sentences for the user, once it was called.
        sidecar: the file beside the result that holds the manifest, where there is one.
    """

    def __init__(
        self, credentials: Credentials, parent: Path | None, container: str, engine: str, fingerprint: str, kind: str
    ) -> None:
        self._credentials, self._parent = credentials, parent
        self._parent_type = CONTAINERS.get(container, _OPAQUE)
        self._definition = definition(engine, fingerprint, kind, opened=parent is not None)
        self.notes: tuple[str, ...] = ()
        self.sidecar: Path | None = None

    def __call__(self, temporary: Path, final: Path) -> None:
        """Put the signed manifest into `temporary`, or beside `final`.

        Raises:
            MarkingError: the signer refused, or could not be reached.
            OSError: the file cannot be written.
        """
        suffix = final.suffix.lower()
        inside = suffix in EMBEDDED
        signed = temporary.with_name(f"{temporary.stem}.signed{temporary.suffix}")
        try:
            manifest = self._sign(temporary, signed, EMBEDDED.get(suffix) or _BESIDE.get(suffix, _OPAQUE), inside)
            if inside:
                os.replace(signed, temporary)
                return
            self.sidecar = sidecar_of(final)
            signed.write_bytes(manifest)
            os.replace(signed, self.sidecar)
            self.notes += (
                f"{suffix.lstrip('.').upper()} files cannot hold Content Credentials; they are in {self.sidecar.name}, "
                "which belongs beside the result.",
            )
        finally:
            signed.unlink(missing_ok=True)

    def _sign(self, source: Path, target: Path, media_type: str, inside: bool) -> bytes:
        import c2pa

        in_pieces = media_type.startswith("video/") and source.stat().st_size > _IN_PIECES
        parent_types = [self._parent_type] if self._parent_type == _OPAQUE else [self._parent_type, _OPAQUE]
        for parent_type in parent_types:
            try:
                with (
                    signer(self._credentials) as key,
                    c2pa.Builder(self._definition, context(in_pieces=in_pieces)) as builder,
                ):
                    if self._parent is not None:
                        self._add_parent(builder, self._parent, parent_type)
                    if not inside:
                        builder.set_no_embed()
                    with source.open("rb") as before, _writable(target, inside) as after:
                        return builder.sign(key, media_type, before, after)
            except c2pa.C2paError as error:
                if parent_type != parent_types[-1] and self._readable(parent_type) is False:
                    log.info("the target's Content Credentials are damaged", exc_info=True)
                    self._tell("The target's own Content Credentials are damaged; the new ones do not hold them.")
                    continue
                raise MarkingError(_told(error, self._credentials)) from error
        raise MarkingError()

    def _add_parent(self, builder: c2pa.Builder, parent: Path, media_type: str) -> None:
        """Name the target, with its manifest: the one in it, or the one beside it, where that is its own."""
        import c2pa

        told, kept = dict[str, Any](ingredient()), manifest_beside(parent, media_type)
        if kept is not None:
            try:
                with (
                    parent.open("rb") as file,
                    c2pa.Reader(ANY, file, manifest_data=kept, context=context()) as reader,
                ):
                    store, state = json.loads(reader.json()), str(reader.get_validation_state())
            except c2pa.C2paError:
                state = "Invalid"
            if state == "Invalid":
                log.info("the Content Credentials beside the target are not its own, or damaged")
                self._tell("The Content Credentials beside the target do not fit it; the new ones do not hold them.")
            else:
                builder.add_resource(_KEPT, io.BytesIO(kept))
                told |= {
                    "manifest_data": {"format": "application/c2pa", "identifier": _KEPT},
                    "active_manifest": store["active_manifest"],
                    "validation_results": store["validation_results"],
                }
        with parent.open("rb") as file:
            builder.add_ingredient(told, media_type if kept is None else ANY, file)

    def _tell(self, note: str) -> None:
        if note not in self.notes:
            self.notes += (note,)

    def _readable(self, media_type: str) -> bool | None:
        """Whether the target's manifest can be read; ``None`` where it has none."""
        import c2pa

        if self._parent is None:
            return None
        try:
            with self._parent.open("rb") as file, c2pa.Reader(media_type, file, context=context()):
                return True
        except c2pa.C2paError.ManifestNotFound:
            return None
        except c2pa.C2paError:
            return False


def sealed(picture: bytes, credentials: Credentials, engine: str, fingerprint: str) -> bytes:
    """A JPEG that is only looked at (a preview, a small copy), with a signed manifest in it. It gets no time stamp.

    Raises:
        MarkingError: the signer refused, or could not be reached.
    """
    import c2pa

    signed = io.BytesIO()
    told = definition(engine, fingerprint, "image", opened=False)
    try:
        with signer(replace(credentials, time_stamp_url="")) as key, c2pa.Builder(told, context()) as builder:
            builder.sign(key, EMBEDDED[".jpg"], io.BytesIO(picture), signed)
    except c2pa.C2paError as error:
        raise MarkingError(_told(error, credentials)) from error
    return signed.getvalue()


def signer(credentials: Credentials) -> c2pa.Signer:
    """The library's signer for these credentials; close it.

    Raises:
        MarkingError: the certificate has expired since it was loaded.
    """
    import c2pa

    checked(credentials.chain, "")
    stamps = credentials.time_stamp_url or None
    if not credentials.signer_url:
        return c2pa.Signer.from_info(
            c2pa.C2paSignerInfo(
                alg=credentials.algorithm.encode(), sign_cert=credentials.chain.encode(),
                private_key=credentials.key.encode(), ta_url=stamps.encode() if stamps else None,
            )
        )  # fmt: skip
    algorithm = getattr(c2pa.C2paSigningAlg, credentials.algorithm.upper())

    def ask(data: bytes) -> bytes:
        request = urllib.request.Request(
            credentials.signer_url, data, {"Content-Type": _OPAQUE, "X-Algorithm": credentials.algorithm}
        )
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            return bytes(answer.read(_LONGEST_SIGNATURE))

    return c2pa.Signer.from_callback(ask, algorithm, credentials.chain, stamps)


def _writable(target: Path, inside: bool) -> BinaryIO:
    return target.open("w+b") if inside else _Discarded()


class _Discarded(io.BytesIO):
    """Takes the copy that the library makes of a file whose manifest lies beside it."""

    def write(self, data: Any) -> int:
        self._end = max(getattr(self, "_end", 0), self._place + len(data))
        self._place += len(data)
        return len(data)

    _place = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = offset if whence == 0 else self._place + offset if whence == 1 else self._length + offset
        return self._place

    def tell(self) -> int:
        return self._place

    @property
    def _length(self) -> int:
        return int(getattr(self, "_end", 0))


def _told(error: Exception, credentials: Credentials) -> str:
    """What a failed signature means, for the user."""
    text = str(error)
    with suppress(ValueError):
        log.warning("signing failed: %s", text.split("\n")[0])
    # Nothing else is asked over the library's own HTTP.
    if credentials.time_stamp_url and any(
        part in text.lower() for part in ("time stamp", "timestamp", "http resolver")
    ):
        return "The time stamp authority did not answer, so the result could not be signed."
    if credentials.signer_url:
        return "The remote signer did not answer as it should, so the result could not be signed."
    return "The result could not be signed, so it was not kept; the log says why."
