"""How the server is set up: arguments first, then the environment, then a default for one's own machine."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.segments import SEGMENT_SECONDS

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"

MEGABYTE = 1024 * 1024
Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Settings:
    """What the operator decides.

    Attributes:
        host, port: where the server listens.
        data: folder of everything the server writes.
        root_path: path prefix or URL that a reverse proxy serves the studio under.
        upload_bytes: of all files in one request.
        json_bytes: of any other request.
        waiting, waiting_each: jobs that may wait for the workers, of all owners together and of each.
        workers: jobs that run at once, beside one that is short. The pipeline uses every core by itself.
        keep_seconds: age at which uploads and results are deleted.
        least_disk_bytes: no work is taken while less space is left.
        jobs_each_minute, uploads_each_minute, looks_each_minute: requests that one client may make.
        metrics_token: who sends it may read the counters; without one, only this machine may.
        segment_seconds: a long video is carried out in segments of so many seconds; what is finished outlives a crash.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    data: Path = ROOT / ".cache" / "studio"
    root_path: str = ""
    upload_bytes: int = 1024 * MEGABYTE
    json_bytes: int = 8 * MEGABYTE
    waiting: int = 20
    waiting_each: int = 10
    workers: int = 1
    keep_seconds: float = 24 * 3600.0
    segment_seconds: float = SEGMENT_SECONDS
    least_disk_bytes: int = 512 * MEGABYTE
    jobs_each_minute: int = 30
    uploads_each_minute: int = 120
    looks_each_minute: int = 1200
    metrics_token: str = ""

    @property
    def uploads(self) -> Path:
        return self.data / "uploads"

    @property
    def results(self) -> Path:
        return self.data / "results"

    @property
    def jobs(self) -> Path:
        """What jobs keep to themselves; no request may name a file of it, and nothing of it is served."""
        return self.data / "jobs"

    @property
    def examples(self) -> Path:
        return self.data / "examples"

    @property
    def readable(self) -> tuple[Path, ...]:
        """Folders that a request may name files of. All of them can be fetched by whoever knows a file's name."""
        return self.uploads, self.results, self.examples


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the server."""
    group = parser.add_argument_group("the studio")
    group.add_argument("--host", help="address to listen on (default: 127.0.0.1, this machine only)")
    group.add_argument("--port", type=int, help="port to listen on (default: 7860)")
    group.add_argument("--data", type=Path, metavar="FOLDER", help="where uploads and results are kept")
    group.add_argument("--root-path", metavar="PATH", help="path that a reverse proxy serves the studio under")


def from_namespace(given: argparse.Namespace) -> Settings:
    """Settings of flags and of the variables that hosts set (GRADIO_SERVER_NAME, GRADIO_SERVER_PORT, PORT)."""
    environment = os.environ
    default = Settings()
    port = given.port if given.port is not None else environment.get("GRADIO_SERVER_PORT") or environment.get("PORT")
    data = given.data or environment.get("RECAST_DATA") or default.data
    return Settings(
        host=given.host or environment.get("GRADIO_SERVER_NAME") or default.host,
        port=int(port) if port is not None else default.port,
        data=Path(data).resolve(),
        root_path=given.root_path or environment.get("GRADIO_ROOT_PATH") or default.root_path,
        upload_bytes=int(environment.get("RECAST_MAX_UPLOAD_MB") or default.upload_bytes // MEGABYTE) * MEGABYTE,
        waiting=_number("RECAST_QUEUE", default.waiting),
        waiting_each=_number("RECAST_QUEUE_EACH", default.waiting_each),
        workers=_number("RECAST_WORKERS", default.workers),
        keep_seconds=_number("RECAST_KEEP_HOURS", default.keep_seconds / 3600) * 3600,
        least_disk_bytes=_number("RECAST_LEAST_DISK_MB", default.least_disk_bytes // MEGABYTE) * MEGABYTE,
        jobs_each_minute=_number("RECAST_JOBS_EACH_MINUTE", default.jobs_each_minute),
        uploads_each_minute=_number("RECAST_UPLOADS_EACH_MINUTE", default.uploads_each_minute),
        looks_each_minute=_number("RECAST_LOOKS_EACH_MINUTE", default.looks_each_minute),
        metrics_token=environment.get("RECAST_METRICS_TOKEN") or default.metrics_token,
        segment_seconds=_number("RECAST_SEGMENT_SECONDS", default.segment_seconds),
    )


def segment_seconds() -> float:
    """Seconds of a segment, for the command line: the same as the studio's, so that both give the same pixels."""
    return _number("RECAST_SEGMENT_SECONDS", SEGMENT_SECONDS)


def _number(name: str, default: Number) -> Number:
    """An environment variable as a positive number of the default's type."""
    text = os.environ.get(name)
    if not text:
        return default
    number = type(default)(text)
    if not 0 < number < 1e12:
        raise ValueError(f"{name} has to be a positive number, and is {text!r}.")
    return number
