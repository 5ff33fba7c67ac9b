"""How the new face gets back into the frame."""

from pipeline.compositor.colour import match_light
from pipeline.compositor.detail import match_detail
from pipeline.compositor.mask import opacity
from pipeline.compositor.paste import blend

__all__ = ["blend", "match_detail", "match_light", "opacity"]
