"""Why networks do not run on an NVIDIA GPU here, in sentences that say what to do about it."""

from __future__ import annotations

import ctypes
import ctypes.util
import re
import sys
from collections.abc import Collection
from importlib import metadata
from pathlib import Path

DRIVER = Path("/proc/driver/nvidia/version")
"""What NVIDIA's driver says of itself, on Linux."""
_WSL = Path("/usr/lib/wsl/lib/libcuda.so.1")
"""Where WSL puts it if Windows has NVIDIA's driver; `/dev/dxg` is there for every maker's GPU."""
_DXG = Path("/dev/dxg")
"""What a container in WSL has of it for certain."""
OLDEST = {11: 450, 12: 525, 13: 580}
"""The oldest series of drivers that a release of CUDA runs on, by NVIDIA's table of its minor-version compatibility."""
CUDNN = "libcudnn.so.9"
"""ONNX Runtime opens it when it needs it, which is at the first convolution."""
_BESIDE = "/onnxruntime/capi/libonnxruntime_providers_{}.so"
UNSAID = "The log says why."


def driver_present(driver: Path = DRIVER) -> bool:
    """Whether there is a driver of NVIDIA's, on Linux, in WSL or on Windows."""
    if sys.platform == "win32":
        return ctypes.util.find_library("nvcuda") is not None
    return driver.exists() or _WSL.exists()


def driver_possible() -> bool:
    """Whether there may be one that cannot be seen."""
    return driver_present() or _DXG.exists()


def driver_version(driver: Path = DRIVER) -> str | None:
    """Such as ``"580.82.07"``; ``None`` where the driver does not tell, as in WSL."""
    try:
        found = re.search(r"Kernel Module\b.*?\s(\d+(?:\.\d+)+)\s", driver.read_text())
    except OSError:
        return None
    return found[1] if found else None


def without_provider(title: str, package: str, installed: Collection[str] | None = None) -> str:
    """Why ONNX Runtime does not even list a device that `package` would bring.

    Args:
        installed: names of distributions; this interpreter's when ``None``.
    """
    names = _installed() if installed is None else installed
    if {"onnxruntime", package} <= set(names):
        return (
            f"The packages onnxruntime and {package} are both installed, and one overwrites the other: "
            f"remove both, then install {package} alone."
        )
    return f"The installed ONNX Runtime knows no {title}: install the package {package} in place of it."


def trouble(provider: str, cuda: str | None, driver: Path = DRIVER) -> str:
    """Why a provider of NVIDIA's that is listed does not work.

    Args:
        provider: ``"cuda"`` or ``"tensorrt"``.
        cuda: the release that ONNX Runtime was built for, such as ``"13.0"``.
    """
    if not driver_present(driver) and not _DXG.exists():
        return "No NVIDIA driver was found."
    version, major = driver_version(driver), int(cuda.split(".")[0]) if cuda else 0
    oldest = OLDEST.get(major)
    if version is not None and oldest is not None and int(version.split(".")[0]) < oldest:
        return f"The NVIDIA driver {version} is too old for CUDA {major}, which takes {oldest} or newer."
    missing = _missing(provider)
    if missing is None:
        return UNSAID
    if missing.startswith("libcuda.so"):
        return f"The driver's library {missing} is missing: a container is given it with `--gpus all`."
    if missing.startswith(("libnvinfer", "libnvonnxparser")):
        release = missing.rpartition(".")[2]
        return (
            f"TensorRT's library {missing} is missing: version {release} of the package tensorrt-cu{major}-libs has it."
        )
    return f"CUDA's library {missing} is missing: `make cuda` installs all of them."


def _missing(provider: str) -> str | None:
    """A library that the provider's own wants and that is nowhere; ``None`` where that is not the trouble."""
    import onnxruntime

    own = Path(onnxruntime.__file__).parents[1].as_posix() + _BESIDE.format(provider)
    for name in (own, CUDNN):
        try:
            ctypes.CDLL(name)
        except OSError as error:
            found = re.match(r"(lib[\w.+-]+): cannot open shared object file", str(error))
            if found:
                return found[1]
    return None


def _installed() -> set[str]:
    return {str(found.metadata["Name"]).lower() for found in metadata.distributions() if found.metadata["Name"]}
