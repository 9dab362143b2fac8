import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from himmel.cli import doctor, main, show
from himmel.cli.home import keys_folder as keys_folder_of_the_cli
from himmel.cli.show import Show, filmstrip
from himmel.errors import MissingExtra
from himmel.generate import Progress, load
from himmel.media import read_video
from himmel.provenance import read_root, verify


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, keys_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to work in, and a home for the key."""
    monkeypatch.setenv("HIMMEL_HOME", str(keys_folder))
    monkeypatch.chdir(tmp_path)


def test_verify_gives_one_of_three_answers(
    capsys: pytest.CaptureFixture[str], tiny_weights: Path, tmp_path: Path
) -> None:
    main(["make", "a red ball", "-o", "ball.mp4", "--model", str(tiny_weights)])
    capsys.readouterr()
    assert main(["verify", "ball.mp4"]) == 0
    assert capsys.readouterr().out == "ours (signed)\n"
    data = bytearray((tmp_path / "ball.mp4").read_bytes())
    data[-500] ^= 1
    (tmp_path / "bad.mp4").write_bytes(data)
    assert main(["verify", "bad.mp4", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["answer"] == "altered"
    (tmp_path / "text.mp4").write_text("hello")
    assert main(["verify", "text.mp4"]) == 1
    assert capsys.readouterr().out == "no evidence\n"
    assert main(["verify", "ball.mp4", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["manifest"]["plan"]["prompt"] == "a red ball" and answer["manifest"]["ledger"] == "1" * 64
    assert main(["verify", "nowhere.mp4"]) == 1


def test_what_python_signs_in_the_same_folder_is_ours(
    capsys: pytest.CaptureFixture[str], tiny_weights: Path, tmp_path: Path
) -> None:
    load(tiny_weights, keys_folder=keys_folder_of_the_cli())("a red ball", seed=7).save("here.mp4")
    load(tiny_weights, keys_folder=tmp_path / "other")("a red ball", seed=7).save("there.mp4")
    assert main(["verify", "here.mp4"]) == 0
    assert main(["verify", "there.mp4"]) == 1
    assert capsys.readouterr().out == "ours (signed)\nno evidence\n"


def test_doctor_lists_what_works_and_what_is_missing(
    capsys: pytest.CaptureFixture[str], tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from himmel import weights

    monkeypatch.setitem(weights.CATALOGUE, "bundled", tiny_weights)
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["can_make"] and {check["status"] for check in found["checks"]} <= {"works", "missing"}
    monkeypatch.setitem(weights.CATALOGUE, "bundled", Path("nowhere"))
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert '"bundled" are not installed' in said and 'pip install "himmel[world]"' in said
    assert said.endswith("himmel make does not work here yet\n")


def test_doctor_names_the_line_that_mends_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess(
        [], 1, stdout="", stderr="Traceback\nWorldError: no OpenGL through EGL here"
    )
    monkeypatch.setattr("subprocess.run", lambda *arguments, **options: failed)
    check = doctor.drawing()
    assert check.status == "missing" and "EGL" in check.detail and "apt-get install" in check.remedy
    assert "train" in check.needed_for.split()


def test_doctor_does_not_wait_for_a_driver_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], **options: float) -> None:
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr("subprocess.run", hang)
    check = doctor.drawing()
    assert check.status == "broken" and "did not answer" in check.detail


def test_doctor_asks_for_the_package_before_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None if name == "moderngl" else object())
    check = doctor.drawing()
    assert check.detail == "moderngl not installed" and check.remedy == 'pip install "himmel[world]"'


def test_world_preview_is_sealed_as_an_algorithm_s_work(
    capsys: pytest.CaptureFixture[str], keys_folder: Path
) -> None:
    arguments = ["world", "preview", "--seed", "7", "--size", "64x64", "--profile", "first_light"]
    assert main([*arguments, "-o", "w.mp4"]) == 0
    said = capsys.readouterr()
    assert said.out == "w.mp4\nw.sheet.png\n" and len(said.err.splitlines()) == 1
    for name in ("w.mp4", "w.sheet.png"):
        found = verify(Path(name), read_root(keys_folder / "keys"))
        assert found.answer == "ours (signed)" and found.manifest is not None
        assert found.manifest.source == "algorithmicMedia" and found.manifest.weights is None
        assert json.loads(found.manifest.plan)["seed"] == 7
    assert main([*arguments, "-o", "w.mp4"]) == 2
    assert main([*arguments, "-o", "again.mp4"]) == 0
    assert np.array_equal(read_video(Path("w.mp4")).pixels, read_video(Path("again.mp4")).pixels)
    assert sorted(path.name for path in Path.cwd().iterdir()) == [
        "again.mp4",
        "again.sheet.png",
        "w.mp4",
        "w.sheet.png",
    ]


def test_world_render_goes_on_where_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["world", "render", "--out", "shards", "--size", "32x32", "--profile", "first_light", "--json"]
    assert main([*arguments, "--clips", "1"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert main([*arguments, "--clips", "2"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert len(first["ledger"]) == 64 and first["ledger"] != second["ledger"]
    assert len(list(Path("shards").glob("*.tar"))) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["preview", "--seed", "-1"], "seed -1"),
        (["preview", "--profile", "ocean"], 'profile "ocean"'),
        (["preview", "--size", "big"], "WIDTHxHEIGHT"),
        (["render", "--clips", "0", "--out", "s"], "1 or more"),
        (["render", "--out", "s"], "--clips"),
    ],
)
def test_the_world_refuses_nonsense(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    assert main(["world", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_without_the_extra_the_world_says_how_to_install_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["world", "preview"]) == MissingExtra.exit_code
    assert 'pip install "himmel[world]"' in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["make", "--help"], ["world", "--help"], ["--version"]])
def test_help_goes_to_standard_output(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert said.out and not said.err


def test_an_unknown_verb_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fly"]) == 2
    assert 'Unknown command "fly"' in capsys.readouterr().err


def test_memory_that_runs_out_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out(*arguments: object, **options: object) -> int:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr("himmel.cli.verbs.app", run_out)
    assert main(["make", "x", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"].startswith("there is not enough memory")


def test_what_the_system_refuses_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("no folder")
    assert main(["world", "render", "--clips", "1", "--out", "file/clips", "--size", "32x32"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == "himmel: file/clips: Not a directory" and "Traceback" not in "".join(said)


def test_a_reader_that_goes_away_is_not_an_error_to_shout_about(tiny_weights: Path) -> None:
    command = f"{sys.executable} -m himmel make x --model {tiny_weights} --dry-run -n 16 | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == "[" and "Traceback" not in done.stderr


def test_a_filmstrip_fits_the_terminal() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), dtype=np.uint8)
    strip = filmstrip(frames, columns=40).plain.splitlines()
    assert len(strip) == 4 and all(len(line) == 4 * 9 for line in strip)
    assert len(filmstrip(frames[:, :1], 40).plain.splitlines()) == 1
    assert max(map(len, filmstrip(np.zeros((2, 40, 64, 3), np.uint8), 100).plain.splitlines())) <= 34


def test_a_terminal_gets_a_bar_and_a_preview(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from io import StringIO

    from rich.console import Console

    screen = StringIO()

    def terminal(**options: object) -> Console:
        return Console(file=screen, force_terminal=True, width=60, color_system="truecolor")

    monkeypatch.setattr(show, "Console", terminal)
    preview = np.full((3, 4, 4, 3), 200, np.uint8)
    with Show() as shown:
        shown.begin("load")
        shown.note("remark")
        shown.result("ball.mp4")
        shown(Progress(stage="denoise", done=1, total=4, seconds=1.0, eta=3.0, preview=preview))
    assert capsys.readouterr().out == "ball.mp4\n"
    assert "remark" in screen.getvalue() and "▀" in screen.getvalue() and "3 s left" in screen.getvalue()
