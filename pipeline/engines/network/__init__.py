"""Engines that are networks: one class runs every family of the catalogue."""

from pipeline.engines.network.engine import NetworkEngine

__all__ = ["NetworkEngine"]
