"""How a server holds up: what /health takes while videos are recast, and what many short jobs leave behind in it.

python -m benchmarks.server [--looks 500] [--jobs 200]

Starts a server of its own on loopback, with its data in a folder that is removed afterwards.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import httpx
import numpy as np

from studio.examples import examples, write_clip

ROOT = Path(__file__).resolve().parent.parent
MANY = {f"RECAST_{name}": "1000000" for name in ("QUEUE", "QUEUE_EACH", "JOBS_EACH_MINUTE", "LOOKS_EACH_MINUTE")}


class Server:
    """A server, and the one owner of all jobs in it."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "app.py", "--port", "0", "--data", str(folder / "data")],
            cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, **MANY},
        )  # fmt: skip
        assert self.process.stdout is not None
        found = re.search(r"http://\S+", self.process.stdout.readline())
        assert found, "the server did not start"
        self.http = httpx.Client(
            base_url=found.group(), timeout=120, headers={"X-Recast-Token": secrets.token_urlsafe(32)}
        )

    def send(self, source: Path, target: Path) -> str:
        files = [("source_image", source.read_bytes()), ("target", target.read_bytes())]
        answer = self.http.post("/process", files=files)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def state(self, job: str) -> str:
        return str(self.http.get(f"/status/{job}").json()["state"])

    def done(self, job: str) -> None:
        while (state := self.state(job)) != "done":
            assert state in ("queued", "running"), state
            time.sleep(0.05)
        self.http.delete(f"/jobs/{job}").raise_for_status()

    def held(self) -> tuple[float, int]:
        """Resident megabytes and open files."""
        home = Path(f"/proc/{self.process.pid}")
        return int((home / "statm").read_text().split()[1]) * 4096 / 1e6, len(list((home / "fd").iterdir()))


def health(server: Server, source: Path, film: Path, looks: int) -> list[float]:
    """Milliseconds of `looks` looks at /health, all of them while a video is recast."""
    jobs, taken = [server.send(source, film)], []
    while len(taken) < looks:
        if server.state(jobs[-1]) == "done":
            jobs.append(server.send(source, film))
        if server.state(jobs[-1]) != "running":
            time.sleep(0.1)
            continue
        for _ in range(20):
            begin = time.perf_counter()
            server.http.get("/health").raise_for_status()
            taken.append(1000 * (time.perf_counter() - begin))
            time.sleep(0.02)
    for job in jobs:
        server.http.delete(f"/jobs/{job}")
    return taken


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--looks", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=200)
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        examples(folder / "examples")
        source, portrait = folder / "examples/grace-hopper.jpg", folder / "examples/eileen-collins.jpg"
        image, small, film = cv2.imread(str(portrait)), folder / "small.png", folder / "film.mp4"
        assert image is not None
        cv2.imwrite(str(small), cv2.resize(image, (192, 192), interpolation=cv2.INTER_AREA))
        write_clip(film, np.asarray(image, np.uint8), 640, 360, seconds=20)
        server = Server(folder)
        try:
            taken = sorted(health(server, source, film, given.looks))
            print(
                f"/health while a video is recast, {len(taken)} looks: median {statistics.median(taken):.1f} ms, "
                f"p99 {taken[int(0.99 * len(taken))]:.1f} ms, longest {taken[-1]:.1f} ms"
            )
            for number in range(given.jobs + 1):
                if number % max(1, given.jobs // 5) == 0:
                    memory, files = server.held()
                    print(f"after {number:4} short jobs: {memory:.0f} MB, {files} open files")
                server.done(server.send(source, small))
        finally:
            server.process.terminate()
            server.process.wait(60)


if __name__ == "__main__":
    main()
