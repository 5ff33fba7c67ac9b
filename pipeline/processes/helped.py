"""Whether processes beside this one help with a job, and how many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from pipeline.engines.catalogue import needs_no_network
from pipeline.processes.pool import Pool
from pipeline.rows import WIDE
from pipeline.steps import expected
from pipeline.task import Task
from pipeline.types import Identity

HELD = 1 << 30
"""Bytes of frames that may be under way to and from processes."""


@dataclass(frozen=True, eq=False)
class Processes:
    """Those that a job may use.

    Attributes:
        many: at the same time.
        identities: of the job, by the numbers that the pool knows them by.
    """

    pool: Pool
    many: int
    identities: Mapping[int, Identity]


@contextmanager
def helped(task: Task, pool: Pool | None) -> Iterator[Processes | None]:
    """The processes that a job is rendered in, inside of the block; ``None`` where the threads of this one do it."""
    many = _worth(task, pool)
    if pool is None or many == 0:
        yield None
        return
    cast = task.cast
    given = (*((cast.everyone,) if cast.everyone is not None else ()), *(role.identity for role in cast.roles))
    with pool.job(given, many):
        yield Processes(pool, many, {pool.number(identity): identity for identity in given})


def _worth(task: Task, pool: Pool | None) -> int:
    """In how many processes a film is rendered.

    Networks have threads and devices of their own, and most frames of an animation are small.
    """
    info, frames = task.info, expected(task.info, task.options)
    if pool is None or info.kind != "video" or not needs_no_network(task.options):
        return 0
    if frames is not None and frames < pool.enough:
        return 0
    # Each has a row at hand and one on its way, of frames that are whole here.
    row = WIDE * info.width * info.height * 3 // 2 * (1 if info.bit_depth == 8 else 2)
    many = min(pool.most, HELD // max(row, 1) // 2 - 1)
    # A single one is no quicker than threads are; only who asks for it gets it.
    return many if many >= min(2, max(1, pool.most)) else 0
