"""Which faces are where, and who is who."""
