"""A job from now until it is over, for whoever waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from studio.jobs.job import Busy, Job

LOOK = 0.1
"""Seconds between two looks."""


async def follow(
    now: Callable[[], Job], cancel: Callable[[], None], every: float, patience: float | None
) -> AsyncGenerator[Job, None]:
    """The job that `now` answers, every so many seconds until it is over; the last one is.

    Args:
        cancel: called where whoever follows an attached job leaves before it is over.
        patience: seconds to wait at the most; ``None`` for ever.

    Raises:
        Busy: it is not over after `patience`.
    """
    loop = asyncio.get_running_loop()
    job = now()
    begin = loop.time()
    try:
        while not job.over:
            yield job
            until = loop.time() + every
            while loop.time() < until and not job.over:
                await asyncio.sleep(LOOK)
                job = now()
            if patience is not None and loop.time() - begin > patience and not job.over:
                raise Busy("The job is still being stopped. Please try again in a moment.", 5)
    finally:
        if job.attached and not job.over:
            cancel()
    yield job
