"""Geometry of the face mesh that engines and the compositor share: its atlas, drawing it, and going to and fro."""

from pipeline.mesh.facing import facing
from pipeline.mesh.raster import rasterise
from pipeline.mesh.topology import Topology, topology, with_margin
from pipeline.mesh.view import FaceView

__all__ = ["FaceView", "Topology", "facing", "rasterise", "topology", "with_margin"]
