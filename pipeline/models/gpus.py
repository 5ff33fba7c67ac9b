"""How many GPUs there are for networks to be spread over."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_DRIVER = Path("/proc/driver/nvidia/gpus")
"""A folder for each, where NVIDIA's driver is loaded."""


def gpu_count(driver: Path = _DRIVER, environment: Mapping[str, str] = os.environ) -> int:
    """NVIDIA GPUs that this process may use; 0 where there are none. CUDA numbers them from 0.

    Asks the driver's own listing, which takes no memory on any of them, as CUDA would.
    """
    try:
        present = len(list(driver.iterdir()))
    except OSError:
        return 0
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return present
    count = 0
    for name in (part.strip() for part in visible.split(",")):
        # CUDA looks no further than the first name that is none.
        if not name or (name.lstrip("-").isdigit() and not 0 <= int(name) < present):
            break
        count += 1
    return count
