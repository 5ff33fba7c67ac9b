"""Which device the studio works on, and why, in words for the masthead."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline.models.devices import cuda_works
from pipeline.models.gpus import gpu_count

_DRIVERS = (Path("/proc/driver/nvidia/version"), Path("/dev/dxg"))
"""One of them is there where a GPU's driver is: Linux and WSL."""


@dataclass(frozen=True)
class DeviceState:
    """`warning` says in a sentence what was expected and is not so; empty where all is as it should be."""

    name: str
    about: str
    warning: str = ""


def device_state(wanted: str) -> DeviceState:
    """The active device. The first call may take a second: it runs a network on the GPU, where there is one."""
    cores = os.cpu_count() or 1
    about = f"Runs on the processor, {cores} cores" if cores > 1 else "Runs on the processor, 1 core"
    driver = any(path.exists() for path in _DRIVERS)
    # Without a driver there is nothing to try, and a try would be loud.
    if wanted != "cpu" and driver and cuda_works():
        return DeviceState("GPU", f"Networks run on the NVIDIA GPU; everything else on {cores} cores")
    if wanted == "cuda":
        return DeviceState("CPU", about, "A GPU was asked for, but none can be used: running on the CPU")
    if wanted == "auto" and driver:
        return DeviceState("CPU", about, "There is an NVIDIA GPU, but CUDA does not work: running on the CPU")
    return DeviceState("CPU", about)


def usable_gpus() -> int:
    """GPUs that jobs can be spread over. Where there is no more than one, whether it works is not looked at."""
    count = gpu_count()
    return count if count < 2 or cuda_works() else 1
