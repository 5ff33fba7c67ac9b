"""How the new face gets back into the frame."""

from pipeline.compositor.composite import composite
from pipeline.compositor.network import composite_lit

__all__ = ["composite", "composite_lit"]
