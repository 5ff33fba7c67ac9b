"""Counters for monitoring, in Prometheus' text format."""

from __future__ import annotations

import os
import resource
import shutil
import threading
import time
from collections import defaultdict
from pathlib import Path

from studio.jobs.job import Job
from studio.jobs.store import Store
from studio.jobs.worker import Workers

_BEGIN = time.time()
TYPE = "text/plain; version=0.0.4; charset=utf-8"
ABOUT = {
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
    "recast_requests_total": ("counter", "Requests, by class of their answer."),
    "recast_fps": ("gauge", "Frames a second of the jobs that run, together."),
    "recast_silent_seconds": ("gauge", "Since the least lively of the jobs that run was last heard of."),
    "recast_device_info": ("gauge", "Where networks run."),
    "recast_disk_free_bytes": ("gauge", "Space left for uploads and results."),
    "recast_workers_alive": ("gauge", "1 while every worker is there."),
    "process_resident_memory_bytes": ("gauge", "Memory in use."),
    "process_open_fds": ("gauge", "Open files and connections."),
    "process_cpu_seconds_total": ("counter", "Processor time used."),
    "process_start_time_seconds": ("gauge", "When the server began, in seconds since 1970."),
}


class Metrics:
    """Counts since the start. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: defaultdict[tuple[str, tuple[tuple[str, str], ...]], float] = defaultdict(float)

    def add(self, name: str, value: float = 1.0, **labels: str) -> None:
        with self._lock:
            self._counts[name, tuple(sorted(labels.items()))] += value

    def answered(self, status: int) -> None:
        """A request was answered; with nothing where its caller had gone."""
        self.add("recast_requests_total", answer=f"{status // 100}xx" if status else "none")

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

    def text(self, store: Store, data: Path, workers: Workers, device: str) -> str:
        """Everything, one value a line."""
        with self._lock:
            values = dict(self._counts)
        for state, count in {**dict.fromkeys(("queued", "running"), 0), **store.counts()}.items():
            values["recast_jobs", (("state", state),)] = count
        values["recast_disk_free_bytes", ()] = shutil.disk_usage(data).free
        values["recast_workers_alive", ()] = int(workers.alive)
        values["recast_silent_seconds", ()] = workers.stalled
        values["recast_fps", ()] = workers.fps
        values["recast_device_info", (("device", device),)] = 1
        values["process_start_time_seconds", ()] = _BEGIN
        values["process_cpu_seconds_total", ()] = time.process_time()
        values |= {(name, ()): value for name, value in _process().items()}
        lines = []
        for name, (kind, about) in ABOUT.items():
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


def _process() -> dict[str, float]:
    """What Linux tells of this process."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        files = len(os.listdir("/proc/self/fd"))
    except (OSError, ValueError, IndexError):
        return {}
    return {"process_resident_memory_bytes": pages * resource.getpagesize(), "process_open_fds": files}
