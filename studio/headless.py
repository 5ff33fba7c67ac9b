"""One job without the studio: ``python app.py --headless``.

Results go to standard output, progress, notes and errors to standard error. Nothing here imports gradio.
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import signal
import sys
import threading
import time
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import (
    Cancelled,
    InputError,
    NoFace,
    NoFaceInTarget,
    OutputError,
    PersonUnknown,
    RecastError,
    about,
)  # fmt: skip
from pipeline.options import Options
from pipeline.report import ProgressCallback
from pipeline.types import Cast, Identity, MediaLimits, Role
from pipeline.whose import named
from studio import consent, extras, job_flags, terminal
from studio import options as option_flags
from studio.environment import misspelt
from studio.folders import one_film
from studio.job_flags import Place
from studio.made import MadeHere
from studio.outputs import MARK, result_name
from studio.plain import person_data, report_data
from studio.presets import Presets
from studio.quiet import silence_greeting
from studio.request import others
from studio.settings import data_folder
from studio.setup import media_limits, segment_seconds
from studio.unzipped import film_in, made
from studio.work_folder import work_folder

if TYPE_CHECKING:
    from pipeline import Recaster

log = logging.getLogger(__name__)

FAULT = "Something went wrong inside Recast. Run the command again with --verbose to see what."


def main(given: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Runs what was asked for and returns the exit code; of several targets, that of the first that failed."""
    job_flags.check(given, parser)
    if given.preset is not None:
        try:
            job_flags.begin_with(given, Presets(data_folder(given.data) / "presets").given(given.preset))
        except InputError as error:
            given.several = False
            return _failed(given, error.code, str(error), error.exit_code)
    for slip in misspelt():
        sys.stderr.write(f"Note: {slip}\n")
    film = one_film(given.target)
    if film is not None:
        sys.stderr.write(f"Note: As the frames of one film, steady from each to the next, they are -t '{film}'.\n")
    codes = []
    with _cancel_on_signals() as cancel:
        try:
            shared, several = _Shared(given, cancel), len(given.target) > 1
        except ValueError as error:
            parser.error(str(error))
        for target in given.target:
            one = argparse.Namespace(**{**vars(given), "target": target, "several": several})
            codes.append(_job(one, shared))
            if cancel.is_set() or shared.useless:
                break
    return next(filter(None, codes), 0)


class _Shared:
    """What the targets of one command have in common: loaded, and looked at, for the first of them.

    Attributes:
        outputs: names that results have taken.
        limits: what is too large.
        useless: whether the photos of the new face cannot be used, and no target can get it.
    """

    def __init__(self, given: argparse.Namespace, cancel: threading.Event) -> None:
        self.cancel, self.outputs, self.limits = cancel, set[Path](), media_limits()
        self.useless = False
        self._given = given

    @cached_property
    def recaster(self) -> Recaster:
        from pipeline import Recaster

        if not self._given.verbose:
            silence_greeting()
        _stop_if(self.cancel)
        options = option_flags.from_namespace(self._given)
        return Recaster(device=options.device, threads=self._given.threads, limits=self.limits)

    @cached_property
    def everyone(self) -> Identity | None:
        self.useless = True  # unless the photos are good
        chosen = option_flags.from_namespace(self._given).source_faces
        found = _identified(self.recaster, self._given.source, chosen) if self._given.source else None
        self.useless = False
        return found


def _job(given: argparse.Namespace, shared: _Shared) -> int:
    """Carries out what was asked for of one target, tells of it, and returns its exit code."""
    try:
        beside = given.target.parent if given.output is None else given.output.around
        with film_in(given.target, None if given.people else beside, shared.limits, shared.cancel) as film:
            outcome = _people(given, film, shared) if given.people else _recast(given, film, shared)
    except RecastError as error:
        log.info("%s", error.code, exc_info=True)
        sentence = str(error)
        of_this = given.several and not shared.useless and not isinstance(error, Cancelled)
        if of_this and not sentence.startswith(f"{given.target}: "):
            sentence = f"{given.target}: {sentence}"
        return _failed(given, error.code, sentence, error.exit_code)
    except BrokenPipeError:
        return 1
    except Exception:
        log.info("fault", exc_info=True)
        return _failed(given, RecastError.code, FAULT, RecastError.exit_code)
    sys.stdout.write(outcome)
    sys.stdout.flush()
    return 0


def _stop_if(cancel: threading.Event) -> None:
    if cancel.is_set():
        raise Cancelled()


def _people(given: argparse.Namespace, film: Path, shared: _Shared) -> str:
    """Who is in the target, as a table or as JSON."""
    options = option_flags.from_namespace(given)
    _look(given.target, film, shared.limits)
    recaster, cancel = shared.recaster, shared.cancel
    with terminal.progress() as show:
        people = recaster.people(film, options, progress=show, cancel=cancel)
    if not people:
        raise NoFaceInTarget()
    pictures = extras.write_thumbnails(people, given.thumbnails) if given.thumbnails else {}
    rows = [person_data(person, pictures.get(person.number)) for person in people]
    return json.dumps({"people": rows}, indent=2) + "\n" if given.json else terminal.people_table(rows)


def _recast(given: argparse.Namespace, film: Path, shared: _Shared) -> str:
    """Recasts the target and tells what was done, as sentences or as JSON."""
    # Whoever runs the command is the operator, who may want to be asked all the same.
    stated = consent.given(consent.rule_from("implied"), given.consent, None, time.time())
    options = option_flags.from_namespace(given)
    _look(given.target, film, shared.limits)
    output = _output(given.target, film, given.output, options, shared.limits)
    if output in shared.outputs:
        raise OutputError(f"{given.target}: Another target's result has the name {output.name} there.")
    shared.outputs.add(output)
    wanted = extras.Extras(given.compare, given.compare_layout, given.preview, shared.limits, options.exact_rate)
    wanted.check(film, [given.target, *given.source, *(photo for _, photo in given.cast)], output)
    recaster, cancel = shared.recaster, shared.cancel
    with terminal.progress() as show:
        cast = _cast(shared, given, film, options, show)
        _stop_if(cancel)
        with work_folder(output) as work:
            report = recaster.recast(
                cast, film, output, options, progress=show, cancel=cancel, work=work,
                segment=segment_seconds(),
            )  # fmt: skip
        MadeHere().add(report, stated)
        files = wanted.write(film, report, options, recaster.marking, show, cancel)
    for note in report.notes:
        sys.stderr.write(f"Note: {note}\n")
    if given.json:
        data = report_data(report) | {"consent": stated.data()} | {name: str(path) for name, path in files.items()}
        return json.dumps({"target": str(given.target)} | data, indent=None if given.several else 2) + "\n"
    return terminal.report_text(report) + "".join(f"{path}\n" for path in files.values())


def _output(target: Path, film: Path, place: Place | None, options: Options, limits: MediaLimits) -> Path:
    """Where the result goes. A name with an ending is taken as it is; a folder, or nothing, gets the usual name. Frames
    that came in a ZIP get a folder of their own where nothing is said.

    Args:
        film: what is worked on, see `film_in`.
    """
    from pipeline.media.numbering import numbered_result
    from pipeline.media.probe import probe

    if place is not None and not place.folder:
        if not place.path.suffix:
            raise OutputError(
                "The result's name needs an ending, such as .mp4 or .png; the name of a folder ends in a slash."
            )
        if numbered_result(place.path) is not None:
            made(place.path.parent)
        return place.path
    name = result_name(film, probe(film, limits), options)
    if place is not None:
        folder = place.path
    elif film != target and numbered_result(Path(name)) is not None:
        folder = target.parent / (target.stem + MARK)
    else:
        return target.parent / name
    made(folder)
    return folder / name


def _look(target: Path, film: Path, limits: MediaLimits) -> None:
    """Open the target before anything else is done, so that what is wrong with it is said of it."""
    from pipeline.media.probe import probe

    with about(str(target)):
        probe(film, limits)


def _identified(recaster: Recaster, photos: Sequence[Path], which: Sequence[int]) -> Identity:
    try:
        return recaster.identify(photos, which)
    except (InputError, NoFace):
        for photo, number in zip(photos, itertools.chain(which, itertools.repeat(0)), strict=False):
            with about(str(photo)):
                recaster.identify([photo], [number])
        raise


def _cast(
    shared: _Shared, given: argparse.Namespace, film: Path, options: Options, show: ProgressCallback | None
) -> Cast:
    everyone, recaster, cancel = shared.everyone, shared.recaster, shared.cancel
    if not given.cast and not named(options):
        return Cast(everyone=everyone)
    photos: dict[int, list[tuple[Path, int]]] = {}
    chosen = itertools.chain(options.source_faces[len(given.source) :], itertools.repeat(0))
    for (number, photo), which in zip(given.cast, chosen, strict=False):
        photos.setdefault(number, []).append((photo, which))
    identities: dict[int, Identity] = {}
    for number, pairs in photos.items():
        _stop_if(cancel)
        identities[number] = _identified(recaster, *zip(*pairs, strict=True))
    _stop_if(cancel)
    found = recaster.people(film, options, progress=show, cancel=cancel)
    people = {person.number: person for person in found}
    for number in identities:
        if number not in people:
            raise PersonUnknown(f"The cast names person {number}, but the target shows {_count(len(people))}.")
    roles = tuple(Role(people[number], who) for number, who in identities.items())
    return Cast(everyone, roles, others(options, tuple(people.values()), identities))


def _count(people: int) -> str:
    return "nobody" if people == 0 else "one person" if people == 1 else f"{people} people"


def _failed(given: argparse.Namespace, code: str, sentence: str, exit_code: int) -> int:
    if given.json:
        whose = {"target": str(given.target)} if given.several else {}
        sys.stdout.write(json.dumps({**whose, "error": {"code": code, "message": sentence}}) + "\n")
    sys.stderr.write(f"{sentence}\n")
    return exit_code


@contextmanager
def _cancel_on_signals() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM ask the job to stop; a second one gets their usual meaning."""
    cancel = threading.Event()
    usual: dict[int, Any] = {}

    def ask(number: int, _frame: types.FrameType | None) -> None:
        cancel.set()
        signal.signal(number, usual[number])

    number: int
    for number in (signal.SIGINT, signal.SIGTERM):
        usual[number] = signal.signal(number, ask)
    try:
        yield cancel
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
