"""The sides of `benchmarks.bench`, each carried out in a process of its own.

    python -m benchmarks.sides SIDE CLIP FOLDER

Everything is loaded, and a few frames are done, before the clock starts. The last line that is printed is JSON, see
`Measured`.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import shutil
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np

from benchmarks.peak import peak
from benchmarks.speed import copy
from pipeline import Cast, Options, Recaster
from pipeline.media import encoders
from pipeline.models.providers import PROVIDERS
from pipeline.options import DeviceName
from tests import media, models, networks

Side = Literal["codec", "mesh", "network", "network full", "reference", "reference full"]
SIDES: tuple[Side, ...] = get_args(Side)
FAMILY = "inswapper_128"
WARM = 0.2
"""Seconds of the clip that are done before the clock starts."""


@dataclass(frozen=True)
class Measured:
    """One run.

    Attributes:
        frames, seconds: of the whole job, from opening the clip to the finished file.
        cpu: seconds of processor time, with those of child processes.
        peak: bytes of resident memory at most, without those of the reference's ffmpeg.
        written: bytes given to write calls, files and pipes.
        result: bytes of the result.
        stages: seconds of work of each of our stages.
    """

    frames: int
    seconds: float
    cpu: float
    peak: int
    written: int
    result: int
    stages: dict[str, float] = field(default_factory=dict)


Job = Callable[[Path], tuple[int, dict[str, float]]]


def codec(clip: Path, folder: Path) -> Job:
    """Decoding and encoding alone, with the same settings."""
    return lambda output: (copy(clip, output, Options()), {})


def recast(clip: Path, folder: Path, engine: str, device: DeviceName = "cpu") -> Job:
    recaster = Recaster(device, store=models.library(folder).store)
    options = Options(engine=engine, device=device)
    cast = Cast(everyone=recaster.identify([media.portrait_file("astronaut", folder)]))
    recaster.recast(cast, clip, folder / "warm.mp4", replace(options, end=WARM))

    def job(output: Path) -> tuple[int, dict[str, float]]:
        report = recaster.recast(cast, clip, output, options)
        return report.frames, {name: spent.seconds for name, spent in report.stages.items()}

    return job


def reference(clip: Path, folder: Path, device: DeviceName = "cpu") -> Job:
    """insightface's own analysis and paste, frames through MoviePy, with our encoder's settings."""
    from insightface.app import FaceAnalysis
    from moviepy import VideoFileClip

    from benchmarks.network import insightface_swapper

    pack = folder / "pack"
    pack.mkdir(exist_ok=True)
    for name in ("scrfd_500m_bnkps.onnx", "w600k_mbf.onnx", "2d106det.onnx"):
        shutil.copy(models.insight_file(name), pack / name)
    app = FaceAnalysis(name=str(pack), providers=list(dict.fromkeys([PROVIDERS[device], PROVIDERS["cpu"]])))
    app.prepare(ctx_id=-1 if device == "cpu" else 0, det_size=(640, 640))
    swapper = insightface_swapper(folder / "models" / f"{FAMILY}.onnx", [0.0], device)
    source = app.get(media.portrait("astronaut"))[0]
    frames = [0]

    def change(image: Any) -> Any:
        frames[0] += 1
        frame = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        for face in app.get(frame):
            frame = swapper.get(frame, face, source, paste_back=True)
        return cv2.cvtColor(np.asarray(frame, np.uint8), cv2.COLOR_BGR2RGB)

    settings = encoders.X264[Options().quality]
    words = [word for name, value in settings.items() if name != "preset" for word in (f"-{name}", value)]

    def job(output: Path) -> tuple[int, dict[str, float]]:
        frames[0] = 0
        with VideoFileClip(str(clip)) as film:
            film.image_transform(change).write_videofile(
                str(output), codec="libx264", audio_codec="aac", preset=settings.get("preset", "medium"),
                ffmpeg_params=words, logger=None, temp_audiofile_path=str(folder),
            )  # fmt: skip
        return frames[0], {}

    change(media.portrait("hopper"))
    return job


def prepare(side: Side, clip: Path, folder: Path) -> Job:
    if side == "codec":
        return codec(clip, folder)
    if side == "mesh":
        return recast(clip, folder, "mesh")
    place = folder / "models" / f"{FAMILY}.onnx"
    if not place.exists():
        make = (lambda contract, **_: networks.full_inswapper()) if side.endswith("full") else networks.seeded
        networks.write_family(folder / "models", FAMILY, make)
    return recast(clip, folder, FAMILY) if side.startswith("network") else reference(clip, folder)


def measure(side: Side, clip: Path, folder: Path) -> Measured:
    job, output = prepare(side, clip, folder), folder / "result.mp4"
    began, used, written = time.perf_counter(), cpu_seconds(), _written()
    frames, stages = job(output)
    seconds, cpu = time.perf_counter() - began, cpu_seconds() - used
    return Measured(frames, seconds, cpu, peak(), _written() - written, output.stat().st_size, stages)


def cpu_seconds() -> float:
    """Processor time of this process and of those it waited for."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def _written() -> int:
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["wchar"])


def main() -> None:
    warnings.simplefilter("ignore")
    side, clip, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    with contextlib.redirect_stdout(io.StringIO()):
        measured = measure(next(known for known in SIDES if known == side), clip, folder)
    print(json.dumps(asdict(measured)))


if __name__ == "__main__":
    main()
