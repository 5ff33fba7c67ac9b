"""What ``python app.py NAME ...`` may do beside the studio and a headless job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

COMMANDS: Mapping[str, str] = {
    "health": "studio.commands.health",
    "identities": "studio.commands.identities",
    "keys": "studio.commands.keys",
    "models": "studio.commands.models",
    "presets": "studio.commands.presets",
    "verify": "studio.commands.verify",
}
"""Names of commands and the modules that carry them out; each has ``main(words) -> int``, the exit code."""


def run(name: str, words: Sequence[str]) -> int:
    """Run the command called `name` with the words that follow it. Only its own module is loaded."""
    code: int = import_module(COMMANDS[name]).main(words)
    return code
