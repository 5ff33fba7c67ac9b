"""How the new face gets back into the frame."""

from pipeline.compositor.composite import composite

__all__ = ["composite"]
