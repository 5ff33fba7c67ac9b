"""Counters for monitoring, in Prometheus' text format."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from pathlib import Path

from studio.jobs.job import Job
from studio.jobs.store import Store

TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ABOUT = {
    "recast_jobs": ("gauge", "Jobs that are known, by state."),
    "recast_jobs_ended_total": ("counter", "Jobs that ended, by kind and state."),
    "recast_jobs_failed_total": ("counter", "Jobs that failed, by the error's code."),
    "recast_queue_seconds_total": ("counter", "Seconds that ended jobs had waited, by kind."),
    "recast_work_seconds_total": ("counter", "Seconds that ended jobs had run, by kind."),
    "recast_stage_seconds_total": ("counter", "Seconds of work, by stage of the pipeline."),
    "recast_frames_total": ("counter", "Frames of finished jobs."),
    "recast_refused_total": ("counter", "Requests that were refused, by code."),
    "recast_live_seconds_total": ("counter", "Seconds that visitors were live."),
    "recast_live_frames_total": ("counter", "Frames that were recast live."),
    "recast_live_errors_total": ("counter", "What went wrong in live views, by code."),
    "recast_disk_free_bytes": ("gauge", "Space left for uploads and results."),
    "recast_workers_alive": ("gauge", "1 while every worker is there."),
    "process_resident_memory_bytes": ("gauge", "Memory in use."),
}


class Metrics:
    """Counts since the start. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()

    def add(self, name: str, value: float = 1.0, **labels: str) -> None:
        with self._lock:
            self._counts[name, tuple(sorted(labels.items()))] += value  # type: ignore[assignment]

    def ended(self, job: Job) -> None:
        """A job is over."""
        self.add("recast_jobs_ended_total", kind=job.kind, state=job.state)
        if job.state == "failed":
            self.add("recast_jobs_failed_total", code=job.code)
        if job.started is not None and job.finished is not None:
            self.add("recast_queue_seconds_total", max(0.0, job.started - job.created), kind=job.kind)
            self.add("recast_work_seconds_total", max(0.0, job.finished - job.started), kind=job.kind)
        report = job.outcome.report if job.outcome is not None else {}
        self.add("recast_frames_total", report.get("frames", 0))
        for stage, work in report.get("stages", {}).items():
            self.add("recast_stage_seconds_total", work["seconds"], stage=stage)

    def text(self, store: Store, data: Path, alive: bool) -> str:
        """Everything, one value a line."""
        with self._lock:
            values = dict(self._counts)
        for state, count in {**dict.fromkeys(("queued", "running"), 0), **store.counts()}.items():
            values["recast_jobs", (("state", state),)] = count
        values["recast_disk_free_bytes", ()] = shutil.disk_usage(data).free
        values["recast_workers_alive", ()] = int(alive)
        memory = _memory()
        if memory is not None:
            values["process_resident_memory_bytes", ()] = memory
        lines = []
        for name, (kind, about) in _ABOUT.items():
            lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
            lines += [
                f"{name}{_labels(labels)} {value:.15g}" for (of, labels), value in sorted(values.items()) if of == name
            ]
        return "\n".join(lines) + "\n"


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    if not labels:
        return ""
    escaped = ((key, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")) for key, value in labels)
    return "{" + ",".join(f'{key}="{value}"' for key, value in escaped) + "}"


def _memory() -> int | None:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * 4096
