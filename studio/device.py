"""Which device the studio works on, and why, in words for the masthead."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pipeline.models import nvidia
from pipeline.models.devices import TITLES, cuda_works, trouble, works
from pipeline.models.gpus import gpu_count
from pipeline.models.providers import AUTOMATIC
from pipeline.options import DEVICES, DeviceName


@dataclass(frozen=True)
class DeviceState:
    """`warning` says in a sentence what was expected and is not so, and `why` in another one; both are empty where all
    is as it should be."""

    name: str
    about: str
    warning: str = ""
    why: str = ""


def device_state(wanted: str) -> DeviceState:
    """The active device. The first call may take a second: it runs a network on the GPU, where there is one."""
    cores, possible = os.cpu_count() or 1, nvidia.driver_possible()
    asked: tuple[DeviceName, ...] = tuple(name for name in DEVICES if name == wanted and name not in ("auto", "cpu"))
    for device in AUTOMATIC if wanted == "auto" else asked:
        # Without a driver there is nothing to try.
        if (possible or device not in ("cuda", "tensorrt")) and works(device):
            title = "the NVIDIA GPU" if device == "cuda" else TITLES[device]
            return DeviceState("GPU", f"Networks run on {title}; everything else on {cores} cores")
    about = f"Runs on the processor, {cores} cores" if cores > 1 else "Runs on the processor, 1 core"
    if asked:
        warning = "A GPU was asked for, but none can be used: running on the CPU"
        return DeviceState("CPU", about, warning, trouble(asked[0]))
    if wanted == "auto" and nvidia.driver_present():
        warning = "There is an NVIDIA GPU, but CUDA does not work: running on the CPU"
        return DeviceState("CPU", about, warning, trouble("cuda"))
    return DeviceState("CPU", about)


def usable_gpus() -> int:
    """GPUs that jobs can be spread over. Where there is no more than one, whether it works is not looked at."""
    count = gpu_count()
    return count if count < 2 or cuda_works() else 1
