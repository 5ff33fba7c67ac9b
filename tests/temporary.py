"""What a run of the tests leaves in the temp folder lies in one folder of its own, which goes when the run ends.

Gradio's client keeps an empty folder for each file that it fetches, and other libraries theirs after a kill.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

_TEMPORARY = "TMPDIR"


class Temporary:
    """Begins as it is made: what the tests import may already write."""

    def __init__(self) -> None:
        usual = tempfile.gettempdir()
        # pytest keeps the folders of its last runs for those who look into a failure, and removes older ones itself.
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", usual)
        self.folder = Path(tempfile.mkdtemp(prefix="recast-tests-"))
        os.environ[_TEMPORARY] = tempfile.tempdir = str(self.folder)

    # After the watch has ended the run's processes, which may still write.
    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
