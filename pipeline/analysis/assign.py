"""Which face of a frame is which person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.types import Face, FloatArray, Person

ALIKE = 0.3
"""Least cosine between a face and a person. Lower than what joins tracks: only the cast competes for a face."""

LOYAL = 0.12
"""Advantage of the person that a track was before, so that nobody flickers between two."""


class Assigner:
    """Tells persons from one another, frame after frame. Keeps a few numbers for each track of the last frames."""

    def __init__(self, persons: Sequence[Person]) -> None:
        self._persons = tuple(persons)
        self._was: dict[int, int] = {}

    def assign(self, faces: Sequence[Face]) -> dict[int, Person]:
        """Person by index into `faces`, for the faces that are one. Nobody is two faces of one frame.

        Faces need their `embedding`; those without are nobody. With `track`, answers are steady along a track.
        """
        if not self._persons:
            return {}
        value = np.full((len(faces), len(self._persons)), -1.0, np.float64)
        known = np.stack([person.embedding for person in self._persons])
        for i, face in enumerate(faces):
            if face.embedding is None:
                continue
            value[i] = known @ face.embedding
            before = self._was.get(face.track) if face.track is not None else None
            if before is not None:
                value[i, before] += LOYAL
        result: dict[int, Person] = {}
        for i, j in best_pairs(value, ALIKE):
            result[i] = self._persons[j]
            track = faces[i].track
            if track is not None:
                self._was[track] = j
        if len(self._was) > 1000:
            self._was = dict(list(self._was.items())[-500:])
        return result


def assign(faces: Sequence[Face], persons: Sequence[Person]) -> dict[int, Person]:
    """Person by index into `faces`, for a single frame (see `Assigner.assign`)."""
    return Assigner(persons).assign(faces)


def known_again(found: Sequence[Person], known: Sequence[Person]) -> list[tuple[Person, Person]]:
    """Persons of one target who are the same as persons of another, as pairs ``(found, known)``."""
    if not found or not known:
        return []
    alike = np.stack([person.embedding for person in found]) @ np.stack([person.embedding for person in known]).T
    return [(found[i], known[j]) for i, j in best_pairs(alike, ALIKE)]


def best_pairs(value: NDArray[np.float64] | FloatArray, least: float) -> list[tuple[int, int]]:
    """Pairs ``(row, column)``, each row and column at most once, with the greatest sum of ``value - least``.

    Pairs under `least` are left out. The assignment problem, by shortest augmenting paths (Jonker & Volgenant 1987).
    """
    rows, columns = value.shape
    # A row may also stay alone: one private column of cost 0 each.
    cost = np.zeros((rows, columns + rows))
    cost[:, :columns] = np.minimum(0.0, least - value)
    width = columns + rows
    u, v = np.zeros(rows + 1), np.zeros(width + 1)
    owner, way = np.zeros(width + 1, int), np.zeros(width + 1, int)
    for row in range(1, rows + 1):
        owner[0], column = row, 0
        shortest, used = np.full(width + 1, np.inf), np.zeros(width + 1, bool)
        while owner[column]:
            used[column] = True
            current = owner[column]
            reduced = cost[current - 1] - u[current] - v[1:]
            better = ~used[1:] & (reduced < shortest[1:])
            shortest[1:][better] = reduced[better]
            way[1:][better] = column
            following = int(np.where(used, np.inf, shortest)[1:].argmin()) + 1
            step = shortest[following]
            u[owner[used]] += step
            v[used] -= step
            shortest[~used] -= step
            column = following
        while column:
            owner[column] = owner[way[column]]
            column = int(way[column])
    pairs = [(int(owner[c]) - 1, c - 1) for c in range(1, columns + 1) if owner[c]]
    return [(i, j) for i, j in pairs if value[i, j] >= least]
