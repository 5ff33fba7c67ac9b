"""The files of jobs. Each has a folder that nobody outside is shown, and one for its result under another name.

What is uploaded is linked into the job's own folder, so that nothing that clears uploads away can take it from a job.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.media import Numbering
from pipeline.types import Person
from studio.jobs.job import Busy

log = logging.getLogger(__name__)

_PEOPLE = "people.npz"
_FOLDER = re.compile("[0-9a-f]{32}")
"""Names of the folders of results."""


class Files:
    """Folders under `jobs` and `results`."""

    def __init__(self, jobs: Path, results: Path) -> None:
        self.jobs, self.results = jobs, results
        for folder in (jobs, results):
            folder.mkdir(parents=True, exist_ok=True)

    def own(self, name: str) -> Path:
        """The private folder of a job: its copies of the uploads, and what it has done so far."""
        return self.jobs / name

    def begin(self, name: str) -> None:
        """Make the folder of a new job.

        Raises:
            Busy: a request for the same job is just being taken in.
        """
        try:
            self.own(name).mkdir(parents=True)
        except FileExistsError:
            raise Busy("The same request is being taken in already. Please ask again in a moment.", 5) from None

    def segments(self, name: str) -> Path:
        return self.own(name) / "segments"

    def frames(self, name: str) -> Path:
        """Where a result of single frames grows."""
        return self.segments(name) / "frames"

    def finished(self, name: str) -> int:
        """How many segments, or single frames, of a job's result are finished."""
        return len([*self.segments(name).glob("[0-9]*.json"), *self.frames(name).glob("[!.]*")])

    def take(self, name: str, path: Path, number: int) -> Path:
        """`path` as a file of the job's own, under its old name. Linked where that can be done, else copied."""
        folder = self.own(name) / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        inside = folder / path.name
        real = path.resolve(strict=True)
        if inside == real:
            return inside
        try:
            os.link(real, inside)
        except OSError:
            shutil.copyfile(real, inside)
        return inside

    def take_frames(self, name: str, archive: Path, pattern: Path) -> Path:
        """The frames in a ZIP, unpacked as `pattern` says, as the job's own target; the name that they share.

        Raises:
            FileNotFoundError: they are gone.
        """
        if pattern.is_relative_to(self.own(name)):
            remove(archive)  # sent to this job alone, and nobody needs it twice
            return pattern
        numbering = Numbering.of(pattern)
        for frame in numbering.files().values() if numbering is not None else ():
            self.take(name, frame, 0)
        return self.own(name) / "0" / pattern.name

    def result_folder(self, name: str) -> Path:
        """Where a job's result goes: the same folder each time, whose name says nothing of the job's."""
        folder = self._noted(name)
        if folder is None:
            folder, note = self.results / uuid.uuid4().hex, self._note(name)
            note.parent.mkdir(parents=True, exist_ok=True)
            part = note.with_suffix(".part")
            part.write_text(folder.name)
            os.replace(part, note)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _note(self, name: str) -> Path:
        """The file that says which folder `result_folder` is."""
        return self.own(name) / "result"

    def _noted(self, name: str) -> Path | None:
        """What the note says. After a power cut it may be empty, and would stand for everybody's results."""
        try:
            said = self._note(name).read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            return None
        return self.results / said if _FOLDER.fullmatch(said) else None

    def looks(self, upload: Path) -> Path:
        """Where the first look at an upload is kept: the same folder each time, so that it can go with the upload."""
        return self.results / hashlib.sha256(os.fsencode(upload)).hexdigest()[:32]

    def has_result(self, name: str) -> bool:
        """Whether `result_folder` was ever asked for."""
        return self._noted(name) is not None

    def undo(self, name: str) -> None:
        """Remove what a job has made so far. It can still be done from the beginning."""
        if (folder := self._noted(name)) is not None:
            remove(folder)
            self._note(name).unlink(missing_ok=True)
        remove(self.segments(name))

    def ended(self, name: str, kept: bool) -> None:
        """Remove what a job that is over needs no more; unless `kept`, its result as well."""
        if not kept:
            self.undo(name)
        for entry in self._entries(self.own(name)):
            if entry.is_dir():
                remove(entry)

    def forget(self, name: str) -> None:
        """Remove everything of a job."""
        self.ended(name, kept=False)
        remove(self.own(name))

    def save_people(self, name: str, people: Sequence[Person], *, elsewhere: bool = False) -> None:
        """Keep who was found in a target, for a cast that names them; `elsewhere` where that was another one than the
        job's."""
        rows = [
            {name: getattr(person, name) for name in ("number", "first_time", "last_time", "frames", "share")}
            for person in people
        ]
        path = self.own(name) / _PEOPLE
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(
                file,
                rows=np.array(json.dumps(rows)),
                elsewhere=np.array(elsewhere),
                embeddings=np.array([person.embedding for person in people], np.float32),
                thumbnails=np.array([person.thumbnail for person in people], np.uint8),
            )
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)

    def people(self, name: str) -> tuple[Person, ...] | None:
        """Who was found, or ``None`` where nobody has looked."""
        path = self.own(name) / _PEOPLE
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as data:
            rows = json.loads(str(data["rows"]))
            return tuple(
                Person(embedding=embedding, thumbnail=thumbnail, **row)
                for row, embedding, thumbnail in zip(rows, data["embeddings"], data["thumbnails"], strict=True)
            )

    def elsewhere(self, name: str) -> bool:
        """Whether the people of a job were found in another target than its own."""
        path = self.own(name) / _PEOPLE
        if not path.exists():
            return False
        with np.load(path, allow_pickle=False) as data:
            return bool(data["elsewhere"]) if "elsewhere" in data else False

    @staticmethod
    def _entries(folder: Path) -> list[Path]:
        try:
            return list(folder.iterdir())
        except FileNotFoundError:
            return []


def remove(path: Path) -> None:
    """Remove a file or folder; what cannot be removed is told to the log, and left to the next round."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except FileNotFoundError:
        return
    except OSError:
        log.warning("something could not be removed", exc_info=True)
