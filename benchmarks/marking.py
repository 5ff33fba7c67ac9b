"""The invisible watermark: what it outlives, how faint it is, what it costs.

    python -m benchmarks.marking robustness [--pictures 200] [--clips 20] [--folder FOLDER]
    python -m benchmarks.marking cost [--seconds 5] [--rounds 3]

`robustness` marks pictures and clips (see `benchmarks.marking_material`: photographs that come with installed packages,
those of FOLDER, made scenes), does to each what happens to media, and counts where the mark is found and read; it
looks for it in all of them unmarked as well. `cost` runs the same 720p job with and without marking, by turns.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks import marking_material as material
from benchmarks.clips import one_face
from pipeline import Cast, Recaster
from pipeline.marking import Marking
from pipeline.marking.watermark import Detector, Found, Payload, Use, Watermark
from pipeline.media import Picture
from pipeline.types import ImageArray
from tests import media

Attack = Callable[[ImageArray], ImageArray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("robustness", "cost"))
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="further pictures and clips")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if given.what == "cost":
        cost(given.seconds, given.rounds)
    else:
        if given.clips:
            print("\n" + clips_table(given.clips, given.folder).table("clips"))
        if given.pictures:
            print("\n" + pictures_table(given.pictures, given.folder).table("pictures"))


def jpeg(image: ImageArray, quality: int = 50) -> ImageArray:
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))


def half(image: ImageArray) -> ImageArray:
    return np.asarray(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))


def crop(image: ImageArray) -> ImageArray:
    height, width = image.shape[:2]
    return image[height // 7 :, width // 9 :][: height * 4 // 5, : width * 4 // 5]


def screenshot(image: ImageArray) -> ImageArray:
    shown = cv2.resize(image, None, fx=0.9, fy=0.9, interpolation=cv2.INTER_LINEAR)
    desktop = np.full((round(shown.shape[0] * 1.2), round(shown.shape[1] * 1.1), 3), 60, np.uint8)
    desktop[20 : 20 + shown.shape[0], 11 : 11 + shown.shape[1]] = shown
    return desktop


ATTACKS: dict[str, Attack] = {
    "nothing": lambda image: image,
    "JPEG 50": jpeg,
    "half size": half,
    "crop to 80 %": crop,
    "contrast and light +20 %": lambda image: cv2.convertScaleAbs(image, alpha=1.2, beta=12),
    "contrast and light -20 %": lambda image: cv2.convertScaleAbs(image, alpha=0.8, beta=-8),
    "screenshot": screenshot,
}


def looked(*images: ImageArray) -> Found:
    detector = Detector()
    for image in images:
        detector.add(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    return detector.find()


def marked(image: ImageArray, payload: Payload, use: Use) -> ImageArray:
    picture = Picture(image.copy())
    Watermark(payload).mark(picture, use)
    return picture.image()


def psnr(one: ImageArray, other: ImageArray) -> float:
    return float(10 * np.log10(255**2 / np.mean((one.astype(np.float64) - other) ** 2)))


@dataclass
class Tally:
    """How often a mark was found and read, attack by attack, and found where there is none."""

    found: dict[str, int]
    read: dict[str, int]
    noise: list[float] = field(default_factory=list)
    alarms: int = 0
    total: int = 0

    @classmethod
    def of(cls, attacks: Iterable[str]) -> Tally:
        names = tuple(attacks)
        return cls(dict.fromkeys(names, 0), dict.fromkeys(names, 0))

    def count(self, attack: str, outcome: Found, payload: Payload) -> None:
        self.found[attack] += outcome.found
        self.read[attack] += outcome.payload == payload

    def table(self, what: str) -> str:
        """As Markdown."""
        rows = "".join(f"| {name} | {self.found[name]} | {self.read[name]} |\n" for name in self.found)
        return (
            f"{self.total} {what}; PSNR of the mark {min(self.noise):.1f} dB at least, "
            f"{statistics.median(self.noise):.1f} dB in the median. "
            f"Unmarked, {self.alarms} of {self.total} were taken for marked.\n\n"
            f"| what was done to it | found | job read |\n| --- | --- | --- |\n{rows}"
        )


def pictures_table(wanted: int, folder: Path | None) -> Tally:
    tally = Tally.of(ATTACKS)
    for number, image in enumerate(material.pictures(wanted, folder)):
        payload = Payload(number * 2654435761 % 2**32)
        done = marked(image, payload, "still")
        tally.total += 1
        tally.noise.append(psnr(image, done))
        tally.alarms += looked(image).found
        for name, attack in ATTACKS.items():
            tally.count(name, looked(attack(done)), payload)
        if tally.total % 10 == 0:
            print(tally.table("pictures"), flush=True)
    return tally


def coded(frames: list[ImageArray], crf: int) -> list[ImageArray]:
    """Through H.264 and back."""
    height, width = (size // 2 * 2 for size in frames[0].shape[:2])
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "clip.mp4")
        with av.open(path, "w") as container:
            stream = container.add_stream("libx264", rate=Fraction(30), options={"crf": str(crf), "preset": "medium"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for frame in frames:
                native = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame[:height, :width]), "bgr24")
                container.mux(stream.encode(native))
            container.mux(stream.encode(None))
        with av.open(path) as container:
            return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def clips_table(wanted: int, folder: Path | None) -> Tally:
    attacks: dict[str, Callable[[list[ImageArray]], list[ImageArray]]] = {
        "H.264 CRF 28": lambda frames: coded(frames, 28),
        "half size, CRF 23": lambda frames: coded([half(frame) for frame in frames], 23),
        "half size, CRF 28": lambda frames: coded([half(frame) for frame in frames], 28),
        "crop to 80 %, CRF 28": lambda frames: coded([crop(frame) for frame in frames], 28),
        "one frame of CRF 28": lambda frames: coded(frames, 28)[len(frames) // 2 :][:1],
    }
    tally = Tally.of(attacks)
    for number, frames in enumerate(material.clips(wanted, folder)):
        payload = Payload(number * 40503 + 7)
        marks = [marked(frame, payload, "film") for frame in frames]
        done = coded(marks, 18)
        tally.total += 1
        tally.noise.append(psnr(np.stack(frames), np.stack(marks)))
        tally.alarms += looked(*frames).found
        for name, attack in attacks.items():
            tally.count(name, looked(*attack(done)), payload)
        print(tally.table(f"clips of {material.FRAMES} frames, written at CRF 18 first"), flush=True)
    return tally


def cost(seconds: float, rounds: int) -> None:
    sides = {"unmarked": Recaster(marking=Marking(frozenset())), "marked": Recaster()}
    used: dict[str, list[float]] = {name: [] for name in sides}
    sizes: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        clip = one_face(Path(folder) / "clip.mp4", (1280, 720), seconds)
        photo = media.portrait_file("astronaut", Path(folder))
        for _ in range(rounds):
            for name, recaster in sides.items():
                cast, begin = Cast(everyone=recaster.identify([photo])), time.process_time()
                report = recaster.recast(cast, clip, Path(folder) / f"{name}.mp4")
                used[name].append((time.process_time() - begin) / report.frames * 1000)
                sizes[name] = report.output.stat().st_size
    without, with_marks = (statistics.median(used[name]) for name in sides)
    print(f"processor time a 720p frame: {without:.1f} ms unmarked, {with_marks:.1f} ms marked")
    print(f"  marking takes {(with_marks / without - 1) * 100:.1f} % more; rounds {used}")
    print(f"  size of the result: {sizes['marked'] / sizes['unmarked']:.2f} times")


if __name__ == "__main__":
    main()
