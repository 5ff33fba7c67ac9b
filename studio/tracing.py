"""Which request and which job the running code belongs to, for the log."""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from contextlib import contextmanager

_request: contextvars.ContextVar[str] = contextvars.ContextVar("request", default="")
_job: contextvars.ContextVar[str] = contextvars.ContextVar("job", default="")


def request_id() -> str:
    """The id of the request that is being answered; empty outside of one."""
    return _request.get()


def job_id() -> str:
    """The id of the job that is being carried out; empty outside of one."""
    return _job.get()


@contextmanager
def in_request(name: str) -> Iterator[None]:
    """The body answers a request."""
    token = _request.set(name)
    try:
        yield
    finally:
        _request.reset(token)


@contextmanager
def in_job(name: str) -> Iterator[None]:
    """The body carries out a job, or does something for it."""
    token = _job.set(name)
    try:
        yield
    finally:
        _job.reset(token)
