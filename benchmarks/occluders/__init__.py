"""How the small network that sees what is held before a face was made, and what it is worth."""
