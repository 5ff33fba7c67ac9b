"""What a graphics card makes of a film: one command for a machine that has one, of some five minutes.

    python -m benchmarks.gpu [--device cuda] [--seconds 6] [--size 1920x1080] [--frames 2000] [--light]
                             [--output results/gpu.md] [--minutes 8] [--parts device,network,...]

With a stand-in of inswapper_128's true size and cost (`--light`: one that costs next to nothing) on the device:

* `device`: what is truly active, and how many multiplications of half-precision matrices it does in a second;
* `network`: the network alone, by rows of a call, in single and in half precision, beside the least its arithmetic
  takes: a face in a batch against the face alone, and both precisions against the CPU's;
* `exact`: single precision against the CPU's, without TF32, the eleven bits that CUDA's libraries otherwise multiply;
* `films`: one and two faces a frame, the face rendered twice and four times as fine (which 4 and 16 times the
  arithmetic keeps the card busy with) and in half precision, by turns: frames a second, of the arithmetic's limit, the
  share of the time that the card was busy, memory on the card, processor time;
* `usual`: insightface with MoviePy on the same network, device and film;
* `memory`: of the process and of the card while 2,000 frames are recast.

Each part is a process of its own with a limit of time: what fails or hangs in one costs no other. The page
(`benchmarks/results/gpu.md`) is written anew with every line that is measured, with what was to be shown and whether it
was. Runs with ``--device cpu`` as well, which proves the command and measures nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.bench import RESULTS
from benchmarks.gpu_said import Figure, Said, Verdict, heard
from pipeline.options import DEVICES


@dataclass(frozen=True)
class Part:
    """Something that is measured in a process of its own.

    Attributes:
        minutes: it takes at most, or is ended.
        environment: more variables of it.
    """

    title: str
    minutes: float
    environment: Mapping[str, str] = field(default_factory=dict)


PARTS: Mapping[str, Part] = {
    "device": Part("The device", 1.5),
    "network": Part("The network alone", 2.5),
    "exact": Part("Single precision without TF32", 1, {"NVIDIA_TF32_OVERRIDE": "0"}),
    "films": Part("Films", 4),
    "usual": Part("The usual way", 1.5),
    "memory": Part("Memory", 2.5),
}
"""In the order of what one would miss most."""


@dataclass(frozen=True)
class Asked:
    """What a part needs to know.

    Attributes:
        folder: what the parts share: networks, clips.
        figures: what earlier parts measured, by name.
    """

    device: str
    seconds: float
    size: tuple[int, int]
    rounds: int
    frames: int
    light: bool
    folder: str
    figures: dict[str, float] = field(default_factory=dict)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=[name for name in DEVICES if name != "auto"], default="cuda")
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--frames", type=int, default=2000, help="to recast while memory is looked at")
    parser.add_argument("--light", action="store_true", help="a network that costs next to nothing")
    parser.add_argument("--output", type=Path, default=RESULTS / "gpu.md")
    parser.add_argument("--minutes", type=float, default=8, help="for all parts together")
    parser.add_argument("--parts", default=",".join(PARTS), help="which, with commas between them")
    given = parser.parse_args()
    # Whoever ends this ends the part at work, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    names = given.parts.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        parser.error(f"there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    width, height = (int(side) for side in given.size.split("x"))
    words = f"--device {given.device} --seconds {given.seconds:g} --size {given.size}" + " --light" * given.light
    page = Page(given.output, f"# On a graphics card\n\nMade by `python -m benchmarks.gpu {words}`.")
    end = time.monotonic() + given.minutes * 60
    with tempfile.TemporaryDirectory() as folder:
        asked = Asked(given.device, given.seconds, (width, height), given.rounds, given.frames, given.light, folder)
        for name in names:
            page.begin(PARTS[name].title)
            carry_out(name, asked, page, end - time.monotonic())
    page.end()
    return 1 if page.broken else 0


class Page:
    """What was measured so far, on the terminal and in a file, which is whole at every moment."""

    def __init__(self, path: Path, title: str) -> None:
        self._path, self._title, self._begin = path, title, time.perf_counter()
        self._lines: list[str] = []
        self._verdicts: list[Verdict] = []
        self.broken = False

    def begin(self, title: str) -> None:
        self.add(f"\n## {title}\n")

    def add(self, said: Said | str) -> None:
        if isinstance(said, Verdict):
            self._verdicts.append(said)
        else:
            self._lines.append(str(said))
        print(said, flush=True)
        self._write()

    def fail(self, name: str, why: str) -> None:
        self.broken = True
        self.add(Verdict(f"the part {name} {why}", False))

    def end(self) -> None:
        self.add(f"\nThe whole took {time.perf_counter() - self._begin:.0f} s.")

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = "\n".join([self._title, "", *map(str, self._verdicts), *self._lines]) + "\n"
        # Whoever copies the page meanwhile gets a whole one.
        beside = self._path.with_suffix(".part")
        beside.write_text(text)
        beside.replace(self._path)


def carry_out(name: str, asked: Asked, page: Page, left: float) -> None:
    """Run one part and add what it says, line by line.

    Args:
        left: seconds for this part and all that follow.
    """
    part, told = PARTS[name], asdict(asked)
    seconds = min(part.minutes * 60, left)
    if seconds <= 0:
        page.fail(name, "was left out: no time was left")
        return
    with tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.gpu_parts", name, json.dumps(told)],
            stdout=subprocess.PIPE, stderr=complaints, text=True, start_new_session=True,
            # CUDA would begin with the quickest card, NVIDIA's report begins with the first on the bus.
            env={**os.environ, "CUDA_DEVICE_ORDER": "PCI_BUS_ID", **part.environment},
        )  # fmt: skip
        late = threading.Event()

        def stop() -> None:
            late.set()
            _kill(process)

        timer = threading.Timer(seconds, stop)
        timer.start()
        try:
            for said in heard(process.stdout or ()):
                if isinstance(said, Figure):
                    asked.figures[said.name] = said.value
                else:
                    page.add(said)
            status = process.wait()
        finally:
            timer.cancel()
            _kill(process)
        if late.is_set():
            page.fail(name, f"took longer than {seconds:.0f} s and was ended")
        elif status != 0:
            complaints.seek(0)
            page.fail(name, f"failed ({status}): {_last(complaints.read())}")


def _kill(process: subprocess.Popen[Any]) -> None:
    """The part and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:400] if lines else "it said nothing"


if __name__ == "__main__":
    sys.exit(main())
