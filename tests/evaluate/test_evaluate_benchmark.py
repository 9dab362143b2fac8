import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from himmel.data import RenderConfig, render_shards
from himmel.weights import read_index

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "evaluate_probes.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_evaluate_probes", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_probes_are_checked_and_shown(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main(["--limit", "1"]) == 0
    said = capsys.readouterr().out
    assert "seed 60000000" in said and "100 %" in said


def test_an_examiner_learns(script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = RenderConfig(profile="first_light", width=32, height=32, frames=5)
    render_shards(tmp_path / "clips", clips=2, first_seed=1, config=config)
    out = tmp_path / "examiner"
    assert script.main(["--learn", str(tmp_path / "clips"), "--steps", "2", "--out", str(out)]) == 0
    assert read_index(out).card.trained_steps == 2 and "bytes" in capsys.readouterr().out


def test_a_recogniser_is_taught_from_nothing(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "recogniser"
    few = ["--clips", "2", "--size", "32", "--steps", "1", "--workers", "1", "--out", str(out)]
    assert script.main(["--teach", str(tmp_path / "work"), *few]) == 0
    assert read_index(out).card.name == "recogniser" and "bytes" in capsys.readouterr().out


def test_some_groups_can_be_checked_alone(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main(["--suite", "full", "--groups", "bounce", "--limit", "1"]) == 0
    said = capsys.readouterr().out
    assert "gravity" in said and "relation" not in said
