"""Networks carried out by OpenVINO, on the CPU: on processors that multiply matrices of bfloat16 many times as quick as
in single precision."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.models.runner import Arithmetic, Port, Row, Values, dtype_of, threads
from pipeline.options import DeviceName

log = logging.getLogger(__name__)

_HINTS: Mapping[Arithmetic, str] = {"single": "f32", "bfloat16": "bf16"}
_TITLES: Mapping[Arithmetic, str] = {"single": "fp32", "bfloat16": "bf16"}


class OpenVinoRunner:
    """See `pipeline.models.runner.Runner`. A call is one row: more at once gain a tenth at best, and the result of a
    row would depend on how many came with it. Calls take turns."""

    device: DeviceName = "cpu"

    def __init__(self, network: Path | bytes, arithmetic: Arithmetic = "single", cores: int | None = None) -> None:
        """
        Args:
            network: an ONNX file, or what is in one.
            arithmetic: said in any case. OpenVINO itself would take bfloat16 wherever the processor has it.
            cores: threads to use; as many as all networks may when ``None``.

        Raises:
            ImportError: OpenVINO is not installed.
            Exception: OpenVINO cannot run the network. Its errors have no common root.
        """
        import openvino
        from openvino.properties import hint

        model = _core().read_model(str(network) if isinstance(network, Path) else network)
        for port in model.inputs:
            shape = port.partial_shape
            if shape.rank.get_length() == 0 or any(side.is_dynamic for side in list(shape)[1:]):
                raise ValueError("a shape is left open")
        if any(port.partial_shape[0].is_dynamic for port in model.inputs):
            model.reshape({port: openvino.PartialShape([1, *list(port.partial_shape)[1:]]) for port in model.inputs})
        wanted = threads() if cores is None else cores
        compiled = _core().compile_model(
            model, "CPU",
            {
                hint.inference_precision(): _HINTS[arithmetic],
                hint.performance_mode(): hint.PerformanceMode.LATENCY,
                # Decoding, compositing and the codec share the cores: the system places threads best.
                hint.enable_cpu_pinning(): False,
                "NUM_STREAMS": 1,
                **({"INFERENCE_NUM_THREADS": wanted} if wanted else {}),
            },
        )  # fmt: skip
        self._request = compiled.create_infer_request()
        self._lock = threading.Lock()
        self.runtime = f"OpenVINO {_TITLES[arithmetic]}"
        # Those of what was read: compiled, a port also has the names of all that was found to be the same.
        self.inputs: Mapping[str, Port] = {port.any_name: _port(port) for port in model.inputs}
        self.outputs = tuple(port.any_name for port in model.outputs)

    def run(self, feed: Row) -> list[Values]:
        with self._lock:
            found = self._request.infer([feed[name] for name in self.inputs], share_inputs=True)
            return [found[place] for place in range(len(self.outputs))]


@cache
def arithmetics() -> tuple[Arithmetic, ...]:
    """What OpenVINO can calculate in here, the quickest first; nothing where it is not installed or does not work.

    Bfloat16 only where the processor has instructions for it.
    """
    try:
        able = _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    except ImportError:
        log.info("OpenVINO is not installed: ONNX Runtime runs all networks")
        return ()
    except Exception as error:  # OpenVINO's own, which have no common root
        log.warning("OpenVINO does not work here, ONNX Runtime runs all networks: %s", error)
        return ()
    return ("bfloat16", "single") if "BF16" in able else ("single",)


@cache
def version() -> str:
    """Of OpenVINO and of the processor it runs on."""
    import openvino

    return f"{openvino.get_version()} {_core().get_property('CPU', 'FULL_DEVICE_NAME')}"


@cache
def _core() -> Any:
    import openvino

    return openvino.Core()


def _port(port: Any) -> Port:
    kind = port.element_type.to_dtype().name
    words = {"float32": "float", "float64": "double"}
    return Port(dtype_of(words.get(kind, kind)), tuple(port.shape))
