"""The lists and settings that other machines are set up from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from deploy import space

ROOT = Path(__file__).resolve().parent.parent
LISTS = sorted(path.with_suffix(".txt") for path in ROOT.glob("requirements*.in"))


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==([^ ;\n]+)", path.read_text(), re.MULTILINE))


def test_readme_begins_with_the_settings_of_the_space() -> None:
    assert space.main(["--check"]) == 0
    front = space.README.read_text(encoding="utf-8").split(space.FENCE)[1]
    assert yaml.safe_load(front) == yaml.safe_load(space.SETTINGS.read_text(encoding="utf-8"))


def test_front_matter_is_replaced_not_added() -> None:
    once = space.with_front_matter("# Title\n---\ntext\n", space.front_matter("title: A\n"))
    twice = space.with_front_matter(once, space.front_matter("title: B\n"))
    assert once.startswith("---\ntitle: A\n---\n# Title\n---\ntext")
    assert twice == once.replace("title: A", "title: B")


def test_no_two_wheels_own_one_folder() -> None:
    """onnxruntime beside onnxruntime-gpu, or a second OpenCV: the last one installed wins, often without the GPU."""
    closure = pins(ROOT / "requirements.txt")
    assert "onnxruntime-gpu" in closure and "opencv-python" in closure
    for twin in ("onnxruntime", "opencv-contrib-python", "opencv-python-headless", "mediapipe"):
        assert twin not in closure


def test_nothing_that_reports_to_its_makers_comes_along() -> None:
    """openvino asks for a package that sends how it is used; none of our lists has it, nor another of its kind."""
    assert "openvino" in pins(ROOT / "requirements.txt")
    for path in LISTS:
        assert not [name for name in pins(path) if re.search("telemetry(?!-api)|analytics|sentry|posthog", name)], path


def test_lists_agree_and_name_no_registry() -> None:
    closure = pins(ROOT / "requirements.txt")
    for path in LISTS:
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", path.read_text()), path
        for name, version in pins(path).items():
            assert closure.get(name, version) == version, f"{name} in {path.name}"


@pytest.mark.parametrize("path", [path.with_suffix(".in") for path in LISTS], ids=lambda path: path.name)
def test_every_list_has_its_input_pinned_in_it(path: Path) -> None:
    listed = pins(path.with_suffix(".txt"))
    for name in re.findall(r"^([A-Za-z0-9_-]+)", path.read_text(), re.MULTILINE):
        if name not in ("-c", "c"):
            assert name.lower().replace("_", "-") in listed


def test_the_port_of_the_space_is_the_one_the_container_listens_on() -> None:
    port = yaml.safe_load((ROOT / "space.yaml").read_text())["app_port"]
    assert f"EXPOSE {port}" in (ROOT / "Dockerfile").read_text()
