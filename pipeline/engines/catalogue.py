"""The engines by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.engines.base import Engine
from pipeline.engines.mesh import MeshEngine
from pipeline.types import EngineName

_ENGINES: Mapping[EngineName, Callable[[], Engine]] = {"mesh": MeshEngine}


def engine_named(name: EngineName) -> Engine:
    """A new engine. Its networks, if it has any, are loaded here."""
    return _ENGINES[name]()
