"""Logging for the ways in: warnings only, and native libraries that keep their chatter to themselves."""

from __future__ import annotations

import logging
import os
import sys
import tempfile

GREETING = b"INFO: Created TensorFlow Lite XNNPACK delegate"


def quieten(verbose: bool = False) -> None:
    """Sets up logging to standard error. Errors of native libraries still come through.

    Has to happen before anything of the pipeline is imported: the libraries read these variables when they are loaded.
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    if not verbose:
        os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def silence_greeting() -> None:
    """Lets LiteRT say once in private that it uses its CPU kernels: it has no switch for that line.

    Whatever else is said in that moment is passed on. Call it before there are threads and before networks are loaded.
    """
    from ai_edge_litert.interpreter import Interpreter

    from pipeline.errors import ModelError
    from pipeline.models.embedded import landmarker_parts

    try:
        network = landmarker_parts()["face_detector.tflite"]
    except (ModelError, KeyError):
        return  # told in full when the network is needed
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        standard_error = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            Interpreter(model_content=network).allocate_tensors()
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)
            held.seek(0)
            for line in held:
                if GREETING not in line:
                    os.write(2, line)
