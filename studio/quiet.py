"""Logging for the ways in: warnings only, and native libraries that keep their chatter to themselves."""

from __future__ import annotations

import logging
import os
import sys


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
