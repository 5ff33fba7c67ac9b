"""One metric a file; each file says what its numbers mean, where the method comes from and how it was calibrated.

A metric takes arrays and gives a dictionary of plain numbers. A number that cannot be told (no neck in the picture, a
mouth that does not move) is left out rather than guessed.
"""

Numbers = dict[str, float]
"""Numbers by name, ``"metric.number"``."""
