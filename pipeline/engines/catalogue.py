"""The engines by name."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.engines.base import Engine
from pipeline.engines.mesh import MeshEngine
from pipeline.models.library import Library
from pipeline.types import EngineName, UserEngine


def engine_named(name: EngineName | UserEngine, library: Callable[[], Library] = Library) -> Engine:
    """A new engine. Its networks, if it has any, are loaded here.

    Args:
        library: where networks come from; not called for the embedded engine.

    Raises:
        ModelUnknown: there is none of that name.
        ModelError, ModelMissing, LicenceNotAccepted, DownloadError: its files cannot be had or used.
    """
    if name == "mesh":
        return MeshEngine()
    from pipeline.engines.network import NetworkEngine

    return NetworkEngine(name, library())
