import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from himmel.cli import main
from himmel.cli.make import make as make_command
from himmel.generate import Pipeline, read_plan, render
from himmel.media import part_path, read_image, read_video, write_image
from himmel.plan import Plan
from himmel.provenance import SealedVideo

PROMPT = "a red ball rolls left"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, keys_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and a home for the key."""
    monkeypatch.setenv("HIMMEL_HOME", str(keys_folder))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def himmel(capsys: pytest.CaptureFixture[str], tiny_weights: Path) -> Run:
    def run(*arguments: str, model: bool = True) -> tuple[int, str, str]:
        code = main([*arguments, *(["--model", str(tiny_weights)] if model else [])])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def left() -> list[str]:
    return sorted(path.name for path in Path.cwd().iterdir())


def test_standard_output_is_the_path_alone(himmel: Run) -> None:
    code, out, err = himmel("make", PROMPT, "-o", "ball.mp4", "--seed", "7")
    assert (code, out) == (0, "ball.mp4\n") and left() == ["ball.mp4"]
    stages = [line for line in err.splitlines() if line.startswith("himmel: ")]
    assert [stage.split(",")[0][8:] for stage in stages] == [
        "reading the weights",
        "reading the prompt",
        "deciding who stands where",
        "making the video",
        "drawing the frames",
        "writing the file",
        "sealing",
    ]
    assert himmel("verify", "ball.mp4", model=False)[:2] == (0, "ours (signed)\n")


def test_a_video_gets_a_name_of_its_own(himmel: Run) -> None:
    assert himmel("make", "A Red Ball!", "--seed", "7")[:2] == (0, "a-red-ball-7.mp4\n")
    assert himmel("image", "A Red Ball!", "--seed", "7")[:2] == (0, "a-red-ball-7.png\n")


def test_the_same_seed_gives_the_same_frames_alone_and_among_others(himmel: Run) -> None:
    himmel("make", PROMPT, "-o", "one.mp4", "--seed", "8")
    code, out, _ = himmel("make", PROMPT, "-o", "many.mp4", "--seed", "7", "-n", "3")
    assert code == 0 and out.split() == ["many-1.mp4", "many-2.mp4", "many-3.mp4"]
    assert np.array_equal(read_video(Path("one.mp4")).pixels, read_video(Path("many-2.mp4")).pixels)
    assert not np.array_equal(read_video(Path("one.mp4")).pixels, read_video(Path("many-1.mp4")).pixels)


def test_what_is_finished_is_printed_though_the_next_fails(himmel: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(plan: Plan, pipe: Pipeline, out: Path, **options: Any) -> SealedVideo:
        if out.name == "many-2.mp4":
            out.write_text("taken meanwhile")
        return render(plan, pipe, out, **options)

    monkeypatch.setattr("himmel.generate.render", taken)
    code, out, err = himmel("make", PROMPT, "-o", "many.mp4", "-n", "3")
    assert (code, out) == (2, "many-1.mp4\n") and "many-2.mp4 exists" in err


def test_from_repeats_a_video_exactly(himmel: Run, tiny_weights: Path, tmp_path: Path) -> None:
    himmel("make", PROMPT, "-o", "ball.mp4", "--steps", "2")
    code, out, _ = himmel("make", "--from", "ball.mp4")
    assert (code, out) == (0, "ball-again.mp4\n")
    assert read_plan(Path("ball.mp4")) == read_plan(Path("ball-again.mp4"))
    assert np.array_equal(read_video(Path("ball.mp4")).pixels, read_video(Path("ball-again.mp4")).pixels)
    code, _, err = himmel("make", PROMPT, "--from", "ball.mp4", model=False)
    assert code == 2 and "leave out the prompt" in err


def test_a_file_names_its_model_and_not_where_that_lay(himmel: Run, tiny_weights: Path) -> None:
    himmel("make", PROMPT, "-o", "ball.mp4")
    assert read_plan(Path("ball.mp4")).model == "tiny"
    assert str(tiny_weights).encode() not in Path("ball.mp4").read_bytes()
    code, _, err = himmel("make", "--from", "ball.mp4", model=False)
    assert code == 2 and '"tiny"' in err and "--model" in err


def test_a_picture_can_be_repeated(himmel: Run) -> None:
    _, _, err = himmel("image", PROMPT, "-o", "ball.png")
    assert "became" not in err and read_plan(Path("ball.png")).notes == ()
    assert himmel("make", "--from", "ball.png")[:2] == (0, "ball-again.png\n")
    assert np.array_equal(read_image(Path("ball.png")), read_image(Path("ball-again.png")))


def test_dry_run_prints_the_plan_and_makes_nothing(himmel: Run) -> None:
    code, out, err = himmel("make", "a crimson ball", "--dry-run", "--seconds", "2")
    plan = json.loads(out)
    assert code == 0 and left() == [] and plan["shots"][0]["frames"] == 25
    assert plan["notes"] and all(note in err for note in plan["notes"])
    assert any("crimson" in note for note in plan["notes"])


def test_another_text_from_a_time_on(himmel: Run) -> None:
    texts = ("--at", "1", "a blue cube", "--at", "1.5", "it rolls right")
    code, out, _ = himmel("make", PROMPT, *texts, "--seconds", "2", "--dry-run")
    cues = json.loads(out)["shots"][0]["cues"]
    assert code == 0 and cues == [
        {"frame": 13, "caption": "a blue cube"},
        {"frame": 17, "caption": "a blue cube, then rolls right"},
    ]
    assert himmel("make", PROMPT, *texts, "--seconds", "2", "-o", "ball.mp4")[0] == 0
    assert himmel("make", "--from", "ball.mp4")[0] == 0
    assert read_plan(Path("ball.mp4")) == read_plan(Path("ball-again.mp4"))
    assert np.array_equal(read_video(Path("ball.mp4")).pixels, read_video(Path("ball-again.mp4")).pixels)
    code, _, err = himmel("make", "--from", "ball.mp4", "--at", "1", "a red cube")
    assert code == 2 and "leave out the prompt" in err


def test_json_says_what_was_made(himmel: Run) -> None:
    code, out, _ = himmel("make", PROMPT, "-o", "ball.mp4", "--seed", "7", "--json")
    [video] = json.loads(out)["videos"]
    assert code == 0 and video["path"] == "ball.mp4" and video["seed"] == 7
    assert {verdict["status"] for verdict in video["verdicts"]} == {"ran", "skipped"}
    code, out, _ = himmel("make", "a nude child", "--json")
    assert code == 2 and json.loads(out)["rule"] == "sexual-minors"


def test_a_first_picture_and_a_sheet(himmel: Run) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    part = part_path(Path("first.png"))
    write_image(part, picture)
    code, out, _ = himmel("make", PROMPT, "-o", "ball.mp4", "--image", str(part), "--image-sheet")
    assert code == 0 and out == "ball.mp4\n"
    assert set(left()) - {part.name} == {"ball.mp4", "ball.sheet.png"}
    assert himmel("verify", "ball.sheet.png", model=False)[0] == 0
    code, _, err = himmel("make", "--from", "ball.mp4")
    assert code == 2 and "other conditions (first_frame)" in err
    assert himmel("make", "--from", "ball.mp4", "--image", str(part))[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "say what should be seen"),
        ([""], 2, "empty"),
        (["a" * 50_000], 2, "50000 characters"),
        (["a\udcff"], 2, "not text"),
        ([PROMPT, "--seconds", "0"], 2, "seconds 0"),
        ([PROMPT, "--at", "9", "a blue cube", "--seconds", "2"], 2, "before 2 s"),
        ([PROMPT, "--at", "1", ""], 2, "empty"),
        ([PROMPT, "--at", "1"], 2, "--at"),
        ([PROMPT, "--at", "1", "a nude child"], 2, "minor"),
        ([PROMPT, "--seconds", "-1"], 2, "seconds -1"),
        ([PROMPT, "--seconds", "1e9"], 2, "at most 60"),
        ([PROMPT, "--seconds", "nan"], 2, "finite"),
        ([PROMPT, "--seconds", "soon"], 2, "soon"),
        ([PROMPT, "--size", "100x100"], 2, "nearest: 96x96 or 128x128"),
        ([PROMPT, "--size", "0x0"], 2, "positive"),
        ([PROMPT, "--size", "99999x64"], 2, "3840 pixels"),
        ([PROMPT, "--size", "1920x1080"], 2, "or add one with himmel train finisher"),
        ([PROMPT, "--preset", "final"], 2, "himmel train finisher"),
        ([PROMPT, "--size", "wide"], 2, "WIDTHxHEIGHT"),
        ([PROMPT, "--fps", "0"], 2, "fps 0"),
        ([PROMPT, "--steps", "0"], 2, "steps 0"),
        ([PROMPT, "--guidance", "0"], 2, "guidance 0"),
        ([PROMPT, "-n", "0"], 2, "count 0"),
        ([PROMPT, "--style", "oil"], 2, "cartoon"),
        ([PROMPT, "--bogus"], 2, "--bogus"),
        ([PROMPT, "-o", "nowhere/x.mp4"], 2, "does not exist"),
        ([PROMPT, "-o", "x.gif"], 2, "must end in"),
        ([PROMPT, "-o", "x.png"], 2, "is a picture and the plan has 9 frames"),
        ([PROMPT, "--image", "nowhere.png"], 2, "nowhere.png"),
        (["a nude child"], 2, "declined"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    himmel: Run, arguments: list[str], code: int, words: str
) -> None:
    got, out, err = himmel("make", *arguments)
    assert got == code and out == "" and left() == []
    *stages, sentence = err.splitlines()
    assert words in sentence and sentence.startswith("himmel: ")
    assert stages in ([], ["himmel: reading the weights"])


def test_an_existing_file_needs_force(himmel: Run) -> None:
    Path("ball.mp4").write_text("mine")
    code, _, err = himmel("make", PROMPT, "-o", "ball.mp4")
    assert code == 2 and "--force" in err and Path("ball.mp4").read_text() == "mine"
    assert himmel("make", PROMPT, "-o", "ball.mp4", "--force")[0] == 0
    Path("x-2.mp4").write_text("mine")
    assert himmel("make", PROMPT, "-o", "x.mp4", "-n", "2")[0] == 2 and "x-1.mp4" not in left()


def test_a_full_disk_is_noticed_before_anything_is_made(himmel: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 10})())
    code, _, err = himmel("make", PROMPT, "-o", "ball.mp4")
    assert code == 1 and "full" in err and left() == []


def test_a_folder_that_cannot_be_written_is_noticed(himmel: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *arguments: False)
    code, _, err = himmel("make", PROMPT, "-o", "ball.mp4")
    assert code == 2 and "cannot be written" in err and left() == []


@pytest.mark.parametrize("damage", ["missing", "flipped", "cut", "pickle"])
def test_damaged_weights_are_named(himmel: Run, tiny_weights: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    for path in tiny_weights.iterdir():
        data = bytearray(path.read_bytes())
        if path.name == "codec-01.safetensors":
            if damage == "missing":
                continue
            if damage == "flipped":
                data[len(data) // 2] ^= 1
            if damage == "cut":
                del data[-100:]
            if damage == "pickle":
                data[:9] = b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00"
        (folder / path.name).write_bytes(data)
    code, out, err = himmel("make", PROMPT, "-o", "ball.mp4", "--model", str(folder), model=False)
    assert code == 1 and out == "" and "codec-01.safetensors" in err.splitlines()[-1] and left() == []


def test_missing_weights_are_named(himmel: Run) -> None:
    code, _, err = himmel("make", PROMPT, "--model", "nowhere", model=False)
    assert code == 1 and 'no weights at "nowhere"' in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopping_leaves_nothing(tiny_weights: Path, workplace: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "himmel", "make", PROMPT, "-o", "ball.mp4", "--model", str(tiny_weights)]
    command += ["--seconds", "60", "--steps", "20"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "making the video" not in (line := process.stderr.readline()):
            assert line, "it ended by itself"
        deadline = time.monotonic() + 30
        while not left() and time.monotonic() < deadline:  # until the .part file is there
            time.sleep(0.02)
        process.send_signal(number)
        said = process.stderr.read()
    assert process.returncode == 130 and "cancelled" in said and "Traceback" not in said
    assert left() == []


def test_what_the_module_needs_is_not_torch() -> None:
    code = "import sys, himmel.cli; himmel.cli.main(['--help']); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Usage: himmel" in done.stdout


def test_openmp_threads_do_not_spin(himmel: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    himmel("make", model=False)
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


def test_the_command_is_a_function_too() -> None:
    assert make_command.__doc__ and "sealed" in make_command.__doc__
