"""The scripts of benchmarks/ say how they are run and what to expect, and they run."""

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from structure import ROOT

FOLDER = ROOT / "benchmarks"
SCRIPTS = sorted(FOLDER.glob("*.py"))
WITHOUT_FIGURES = {"showcase"}  # it draws pictures and measures nothing


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(FOLDER))
    return FOLDER


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_each_opens_with_command_hardware_minutes_and_number(path: Path) -> None:
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert f"python benchmarks/{path.name}" in words and "Hardware:" in words and "minute" in words.lower()
    assert "Expected" in words or path.stem in WITHOUT_FIGURES


def test_make_is_timed_stage_by_stage(scripts: Path, tiny_weights: Path, tmp_path: Path) -> None:
    make = loaded(scripts / "make.py")
    seconds = make.once(str(tiny_weights), "64x64", 9, tmp_path)
    stages = ("prepare", "text", "block", "denoise", "decode", "review", "write", "seal")
    assert sum(seconds[stage] for stage in stages) == pytest.approx(seconds[make.AFTER_LOADING])
    assert "denoise" in make.table([seconds, seconds])
    with pytest.raises(SystemExit, match="10 frames cannot be made"):
        make.once(str(tiny_weights), "64x64", 10, tmp_path)


def test_a_plan_of_places_is_judged(scripts: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocking = loaded(scripts / "blocking.py")
    assert blocking.main(["--model", str(tiny_weights), "--scenes", "6", "--truth", "4"]) == 0
    said = capsys.readouterr().out
    assert (
        "planned     number" in said and "true        number 1.000 of 4" in said and "true        camera" in said
    )


def test_a_minute_is_measured_beside_five_seconds(
    scripts: Path, tiny_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    minute = loaded(scripts / "minute.py")
    asked = ["--model", str(tiny_weights), "--seconds", "3", "--short", "1.5", "--sheets", str(tmp_path)]
    assert minute.main([*asked, "--ways", "rolling"]) == 0
    said = capsys.readouterr().out
    assert "37 frames, 24 model calls" in said and "times the memory" in said and "brightness" in said
    assert (tmp_path / "rolling.png").exists()
    # 16 latent frames in windows of 3: the first one, then each that follows, of three steps each.
    made = minute.once(str(tiny_weights), "windows", 5.0, tmp_path / "clip.mp4")
    assert made["frames"] == 61 and made["calls"] == 14 * 3 and 0 < made["first"] < sum(made["wall"].values())
    assert made["peak"] > 1 and {"denoise", "decode", "write", "seal"} <= set(made["cpu"])


def test_directing_is_measured_verb_by_verb(
    scripts: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import numpy as np

    directing = loaded(scripts / "directing.py")
    verbs = ["pictures", "backward", "loop", "inpaint"]
    assert directing.main(["--model", str(tiny_weights), "--cases", "1", "--steps", "1", "--verbs", *verbs]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[3:]]
    assert [row[0] for row in rows if row[1] == "exact"] == verbs
    assert {float(row[2]) for row in rows if row[1] == "exact"} == {1.0}
    clip = np.zeros((4, 8, 8, 3), np.uint8)
    clip[2:] = 10
    assert directing.seam(clip, [2], range(2, 4)) == pytest.approx(100) and directing.psnr(clip, clip) == 99
    with pytest.raises(SystemExit):
        directing.main(["--cases", "0"])


def test_a_drift_and_a_seam_are_seen(scripts: Path, tmp_path: Path) -> None:
    import numpy as np

    from himmel.media import part_path, write_video
    from himmel.plan import Windows

    minute, part = loaded(scripts / "minute.py"), part_path(tmp_path / "clip.mp4")
    frames = np.full((120, 32, 32, 3), 100, np.uint8)
    frames[:, ::2] += (np.arange(120) % 2)[:, None, None, None].astype(np.uint8) * 8  # it flickers
    frames[60:, :, :, 0] += 60  # and turns red where a window ends
    write_video(part, [frames], 12)
    found = minute.drift(part, Windows(frames=60, overlap=20))
    assert found["brightness"] == pytest.approx(1.12, abs=0.03) and found["saturation"] > 10
    assert found["worst"] > 3 and found["seam"] > 2 and found["motion"] == pytest.approx(1, abs=0.2)


def test_the_codec_is_measured_by_style(
    scripts: Path, tiny_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codec = loaded(scripts / "codec.py")
    sheet = tmp_path / "sheet.png"
    asked = ["--model", str(tiny_weights), "--scenes", "2", "--size", "32x32", "--sheet", str(sheet)]
    assert codec.main(asked) == 0
    said = capsys.readouterr().out
    assert "95 % interval" in said and "bf16: encode" in said and sheet.exists()
    low, high = codec.interval([1.0, 2.0, 3.0])
    assert 1 <= low < 2 < high <= 3
    black, white = (codec.to_frames(codec.to_video(codec.np.full((2, 4, 4, 3), v, "uint8"))) for v in (0, 255))
    assert (black == 0).all() and codec.psnr(black, white) == 0


def test_lengths_are_counted_over_a_whole_run(scripts: Path) -> None:
    train = loaded(scripts / "train.py")
    stages = (
        train.Stage(until=0.5, lengths=((1, 1.0),)),
        train.Stage(until=1.0, lengths=((1, 1.0), (9, 3.0))),
    )
    assert train._shares(stages) == {1: 0.625, 9: 0.375}


def test_framing_is_counted_by_size(scripts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    framing = loaded(scripts / "framing.py")
    assert framing.main(["--size", "64x64,96x64", "--scenes", "3"]) == 0
    head, square, wide = capsys.readouterr().out.splitlines()
    assert "whole in every frame" in head and square.startswith("64x64") and wide.endswith("100.0%")
    with pytest.raises(SystemExit):
        framing.main(["--scenes", "0"])


def test_the_world_is_timed_clip_by_clip(scripts: Path, tmp_path: Path) -> None:
    world = loaded(scripts / "world.py")
    config = world.RenderConfig(profile="first_light", width=32, height=32, frames=9)
    marks = world.timed(config, 2, 1, tmp_path)
    assert [done for done, _ in marks][-1] == 2 and 0 < marks[0][1] <= marks[-1][1]
    with pytest.raises(SystemExit):
        world.main(["--clips", "1"])


def test_the_text_is_weighed_at_every_level(
    scripts: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gain = loaded(scripts / "text_gain.py")
    asked = ["--model", str(tiny_weights), "--scenes", "2", "--frames", "5", "--side", "64"]
    assert gain.main(asked) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    assert [float(row[0]) for row in rows] == list(gain.LEVELS)
    assert all(float(row[1]) > 0 for row in rows) and any(float(row[4]) != 0 for row in rows)
    with pytest.raises(SystemExit):
        gain.main(["--scenes", "1"])


def test_what_is_seen_is_told_from_the_rest(
    scripts: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = loaded(scripts / "seen.py")
    asked = ["--model", str(tiny_weights), "--scenes", "2", "--frames", "5", "--side", "64"]
    assert seen.main([*asked, "--first", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [[float(cell) for cell in line.split()] for line in lines[3:]]
    assert "along one direction" in lines[1] and [row[0] for row in rows] == list(seen.LEVELS)
    assert all(0 < share < 1 and share != alike for *_, alike, share in rows)
    with pytest.raises(SystemExit):
        seen.main([*asked, "--first", "0"])


def test_plain_and_lean_are_timed_in_turns(scripts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lean = loaded(scripts / "lean.py")
    assert lean.main(["--batch", "1", "--tokens", "6", "--width", "24", "--heads", "2", "--rounds", "2"]) == 0
    said = capsys.readouterr().out
    assert "norm and rotation: plain" in said and "attention: plain" in said and said.count("ratio") == 2
    with pytest.raises(SystemExit):
        lean.main(["--width", "30", "--heads", "4"])


def test_the_finisher_is_measured_beside_plain_enlarging(
    scripts: Path, tiny_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from himmel.finish import Finisher, FinisherConfig
    from himmel.weights import Part, load_weights, save_weights

    script = loaded(scripts / "finish.py")
    asked = ["--scenes", "2", "--size", "64x64", "--frames", "9", "--timed", "1"]
    with pytest.raises(script.UsageError, match="himmel train finisher"):
        script.main(["--model", str(tiny_weights), *asked])
    weights = load_weights(tiny_weights)
    finisher = Finisher(FinisherConfig(width=8, blocks=1, memory=4, between_width=8, between_blocks=1, reach=1))
    part = Part(config=finisher.config.to_dict(), tensors=finisher.state_dict())
    save_weights(tmp_path / "w", {**weights.parts, "finisher": part}, weights.card)
    assert script.main(["--model", str(tmp_path / "w"), *asked, "--sheet", str(tmp_path / "sheet.png")]) == 0
    said = capsys.readouterr().out
    assert "as drawn, finisher" in said and "1920x1080" in said and (tmp_path / "sheet.png").exists()
    clip = script.np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), "uint8")
    assert script.similarity(clip, clip) == pytest.approx(1) and script.similarity(clip, 255 - clip) < 0
