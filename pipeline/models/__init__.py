"""Weights: where they come from, licences, checksums, sessions and devices."""
