"""Keeps README.md's front matter, which is all that a Space reads, equal to space.yaml.

``python -m deploy.space`` writes it, ``python -m deploy.space --check`` only tells.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = ROOT / "space.yaml"
README = ROOT / "README.md"
FENCE = "---\n"


def front_matter(settings: str) -> str:
    """The front matter for the text of space.yaml: the same values, without its comments."""
    values = yaml.safe_load(settings)
    return FENCE + yaml.safe_dump(values, sort_keys=False, allow_unicode=True) + FENCE


def with_front_matter(readme: str, front: str) -> str:
    """`readme` with its front matter replaced, or put before it."""
    if readme.startswith(FENCE):
        readme = readme.split(FENCE, 2)[2]
    return front + readme


def main(arguments: list[str]) -> int:
    """Writes the file, or with ``--check`` says whether it is as it should be."""
    readme = README.read_text(encoding="utf-8")
    wanted = with_front_matter(readme, front_matter(SETTINGS.read_text(encoding="utf-8")))
    if readme == wanted:
        return 0
    if "--check" in arguments:
        sys.stderr.write("README.md does not start with the settings of space.yaml: python -m deploy.space\n")
        return 1
    README.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
