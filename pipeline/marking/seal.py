"""Signing a finished file: C2PA Content Credentials in it, or beside it where its format cannot hold them.

Files are hashed and copied by streaming, whatever their length. The library is contentauth's own (c2pa-python), because
a signature that only its maker can check proves nothing.
"""

from __future__ import annotations

import io
import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pipeline.errors import MarkingError
from pipeline.marking.credentials import Credentials
from pipeline.marking.manifest import definition, ingredient
from pipeline.marking.sidecar import ANY, BESIDE, CONTAINERS, EMBEDDED, OPAQUE, manifest_beside, sidecar_of
from pipeline.marking.signing import context, failure, signer

if TYPE_CHECKING:
    import c2pa

log = logging.getLogger(__name__)

_KEPT = "kept.c2pa"
_IN_PIECES = 32 << 20
"""Bytes of a film from which on it is hashed piece by piece."""


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
        self._parent_type = CONTAINERS.get(container, OPAQUE)
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
            manifest = self._sign(temporary, signed, EMBEDDED.get(suffix) or BESIDE.get(suffix, OPAQUE), inside)
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
        parent_types = [self._parent_type] if self._parent_type == OPAQUE else [self._parent_type, OPAQUE]
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
                raise MarkingError(failure(error, self._credentials)) from error
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


def _writable(target: Path, inside: bool) -> BinaryIO:
    return target.open("w+b") if inside else _Discarded()


class _Discarded(io.BytesIO):
    """Takes the copy that the library makes of a file whose manifest lies beside it, and keeps its length only."""

    def __init__(self) -> None:
        super().__init__()
        self._place = self._end = 0

    def write(self, data: Any) -> int:
        self._place += len(data)
        self._end = max(self._end, self._place)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._end}[whence]
        return self._place

    def tell(self) -> int:
        return self._place
