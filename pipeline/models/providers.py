"""ONNX Runtime's execution providers: which one a device means, and how it is set up."""

from __future__ import annotations

import glob
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.models.checksums import sha256
from pipeline.options import DeviceName

log = logging.getLogger(__name__)

PROVIDERS: Mapping[DeviceName, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "rocm": "MIGraphXExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
PACKAGES: Mapping[DeviceName, str] = {
    "cuda": "onnxruntime-gpu",
    "tensorrt": "onnxruntime-gpu",
    "rocm": "onnxruntime-migraphx",
    "directml": "onnxruntime-directml",
    "openvino": "onnxruntime-openvino",
}
"""The build of ONNX Runtime that brings a provider. It takes the place of every other."""
AUTOMATIC: tuple[DeviceName, ...] = ("cuda", "rocm", "directml", "coreml")
"""What ``auto`` tries before the CPU. TensorRT is asked for by name: it builds engines for minutes at first."""

# Memory is taken as it is needed, not in doubling steps, so that a long run holds no more than its largest batch.
_CUDA: Mapping[str, Any] = {
    "arena_extend_strategy": "kSameAsRequested",
    "cudnn_conv_algo_search": "HEURISTIC",
    "do_copy_in_default_stream": True,
}


def chain(device: DeviceName, cache: Path | None = None, gpu: int = 0) -> list[tuple[str, dict[str, Any]]]:
    """The provider of a device and those that take over what it has no kernel for, with their options.

    Args:
        device: any but ``"auto"``, which `pipeline.models.devices.settle` turns into one of the others.
        cache: a folder that is there, in which TensorRT keeps what it builds of one network; nothing is kept where it
            is ``None``. TensorRT tells networks apart by the names in them, not by their weights: those of one
            architecture have to have a folder each.
        gpu: which of several; heeded by CUDA, TensorRT and ROCm.
    """
    cpu: tuple[str, dict[str, Any]] = (PROVIDERS["cpu"], {})
    if device == "cpu":
        return [cpu]
    if device == "cuda":
        return [(PROVIDERS["cuda"], {"device_id": gpu, **_CUDA}), cpu]
    if device == "tensorrt":
        options: dict[str, Any] = {"device_id": gpu, "trt_fp16_enable": False}
        if cache is not None:
            options |= {
                "trt_engine_cache_enable": True,
                "trt_engine_cache_path": str(cache),
                "trt_timing_cache_enable": True,
                "trt_timing_cache_path": str(cache),
            }
        return [(PROVIDERS["tensorrt"], options), (PROVIDERS["cuda"], {"device_id": gpu, **_CUDA}), cpu]
    return [(PROVIDERS[device], {"device_id": gpu} if device == "rocm" else {}), cpu]


def engines(cache: Path, network: Path) -> Path | None:
    """The folder of engines that TensorRT has built of a network's file, made where there is none; ``None`` where there
    can be none, and they are built anew each time."""
    folder = cache / "tensorrt" / f"{network.stem}-{sha256(network)[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        log.warning("TensorRT's engines are not kept: %s", error)
        return None
    return folder


def remove_engines(cache: Path, network: Path) -> None:
    """Delete what TensorRT has built of a network's file, which is larger than that."""
    for folder in (cache / "tensorrt").glob(f"{glob.escape(network.stem)}-{'[0-9a-f]' * 16}"):
        shutil.rmtree(folder, ignore_errors=True)


def device_of(provider: str) -> DeviceName:
    """The device that a provider's name stands for; ``"cpu"`` for one that is not known."""
    return next((device for device, name in PROVIDERS.items() if name == provider), "cpu")
