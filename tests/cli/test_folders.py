"""Folders in place of files, on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from studio.folders import EmptyFolder, one_film, unfolded
from tests.cli.command import run, told
from tests.conftest import Material


def test_what_is_in_a_folder(material: Material, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    for name in ("b.png", "a.jpg", "a-recast.jpg", ".hidden.jpg", "more/c.jpg", "no ending"):
        shutil.copy(material.eileen, folder / name)
    shutil.copy(material.clip, folder / "d.mp4")
    (folder / "notes.txt").write_text("hello")
    (folder / "empty.jpg").touch()
    names = ["a.jpg", "b.png", "d.mp4", "empty.jpg", "no ending"]
    assert unfolded([folder]) == [folder / name for name in names]
    assert unfolded([folder], videos=False) == [folder / name for name in names if name != "d.mp4"]
    assert unfolded([Path("x.jpg"), folder])[0] == Path("x.jpg")  # what is not there is told by its job
    (tmp_path / "nothing").mkdir()
    with pytest.raises(EmptyFolder, match="holds no picture or video"):
        unfolded([tmp_path / "nothing"])
    assert EmptyFolder.code == "empty_folder"


def test_photos_and_pictures_come_in_folders(material: Material, tmp_path: Path) -> None:
    photos, pictures = tmp_path / "photos", tmp_path / "pictures"
    for folder in (photos, pictures):
        folder.mkdir()
    shutil.copy(material.grace, photos)
    for name in ("one.jpg", "two.jpg"):
        shutil.copy(material.eileen, pictures / name)
    done = run("-s", photos, "-t", pictures, "-o", f"{tmp_path / 'results'}/", "--json")
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["changed"] for line in done.stdout.splitlines()] == [1, 1]
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == ["one-recast.jpg", "two-recast.jpg"]
    several = told("-s", material.grace, material.grace, "-t", pictures / "one.jpg", "-o", tmp_path / "result.jpg")
    assert several.returncode == 0, several.stderr
    (tmp_path / "none").mkdir()
    none = told("-s", material.grace, "-t", tmp_path / "none")
    assert none.returncode == 2 and "The folder holds no picture or video." in none.stderr


def test_numbered_pictures_are_told_from_an_album() -> None:
    plates = [Path("plates") / f"shot_v2.{number}.png" for number in range(1001, 1021)]
    assert one_film(plates) == Path("plates/shot_v2.####.png")
    assert one_film(plates[:5]) is None and one_film([*plates, Path("plates/other.png")]) is None
    assert one_film([Path(f"{number}/shot.png") for number in range(20)]) is None
