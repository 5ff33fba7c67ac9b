"""One job without the studio: ``python app.py --headless``.

Results go to standard output, progress, notes and errors to standard error. Nothing here imports gradio.
"""

from __future__ import annotations

import argparse
import json
import logging
import secrets
import shutil
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
from pipeline.types import Cast, Identity, Person, Role
from pipeline.whose import named
from studio import consent, extras, terminal
from studio import options as option_flags
from studio.made import MadeHere
from studio.outputs import result_name
from studio.plain import person_data, report_data
from studio.presets import Preset, Presets
from studio.quiet import silence_greeting
from studio.request import others
from studio.settings import data_folder, segment_seconds

if TYPE_CHECKING:
    from pipeline import Recaster

log = logging.getLogger(__name__)

FAULT = "Something went wrong inside Recast. Run the command again with --verbose to see what."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of a job, without its options."""
    parser.add_argument("--headless", action="store_true", help="run one job and exit, without the studio")
    group = parser.add_argument_group("a job (with --headless)")
    group.add_argument(
        "--source", "-s", action="append", type=Path, default=[], metavar="PHOTO",
        help="photo of the new face; give several of the same face for a better likeness",
    )  # fmt: skip
    group.add_argument(
        "--target", "-t", action="extend", nargs="+", type=Path, metavar="TARGET",
        help="picture or video to change; of several, each is a job, and one that fails stops none of the others",
    )  # fmt: skip
    group.add_argument(
        "--output", "-o", type=Path,
        help="the result's name or a folder for it (default: NAME-recast beside the target)",
    )  # fmt: skip
    group.add_argument(
        "--cast", action="append", type=_role, default=[], metavar="PERSON=PHOTO",
        help="this person (a number that --people lists) gets the face in this photo; repeatable",
    )  # fmt: skip
    group.add_argument(
        "--compare", type=Path, metavar="FILE", help="also write the target and the result side by side, as one file"
    )
    group.add_argument(
        "--compare-layout", choices=extras.LAYOUTS, default=extras.LAYOUTS[0],
        help="with --compare: how both are arranged (default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--preview",
        type=Path,
        metavar="FILE",
        help="also write a few seconds of the result as an animated .gif or .webp",
    )
    group.add_argument(
        "--preset", metavar="NAME|FILE.json",
        help="options that were saved in the studio or by `app.py presets`, or a file of them; flags go before them",
    )  # fmt: skip
    group.add_argument("--people", action="store_true", help="list who is in the target instead of changing it")
    group.add_argument("--thumbnails", type=Path, metavar="FOLDER", help="with --people: write a picture of each there")
    group.add_argument(
        "--consent", action="store_true",
        help=f"state, and have it kept with the result's entry in the log: {consent.TEXT} (without it, running the "
        "command is the statement)",
    )  # fmt: skip
    group.add_argument(
        "--json", action="store_true",
        help="write the outcome to standard output as JSON; of several targets, a line for each",
    )  # fmt: skip
    group.add_argument("--threads", type=_threads, help="threads for the CPU (default: all cores)")


def main(given: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Runs what was asked for and returns the exit code; of several targets, that of the first that failed."""
    _check_arguments(given, parser)
    if given.preset is not None:
        try:
            begin_with(given, Presets(data_folder(given.data) / "presets").given(given.preset))
        except InputError as error:
            given.several = False
            return _failed(given, error.code, str(error), error.exit_code)
    codes = []
    with _cancel_on_signals() as cancel:
        shared, several = _Shared(given, cancel), len(given.target) > 1
        for target in given.target:
            one = argparse.Namespace(**{**vars(given), "target": target, "several": several})
            codes.append(_job(one, shared))
            if cancel.is_set() or shared.useless:
                break
    return next(filter(None, codes), 0)


def begin_with(given: argparse.Namespace, preset: Preset) -> None:
    """Have the options of a preset count as flags, where there are none."""
    for name, value in preset.options.items():
        if not hasattr(given, name):
            setattr(given, name, value)


class _Shared:
    """What the targets of one command have in common: loaded, and looked at, for the first of them.

    Attributes:
        outputs: names that results have taken.
        useless: whether the photos of the new face cannot be used, and no target can get it.
    """

    def __init__(self, given: argparse.Namespace, cancel: threading.Event) -> None:
        self.cancel, self.outputs = cancel, set[Path]()
        self.useless = False
        self._given = given

    @cached_property
    def recaster(self) -> Recaster:
        from pipeline import Recaster

        if not self._given.verbose:
            silence_greeting()
        _stop_if(self.cancel)
        options = option_flags.from_namespace(self._given)
        return Recaster(device=options.device, threads=self._given.threads)

    @cached_property
    def everyone(self) -> Identity | None:
        self.useless = True  # unless the photos are good
        found = _identified(self.recaster, self._given.source) if self._given.source else None
        self.useless = False
        return found


def _job(given: argparse.Namespace, shared: _Shared) -> int:
    """Carries out what was asked for of one target, tells of it, and returns its exit code."""
    try:
        outcome = _people(given, shared) if given.people else _recast(given, shared)
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


def _role(text: str) -> tuple[int, Path]:
    number, separator, photo = text.partition("=")
    if not separator or not photo or not number.strip().isdecimal() or int(number) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not PERSON=PHOTO, such as 1=face.jpg")
    return int(number), Path(photo)


def _threads(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("has to be a whole number from 1")
    return int(text)


def _check_arguments(given: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    if given.target is None:
        parser.error("--target is missing: the picture or video to work on")
    if given.thumbnails is not None and not given.people:
        parser.error("--thumbnails goes with --people")
    if given.people and (given.source or given.cast or given.output or given.compare or given.preview):
        parser.error("--people only lists who is in the target; leave out --source, --cast and what names a result")
    if not given.people and not given.source and not given.cast:
        parser.error("--source is missing: a photo of the new face (or --cast PERSON=PHOTO)")
    if len(given.target) > 1:
        alone = ("people", "cast", "compare", "preview", "exclude")
        if words := [f"--{name}" for name in alone if getattr(given, name, None)]:
            parser.error(f"{words[0]} goes with one --target")
        if given.output is not None and not given.output.is_dir():
            parser.error("--output has to be a folder that is there, where there are several targets")


def _stop_if(cancel: threading.Event) -> None:
    if cancel.is_set():
        raise Cancelled()


def _people(given: argparse.Namespace, shared: _Shared) -> str:
    """Who is in the target, as a table or as JSON."""
    options = option_flags.from_namespace(given)
    _look(given.target)
    recaster, cancel = shared.recaster, shared.cancel
    with terminal.progress() as show:
        people = recaster.people(given.target, options, progress=show, cancel=cancel)
    if not people:
        raise NoFaceInTarget()
    pictures = _write_thumbnails(people, given.thumbnails) if given.thumbnails else {}
    rows = [person_data(person, pictures.get(person.number)) for person in people]
    return json.dumps({"people": rows}, indent=2) + "\n" if given.json else terminal.people_table(rows)


def _write_thumbnails(people: Sequence[Person], folder: Path) -> dict[int, Path]:
    import cv2

    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = {person.number: folder / f"person-{person.number}.png" for person in people}
        for person in people:
            paths[person.number].write_bytes(cv2.imencode(".png", person.thumbnail)[1].tobytes())
    except OSError as error:
        raise OutputError("The thumbnails cannot be written to that folder.") from error
    return paths


def _recast(given: argparse.Namespace, shared: _Shared) -> str:
    """Recasts the target and tells what was done, as sentences or as JSON."""
    # Whoever runs the command is the operator, who may want to be asked all the same.
    stated = consent.given(consent.rule_from("implied"), given.consent, None, time.time())
    options = option_flags.from_namespace(given)
    _look(given.target)
    output = _output(given.target, given.output, options)
    if output in shared.outputs:
        raise OutputError(f"{given.target}: Another target's result has the name {output.name} there.")
    shared.outputs.add(output)
    wanted = extras.Extras(given.compare, given.compare_layout, given.preview)
    wanted.check(given.target, [*given.source, *(photo for _, photo in given.cast)], output)
    recaster, cancel = shared.recaster, shared.cancel
    with terminal.progress() as show:
        cast = _cast(shared, given, options, show)
        _stop_if(cancel)
        with _segments_folder(output) as work:
            report = recaster.recast(
                cast, given.target, output, options, progress=show, cancel=cancel, work=work, segment=segment_seconds()
            )
        MadeHere().add(report, stated)
        files = wanted.write(given.target, report, options, recaster.marking, show, cancel)
    for note in report.notes:
        sys.stderr.write(f"Note: {note}\n")
    if given.json:
        data = report_data(report) | {"consent": stated.data()} | {name: str(path) for name, path in files.items()}
        return json.dumps({"target": str(given.target)} | data, indent=None if given.several else 2) + "\n"
    return terminal.report_text(report) + "".join(f"{path}\n" for path in files.values())


@contextmanager
def _segments_folder(output: Path) -> Iterator[Path]:
    """A hidden folder beside the result for the finished segments of a long video, gone when the job is."""
    folder = output.parent / f".{output.stem[:40]}-{secrets.token_hex(4)}.segments"
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _output(target: Path, output: Path | None, options: Options) -> Path:
    """Where the result goes. A name with an ending is taken as it is; a folder, or nothing, gets the usual name."""
    if output is not None and not output.is_dir():
        if not output.suffix:
            raise OutputError("The result's name needs an ending, such as .mp4 or .png, or has to be a folder.")
        return output
    from pipeline.media.probe import probe

    return (output or target.parent) / result_name(target, probe(target), options)


def _look(target: Path) -> None:
    """Open the target before anything else is done, so that what is wrong with it is said of it."""
    from pipeline.media.probe import probe

    with about(str(target)):
        probe(target)


def _identified(recaster: Recaster, photos: Sequence[Path]) -> Identity:
    try:
        return recaster.identify(photos)
    except (InputError, NoFace):
        for photo in photos:
            with about(str(photo)):
                recaster.identify([photo])
        raise


def _cast(shared: _Shared, given: argparse.Namespace, options: Options, show: ProgressCallback | None) -> Cast:
    everyone, recaster, cancel = shared.everyone, shared.recaster, shared.cancel
    if not given.cast and not named(options):
        return Cast(everyone=everyone)
    photos: dict[int, list[Path]] = {}
    for number, photo in given.cast:
        photos.setdefault(number, []).append(photo)
    identities: dict[int, Identity] = {}
    for number, paths in photos.items():
        _stop_if(cancel)
        identities[number] = _identified(recaster, paths)
    _stop_if(cancel)
    people = {person.number: person for person in recaster.people(given.target, options, progress=show, cancel=cancel)}
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
