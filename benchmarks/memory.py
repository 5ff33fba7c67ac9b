"""Peak memory of a job, for a clip and for one ten times as long, and what it wrote.

    python -m benchmarks.memory [--seconds 10] [--factor 10]

Each job runs in a process of its own with a temporary folder of its own, so that its peak resident memory can be read
and every file it leaves or makes is seen.
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
from pathlib import Path

from benchmarks.clips import one_face
from tests import media

CHILD = """
import json, resource, sys
from pathlib import Path
from pipeline import Cast, Recaster
source, target, output = map(Path, sys.argv[1:])
recaster = Recaster()
report = recaster.recast(Cast(everyone=recaster.identify([source])), target, output)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sys.stdout.write(json.dumps({"peak": peak * 1024, "frames": report.frames, "fps": report.fps}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--factor", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = media.portrait_file("astronaut", Path(folder))
        peaks = []
        for seconds in (given.seconds, given.seconds * given.factor):
            clip = one_face(Path(folder) / f"clip-{seconds:g}.mp4", (1280, 720), seconds)
            outcome, files = job(source, clip, Path(folder) / f"work-{seconds:g}")
            peaks.append(outcome["peak"] / 1e6)
            print(f"{seconds:g} s, {outcome['frames']} frames: peak {peaks[-1]:.0f} MB, {outcome['fps']:.1f} frames/s")
            print(f"  files seen while it ran: {', '.join(sorted(files))}")
        print(f"ratio {peaks[1] / peaks[0]:.3f}")


def job(source: Path, clip: Path, work: Path) -> tuple[dict[str, float], set[str]]:
    work.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(source), str(clip), str(work / "result.mp4")],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(work)}, text=True,
    )  # fmt: skip
    files: set[str] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            files.update(path.name.split(".")[-1] for path in work.rglob("*"))
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    done.set()
    watcher.join()
    assert {path.name for path in work.iterdir()} == {"result.mp4"}, "something else was left behind"
    return json.loads(output), files


if __name__ == "__main__":
    main()
