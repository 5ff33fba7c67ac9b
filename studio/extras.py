"""What may be made beside a result on the command line: a comparison with the original, an animated preview,
pictures of who was found."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import OptionError, OutputError
from pipeline.options import COMPARISON_LAYOUTS, ComparisonLayout, Options
from pipeline.report import ProgressCallback, Report
from pipeline.types import MediaLimits, Person

if TYPE_CHECKING:
    from pipeline.marking import Marking


@dataclass(frozen=True)
class Extras:
    """The files that were asked for; ``None`` for those that were not.

    Attributes:
        limits: on what is opened.
        rate: frames a second of numbered pictures.
    """

    comparison: Path | None = None
    layout: ComparisonLayout = COMPARISON_LAYOUTS[0]
    preview: Path | None = None
    limits: MediaLimits = MediaLimits()
    rate: Fraction | None = None

    def check(self, target: Path, sources: Sequence[Path], output: Path) -> None:
        """Find out before a long job what would go wrong after it.

        Raises:
            InputError: a file cannot have this name, or the target cannot be read.
        """
        from pipeline.media.comparison import require_comparison_name
        from pipeline.media.numbering import keep_apart
        from pipeline.media.output import PendingFile
        from pipeline.media.preview import require_preview_name
        from pipeline.media.probe import probe

        names = [path for path in (output, self.comparison, self.preview) if path is not None]
        for name in names:
            PendingFile(name, (target, *sources))
            keep_apart(name, (target, *sources))
        keep_apart(output, names[1:])
        if len({path.absolute() for path in names}) < len(names):
            raise OptionError("The result, the comparison and the preview need names of their own.")
        if len(names) > 1:
            kind = probe(target, self.limits).kind
            if self.comparison is not None:
                require_comparison_name(self.comparison, kind)
            if self.preview is not None:
                require_preview_name(self.preview, kind)

    def write(
        self,
        target: Path,
        report: Report,
        options: Options,
        marking: Marking,
        progress: ProgressCallback | None = None,
        cancel: threading.Event | None = None,
    ) -> dict[str, Path]:
        """Write what was asked for, by its name in the report, marked as the result is. The result stays where one of
        them fails.

        Args:
            marking: what the result was marked with.
        """
        files: dict[str, Path] = {}
        if self.comparison is None and self.preview is None:
            return files
        from pipeline.marking import tags
        from pipeline.media import in_time, probe
        from pipeline.media.comparison import comparison
        from pipeline.media.preview import preview

        marked, result = tags(report.engine), probe(report.output, self.limits, self.rate)
        told = report.fingerprint if "watermark" in report.marks else ""
        if self.comparison is not None:
            seal = marking.seal(result, report.engine, told)
            options = in_time(options, probe(target, self.limits, self.rate), self.limits, cancel)
            files["comparison"] = comparison(
                target, report.output, self.comparison, layout=self.layout, start=options.start, end=options.end,
                tags=marked, seal=seal, limits=self.limits, progress=progress, cancel=cancel, rate=self.rate,
            )  # fmt: skip
            if seal is not None and seal.sidecar is not None:
                files["comparison_sidecar"] = seal.sidecar
        if self.preview is not None:
            seal = marking.seal(result, report.engine, told)
            files["preview"] = preview(
                report.output, self.preview, tags=marked, seal=seal, limits=self.limits, progress=progress,
                cancel=cancel, rate=self.rate,
            )  # fmt: skip
        return files


def write_thumbnails(people: Sequence[Person], folder: Path) -> dict[int, Path]:
    """A picture of each person into a folder, which is made; the files by their numbers.

    Raises:
        OutputError: they cannot be written there.
    """
    import cv2

    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = {person.number: folder / f"person-{person.number}.png" for person in people}
        for person in people:
            paths[person.number].write_bytes(cv2.imencode(".png", person.thumbnail)[1].tobytes())
    except OSError as error:
        raise OutputError("The thumbnails cannot be written to that folder.") from error
    return paths
