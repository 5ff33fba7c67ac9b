"""Options under a name: as files, from the command line, on a real job."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import InputError, OptionError
from pipeline.options import Options
from studio import commands
from studio import presets as rules
from studio.job_flags import begin_with
from studio.options import add_arguments, from_mapping, from_namespace
from studio.presets import BadPreset, BadPresetName, PresetExists, Presets, PresetsFull, PresetUnknown
from tests.cli.command import run, told
from tests.conftest import Material


@pytest.fixture
def presets(tmp_path: Path) -> Presets:
    return Presets(tmp_path / "data" / "presets")


def test_what_is_saved_is_a_file_of_options_as_the_api_takes_them(presets: Presets, tmp_path: Path) -> None:
    presets.save("  Soft   light ", {"match_light": 0.5, "quality": "draft", "likeness": Options().likeness})
    file = tmp_path / "data" / "presets" / "Soft light.json"
    kept = json.loads(file.read_text())
    assert kept == {"match_light": 0.5, "quality": "draft"}
    assert from_mapping(kept) == presets.options({"preset": "Soft light"})
    assert presets.options({"preset": "Soft light", "quality": "best"}) == from_mapping({**kept, "quality": "best"})
    assert [preset.name for preset in presets.all()] == ["Soft light"]
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_name_is_taken_once_unless_it_is_replaced(presets: Presets) -> None:
    presets.save("Film", {"quality": "best"})
    with pytest.raises(PresetExists) as told:
        presets.save("Film", {"quality": "draft"})
    assert told.value.code == "preset_exists" and "already" in str(told.value)
    assert presets.get("Film").options == {"quality": "best"}
    presets.save("Film", {"quality": "draft"}, replace=True)
    assert presets.get("Film").options == {"quality": "draft"}
    presets.remove("Film")
    with pytest.raises(PresetUnknown):
        presets.remove("Film")
    with pytest.raises(PresetUnknown, match="None was saved yet"):
        presets.options({"preset": "Film"})


@pytest.mark.parametrize(
    "name", ["", " ", "../film", "a/b", "a\\b", ".film", "film\x00", "x" * 61, "a:b", "好" * 60 + "x"]
)
def test_a_name_leads_nowhere_else(presets: Presets, name: str) -> None:
    with pytest.raises(BadPresetName):
        presets.save(name, {})
    with pytest.raises(PresetUnknown):
        presets.get(name)
    with pytest.raises(PresetUnknown):
        presets.remove(name)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "not a JSON object"),
        (None, "not a JSON object"),
        ({"quality": "finest"}, "quality has to be one of"),
        ({"sharpness": 1}, "There is no option 'sharpness'"),
        ({"start": 3}, "start belongs to one target only"),
        ({"preset": "other"}, "There is no option 'preset'"),
    ],
)
def test_what_is_no_preset_is_told(presets: Presets, tmp_path: Path, given: Any, said: str) -> None:
    with pytest.raises(BadPreset, match=said):
        presets.save("Film", given)
    file = tmp_path / "Film.json"
    file.write_text(json.dumps(given))
    with pytest.raises(BadPreset, match=said):
        presets.given(str(file))


def test_a_damaged_file_spoils_no_list(presets: Presets, tmp_path: Path) -> None:
    presets.save("Film", {"quality": "best"})
    folder = tmp_path / "data" / "presets"
    (folder / "torn.json").write_bytes(b'{"quality": ')
    (folder / "huge.json").write_bytes(b"[" * (rules.LARGEST + 1))
    assert [preset.name for preset in presets.all()] == ["Film"]
    for name in ("torn", "huge"):
        with pytest.raises(BadPreset, match=f"The preset {name} is not a JSON object"):
            presets.get(name)


def test_a_folder_holds_so_many(presets: Presets, tmp_path: Path) -> None:
    presets.save("Film", {})
    for number in range(rules.MOST - 1):
        (tmp_path / "data" / "presets" / f"{number}.json").write_text("{}")
    with pytest.raises(PresetsFull):
        presets.save("One more", {})
    presets.save("Film", {"quality": "best"}, replace=True)


def test_every_error_has_a_code_of_its_own() -> None:
    errors = (BadPreset, BadPresetName, PresetExists, PresetUnknown, PresetsFull)
    assert len({error.code for error in errors}) == len(errors)
    assert all(issubclass(error, InputError) and error.exit_code == 2 for error in errors)


def test_flags_go_before_a_preset(presets: Presets) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    given = parser.parse_args(["--quality", "best"])
    begin_with(given, presets.save("Film", {"quality": "draft", "match_light": 0.5}))
    assert from_namespace(given) == from_mapping({"quality": "best", "match_light": 0.5})


def test_the_command_makes_lists_shows_and_removes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def presets(*words: str) -> tuple[int, str, str]:
        code = commands.run("presets", ["--data", str(tmp_path), *words])
        told = capsys.readouterr()
        return code, told.out, told.err

    assert presets("list")[2].startswith("There are no presets.")
    assert presets("save", "Film", "--quality", "best", "--no-keep-occluders")[0] == 0
    assert presets("save", "Film")[0] == 2
    assert presets("save", "Film", "--quality", "draft", "--replace")[0] == 0
    code, out, _ = presets("show", "Film")
    assert (code, json.loads(out)) == (0, {"quality": "draft"})
    file = tmp_path / "Handed on.json"
    file.write_text(out)
    assert presets("add", str(file))[0] == 0
    assert presets("add", str(file), "--name", "Other")[0] == 0
    found = json.loads(presets("list", "--json")[1])["presets"]
    assert found == [{"name": name, "options": {"quality": "draft"}} for name in ("Film", "Handed on", "Other")]
    assert 'Film  (quality "draft")' in presets("list")[1]
    assert presets("remove", "Film")[0] == 0
    code, _, err = presets("show", "Film")
    assert code == 2 and "Presets are Handed on, Other." in err


def test_a_job_with_a_preset(material: Material, tmp_path: Path) -> None:
    data = tmp_path / "data"
    Presets(data / "presets").save("Web", {"picture_format": "webp", "quality": "draft"})
    target = tmp_path / "eileen.png"
    target.write_bytes(material.eileen.read_bytes())

    job = ("--data", data, "-s", material.grace, "-t", target, "--json")
    done = run(*job, "--preset", "Web")
    assert Path(json.loads(done.stdout)["output"]).name == "eileen-recast.webp", done.stderr
    file = tmp_path / "jpeg.json"
    file.write_text('{"picture_format": "jpeg"}')
    done = run(*job, "--preset", file, "--picture-format", "avif")
    assert Path(json.loads(done.stdout)["output"]).name == "eileen-recast.avif", done.stderr
    for name, code in (("Film", "preset_unknown"), (str(tmp_path / "none.json"), "bad_preset")):
        done = told(*job, "--preset", name)
        assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (2, code)


def test_a_preset_says_nothing_of_the_end_before_the_start(presets: Presets) -> None:
    """What is put on top of it is checked with it."""
    presets.save("Film", {"quality": "best"})
    with pytest.raises(OptionError, match="after the start"):
        presets.options({"preset": "Film", "start": 2, "end": 1})
