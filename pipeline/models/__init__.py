"""Weights: where they come from, licences, checksums, sessions and devices."""

import os

# ONNX Runtime would keep an id of the machine, and report each session to its maker. Read when it is first loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
