"""Frames a second of a whole job, beside decoding and encoding alone on the same clip.

    python -m benchmarks.speed [--seconds 10] [--rounds 3] [--sizes 1280x720 1920x1080]

Both sides run in this process, by turns, so that a busy machine slows both; medians are compared. The job reads, finds
and follows the face, recasts it, writes H.264 at the default quality and copies the sound.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.clips import one_face
from pipeline import Cast, Options, Recaster, Report
from pipeline.media import open_result, open_target
from tests import media


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", nargs="+", default=["1280x720", "1920x1080"])
    parser.add_argument("--quality", default=Options().quality)
    given = parser.parse_args()
    options = Options(quality=given.quality)
    recaster = Recaster()
    with tempfile.TemporaryDirectory() as folder:
        cast = Cast(everyone=recaster.identify([media.portrait_file("astronaut", Path(folder))]))
        for text in given.sizes:
            width, height = (int(part) for part in text.split("x"))
            clip = one_face(Path(folder) / f"{text}.mp4", (width, height), given.seconds)
            compare(recaster, cast, clip, options, given.rounds, text)


def compare(recaster: Recaster, cast: Cast, clip: Path, options: Options, rounds: int, name: str) -> None:
    output = clip.with_name("result.mp4")
    jobs: list[float] = []
    media_alone: list[float] = []
    cpu: list[float] = []
    report: Report | None = None
    for _ in range(rounds):
        begin = time.perf_counter()
        frames = copy(clip, output, options)
        media_alone.append(frames / (time.perf_counter() - begin))
        used = time.process_time()
        report = recaster.recast(cast, clip, output, options)
        cpu.append((time.process_time() - used) / report.frames * 1000)
        jobs.append(report.fps)
    assert report is not None
    whole, alone = statistics.median(jobs), statistics.median(media_alone)
    print(f"{name}, {report.frames} frames, {report.changed} recast, {os.cpu_count()} cores, {report.encoder}")
    print(f"  whole job           {whole:7.1f} frames/s  ({', '.join(f'{fps:.1f}' for fps in jobs)})")
    print(f"  decode+encode alone {alone:7.1f} frames/s  ({', '.join(f'{fps:.1f}' for fps in media_alone)})")
    print(f"  ratio {whole / alone:.2f}; processor time {statistics.median(cpu):.1f} ms a frame")
    for stage, spent in report.stages.items():
        print(f"    {stage:8s}{spent.seconds / max(spent.frames, 1) * 1000:7.2f} ms a frame")


def copy(clip: Path, output: Path, options: Options) -> int:
    """Read and write every frame, change nothing."""
    frames = 0
    with open_target(clip) as reader, open_result(output, reader, options) as writer:
        for frame in reader:
            writer.write(frame)
            frames += 1
        writer.finish()
    return frames


if __name__ == "__main__":
    main()
