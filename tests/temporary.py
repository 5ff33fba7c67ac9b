"""What a run of the tests leaves in the temp folder lies in one folder of its own, which goes when the run ends.

Gradio's client keeps an empty folder for each file that it fetches, and other libraries theirs after a kill.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from multiprocessing.util import Finalize
from pathlib import Path

_AFTER_OTHERS = -1000
"""Python's own folder for processes is in it, and is looked for when that one's turn comes (at -100)."""


def temporary() -> Path:
    """Begins it, for this process and all that it starts. Called before anything else, which may already write."""
    usual = tempfile.gettempdir()
    # pytest keeps the folders of its last runs for those who look into a failure, and removes older ones itself.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", usual)
    folder = Path(tempfile.mkdtemp(prefix="recast-tests-"))
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    Finalize(None, shutil.rmtree, (folder,), {"ignore_errors": True}, exitpriority=_AFTER_OTHERS)
    return folder
