"""Which device networks run on, and whether it really works: nothing falls back to the CPU in silence."""

from __future__ import annotations

import logging
from functools import cache

from pipeline.errors import DeviceError
from pipeline.types import DeviceName

log = logging.getLogger(__name__)


def check_device(device: DeviceName) -> None:
    """Make sure that a device that was asked for by name can be used.

    Raises:
        DeviceError: ``"cuda"`` was asked for, and a network cannot be run on it. The log says why.
    """
    if device == "cuda" and not cuda_works():
        raise DeviceError(
            "A CUDA device was asked for, but none can be used here. "
            "Check the driver, or choose the device auto or cpu."
        )


@cache
def cuda_works() -> bool:
    """Run a network of one addition on the GPU: a provider that is listed may still fail to load its libraries."""
    import numpy as np
    import onnxruntime
    from onnx import TensorProto, helper

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        log.info("this onnxruntime has no CUDA provider")
        return False
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
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CUDAExecutionProvider", "CPUExecutionProvider"]
        )
        if session.get_providers()[0] != "CUDAExecutionProvider":
            log.warning("onnxruntime lists a CUDA provider, but could not load it")
            return False
        session.run(None, {"x": np.ones(4, np.float32)})
    except Exception as error:  # onnxruntime raises many kinds, without a common root of its own
        log.warning("the CUDA provider failed: %s", error)
        return False
    return True
