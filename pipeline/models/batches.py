"""Many threads, one network: what they ask for at the same time is run together, in batches of one fixed size."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")
Result = TypeVar("Result")


@dataclass(eq=False)
class _Ticket(Generic[Row, Result]):
    row: Row
    result: Result | None = None
    error: Exception | None = None
    done: bool = False


class Batcher(Generic[Row, Result]):
    """Gathers rows from all callers while a batch is being run, and runs them as the next one.

    Nobody waits for company: an idle network starts at once, a busy one finds its next batch full.
    """

    def __init__(self, run: Callable[[list[Row]], Sequence[Result]], size: int) -> None:
        """
        Args:
            run: carries out 1 to `size` rows. Never called by two threads at once.
            size: most rows of one call.
        """
        self._run, self.size = run, size
        self._waiting: list[_Ticket[Row, Result]] = []
        self._running = False
        self._changed = threading.Condition()

    def __call__(self, rows: Sequence[Row]) -> list[Result]:
        """The results of `rows`, in their order. Raises what `run` raised for the batch that a row was in."""
        tickets = [_Ticket[Row, Result](row) for row in rows]
        with self._changed:
            self._waiting += tickets
            while not all(ticket.done for ticket in tickets):
                if self._running:
                    self._changed.wait()
                else:
                    # Whoever still waits runs the next batch; those whose rows are done are gone by then.
                    self._next()
        results = []
        for ticket in tickets:
            if ticket.error is not None:
                raise ticket.error
            results.append(ticket.result)
        return results  # type: ignore[return-value]

    def _next(self) -> None:
        """Take rows and carry them out, while others may put down theirs."""
        batch, self._waiting = self._waiting[: self.size], self._waiting[self.size :]
        self._running = True
        self._changed.release()
        try:
            self._carry_out(batch)
        finally:
            self._changed.acquire()
            self._running = False
            self._changed.notify_all()

    def _carry_out(self, batch: list[_Ticket[Row, Result]]) -> None:
        try:
            for ticket, result in zip(batch, self._run([ticket.row for ticket in batch]), strict=True):
                ticket.result = result
        except Exception as error:  # handed to each caller, who raises it
            for ticket in batch:
                ticket.error = error
        finally:
            for ticket in batch:
                ticket.done = True
