"""What is said of every option, and where the page shows it. How they are derived is in `studio.options`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.models.catalogue import ENTRIES, ModelKind

Group = Literal["Face", "Light and detail", "Result", "Video", "Label", "Engine"]


@dataclass(frozen=True)
class Text:
    """The words of one option: its label, one sentence about it, and the group it is shown in.

    Attributes:
        choices: words for choices that do not speak for themselves.
        ends: for a share, the words at 0 and at 1.
        first: whether the page shows it at once, and not among the further settings only.
        networks: whether it says nothing to the built-in engine.
    """

    label: str
    about: str
    group: Group
    choices: Mapping[str, str] = dataclasses.field(default_factory=dict)
    ends: tuple[str, str] = ("", "")
    first: bool = False
    networks: bool = False


def _titles(kind: ModelKind) -> dict[str, str]:
    return {entry.name: entry.title for entry in ENTRIES if entry.kind == kind}


TEXTS: Mapping[str, Text] = {
    "likeness": Text(
        "Likeness",
        "0 keeps the target's proportions, 1 gives eyes, brows, nose and mouth the photo's.",
        "Face",
        ends=("Shape of the target", "Shape of the photo"),
        first=True,
    ),
    "select": Text(
        "Which faces",
        "When nobody is chosen: every face, or the largest of each frame.",
        "Face",
        {"all": "Every face", "largest": "The largest"},
    ),
    "eyes": Text(
        "Eyes",
        "Whose irises are shown. The gaze is always the target's.",
        "Face",
        {"source": "As in the photo", "target": "As in the target"},
    ),
    "keep_occluders": Text(
        "Keep what covers the face", "Hair, glasses and hands stay in front of the face.", "Face", first=True
    ),
    "source_glasses": Text("The photo's glasses", "Carry glasses in the photo over to the target.", "Face"),
    "source_beard": Text("The photo's beard", "Carry beard and moustache of the photo over to the target.", "Face"),
    "source_makeup": Text(
        "The photo's make-up", "Carry the photo's make-up over; else lips, lids and cheeks are as if bare.", "Face"
    ),
    "turned": Text(
        "Turned faces",
        "Faces turned far to the side are recast as well, or stay as they are.",
        "Face",
        {"recast": "Recast them", "keep": "Leave them"},
    ),
    "source_faces": Text(
        "Faces of the photos",
        "Where a source photo shows several people: the number of the one who is meant, from the left; for each photo "
        "in turn (first those for everyone, then the cast's), 0 for the one who is seen best.",
        "Face",
    ),
    "exclude": Text(
        "Left as it is",
        "A PNG painted over a frame, white or opaque where a face is to stay the target's. It follows the face that it "
        "lies on; 2=FILE is for person 2 only, everyone=FILE for all.",
        "Face",
    ),
    "exclude_at": Text(
        "Painted at",
        "Moment of the frame that was painted over: seconds, or 1:30. Without it, the first of the job.",
        "Face",
    ),
    "match_light": Text(
        "Match light",
        "0 keeps the photo's light, 1 takes the target's.",
        "Light and detail",
        ends=("Light of the photo", "Light of the target"),
    ),
    "match_detail": Text("Match detail", "Sharpness and grain as in the frame around the face.", "Light and detail"),
    "edge_softness": Text(
        "Edge softness",
        "How gradually the new face begins at its edges.",
        "Light and detail",
        ends=("As they are", "Soft"),
    ),
    "smooth": Text(
        "Steadiness",
        "How much a video's landmarks are smoothed over time.",
        "Light and detail",
        ends=("Lively", "Steady"),
    ),
    "start": Text("Start", "Where in the target to begin: seconds, or 1:30.", "Video"),
    "end": Text("End", "Where in the target to stop: seconds, or 1:30.", "Video"),
    "first_frame": Text(
        "First frame",
        "Number of the first frame to keep, in place of --start: counted from 1, or a numbered picture's own number.",
        "Video",
    ),
    "last_frame": Text("Last frame", "Number of the last frame to keep, in place of --end.", "Video"),
    "rate": Text(
        "Frame rate",
        "Frames a second of numbered frames, such as 25, 23.976 or 24000/1001; 24 where nothing is said.",
        "Video",
        first=True,
    ),
    "quality": Text(
        "Quality",
        "Of what is written: smaller, or nearer to the original.",
        "Result",
        {"draft": "Draft", "standard": "Good", "high": "High", "best": "Best"},
        first=True,
    ),
    "picture_format": Text(
        "Picture format",
        "What a picture is saved as, unless its name says so.",
        "Result",
        {"same": "As the original", "jpeg": "JPEG", "png": "PNG", "webp": "WebP", "avif": "AVIF"},
    ),
    "video_format": Text(
        "Video format",
        "What a video is saved as, unless its name says so. Frames are numbered pictures, in the studio one ZIP.",
        "Result",
        {
            "same": "As the original",
            "mp4": "MP4",
            "mkv": "MKV",
            "mov": "MOV",
            "webm": "WebM",
            "png-frames": "PNG frames",
            "tiff-frames": "TIFF frames",
            "exr-frames": "EXR frames",
            "jpeg-frames": "JPEG frames",
        },
    ),
    "codec": Text(
        "Codec",
        "How a video is compressed. H.264 plays everywhere; what has transparency keeps it in VP9 or ProRes.",
        "Video",
        {"h264": "H.264", "hevc": "HEVC", "vp9": "VP9", "av1": "AV1", "prores": "ProRes", "lossless": "Lossless"},
    ),
    "hardware": Text(
        "Hardware encoder",
        "Use the machine's video encoder where there is one that works.",
        "Video",
        {"auto": "When it works", "never": "Never"},
    ),
    "label": Text(
        "Visible label",
        "Say in a corner of every frame that a face was replaced. An operator may require it.",
        "Label",
        {"none": "None", "text": "In words", "icon": "Icon"},
    ),
    "label_corner": Text(
        "Corner",
        "Where the label is.",
        "Label",
        {
            "bottom-right": "Bottom right",
            "bottom-left": "Bottom left",
            "top-right": "Top right",
            "top-left": "Top left",
        },
    ),
    "label_size": Text(
        "Label size",
        "Beside the frame's shorter side.",
        "Label",
        {"small": "Small", "medium": "Medium", "large": "Large"},
    ),
    "label_language": Text(
        "Label language",
        "Which language the label speaks.",
        "Label",
        {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "it": "Italiano"},
    ),
    "engine": Text(
        "Engine",
        "What renders the new face. All but the mesh are networks, to be fetched on the Models tab.",
        "Engine",
        {"mesh": "Mesh, built in"} | _titles("swap"),
    ),
    "device": Text(
        "Device",
        "Where networks run; auto takes a GPU when one works.",
        "Engine",
        {
            "auto": "Automatic",
            "cpu": "CPU",
            "cuda": "NVIDIA GPU",
            "tensorrt": "NVIDIA GPU, TensorRT",
            "rocm": "AMD GPU",
            "directml": "DirectML",
            "coreml": "Core ML",
            "openvino": "OpenVINO",
        },
        networks=True,
    ),
    "precision": Text(
        "Precision",
        "Of networks on a CPU: automatic calculates in fewer digits where that is quicker and cannot be seen.",
        "Engine",
        {"auto": "Automatic", "single": "Single precision"},
        networks=True,
    ),
    "resemblance": Text(
        "Resemblance",
        "Of networks: how much the new face is the photo's.",
        "Engine",
        ends=("Towards the target", "Beyond the photo"),
        networks=True,
    ),
    "pixel_boost": Text(
        "Pixel boost",
        "Of networks: render the face so many times finer than the network's own size.",
        "Engine",
        {"1x": "As it is", "2x": "Twice", "3x": "Three times", "4x": "Four times"},
        networks=True,
    ),
    "mask": Text(
        "Mask",
        "Of networks: replace what is within the face's outline, or their whole square.",
        "Engine",
        {"face": "The face", "box": "The square"},
        networks=True,
    ),
    "keep_texture": Text(
        "Keep texture",
        "Of networks: where little changed, pores and grain of the frame stay.",
        "Engine",
        networks=True,
    ),
    "keep_mouth": Text("Keep the mouth", "Of networks: teeth and tongue are the target's.", "Engine", networks=True),
    "keep_eyes": Text("Keep the eyes", "Of networks: eyes and shut lids are the target's.", "Engine", networks=True),
    "expression": Text(
        "Expression",
        "Of networks: open the mouth as far as the target does where the network does not.",
        "Engine",
        ends=("Of the network", "Of the target"),
        networks=True,
    ),
    "occluder": Text(
        "Occluder",
        "A further network that keeps in front what covers the face.",
        "Engine",
        {"none": "None"} | _titles("occluder"),
    ),
    "parser": Text(
        "Face parser",
        "A further network that keeps the new face to the parts of a face.",
        "Engine",
        {"none": "None"} | _titles("parser"),
    ),
    "restorer": Text(
        "Restorer",
        "Of networks: a further network that adds detail to the new face.",
        "Engine",
        {"none": "None"} | _titles("restorer"),
        networks=True,
    ),
    "restorer_strength": Text(
        "Restorer strength",
        "How much of the restored face is mixed in.",
        "Engine",
        ends=("None of it", "All of it"),
        networks=True,
    ),
    "photo_detail": Text(
        "Photo detail",
        "Of networks: fine detail of the photo, laid over the face by the mesh.",
        "Engine",
        ends=("None", "All"),
        networks=True,
    ),
}
