"""How a face is replaced."""
