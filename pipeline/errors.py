"""One tree of errors. Each carries a stable code, a sentence that may be shown to a user, and an exit code.

The sentence never names a path outside what the user gave, an address or a trace; details belong in the log
(``raise ... from cause``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar


class RecastError(Exception):
    """The root. ``str(error)`` is the sentence."""

    code: ClassVar[str] = "fault"
    exit_code: ClassVar[int] = 1
    sentence: ClassVar[str] = "Something went wrong inside Recast."

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or self.sentence)


class InputError(RecastError):
    """The user's files or arguments cannot be worked with."""

    code = "bad_input"
    exit_code = 2
    sentence = "The input cannot be used."


class OptionError(InputError):
    code = "bad_option"
    sentence = "An option has a value that is not allowed."


class FileMissing(InputError):
    code = "file_missing"
    sentence = "The file does not exist."


class FileEmpty(InputError):
    code = "file_empty"
    sentence = "The file is empty."


class UnsupportedMedia(InputError):
    """Content that is not on the allow-list of containers and codecs."""

    code = "unsupported_media"
    sentence = "This is not a picture or video that Recast can open."


class CorruptMedia(InputError):
    code = "corrupt_media"
    sentence = "The file is damaged or cut off."


class MediaTooLarge(InputError):
    code = "media_too_large"
    sentence = "The picture or video is larger than allowed."


class MediaChanged(InputError):
    code = "media_changed"
    sentence = "The file changed while it was read."


class ArchiveUnsafe(InputError):
    """A ZIP unpacks to more than is reasonable, or names places outside itself."""

    code = "archive_unsafe"
    sentence = "The ZIP is not unpacked: it is not safe."


class ArchiveLocked(InputError):
    """A ZIP is encrypted."""

    code = "archive_locked"
    sentence = "The ZIP is encrypted. Pack the frames without a password."


class ArchiveMixed(InputError):
    """A ZIP holds something else than the numbered frames of one film."""

    code = "archive_mixed"
    sentence = "The ZIP holds no numbered frames, such as shot.0001.png and shot.0002.png."


class OutputError(InputError):
    """The result cannot be written where or as what the user asked for."""

    code = "bad_output"
    sentence = "The result cannot be written there."


class DiskFull(OutputError):
    code = "disk_full"
    sentence = "There is no space left for the result."


class NoFace(RecastError):
    exit_code = 3
    code = "no_face"
    sentence = "No face was found."


FROM_THE_FRONT = "Try one that shows the face from the front; a profile is not enough."
"""What helps with a photo in which no face is found: to the detector heads turned by sixty degrees are none."""


class NoFaceInSource(NoFace):
    code = "no_face_in_source"
    sentence = f"No face was found in the source photo. {FROM_THE_FRONT}"


class NoFaceInTarget(NoFace):
    code = "no_face_in_target"
    sentence = "No face was found in the target."


class PersonUnknown(InputError):
    code = "person_unknown"
    sentence = "The cast names a person who is not in the target."


class FaceUnknown(InputError):
    code = "face_unknown"
    sentence = "A source photo shows fewer faces."


class Cancelled(RecastError):
    code = "cancelled"
    exit_code = 5
    sentence = "The job was cancelled."


class ModelError(RecastError):
    """A model file is missing, altered or cannot be run."""

    code = "model"
    sentence = "A model file is missing or damaged. Install Recast again with `make run`."


class ModelMissing(InputError):
    """A model that was asked for is not on this machine."""

    code = "model_missing"
    sentence = "A model that is needed is not on this machine."


class ModelUnknown(InputError):
    code = "model_unknown"
    sentence = "There is no model of that name."


class LicenceNotAccepted(InputError):
    """A model's licence has to be accepted before it is fetched."""

    code = "licence"
    sentence = "The model's licence has to be accepted first."


class ModelAltered(ModelError):
    """The bytes are not those that were expected."""

    code = "model_altered"
    sentence = "A model file is not the expected one."


class DownloadError(RecastError):
    """A model could not be fetched. What was fetched is kept, and the next try goes on from there."""

    code = "download"
    sentence = "The model could not be fetched."


class NoSpace(InputError):
    code = "no_space"
    sentence = "There is not enough space on the disk."


class DeviceError(InputError):
    code = "device"
    sentence = "The device that was asked for cannot be used."


class DeviceMemory(RecastError):
    """A network does not fit into a device's memory, even a single face at a time."""

    code = "memory"
    sentence = "There was not enough memory for the network. Choose the device cpu, or a smaller network."


class MarkingError(InputError):
    """What the operator set up for marking results cannot be used."""

    code = "marking"
    sentence = "The result could not be marked as synthetic, so it was not kept."


class Refused(RecastError):
    """The operator does not allow this job; the sentence says why."""

    code = "refused"
    exit_code = 4
    sentence = "This server does not carry out this job."


class IdentityRefused(Refused):
    """A face is on the operator's block-list, or not on the list of those that may be a source."""

    code = "identity_refused"
    sentence = "The operator of this server does not allow this face."


class ContentRefused(Refused):
    """The operator's content gate turned a photo or the target down."""

    code = "content_refused"
    sentence = "The operator of this server does not allow this content."


class ConsentMissing(Refused):
    """Nobody has stated that they may use the faces."""

    code = "consent_missing"
    sentence = "State first that you have the right to use these faces."


class PolicyUnusable(Refused):
    """What the operator set up to decide who and what is allowed cannot be used: nothing is carried out then."""

    code = "policy_unusable"
    sentence = (
        "This server cannot check what its operator allows, so it carries out nothing. Its operator has to mend it."
    )


class EncoderError(RecastError):
    code = "encoder"
    sentence = "The video could not be encoded."


class HardwareFailed(EncoderError):
    """An encoder in hardware that worked when it was tried did not take the film, or not to its end."""

    sentence = "The machine's video encoder failed."


class ProcessLost(RecastError):
    """A process that rendered a part of the film was ended, and so was the one that did it again."""

    code = "renderer_lost"
    sentence = (
        "A part of the film could not be rendered: what was at it was ended twice, maybe for want of memory. The log "
        "says how."
    )


@contextmanager
def about(file: str) -> Iterator[None]:
    """Where several files were given: have what is wrong with one say which it is.

    Args:
        file: as the user knows it.
    """
    try:
        yield
    except (InputError, NoFace) as error:
        raise type(error)(f"{file}: {error}") from error
