"""Checking a file: its Content Credentials, its invisible watermark, its plain tags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import UnsupportedMedia
from pipeline.marking.credentials import anchors
from pipeline.marking.verify import ManifestCheck, check_manifest, has_notice
from pipeline.marking.watermark import Detector, Found, working_size
from pipeline.media import probe, spread
from pipeline.models.checksums import sha256
from pipeline.types import MediaLimits

LIMITATION = "That nothing was found does not mean that a file is real: marks can be removed, and most tools set none."
_LOOKS = 24
"""Frames of a video that are looked at, spread over its length."""


@dataclass(frozen=True)
class Verdict:
    """What a check came to.

    Attributes:
        kind: of the file: ``"image"``, ``"animation"`` or ``"video"``.
        sha256: of its bytes, in hexadecimal.
        manifest: its Content Credentials.
        watermark: the search for the invisible watermark.
        frames: how many were searched.
        tagged: whether Recast's plain sentence is in its metadata.
    """

    kind: str
    sha256: str
    manifest: ManifestCheck
    watermark: Found
    frames: int
    tagged: bool

    @property
    def fingerprint(self) -> str:
        """Of the job that made it, where a mark tells it: the watermark first, which goes with the pixels. A stranger's
        signature may name any job, and tells none."""
        payload = self.watermark.payload
        if payload is not None:
            return payload.text
        return self.manifest.fingerprint if self.manifest.state == "trusted" else ""

    @property
    def synthetic(self) -> bool:
        """Whether anything says so. ``False`` does not mean that the file is real."""
        signed = self.manifest.synthetic and self.manifest.state in ("valid", "trusted")
        return signed or self.watermark.found or self.tagged

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it in words."""
        rest = () if self.synthetic else (LIMITATION,)
        return (*self.manifest_words, self.watermark_words, *self.tag_words, *rest)

    @property
    def manifest_words(self) -> tuple[str, ...]:
        """What its Content Credentials say, and what they are worth."""
        return tuple(_manifest_words(self.manifest))

    @property
    def watermark_words(self) -> str:
        """Whether the invisible watermark was found."""
        return _watermark_words(self.watermark)

    @property
    def tag_words(self) -> tuple[str, ...]:
        """What its plain metadata say, if anything."""
        return ("Its metadata say in plain words that Recast replaced a face.",) if self.tagged else ()

    def data(self) -> dict[str, Any]:
        """All of it as plain values for JSON."""
        found = self.watermark
        return {
            "kind": self.kind, "sha256": self.sha256, "synthetic": self.synthetic, "fingerprint": self.fingerprint,
            "manifest": {**asdict(self.manifest), "reasons": list(self.manifest.reasons)},
            "watermark": {
                "found": found.found, "confidence": found.confidence,
                "fingerprint": found.payload.text if found.payload else "",
                "version": found.payload.version if found.payload else None,
                "scores": [round(found.template_score, 2), round(found.data_score, 2)],
                "scale": round(found.scale, 3), "mirrored": found.mirrored, "frames": self.frames,
            },
            "tagged": self.tagged, "sentences": list(self.sentences),
        }  # fmt: skip


def verify(path: Path, limits: MediaLimits = MediaLimits()) -> Verdict:
    """Look for every mark that Recast sets, and for anybody's Content Credentials.

    Raises:
        InputError: the file is no picture or video that can be opened, or the name is one of numbered pictures.
    """
    info = probe(path, limits)
    if info.kind == "sequence":
        raise UnsupportedMedia("Each frame of a sequence carries marks of its own; check one of its files.")
    detector, frames = Detector(), 0
    for frame in spread(info, limits, _LOOKS):
        detector.add(frame.small_luma(working_size(frame.width, frame.height)))
        frames += 1
    manifest = check_manifest(path, info.container, anchors())
    return Verdict(info.kind, sha256(path), manifest, detector.find(), frames, has_notice(path))


def _manifest_words(found: ManifestCheck) -> Iterator[str]:
    if found.state == "none":
        yield "It carries no Content Credentials."
        return
    worth = {
        "trusted": "They are valid, and this installation trusts who signed them.",
        "valid": "They are valid; who signed them is not known here.",
    }
    yield "It carries Content Credentials in a file beside it." if found.beside else "It carries Content Credentials."
    if found.generator:
        yield f"They name what made it: {found.generator}."
    if found.issuer:
        yield f"They are signed by {found.issuer}."
    yield worth.get(found.state, "They are not valid, so nothing they say can be relied on.")
    if found.synthetic and found.state != "invalid":
        yield "They say that the work is synthetic: a face was replaced, or it was generated."
    if found.manifests > 1:
        yield f"They keep {found.manifests} steps of its history."
    yield from (reason for reason in found.reasons if found.state == "invalid" or "trusts" not in reason)


def _watermark_words(found: Found) -> str:
    if not found.found:
        return "Recast's invisible watermark was not found."
    where = "in a mirrored picture" if found.mirrored else "in it"
    if found.payload is None:
        return f"Recast's invisible watermark was found {where}; it is too faint for the job's number to be read."
    return f"Recast's invisible watermark was found {where}: job {found.payload.text}."
