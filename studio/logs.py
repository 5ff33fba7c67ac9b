"""The server's log: lines for people, or JSON for machines.

Both say which request and which job a line belongs to; neither says who somebody is or what their files are called.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from typing import Any

from studio.settings import LogForm
from studio.tracing import job_id, request_id

_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s%(where)s"
_EXTRA = ("seconds", "status", "state", "code", "kind", "frames", "fps")
"""Further values that lines may carry."""


def install(form: LogForm, verbose: bool = False) -> None:
    """Set the log of this process up. As JSON it also tells of every request and every job, as text only of trouble."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Where())
    handler.setFormatter(JsonFormatter() if form == "json" else logging.Formatter(_TEXT))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO if verbose else logging.WARNING)
    if form == "json":
        logging.getLogger("studio").setLevel(logging.INFO)
    # These name addresses they call and are called from.
    for noisy in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _Where(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        ids = {"request": request_id(), "job": job_id()}
        known = {name: value for name, value in ids.items() if value}
        record.ids = known
        record.where = "".join(f" [{name} {value}]" for name, value in known.items())
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        data: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "ids", {}),
        }
        data |= {name: value for name in _EXTRA if (value := getattr(record, name, None)) is not None}
        if record.exc_info and record.exc_info[0] is not None:
            data["error"] = record.exc_info[0].__name__
            data["trace"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(data, ensure_ascii=False, default=str)
