"""Which device networks run on, and whether it really works: nothing falls back to the CPU in silence."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.errors import DeviceError
from pipeline.models import nvidia
from pipeline.models.providers import AUTOMATIC, PACKAGES, PROVIDERS, chain
from pipeline.options import DeviceName

log = logging.getLogger(__name__)

TITLES = {"cuda": "CUDA", "tensorrt": "TensorRT", "rocm": "ROCm", "directml": "DirectML", "coreml": "Core ML",
           "openvino": "OpenVINO"}  # fmt: skip


def check_device(device: DeviceName) -> None:
    """Make sure that a device that was asked for by name can be used.

    Raises:
        DeviceError: a network cannot be run on it. The log says why.
    """
    if device not in ("auto", "cpu") and not works(device):
        raise DeviceError(
            f"A {TITLES[device]} device was asked for, but none can be used here. {trouble(device)} "
            "Otherwise choose the device auto or cpu."
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


def trouble(device: DeviceName) -> str:
    """Why a device other than the CPU does not work, in a sentence."""
    import onnxruntime

    package = PACKAGES.get(device)
    if package is not None and PROVIDERS[device] not in onnxruntime.get_available_providers():
        return nvidia.without_provider(TITLES[device], package)
    if device in ("cuda", "tensorrt"):
        return nvidia.trouble(device, getattr(onnxruntime, "cuda_version", None))
    return nvidia.UNSAID


def unused_gpu(wanted: DeviceName, settled: DeviceName) -> tuple[str, ...]:
    """What a user should know where ``"auto"`` came to the CPU in spite of an NVIDIA GPU."""
    if wanted != "auto" or settled != "cpu" or not nvidia.driver_present():
        return ()
    return ("There is an NVIDIA GPU, but it cannot be used: networks run on the CPU.", trouble("cuda"))


@cache
def works(device: DeviceName) -> bool:
    """Run a small network there and on the CPU: a provider that is listed may still fail to load its libraries, and
    some it only looks for when a convolution asks for them."""
    import numpy as np
    import onnxruntime

    provider = PROVIDERS[device]
    if provider not in onnxruntime.get_available_providers():
        log.info("this onnxruntime has no %s", provider)
        return False
    preload()
    model = _probe()
    options = onnxruntime.SessionOptions()
    # The probe's own failure is told in our words.
    options.log_severity_level = 4
    names = [name for name, _ in chain(device)]
    onnxruntime.set_default_logger_severity(4)
    try:
        # By itself it would go on without the provider, and say so on standard output.
        session = onnxruntime.InferenceSession(model, options, providers=names, enable_fallback=0)
        if session.get_providers()[0] != provider:
            log.log(
                logging.WARNING if nvidia.driver_present() else logging.INFO,
                "onnxruntime lists %s, but could not load it", provider,
            )  # fmt: skip
            return False
        usual = onnxruntime.InferenceSession(model, options, providers=[PROVIDERS["cpu"]])
        feed = {"x": np.linspace(-1, 1, 1 * 4 * 8 * 8, dtype=np.float32).reshape(1, 4, 8, 8)}
        # Some calculate in eleven bits: nonsense is looked for, not the last digit.
        if not np.allclose(session.run(None, feed)[0], usual.run(None, feed)[0], rtol=0.1, atol=0.1):
            log.warning("%s gives other numbers than the CPU", provider)
            return False
    except Exception as error:  # onnxruntime raises many kinds, without a common root of its own
        log.warning("%s failed: %s", provider, error)
        return False
    finally:
        onnxruntime.set_default_logger_severity(2)
    return True


def _probe() -> bytes:
    """A network of what face networks are made of, ``(1, 4, 8, 8)`` in and out."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(0)
    weights = {"w": (4, 4, 3, 3), "u": (4, 4, 2, 2), "g": (4,), "b": (4,)}
    constants = [numpy_helper.from_array(random.standard_normal(shape).astype(np.float32), name)
                 for name, shape in weights.items()]  # fmt: skip
    steps: list[tuple[str, list[str], dict[str, Any]]] = [
        ("Conv", ["x", "w"], {"pads": [1, 1, 1, 1]}), ("InstanceNormalization", ["0", "g", "b"], {}),
        ("AveragePool", ["1"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("ConvTranspose", ["2", "u"], {"strides": [2, 2]}), ("Add", ["3", "x"], {}),
    ]  # fmt: skip
    nodes = [helper.make_node(kind, given, [str(place)], **how) for place, (kind, given, how) in enumerate(steps)]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4, 8, 8]) for name in ("x", "4")]
    graph = helper.make_graph(nodes, "probe", ends[:1], ends[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    return bytes(model.SerializeToString())


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
