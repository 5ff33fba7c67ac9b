"""Files from outside are decoded first by a process that can do nothing else."""

from __future__ import annotations

import ctypes
import mmap
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from pipeline.errors import Cancelled, CorruptMedia, FileMissing, InputError, MediaTooLarge, UnsupportedMedia
from pipeline.recast import Recaster
from pipeline.types import MediaLimits
from studio.examples import write_clip
from studio.inspection.confine import MEGABYTE, Bounds, confine
from studio.inspection.inspector import Inspector, Unsafe
from studio.live.visit import Visit
from studio.operations import Studio
from studio.settings import Settings
from tests.conftest import Material

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are confined on Linux only")


def attempts(folder: str) -> dict[str, Callable[[], object]]:
    """What a decoder that was taken over would try."""
    mine = Path(folder)
    return {
        "a connection": lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
        "a socket": lambda: socket.socket(socket.AF_UNIX),
        "a program": lambda: os.execv("/bin/true", ["true"]),
        "a child program": lambda: subprocess.run(["/bin/true"], check=True),
        "a file": lambda: (mine / "new").write_bytes(b"x" * 10),
        "a longer file": lambda: (mine / "old").open("ab", 0).write(b"x"),
        "a shorter file": lambda: os.truncate(mine / "old", 0),
        "an empty file": lambda: (mine / "new").touch(),
        "an emptied file": lambda: (mine / "old").open("wb").close(),
        "other bytes of a file": lambda: _scribbled(mine / "old"),
        "removing": lambda: (mine / "old").unlink(),
        "renaming": lambda: (mine / "old").rename(mine / "other"),
        "a link": lambda: (mine / "link").symlink_to("/etc/passwd"),
        "a signal": lambda: os.kill(os.getppid(), 0),
        "a signal to a thread": lambda: _called(234, os.getppid(), os.getppid(), 0),
        "a signal in the queue": lambda: _called(129, os.getppid(), 0, 0),
        "memory": lambda: bytearray(700 * MEGABYTE),
    }


def _called(number: int, *arguments: int) -> None:
    """A system call; raises `OSError` where the kernel refuses it."""
    system = ctypes.CDLL(None, use_errno=True)
    if system.syscall(number, *arguments) != 0:
        raise OSError(ctypes.get_errno(), "refused")


def can_still_end_itself() -> bool:
    """As a decoder that has found itself broken does."""
    return _called(234, os.getpid(), threading.get_native_id(), 0) is None


def _scribbled(path: Path) -> None:
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        memory[:1] = b"X"


def captive(answer: Connection, folder: str) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    found = confine(Bounds(memory=512 * MEGABYTE, seconds=20))
    managed = []
    for name, attempt in attempts(folder).items():
        try:
            attempt()
            managed.append(name)
        except (OSError, ValueError, MemoryError, subprocess.SubprocessError):
            pass
    if (Path(folder) / "old").read_bytes() != b"kept" or not can_still_end_itself():
        managed.append("what it should not have")
    answer.send((found, managed))
    answer.close()
    os._exit(0)


def busy(answer: Connection) -> None:
    confine(Bounds(seconds=1))
    while True:
        pass


def confined(work: Callable[..., None], *words: str) -> tuple[tuple[tuple[str, ...], list[str]] | None, int | None]:
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(theirs, *words), daemon=True)
    process.start()
    theirs.close()
    try:
        said = ours.recv() if ours.poll(60) else None
    except EOFError:
        said = None
    process.join(20)
    process.kill()  # where it is still there, in vain: its status tells
    process.join(20)
    return said, process.exitcode


def test_a_confined_process_can_do_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"kept")
    said, code = confined(captive, str(tmp_path))
    assert said == ((), []) and code == 0
    assert (tmp_path / "old").read_bytes() == b"kept"
    assert not (tmp_path / "new").exists()


def test_it_ends_when_its_time_is_over() -> None:
    said, code = confined(busy)
    assert said is None and code in (-signal.SIGXCPU, -signal.SIGKILL)


@pytest.fixture(scope="module")
def inspector() -> Inspector:
    return Inspector(MediaLimits(pixels=4_000_000))


def test_good_files_pass_and_are_remembered(inspector: Inspector, material: Material, tmp_path: Path) -> None:
    for path in (material.eileen, material.both, material.clip):
        for thorough in (False, True):
            inspector.check(path, thorough)
    picture = tmp_path / "picture.png"
    picture.write_bytes(material.both.read_bytes())
    inspector.check(picture)
    # Spoilt without a trace: only who does not look again lets it pass.
    found = picture.stat()
    picture.write_bytes(bytes(found.st_size))
    os.utime(picture, ns=(found.st_atime_ns, found.st_mtime_ns))
    inspector.check(picture)
    with pytest.raises(InputError):
        inspector.check(picture, thorough=True)


def bomb(path: Path) -> None:
    """A PNG of 40000 x 40000 pixels in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = (40_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    rows = zlib.compress(bytes(5_000_000))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


def test_what_is_wrong_with_a_file_is_told(inspector: Inspector, material: Material, tmp_path: Path) -> None:
    cases: list[tuple[bytes, type[InputError]]] = [
        (b"#!/bin/sh\n", UnsupportedMedia),
        (material.eileen.read_bytes()[:2000], CorruptMedia),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), CorruptMedia),
        (b"\x00\x00\x00\x18ftypisom" + bytes(200), InputError),
    ]
    for number, (content, error) in enumerate(cases):
        path = tmp_path / f"{number}.png"
        path.write_bytes(content)
        with pytest.raises(error):
            inspector.check(path)
    bomb(tmp_path / "bomb.png")
    with pytest.raises(MediaTooLarge):
        inspector.check(tmp_path / "bomb.png")
    with pytest.raises(FileMissing):
        inspector.check(tmp_path / "gone.png")


def test_what_takes_too_much_is_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    cv2.imwrite(str(large), np.zeros((6000, 6000, 3), np.uint8))
    tight = Inspector(MediaLimits(), Bounds(memory=40 * MEGABYTE))
    with pytest.raises((Unsafe, MediaTooLarge)):
        tight.check(large)
    Inspector(MediaLimits()).check(large)


def again_and_again(clip: Path, output: Path, times: int) -> None:
    """A clip that shows another one so often."""
    with av.open(str(clip)) as source, av.open(str(output), "w") as result:
        stream = result.add_stream_from_template(source.streams.video[0])
        length = source.streams.video[0].duration or 0
        for number in range(times):
            source.seek(0)
            for packet in source.demux(video=0):
                if packet.pts is not None and packet.dts is not None:
                    packet.pts, packet.dts = packet.pts + number * length, packet.dts + number * length
                    packet.stream = stream
                    result.mux(packet)


def test_photos_of_the_live_view_are_looked_at_as_well(tmp_path: Path) -> None:
    studio = Studio(Settings(data=tmp_path), Recaster())
    studio.inspector = Inspector(studio.settings.limits, Bounds(memory=40 * MEGABYTE))
    photo = cv2.imencode(".png", np.zeros((6000, 6000, 3), np.uint8))[1].tobytes()
    try:
        with pytest.raises((MediaTooLarge, Unsafe)):
            Visit(studio, None).meet([photo])
        assert not list(studio.settings.spool.iterdir())
    finally:
        studio.close()


def test_a_decoder_that_never_ends_is_ended(
    material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine may not give it a second of its processor within the usual time, at whose end it leaves by itself.
    monkeypatch.setattr("studio.inspection.inspector.THOROUGH", 50.0)
    short, path = tmp_path / "short.mp4", tmp_path / "long.mp4"
    write_clip(short, np.asarray(cv2.imread(str(material.eileen)), np.uint8), 1920, 1080, seconds=0.4)
    again_and_again(short, path, 200)
    with pytest.raises(Unsafe):
        Inspector(MediaLimits(), Bounds(seconds=1)).check(path, thorough=True)


def test_who_cancels_does_not_wait(inspector: Inspector, material: Material, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(material.clip.read_bytes())
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        inspector.check(path, True, cancel)
