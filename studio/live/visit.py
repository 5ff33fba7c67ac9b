"""One visitor of the live view: whose face they get, their camera's frames, their recording.

Everything here takes time and runs on the visit's own thread, one call after the other. Frames are kept in memory only,
and photos too once they were looked at; nothing of a visit outlives it but the recordings that the visitor asked for.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import FROM_THE_FRONT, InputError, NoFaceInSource, RecastError
from pipeline.exclusions import everyones
from pipeline.live import LiveSession
from pipeline.media import read_photo
from pipeline.options import Options
from pipeline.recording import Recording
from pipeline.report import Report
from pipeline.types import ImageArray
from studio.consent import Consent
from studio.jobs.job import Busy, Job, Outcome, fingerprint
from studio.live import protocol
from studio.made import MadeHere
from studio.operations import Studio
from studio.plain import report_data

log = logging.getLogger(__name__)

MOST_PHOTOS = 6


class NoIdentity(InputError):
    code = "no_identity"
    sentence = "Choose a photo of the new face first."


@dataclass(eq=False)
class _Take:
    """A recording under way, and the job that it is kept as."""

    job: Job
    recording: Recording
    sound_rate: int


class Visit:
    """
    Args:
        studio: whose recaster, files and jobs are used.
        owner: the visitor's token, under which recordings are kept; they cannot record without one.
        consent: what they stated about their right to the faces.
    """

    def __init__(self, studio: Studio, owner: str | None, consent: Consent | None = None) -> None:
        self._studio, self._owner, self._consent = studio, owner, consent
        self._session: LiveSession | None = None
        self._options = Options(select="largest")
        self._take: _Take | None = None
        self.frames = 0

    @property
    def recording(self) -> bool:
        return self._take is not None

    def options(self, options: Options) -> None:
        """Use these from the next frame on.

        Raises:
            RecastError: there is nothing here to carry them out with, or not live. Those before stay.
        """
        if self._session is not None:
            self._session.change(options)
        self._options = everyones(options)

    def meet(self, photos: Sequence[bytes]) -> None:
        """Take the face in these photos (of one person) from now on; the one before is forgotten.

        Raises:
            InputError: a photo cannot be read.
            NoFaceInSource: it shows no face. The face before stays.
        """
        if not 0 < len(photos) <= MOST_PHOTOS:
            raise InputError(f"Give one to {MOST_PHOTOS} photos of one face.")
        try:
            identity = self._studio.recaster.identify([self._decoded(photo) for photo in photos])
        except NoFaceInSource:
            raise NoFaceInSource(f"No face was found in the photo. {FROM_THE_FRONT}") from None
        session = self._studio.recaster.live(identity, self._options)
        self._forget()
        self._session = session

    def _decoded(self, photo: bytes) -> ImageArray:
        """A photo, once a process without rights has decoded it: it may be of any kind. For that it needs a file."""
        with tempfile.NamedTemporaryFile(dir=self._studio.settings.spool) as file:
            file.write(photo)
            file.flush()
            self._studio.inspector.check(Path(file.name))
        return read_photo(photo, self._studio.recaster.limits).image()

    def frame(self, frame: protocol.Binary, arrived: float) -> bytes:
        """The answer to a frame of the camera.

        Args:
            arrived: `time.monotonic` of its arrival; the time since then counts as the server's.

        Raises:
            NoIdentity: no photo was given yet.
            BadFrame: it cannot be decoded.
            OutputError, EncoderError: it cannot be recorded; the recording has ended.
        """
        if self._session is None:
            raise NoIdentity()
        done = self._session.recast(protocol.decode_frame(frame.data), arrived)
        self.frames += 1
        if self._take is not None:
            with self._kept(self._take):
                self._take.recording.write(done.image, arrived)
        return protocol.answer(frame.number, done.image, frame.quality, done.changed, time.monotonic() - arrived)

    @contextmanager
    def _kept(self, take: _Take) -> Iterator[None]:
        """Around what adds to a recording: one that cannot go on is dropped."""
        try:
            yield
        except BaseException:
            self._take = None
            self._drop(take)
            raise

    @property
    def recorded_seconds(self) -> float:
        return self._take.recording.seconds if self._take is not None else 0.0

    def sound(self, sound: protocol.Binary, arrived: float) -> None:
        """Add what the visitor's microphone heard to the recording; nothing of it is kept otherwise.

        Raises:
            OutputError, EncoderError: it cannot be recorded; the recording has ended.
        """
        take = self._take
        if take is None or sound.number != take.sound_rate:
            return
        with self._kept(take):
            take.recording.write_sound(protocol.decode_sound(sound.data), arrived)

    def record(self, sound_rate: int = 0) -> None:
        """Keep what is shown from now on.

        Args:
            sound_rate: samples a second of the sound that will come along; 0 for none.

        Raises:
            Busy: the disk is nearly full.
            InputError: the visitor did not say who they are, so nobody could fetch it.
        """
        if self._take is not None:
            return
        if self._session is None:
            raise NoIdentity()
        if self._owner is None:
            raise InputError("A recording needs an owner's token.")
        settings = self._studio.settings
        if shutil.disk_usage(settings.data).free < settings.least_disk_bytes:
            raise Busy("The server's disk is nearly full. Please try again later.", 600)
        name, now = uuid.uuid4().hex, time.time()
        output = self._studio.files.result_folder(name) / time.strftime("live-%Y-%m-%d-%H%M%S.mp4")
        job = Job(
            id=name, owner=fingerprint(self._owner), kind="live", target=output, options=self._options, state="running",
            created=now, consent=self._consent,
        )  # fmt: skip
        recording = Recording(output, self._options, self._session.mark, sound_rate)
        self._take = _Take(job, recording, sound_rate)

    def finish(self) -> Job | None:
        """End the recording and keep it; ``None`` where there is none, or nothing is in it.

        Raises:
            OutputError, EncoderError: it could not be written.
        """
        take, self._take = self._take, None
        if take is None:
            return None
        if not take.recording.frames:
            self._drop(take)
            return None
        try:
            seconds = take.recording.finish()
        except BaseException:
            self._drop(take)
            raise
        output, frames = take.recording.output, take.recording.frames
        mark = take.recording.mark
        report = Report(
            output=output, kind="video", frames=frames, changed=frames, faces=frames, people=0, seconds=seconds,
            fps=frames / max(seconds, 1e-3), engine=self._options.engine, device="cpu", encoder="libx264", stages={},
            notes=mark.notes if mark is not None else (), fingerprint=mark.fingerprint if mark is not None else "",
            marks=mark.marks if mark is not None else (),
        )  # fmt: skip
        MadeHere().add(report, self._consent)
        data = {**report_data(report), "output": output.name}
        # It is a job from here on: nothing has to wait behind it while it runs.
        self._studio.store.add(take.job)
        self._studio.store.finish(take.job.id, "done", Outcome(output, report=data))
        return self._studio.store.get(take.job.id)

    def _drop(self, take: _Take) -> None:
        """A recording that comes to nothing."""
        take.recording.abort()
        self._studio.files.forget(take.job.id)

    def _forget(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def close(self) -> None:
        """The visitor has gone: what was recorded is kept, the face is forgotten."""
        try:
            self.finish()
        except RecastError:
            log.info("a recording could not be finished when its visitor left", exc_info=True)
        finally:
            self._forget()
