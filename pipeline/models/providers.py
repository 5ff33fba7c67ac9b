"""ONNX Runtime's execution providers: which one a device means, and how it is set up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.options import DeviceName

PROVIDERS: Mapping[DeviceName, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "rocm": "MIGraphXExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
AUTOMATIC: tuple[DeviceName, ...] = ("cuda", "rocm", "directml", "coreml")
"""What ``auto`` tries before the CPU. TensorRT is asked for by name: it builds engines for minutes at first."""

# Memory is taken as it is needed, not in doubling steps, so that a long run holds no more than its largest batch.
_CUDA: Mapping[str, Any] = {
    "arena_extend_strategy": "kSameAsRequested",
    "cudnn_conv_algo_search": "HEURISTIC",
    "do_copy_in_default_stream": True,
}


def chain(device: DeviceName, cache: Path, gpu: int = 0) -> list[tuple[str, dict[str, Any]]]:
    """The provider of a device and those that take over what it has no kernel for, with their options.

    Args:
        device: any but ``"auto"``, which `pipeline.models.devices.settle` turns into one of the others.
        cache: a folder that TensorRT keeps its built engines in.
        gpu: which of several; heeded by CUDA, TensorRT and ROCm.
    """
    cpu: tuple[str, dict[str, Any]] = (PROVIDERS["cpu"], {})
    if device == "cpu":
        return [cpu]
    if device == "cuda":
        return [(PROVIDERS["cuda"], {"device_id": gpu, **_CUDA}), cpu]
    if device == "tensorrt":
        options = {
            "device_id": gpu,
            "trt_engine_cache_enable": True,
            "trt_engine_cache_path": str(engines(cache)),
            "trt_timing_cache_enable": True,
            "trt_timing_cache_path": str(engines(cache)),
            "trt_fp16_enable": False,
        }
        return [(PROVIDERS["tensorrt"], options), (PROVIDERS["cuda"], {"device_id": gpu, **_CUDA}), cpu]
    return [(PROVIDERS[device], {"device_id": gpu} if device == "rocm" else {}), cpu]


def engines(cache: Path) -> Path:
    """The folder of engines that TensorRT has built."""
    return cache / "tensorrt"


def device_of(provider: str) -> DeviceName:
    """The device that a provider's name stands for; ``"cpu"`` for one that is not known."""
    return next((device for device, name in PROVIDERS.items() if name == provider), "cpu")
