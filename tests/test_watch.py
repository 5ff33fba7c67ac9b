"""A run of the tests ends, whatever hangs in it, and takes with it what it has started."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")


def run(folder: Path, text: str, *words: str) -> tuple[int, str]:
    """A run of pytest over one file, with little patience: its status, and what it said."""
    (folder / "test_it.py").write_text(
        "import ctypes, subprocess, threading, time\nimport pytest\n" + textwrap.dedent(text)
    )
    (folder / "pytest.ini").write_text("[pytest]\ntimeout = 1\ngrace = 3\nfarewell = 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.watch", "-c", folder / "pytest.ini", folder, *words],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_a_tidying_up_that_hangs_after_a_test_that_hung(tmp_path: Path) -> None:
    status, said = run(
        tmp_path,
        """
        @pytest.fixture
        def thing():
            yield
            while True:
                time.sleep(1)

        def test_it(thing):
            time.sleep(50)
        """,
    )
    assert status == 1 and "in thing" in said, said


@pytest.mark.slow
def test_native_code_that_never_comes_back(tmp_path: Path) -> None:
    status, said = run(
        tmp_path,
        """
        def test_it():
            system, mutex = ctypes.PyDLL(None), ctypes.create_string_buffer(64)
            for _ in range(2):
                system.pthread_mutex_lock(mutex)
        """,
    )
    assert status == 1 and "in test_it" in said, said


@pytest.mark.slow
@pytest.mark.parametrize(("ends", "status"), [("pass", 0), ("assert False", 1)])
def test_a_thread_that_goes_on(tmp_path: Path, ends: str, status: int) -> None:
    begin = time.monotonic()
    found, said = run(
        tmp_path,
        f"""
        def test_it():
            threading.Thread(target=time.sleep, args=(50,), name="left").start()
            {ends}
        """,
    )
    assert (found, time.monotonic() - begin < 40) == (status, True), said
    assert "A thread outlived the tests" in said


@pytest.mark.slow
def test_a_process_that_goes_on(tmp_path: Path) -> None:
    status, said = run(
        tmp_path,
        """
        def test_it():
            subprocess.Popen(["sleep", "51.5"])
            subprocess.run(["sh", "-c", "setsid sleep 51.6 &"])  # whose parent has gone
        """,
    )
    assert (
        status == 0
        and "A process outlived the tests and was ended" in said
        and "sleep 51.5" in said
        and "sleep 51.6" in said
    ), said
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if b"sleep\x0051." in read(path)]


@pytest.mark.slow
def test_a_worker_that_hangs_and_what_it_started(tmp_path: Path) -> None:
    """Native code again: the worker is ended, its test has failed, and the others go on in another one."""
    status, said = run(
        tmp_path,
        """
        def test_it():
            subprocess.run(["sh", "-c", "setsid sleep 51.7 &"])
            system, mutex = ctypes.PyDLL(None), ctypes.create_string_buffer(64)
            for _ in range(2):
                system.pthread_mutex_lock(mutex)

        def test_another():
            pass
        """,
        *("--numprocesses", "1", "--dist", "worksteal"),
    )
    assert status == 1 and "1 failed, 1 passed" in said and "in test_it" in said, said
    assert "A process outlived the tests and was ended" in said and "sleep 51.7" in said, said


def test_a_run_in_which_nothing_hangs_says_nothing(tmp_path: Path) -> None:
    status, said = run(
        tmp_path,
        """
        def test_it():
            subprocess.run(["true"], check=True)
        """,
    )
    assert status == 0 and "outlived" not in said and "Timeout" not in said, said


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
