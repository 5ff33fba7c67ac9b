"""What an earlier result of the same name has left beside it, where the new one gets no manifest."""

from __future__ import annotations

import logging
from pathlib import Path

from pipeline.marking.sidecar import EMBEDDED, lying_beside, manifest_beside
from pipeline.marking.verify import check_manifest

log = logging.getLogger(__name__)

_OURS = "Recast"


class Leftover:
    """Called in place of a `Seal`, with the finished temporary file and the name that it will get.

    A manifest beside a file that it was not made for says that the file was tampered with. So one that Recast made for
    the very file that is about to be replaced goes with it. Any other is somebody else's, and stays.

    Attributes:
        notes: sentences for the user, once it was called.
    """

    def __init__(self) -> None:
        self.notes: tuple[str, ...] = ()

    def __call__(self, temporary: Path, final: Path) -> None:
        """
        Raises:
            OSError: the manifest cannot be removed.
        """
        beside = lying_beside(final)
        if final.suffix.lower() in EMBEDDED or beside is None:
            return
        if _made_for(final):
            beside.unlink()
            log.info("the Content Credentials of the result that is replaced were removed: %s", beside.name)
        else:
            self.notes += (f"{beside.name} beside the result holds Content Credentials that are not the result's.",)


def _made_for(path: Path) -> bool:
    """Whether what lies beside a file is a manifest by Recast for this file as it is."""
    if not path.is_file() or manifest_beside(path, "") is None:
        return False
    found = check_manifest(path, "")
    return found.state in ("valid", "trusted") and found.generator.split(" ")[0] == _OURS
