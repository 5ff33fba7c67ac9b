"""Which faces are where, and who is who."""

from pipeline.analysis.detect import FaceDetector
from pipeline.analysis.embed import FaceEmbedder
from pipeline.analysis.find import FaceFinder
from pipeline.analysis.landmarks import Landmarker, Region, head_pose, pose_angles
from pipeline.analysis.track import Tracker

__all__ = ["FaceDetector", "FaceEmbedder", "FaceFinder", "Landmarker", "Region", "Tracker", "head_pose", "pose_angles"]
