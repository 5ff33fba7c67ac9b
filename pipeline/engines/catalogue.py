"""The engines by name."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.engines.base import Engine
from pipeline.engines.mesh import MeshEngine
from pipeline.models.library import Library
from pipeline.options import EngineName, Options, UserEngine


def engine_named(name: EngineName | UserEngine, library: Callable[[], Library] = Library) -> Engine:
    """A new engine. Its networks, if it has any, are loaded here.

    Args:
        library: where networks come from; the embedded engine calls it for what the options name besides.

    Raises:
        ModelUnknown: there is none of that name.
        ModelError, ModelMissing, LicenceNotAccepted, DownloadError: its files cannot be had or used.
    """
    if name == "mesh":
        return MeshEngine(library)
    from pipeline.engines.network import NetworkEngine

    return NetworkEngine(name, library())


def needs_no_network(options: Options) -> bool:
    """Whether all that the options name runs with what is embedded."""
    return options.engine == "mesh" and options.occluder == options.parser == "none"
