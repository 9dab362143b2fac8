"""Saving over older weights: whatever happens, one whole set is there afterwards."""

import os
from pathlib import Path

import pytest
import torch

from himmel.errors import WeightsError
from himmel.weights import Card, Part, load_weights, save_weights

CARD = Card(name="tiny", knows={})


def save(folder: Path, value: float) -> None:
    part = Part(config={}, tensors={"matrix": torch.full((2, 2), value)})
    save_weights(folder, {"codec": part}, CARD, overwrite=True)


def value(folder: Path) -> float:
    return float(load_weights(folder).parts["codec"].tensors["matrix"][0, 0])


@pytest.mark.parametrize("renamed", [0, 1, 2])
def test_stopping_while_folders_change_places_keeps_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renamed: int
) -> None:
    save(tmp_path / "w", 1.0)
    (tmp_path / "w" / "README.md").write_text("a model card")
    replace, count = os.replace, 0

    def stopped(source: Path, target: Path) -> None:
        nonlocal count
        if count == renamed:
            monkeypatch.undo()
            raise KeyboardInterrupt
        count += 1
        replace(source, target)

    monkeypatch.setattr(os, "replace", stopped)
    if renamed < 2:  # renames: the old folder aside, the new one in
        with pytest.raises(KeyboardInterrupt):
            save(tmp_path / "w", 2.0)
    else:
        save(tmp_path / "w", 2.0)
    assert value(tmp_path / "w") == (2.0 if renamed == 2 else 1.0)
    assert (tmp_path / "w" / "README.md").exists() and [path.name for path in tmp_path.iterdir()] == ["w"]


def test_weights_left_aside_by_a_power_cut_come_back(tmp_path: Path) -> None:
    save(tmp_path / "w", 1.0)
    (tmp_path / "w").rename(tmp_path / "w.old")
    with pytest.raises(WeightsError, match="not finite"):
        save(tmp_path / "w", float("nan"))
    assert value(tmp_path / "w") == 1.0
    save(tmp_path / "w.old", 0.0)  # and what is left of an older save goes
    save(tmp_path / "w", 2.0)
    assert value(tmp_path / "w") == 2.0 and [path.name for path in tmp_path.iterdir()] == ["w"]
