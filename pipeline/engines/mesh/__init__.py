"""The embedded engine: a textured mesh."""

from pipeline.engines.mesh.engine import MeshEngine

__all__ = ["MeshEngine"]
