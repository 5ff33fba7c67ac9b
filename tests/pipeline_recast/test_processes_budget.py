"""How many processes render beside this one: cores, memory, and what the operator says."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import Recaster
from pipeline.errors import OptionError
from pipeline.processes import budget
from pipeline.processes.pool import Pool


@pytest.mark.parametrize(
    ("cores", "gigabytes", "many"),
    [(1, 64, 0), (2, 64, 0), (3.5, 64, 0), (4, 64, 3), (8, 64, 6), (64, 64, 6), (8, 2, 2), (8, 1, 0), (8, 0.5, 0)],
)
def test_cores_and_memory_bound_them(cores: float, gigabytes: float, many: int) -> None:
    assert budget.affordable(cores, int(gigabytes * (1 << 30))) == many
    assert budget.affordable(cores, None) >= many


def test_the_operator_decides() -> None:
    assert budget.wanted({}) is budget.wanted({budget.SWITCH: " Auto "}) is None
    assert budget.wanted({budget.SWITCH: "0"}) == 0
    assert budget.wanted({budget.SWITCH: "3"}) == 3
    for bad in ("-1", "many", "1.5", "99999"):
        with pytest.raises(OptionError, match="RECAST_PROCESSES"):
            budget.wanted({budget.SWITCH: bad})


def test_control_groups_bound_cores_and_memory(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 500\ninactive_file 150\n")
    machine = tmp_path / "meminfo"
    machine.write_text("MemTotal: 9 kB\nMemAvailable:       5000 kB\n")
    assert budget.cores(tmp_path) == min(1.5, budget.cores(tmp_path / "nowhere"))
    assert budget.free_memory(tmp_path, machine) == 450
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert budget.cores(tmp_path) == budget.cores(tmp_path / "nowhere") >= 1
    assert budget.free_memory(tmp_path, machine) == 5000 * 1024
    assert budget.free_memory(tmp_path / "nowhere", tmp_path / "nothing") is None


def test_nonsense_is_told_before_any_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(budget.SWITCH, "plenty")
    with pytest.raises(OptionError, match="RECAST_PROCESSES has to be auto"):
        Recaster()


def test_short_films_are_left_to_this_one() -> None:
    assert Pool(2).enough == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(budget.SWITCH)
        assert Pool().enough == budget.ENOUGH
