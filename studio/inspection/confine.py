"""Takes from the running process whatever decoding a file does not need. There is no way back."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import multiprocessing
import multiprocessing.connection
import os
import platform
import resource
import signal
import struct
import sys
from dataclasses import dataclass

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Bounds:
    """What a confined process may use.

    Attributes:
        memory: bytes of address space beside what it has when it begins.
        seconds: of processor time.
    """

    memory: int = 2048 * MEGABYTE
    seconds: int = 60


BOUNDS = Bounds()
# Calls that reach the network, other programs, other processes, or change what is on disk. Numbers of Linux on x86-64.
_FORBIDDEN = {
    "socket": 41, "connect": 42, "accept": 43, "sendto": 44, "sendmsg": 46, "bind": 49, "listen": 50, "socketpair": 53,
    "execve": 59, "kill": 62, "rename": 82, "mkdir": 83, "rmdir": 84, "creat": 85, "link": 86, "unlink": 87,
    "symlink": 88, "chmod": 90, "fchmod": 91, "chown": 92, "fchown": 93, "lchown": 94, "truncate": 76, "ftruncate": 77,
    "ptrace": 101, "setuid": 105, "setgid": 106, "rt_sigqueueinfo": 129, "mknod": 133, "pivot_root": 155, "chroot": 161,
    "mount": 165, "umount2": 166, "init_module": 175, "tkill": 200, "keyctl": 250, "mkdirat": 258, "mknodat": 259,
    "fchownat": 260, "unlinkat": 263, "renameat": 264, "linkat": 265, "symlinkat": 266, "fchmodat": 268, "unshare": 272,
    "accept4": 288, "fallocate": 285, "rt_tgsigqueueinfo": 297, "open_by_handle_at": 304, "sendmmsg": 307, "setns": 308,
    "process_vm_readv": 310, "process_vm_writev": 311, "finit_module": 313, "renameat2": 316, "bpf": 321,
    "execveat": 322, "userfaultfd": 323, "pidfd_send_signal": 424, "io_uring_setup": 425, "pidfd_open": 434,
    "openat2": 437,
}  # fmt: skip
_OPEN, _OPENAT, _TGKILL = 2, 257, 234
"""Calls that are needed: to read files, and to end oneself. What else they can do is told by one of their arguments."""
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_X86_64 = 0xC000003E
_OTHER_ABI = 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 1, 38, 22, 2


def confine(bounds: Bounds) -> tuple[str, ...]:
    """Give up what is not needed. Open files stay open; what answers the parent has to be one of them.

    Returns:
        What this platform could not take away, in words; nothing when all went well.
    """
    missing = []
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        _end_with_caller()
    limits = {
        resource.RLIMIT_CPU: bounds.seconds,
        resource.RLIMIT_AS: _address_space() + bounds.memory,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for which, most in limits.items():
        try:
            resource.setrlimit(which, (most, most))
        except (OSError, ValueError):
            missing.append("a limit")
    try:
        os.nice(5)
    except OSError:
        missing.append("a lower priority")
    if not _filter_calls():
        missing.append("the network and other programs")
    return tuple(missing)


def _end_with_caller() -> None:
    """Have the kernel end this process with the one that waits for its answer, whatever it hangs in by then.

    That one is no parent in the kernel's sense: the small server between them is, and it lives as long as anybody it
    has begun. Of the caller's end tells the pipe that `multiprocessing` keeps to it: its other end is closed then.
    """
    caller = multiprocessing.parent_process()
    if sys.platform != "linux" or caller is None:
        return
    pipe = caller.sentinel
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    if multiprocessing.connection.wait([pipe], 0):
        os._exit(1)  # it was gone already


def _address_space() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        return 1024 * MEGABYTE


def _argument(number: int) -> int:
    """Where the lower half of a call's argument is, in what the filter is shown."""
    return 16 + 8 * number


def _filter_calls() -> bool:
    """Let the kernel refuse `_FORBIDDEN`, opening anything to be written to, and signals to others; for this process
    and all its threads to come. Whether it does."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    load, equal, above, anyof, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    refuse = 0x00050000 | errno.EPERM
    numbers = sorted(_FORBIDDEN.values())
    end = len(numbers) + 3 * 3  # from here to where it is allowed; it is refused right after that
    program = [(load, 0, 0, 4), (equal, 1, 0, _X86_64), (answer, 0, 0, refuse), (load, 0, 0, 0)]
    program.append((above, end + 1, 0, _OTHER_ABI))
    program += [(equal, end - place, 0, number) for place, number in enumerate(numbers)]
    program += [(equal, 0, 2, _OPEN), (load, 0, 0, _argument(1)), (anyof, 7, 6, _WRITES)]
    program += [(equal, 0, 2, _OPENAT), (load, 0, 0, _argument(2)), (anyof, 4, 3, _WRITES)]
    program += [(equal, 0, 2, _TGKILL), (load, 0, 0, _argument(0)), (equal, 0, 1, os.getpid())]
    program += [(answer, 0, 0, 0x7FFF0000), (answer, 0, 0, refuse)]
    code = b"".join(struct.pack("HBBI", *line) for line in program)
    held = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(held))
    system = ctypes.CDLL(None, use_errno=True)
    if system.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(system.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.c_char_p(header), 0, 0) == 0)
