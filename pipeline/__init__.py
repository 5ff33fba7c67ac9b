"""Recast's engine room: faces in pictures and videos, replaced."""
