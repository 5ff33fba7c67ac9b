"""The rules of the house: who may import whom. Read from the source, nothing is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {"analysis", "engines", "compositor", "media", "marking", "policy"}
GROUND = {"closing", "models", "options", "report", "types", "errors"}
WEB = {"gradio", "gradio_client", "fastapi", "starlette", "uvicorn", "studio", "sqlite3", "app"}


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a module imports, wherever in it; relative ones made absolute."""
    package = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level] if node.level else ()
            module = ".".join((*base, *((node.module,) if node.module else ())))
            yield module
            yield from (f"{module}.{name.name}" for name in node.names)


def rooms_of(names: Iterator[str]) -> set[str]:
    """Second parts of names in `pipeline`: the rooms and ground modules they belong to."""
    return {name.split(".")[1] for name in names if name.startswith("pipeline.")}


def test_there_is_something_to_look_at() -> None:
    assert len(modules("pipeline")) > 10
    assert "pipeline.errors" in set(imports(ROOT / "studio" / "headless.py"))


@pytest.mark.parametrize("path", modules("pipeline"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_pipeline_knows_no_web(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & WEB


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_middle_rooms_do_not_import_each_other(room: str) -> None:
    conductors = {path.stem for path in (ROOT / "pipeline").glob("*.py")} - GROUND
    for path in modules(f"pipeline/{room}"):
        used = rooms_of(imports(path))
        assert not used & (ROOMS - {room}), f"{path} reaches into another room"
        assert not used & conductors, f"{path} imports the conductor"


def test_the_ground_stands_on_nothing() -> None:
    files = [path for name in GROUND for path in (*modules(f"pipeline/{name}"), ROOT / "pipeline" / f"{name}.py")]
    ground = [path for path in files if path.exists()]
    assert len(ground) > len(GROUND)
    for path in ground:
        assert rooms_of(imports(path)) <= GROUND, path


def test_only_the_studio_imports_gradio() -> None:
    for path in [ROOT / "app.py", *modules("pipeline"), *modules("benchmarks"), *modules("deploy")]:
        assert "gradio" not in {name.split(".")[0] for name in imports(path)}, path


def test_the_headless_command_never_loads_gradio() -> None:
    """Nothing that `app.py --headless` imports, however far down in the studio, imports gradio."""
    waiting, seen = ["studio.headless", "studio.options", "studio.settings", "studio.quiet"], set()
    while waiting:
        name = waiting.pop()
        path = ROOT / (name.replace(".", "/") + ".py")
        if name in seen or not path.exists():
            continue
        seen.add(name)
        found = set(imports(path))
        assert not {part.split(".")[0] for part in found} & {"gradio", "fastapi", "uvicorn"}, name
        waiting.extend(part for part in found if part.startswith("studio."))
    assert "studio.terminal" in seen


def test_the_map_of_the_house_is_true() -> None:
    """What `ARCHITECTURE.md` names is there, and every room has its place on it."""
    named = set(re.findall(r"`((?:[\w.]+/)+[\w.]*|\w+\.(?:py|md))`", (ROOT / "ARCHITECTURE.md").read_text("utf-8")))
    assert len(named) > 40
    assert not {path for path in named if not (ROOT / path).exists()}
    rooms = {f"{part}/{path.name}/" for part in ("pipeline", "studio") for path in (ROOT / part).iterdir()
             if (path / "__init__.py").exists()}  # fmt: skip
    assert len(rooms) > 10
    assert not rooms - named
