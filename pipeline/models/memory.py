"""How ONNX Runtime, and the libraries under it, say that there is not enough memory."""

from __future__ import annotations

_SIGNS = (
    "failed to allocate memory",  # ONNX Runtime's arena, on any device
    "std::bad_alloc",
    "bad allocation",
    "out of memory",  # CUDA and HIP: error 2
    "outofmemory",  # TensorRT, OpenVINO
    "_alloc_failed",  # cuBLAS and cuDNN
    "8007000e",  # DirectML: E_OUTOFMEMORY
)


def out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory did not suffice. ONNX Runtime has one kind for all that fails; only its text
    tells."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in text for sign in _SIGNS)
