"""Memory, processor time and files of a job, for a clip and for one ten times as long.

    python -m benchmarks.memory [--seconds 10] [--factor 10] [--size 1280x720] [--segments]

Each job runs in a process of its own with a temporary folder of its own, so that its peak resident memory can be read
and every file it leaves or makes is seen. How memory goes on is told in ten steps. `--segments` does as the studio
does, which keeps a long video's finished segments beside it until they are joined.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.clips import one_face
from tests import media

CHILD = """
import json, resource, sys
from pathlib import Path
from benchmarks.peak import peak
from pipeline import Cast, Recaster
source, target, output, work = map(Path, sys.argv[1:])
recaster = Recaster()
cast = Cast(everyone=recaster.identify([source]))
report = recaster.recast(cast, target, output, work=work if work.name else None)
used = resource.getrusage(resource.RUSAGE_SELF)
sys.stdout.write(json.dumps({"peak": peak(), "frames": report.frames, "fps": report.fps,
                             "cpu": (used.ru_utime + used.ru_stime) / report.frames * 1000}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--factor", type=int, default=10)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--segments", action="store_true")
    given = parser.parse_args()
    width, height = (int(part) for part in given.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        source = media.portrait_file("astronaut", Path(folder))
        peaks, costs = [], []
        for seconds in (given.seconds, given.seconds * given.factor):
            clip = one_face(Path(folder) / f"clip-{seconds:g}.mp4", (width, height), seconds)
            outcome, files, held = job(source, clip, Path(folder) / f"work-{seconds:g}", given.segments)
            peaks.append(outcome["peak"] / 1e6)
            costs.append(outcome["cpu"])
            print(
                f"{seconds:g} s, {outcome['frames']} frames: peak {peaks[-1]:.0f} MB, {outcome['fps']:.1f} frames/s, "
                f"{costs[-1]:.1f} ms of processor time a frame"
            )
            print(f"  megabytes as it went on: {', '.join(f'{value:.0f}' for value in held)}")
            print(f"  files seen while it ran: {', '.join(sorted(files))}")
        print(f"ratio {peaks[1] / peaks[0]:.3f} in memory, {costs[1] / costs[0]:.3f} in processor time a frame")


def job(source: Path, clip: Path, work: Path, segments: bool) -> tuple[dict[str, float], set[str], list[float]]:
    """What a job took, endings of files that were there, and megabytes that it held at ten moments."""
    work.mkdir()
    kept = work.with_name(f"{work.name}-segments") if segments else Path()
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(source), str(clip), str(work / "result.mp4"), str(kept)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(work)}, text=True,
    )  # fmt: skip
    files: set[str] = set()
    held: list[float] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            files.update(path.name.split(".")[-1] for path in work.rglob("*"))
            with suppress(OSError, IndexError):
                pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
                if pages:
                    held.append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    done.set()
    watcher.join()
    assert {path.name for path in work.iterdir()} == {"result.mp4"}, "something else was left behind"
    steps = [held[len(held) * step // 10] for step in range(1, 10)]
    return json.loads(output), files, [*steps, held[-1]]


if __name__ == "__main__":
    main()
