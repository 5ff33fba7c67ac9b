"""Which device networks run on, and whether it really works: nothing falls back to the CPU in silence."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

from pipeline.errors import DeviceError
from pipeline.models.providers import AUTOMATIC, PROVIDERS, chain
from pipeline.options import DeviceName

log = logging.getLogger(__name__)

_TITLES = {"cuda": "CUDA", "tensorrt": "TensorRT", "rocm": "ROCm", "directml": "DirectML", "coreml": "Core ML",
           "openvino": "OpenVINO"}  # fmt: skip


def check_device(device: DeviceName) -> None:
    """Make sure that a device that was asked for by name can be used.

    Raises:
        DeviceError: a network cannot be run on it. The log says why.
    """
    if device not in ("auto", "cpu") and not works(device):
        raise DeviceError(
            f"A {_TITLES[device]} device was asked for, but none can be used here. "
            "Check the driver, or choose the device auto or cpu."
        )


def settle(device: DeviceName) -> DeviceName:
    """The device that a wish means on this machine: for ``"auto"`` a GPU that works, else the CPU.

    Raises:
        DeviceError: see `check_device`.
    """
    if device == "auto":
        return next((name for name in AUTOMATIC if works(name)), "cpu")
    check_device(device)
    return device


def cuda_works() -> bool:
    """Whether networks run on a CUDA device here."""
    return works("cuda")


@cache
def works(device: DeviceName) -> bool:
    """Run a network of one addition there: a provider that is listed may still fail to load its libraries."""
    import numpy as np
    import onnxruntime
    from onnx import TensorProto, helper

    provider = PROVIDERS[device]
    if provider not in onnxruntime.get_available_providers():
        log.info("this onnxruntime has no %s", provider)
        return False
    preload()
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "probe",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    options = onnxruntime.SessionOptions()
    # The probe's own failure is told in our words.
    options.log_severity_level = 4
    names = [name for name, _ in chain(device, Path())]
    onnxruntime.set_default_logger_severity(4)
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=names)
        if session.get_providers()[0] != provider:
            log.warning("onnxruntime lists %s, but could not load it", provider)
            return False
        session.run(None, {"x": np.ones(4, np.float32)})
    except Exception as error:  # onnxruntime raises many kinds, without a common root of its own
        log.warning("%s failed: %s", provider, error)
        return False
    finally:
        onnxruntime.set_default_logger_severity(2)
    return True


@cache
def preload() -> None:
    """Load the libraries of CUDA, cuDNN and TensorRT from their wheels, where those are installed, before anything
    looks for them elsewhere."""
    import contextlib
    import io

    import onnxruntime

    if PROVIDERS["cuda"] not in onnxruntime.get_available_providers():
        return
    said = io.StringIO()
    # It prints what it could not load; whether that matters, the probe finds out.
    with contextlib.redirect_stdout(said):
        onnxruntime.preload_dlls()
    if said.getvalue():
        log.debug("preloading CUDA's libraries: %s", said.getvalue().strip())
    _preload_tensorrt()


def _preload_tensorrt() -> None:
    """ONNX Runtime does not look into TensorRT's wheel by itself."""
    import ctypes
    import importlib.util

    spec = importlib.util.find_spec("tensorrt_libs")
    for place in spec.submodule_search_locations or () if spec is not None else ():
        # The parser needs the library itself, and both are looked for by these names.
        for name in ("libnvinfer.so.10", "libnvonnxparser.so.10"):
            try:
                ctypes.CDLL(str(Path(place) / name), mode=ctypes.RTLD_GLOBAL)
            except OSError as error:
                log.info("%s cannot be loaded: %s", name, error)
