"""What says that a result is synthetic."""

from pipeline.marking.manifest import tags

__all__ = ["tags"]
