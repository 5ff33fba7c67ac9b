"""The library that signs (contentauth's c2pa-python), set up for credentials of ours."""

from __future__ import annotations

import io
import logging
import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.errors import MarkingError
from pipeline.marking.certificate import checked
from pipeline.marking.credentials import Credentials
from pipeline.marking.manifest import definition
from pipeline.marking.sidecar import EMBEDDED, OPAQUE

if TYPE_CHECKING:
    import c2pa

log = logging.getLogger(__name__)

_PATIENCE = 30.0
_LONGEST_SIGNATURE = 4096
_HELD_MB = 8
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
        raise MarkingError(failure(error, credentials)) from error
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
            credentials.signer_url, data, {"Content-Type": OPAQUE, "X-Algorithm": credentials.algorithm}
        )
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            return bytes(answer.read(_LONGEST_SIGNATURE))

    return c2pa.Signer.from_callback(ask, algorithm, credentials.chain, stamps)


def failure(error: Exception, credentials: Credentials) -> str:
    """What a failed signature means, for the user."""
    text = str(error)
    log.warning("signing failed: %s", text.split("\n")[0])
    # Nothing else is asked over the library's own HTTP.
    if credentials.time_stamp_url and any(
        part in text.lower() for part in ("time stamp", "timestamp", "http resolver")
    ):
        return "The time stamp authority did not answer, so the result could not be signed."
    if credentials.signer_url:
        return "The remote signer did not answer as it should, so the result could not be signed."
    return "The result could not be signed, so it was not kept; the log says why."
