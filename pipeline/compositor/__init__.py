"""How the new face gets back into the frame."""
