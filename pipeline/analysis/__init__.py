"""Which faces are where, and who is who."""

from pipeline.analysis.advice import advise
from pipeline.analysis.assign import Assigner, assign
from pipeline.analysis.causal import CausalTracker
from pipeline.analysis.choice import best_seen, from_left
from pipeline.analysis.detect import FaceDetector
from pipeline.analysis.embed import FaceEmbedder
from pipeline.analysis.find import FaceFinder
from pipeline.analysis.landmarks import Landmarker, Region, head_pose, pose_angles
from pipeline.analysis.people import PeopleCollector
from pipeline.analysis.track import Tracker

__all__ = [
    "Assigner",
    "CausalTracker",
    "FaceDetector",
    "FaceEmbedder",
    "FaceFinder",
    "Landmarker",
    "PeopleCollector",
    "Region",
    "Tracker",
    "advise",
    "assign",
    "best_seen",
    "from_left",
    "head_pose",
    "pose_angles",
]
