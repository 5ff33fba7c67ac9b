"""An imperceptible mark in the luma of every frame, which carries the job's fingerprint.

The method is spread spectrum (Cox, Kilian, Leighton and Shamoon, *Secure spread spectrum watermarking for multimedia*,
1997) with a tile that repeats over the frame and is searched for by its cross-correlation (Kalker, Depovere, Haitsma
and Maes, *A video watermarking system for broadcast monitoring*, 1999). It is made to outlive what happens to media by
accident; whoever reads this code can take it out, as with any open one.
"""

from pipeline.marking.watermark.code import Payload
from pipeline.marking.watermark.detect import Detector, Found, working_size
from pipeline.marking.watermark.embed import SMALLEST, FilmShades, Watermark
from pipeline.marking.watermark.pattern import Use

__all__ = ["SMALLEST", "Detector", "FilmShades", "Found", "Payload", "Use", "Watermark", "working_size"]
