"""How ONNX Runtime, OpenVINO and the libraries under them say that there is not enough memory."""

from __future__ import annotations

_SIGNS = (
    "failed to allocate",  # ONNX Runtime's arena, on any device; OpenVINO
    "std::bad_alloc",
    "bad allocation",
    "out of memory",  # CUDA and HIP: error 2
    "outofmemory",  # TensorRT
    "cudaerrormemoryallocation",
    "_alloc_failed",  # cuBLAS, and cuDNN before its ninth release
    "_allocation_failed",  # cuDNN
    "8007000e",  # DirectML: E_OUTOFMEMORY
)


def out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory did not suffice. Both have one kind for all that fails; only its text
    tells."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in text for sign in _SIGNS)
