"""What says that a result is synthetic: tags, a signed manifest, an invisible watermark, a visible label."""

from pipeline.marking.manifest import tags
from pipeline.marking.marking import LAYERS, JobMark, Layer, Marking

__all__ = ["LAYERS", "JobMark", "Layer", "Marking", "tags"]
