"""What an installation marks its results with, and the marks of one job."""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from pipeline.errors import MarkingError, OutputError
from pipeline.marking.credentials import Credentials, credentials, operators
from pipeline.marking.label import Label, LabelPainter, label_from, label_of
from pipeline.marking.leftover import Leftover
from pipeline.marking.manifest import tags
from pipeline.marking.seal import Seal
from pipeline.marking.sidecar import LONGEST_NAME, beside
from pipeline.marking.signing import sealed
from pipeline.marking.watermark import SMALLEST, FilmShades, Payload, Use, Watermark
from pipeline.options import Options
from pipeline.report import Seal as Sealing
from pipeline.types import Frame, MediaInfo, Shade

log = logging.getLogger(__name__)

Layer = Literal["manifest", "watermark"]
LAYERS: tuple[Layer, ...] = get_args(Layer)
_SWITCH = "RECAST_MARKING"
_OFF = "off"


@dataclass(frozen=True)
class Marking:
    """The operator's decision. Only the operator can take a layer away; no job's options can.

    Attributes:
        layers: what results carry, beside the plain tags in their metadata, which they always do.
        label: the visible label that every result gets, ``None`` where it is left to who asks for the job.
        environment: where credentials are set, see `credentials`.
    """

    layers: frozenset[Layer] = frozenset(LAYERS)
    label: Label | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False, compare=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Marking:
        """``RECAST_MARKING`` is ``off``, or names of layers with commas between them; all of them where it is not set.

        Raises:
            MarkingError: it is neither.
        """
        text = environment.get(_SWITCH, "").strip().lower()
        names = {name.strip() for name in text.split(",")} if text else set(LAYERS)
        if names == {_OFF}:
            names = set()
        if not names <= set(LAYERS):
            raise MarkingError(f"{_SWITCH} has to be off, or one or more of {', '.join(LAYERS)} with commas between.")
        layers = frozenset(layer for layer in LAYERS if layer in names)
        return cls(layers, label_from(environment), dict(environment))

    @property
    def signed_by_operator(self) -> bool:
        """Whether credentials are set, rather than made for this installation."""
        return operators(self.environment)

    @cached_property
    def credentials(self) -> Credentials:
        """Loaded when first needed.

        Raises:
            MarkingError: they cannot be used.
        """
        return credentials(self.environment)

    def job(self, digest: bytes, options: Options) -> JobMark:
        """The marks of the job with this digest and these options, the same each time it is carried out.

        Raises:
            MarkingError: the operator's credentials cannot be used.
        """
        missing = [layer for layer in LAYERS if layer not in self.layers]
        if missing:
            level = logging.INFO if self.layers else logging.WARNING
            log.log(level, "marking is turned off by %s: the result gets no %s", _SWITCH, " and no ".join(missing))
        if not self.layers:
            return JobMark(self, options, None)
        key = hmac.digest(self.credentials.secret, digest, "sha256")
        return JobMark(self, options, Payload(int.from_bytes(key[:4], "big")))

    def seal(self, result: MediaInfo, engine: str, fingerprint: str) -> Seal | None:
        """What signs a file that is made of a finished result (a comparison, an animated preview), and names that as
        its origin. The frames of the result bring their watermark and label along.

        Args:
            fingerprint: of the result's job, ``""`` where it carries none.
        """
        if "manifest" not in self.layers:
            return None
        return Seal(self.credentials, _opened(result), result.container, engine, fingerprint, result.kind)

    def signed(self, picture: bytes, engine: str, fingerprint: str = "") -> bytes:
        """A JPEG of a recast frame, that is only looked at, with a manifest in it; as it is where the operator leaves
        manifests out.

        Raises:
            MarkingError: it cannot be signed.
        """
        return sealed(picture, self.credentials, engine, fingerprint) if "manifest" in self.layers else picture


class JobMark:
    """The marks of one job: tags, the watermark of its frames, the seal of its file.

    Attributes:
        tags: for the metadata of the result.
        fingerprint: eight hexadecimal digits that the watermark carries, ``""`` where marking is off.
    """

    def __init__(self, marking: Marking, options: Options, payload: Payload | None) -> None:
        self._payload = payload
        self._marking, self._engine, self._exact = marking, options.engine, options.codec == "lossless"
        self._watermark = Watermark(payload) if payload is not None and "watermark" in marking.layers else None
        label = marking.label or label_of(options)
        self._label, self._shown = LabelPainter(label) if label is not None else None, label
        self._seal: Seal | None = None
        self._leftover = Leftover()
        self._small = self._single = False
        self.tags = tags(options.engine)
        self.fingerprint = payload.text if payload is not None else ""

    def changed(self, options: Options) -> JobMark:
        """The marks of the same job from where it goes on with other options, and maybe another label."""
        return JobMark(self._marking, options, self._payload)

    @property
    def key(self) -> str:
        """What has to be the same for frames that were marked before to be of use."""
        return f"watermark {self.fingerprint if self._watermark is not None else 'none'}, {self._shown}"

    def film(self) -> Callable[[Frame], Shade | None]:
        """Takes the frames of a film, in order and before anything is changed in them, and says of each what `frame`
        is to add to it. One for each run through the film; not to be shared by threads."""
        return FilmShades(self._watermark) if self._watermark is not None else lambda frame: None

    def frame(self, frame: Frame, use: Use = "film", shade: Shade | None = None) -> None:
        """Mark a finished frame, or a picture on its own (``"still"``). A pure function of the job, the frame and the
        shade; several threads call it.

        Args:
            shade: what is added to it; what `use` asks for when ``None``.
        """
        if self._label is not None:
            self._label.paint(frame)
        if self._watermark is None:
            return
        if shade is not None:
            frame.shade(shade)
        elif not self._watermark.mark(frame, use):
            self._small = True

    def check(self, info: MediaInfo, output: Path) -> None:
        """Find out before the job whether what lies beside the result would take the place of what is the target's, or
        cannot have its name.

        Raises:
            OutputError: it would, or cannot.
        """
        written = beside(output) if "manifest" in self._marking.layers else None
        if written is not None and len(os.fsencode(written.name)) > LONGEST_NAME:
            raise OutputError("The result needs a shorter name, for its Content Credentials get one like it.")
        if written is not None and written.exists() and written == beside(info.path):
            raise OutputError("The result needs another name: its Content Credentials would replace the target's.")

    def seal(self, info: MediaInfo) -> Sealing:
        """What signs the result of a job on this target before it gets its name; where the operator leaves manifests
        out, what takes away the one of a result that is replaced."""
        return self._sealing(info, _opened(info), info.kind)

    def frame_seal(self, info: MediaInfo, file: Path | None) -> Sealing:
        """What signs a single frame of the result.

        Args:
            info: of the target.
            file: that the frame was read from; ``None`` for one of a video, which would be read for each of them.
        """
        self._single = True
        return self._sealing(info, file, "image")

    def withdraw(self, files: Iterable[Path]) -> None:
        """Take away what lies beside results that were taken back.

        Raises:
            OutputError: it cannot be removed.
        """
        written = [path for path in map(beside, files) if path is not None] if self._seal is not None else []
        try:
            for path in written:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError("The Content Credentials of frames that nobody is in could not be removed.") from error

    def _sealing(self, info: MediaInfo, parent: Path | None, kind: str) -> Sealing:
        if "manifest" not in self._marking.layers:
            return self._leftover
        room = min(info.width, info.height) >= SMALLEST
        told = self.fingerprint if self._watermark is not None and room else ""
        self._seal = Seal(self._marking.credentials, parent, info.container, self._engine, told, kind)
        return self._seal

    def signed(self, picture: bytes) -> bytes:
        """A JPEG of a frame of this job with a manifest in it; see `Marking.signed`."""
        told = self.fingerprint if self._watermark is not None and not self._small else ""
        return self._marking.signed(picture, self._engine, told)

    @property
    def marks(self) -> tuple[Layer, ...]:
        """What the result carries in the end."""
        there = {"manifest": self._seal is not None, "watermark": self._watermark is not None and not self._small}
        return tuple(layer for layer in LAYERS if there[layer])

    @property
    def sidecar(self) -> Path | None:
        """The manifest's file, where the result cannot hold it."""
        return self._seal.sidecar if self._seal is not None else None

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user, once the result is there."""
        notes = self._seal.notes if self._seal is not None else self._leftover.notes
        if self._single and self.sidecar is not None:
            own, name = self.sidecar.name, self.sidecar.suffixes[-2].lstrip(".").upper()
            notes = tuple(note for note in notes if own not in note)
            notes += (
                f"{name} files cannot hold Content Credentials; each frame's are in a .c2pa file of its name, which "
                "belongs beside it.",
            )
        if self._small:
            notes += ("The frame is too small for the invisible watermark; the result carries none.",)
        if self._exact and "watermark" in self.marks:
            notes += (
                "The invisible watermark moves pixels by a grey level or two, also in a lossless result; where the "
                f"operator leaves it out ({_SWITCH}=manifest), all outside of the faces is exact.",
            )
        missing = [layer for layer in LAYERS if layer not in self._marking.layers]
        if missing:
            notes += (f"The operator turned off a part of the marking: {', '.join(missing)}.",)
        if self._marking.layers and not self._marking.credentials.lasting:
            notes += ("The signing credentials could not be kept; another run will sign with others.",)
        return notes


def _opened(info: MediaInfo) -> Path | None:
    """The one file that a result is made of; a camera has none, and numbered frames are many."""
    return None if info.container == "camera" or info.kind == "sequence" else info.path
