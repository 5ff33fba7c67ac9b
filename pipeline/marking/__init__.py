"""What says that a result is synthetic."""
