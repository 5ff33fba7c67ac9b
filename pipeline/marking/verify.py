"""Reading a file's Content Credentials, and putting them into words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.marking.manifest import NOTICE, VENDOR
from pipeline.marking.sidecar import ANY, CONTAINERS, manifest_beside
from pipeline.marking.signing import context

State = Literal["none", "invalid", "valid", "trusted"]

_SYNTHETIC = ("compositeSynthetic", "compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia")
_HEAD = 1 << 20
_CONTAINERS: Mapping[str, str] = {
    **CONTAINERS,
    "bmp": "image/bmp",
    "exr": "image/x-exr",
    "matroska": "video/x-matroska",
}
_APART = ("bmp", "exr", "matroska")
_WORDS: tuple[tuple[str, str], ...] = (
    ("Hash.mismatch", "The file was changed after it was signed."),
    ("hashedURI.mismatch", "What the manifest says was changed after it was signed."),
    ("claimSignature.mismatch", "The signature does not fit the manifest."),
    ("claimSignature.outsideValidity", "It was signed when its certificate was not valid (expired, or not yet valid)."),
    ("signingCredential.expired", "The certificate that signed it has expired."),
    ("signingCredential.revoked", "The certificate that signed it was revoked."),
    ("signingCredential.invalid", "The certificate that signed it is not one for signing media."),
    ("signingCredential.untrusted", "Who signed it is not among those that this installation trusts."),
    ("timeStamp", "Its time stamp cannot be relied on."),
    ("ingredient", "The manifest of what it was made from does not hold."),
)


@dataclass(frozen=True)
class ManifestCheck:
    """What a file's Content Credentials say, and what they are worth.

    Attributes:
        state: ``"trusted"`` is valid, and signed by somebody whom this installation trusts.
        generator: the program that made the file, as it says.
        issuer: who signed it, as the certificate says.
        synthetic: whether it says that the work is synthetic, in part or whole.
        fingerprint: of the job, where Recast made it.
        manifests: in the chain: one for each signed step of its history that is kept.
        beside: whether they lie in a file beside it.
        reasons: sentences about what is wrong.
    """

    state: State = "none"
    generator: str = ""
    issuer: str = ""
    synthetic: bool = False
    fingerprint: str = ""
    manifests: int = 0
    beside: bool = False
    reasons: tuple[str, ...] = ()


def keeps_beside(container: str) -> bool:
    """Whether files in this container, as `MediaInfo` tells it, have their manifests beside them."""
    return container in _APART


def check_manifest(path: Path, container: str, anchors: str = "") -> ManifestCheck:
    """Look for a manifest in a file, and beside it.

    Args:
        container: of the file, as `MediaInfo` tells it.
        anchors: PEM of the roots that are trusted.
    """
    import c2pa

    media_type = _CONTAINERS.get(container, "application/octet-stream")
    manifest = manifest_beside(path, media_type)
    try:
        with path.open("rb") as file:
            kind = media_type if manifest is None else ANY
            with c2pa.Reader(kind, file, manifest_data=manifest, context=context(anchors)) as reader:
                store, state = json.loads(reader.json()), reader.get_validation_state()
    except (c2pa.C2paError.ManifestNotFound, c2pa.C2paError.NotSupported):
        return ManifestCheck()
    except c2pa.C2paError:
        return ManifestCheck("invalid", manifests=1, beside=manifest is not None,
                             reasons=("There is a manifest, and it is damaged.",))  # fmt: skip
    return _read(store, str(state), manifest is not None)


def _read(store: Mapping[str, Any], state: str, beside: bool) -> ManifestCheck:
    active = store["manifests"].get(store.get("active_manifest"), {})
    generators = active.get("claim_generator_info") or [{}]
    generator = " ".join(str(generators[0].get(part, "")) for part in ("name", "version")).strip()
    signed = active.get("signature_info") or {}
    # What others sign may have any shape: whatever is no table holds nothing.
    actions = [
        _table(action)
        for assertion in map(_table, active.get("assertions", ()))
        if str(assertion.get("label", "")).startswith("c2pa.actions")
        for action in _list(_table(assertion.get("data")).get("actions"))
    ]
    kinds = [str(action.get("digitalSourceType", "")).rsplit("/", 1)[-1] for action in actions]
    told = [_table(action.get("parameters")).get(f"{VENDOR}.watermark", "") for action in actions]
    return ManifestCheck(
        state={"Trusted": "trusted", "Valid": "valid"}.get(state, "invalid"),  # type: ignore[arg-type]
        generator=generator,
        issuer=", ".join(str(signed[part]) for part in ("issuer", "common_name") if signed.get(part)),
        synthetic=any(kind in _SYNTHETIC for kind in kinds),
        fingerprint=next((text for text in told if isinstance(text, str) and text), ""),
        manifests=len(store["manifests"]),
        beside=beside,
        reasons=_reasons(store.get("validation_status", ())),
    )


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _reasons(statuses: Any) -> tuple[str, ...]:
    """The library's codes as sentences, each once."""
    found = []
    for status in statuses:
        code = str(status.get("code", ""))
        found.append(next((words for part, words in _WORDS if part in code), f"It does not hold: {code}."))
    return tuple(dict.fromkeys(found))


def has_notice(path: Path) -> bool:
    """Whether Recast's plain sentence is in the file's metadata; a hint only, as anybody may write or remove it."""
    notice, size = NOTICE.encode(), path.stat().st_size
    with path.open("rb") as file:
        if notice in file.read(_HEAD):
            return True
        file.seek(max(0, size - _HEAD))
        return notice in file.read(_HEAD)
