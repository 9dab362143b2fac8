import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from himmel.cli import main
from himmel.generate import read_plan
from himmel.media import Pixels, part_path, read_video, write_image, write_video

PROMPT = "a red ball rolls left"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, keys_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two videos, three pictures and a mask, and a home for the key."""
    monkeypatch.setenv("HIMMEL_HOME", str(keys_folder))
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0)
    for name in ("a", "b"):
        part = part_path(Path(f"{name}.mp4"))
        write_video(part, [noise.integers(90, 160, (6, 64, 64, 3), dtype=np.uint8)], 12)
        part.replace(f"{name}.mp4")
    mask = np.zeros((64, 64, 3), np.uint8)
    mask[:32] = 255
    pictures = {name: noise.integers(0, 256, (64, 64, 3), dtype=np.uint8) for name in "pqr"}
    for name, picture in (pictures | {"mask": mask}).items():
        part = part_path(Path(f"{name}.png"))
        write_image(part, picture)
        part.replace(f"{name}.png")
    return tmp_path


@pytest.fixture
def himmel(capsys: pytest.CaptureFixture[str], tiny_weights: Path) -> Run:
    def run(*arguments: str, model: bool = True) -> tuple[int, str, str]:
        code = main([*arguments, *(["--model", str(tiny_weights)] if model else [])])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def pixels(name: str) -> Pixels:
    return read_video(Path(name)).pixels


def near(made: Pixels, given: Pixels) -> bool:
    """Whether frames are the same but for what writing them costs."""
    return float(np.abs(made.astype(int) - given).mean()) < 4


def test_every_verb_makes_a_sealed_file_that_is_made_again(himmel: Run) -> None:
    asked = {
        "extend": ["a.mp4", PROMPT, "--seconds", "0.4"],
        "connect": ["a.mp4", "b.mp4", PROMPT, "--seconds", "0.4"],
        "remix": ["a.mp4", PROMPT, "--strength", "strong"],
        "inpaint": ["a.mp4", PROMPT, "--mask", "mask.png", "--to-second", "0.25"],
        "loop": ["a.mp4", PROMPT, "--seconds", "0.4"],
    }
    for verb, arguments in asked.items():
        code, out, err = himmel(verb, *arguments, "-o", f"{verb}.mp4", "--seed", "7")
        assert (code, out) == (0, f"{verb}.mp4\n"), err
        assert himmel("verify", f"{verb}.mp4", model=False)[0] == 0
        direction = read_plan(Path(f"{verb}.mp4")).direction
        assert direction is not None and direction.verb == verb
    assert len(pixels("extend.mp4")) == 10 and near(pixels("extend.mp4")[:6], pixels("a.mp4"))
    assert near(pixels("connect.mp4")[-6:], pixels("b.mp4"))
    assert near(pixels("inpaint.mp4")[:, 36:], pixels("a.mp4")[:, 36:])
    given = ["--given", "a.mp4", "--given", "b.mp4"]
    assert himmel("make", "--from", "connect.mp4", *given)[:2] == (0, "connect-again.mp4\n")
    assert np.array_equal(pixels("connect.mp4"), pixels("connect-again.mp4"))
    for wrong, words in (
        ([], "other conditions (footage, prefix, suffix)"),
        (given[:2], "from 2 files and 1 are given"),
        (["--given", "b.mp4", "--given", "a.mp4"], "is not the file the video was made from"),
        (["--given", "a.mp4", "--given", "nowhere.mp4"], "nowhere.mp4"),
    ):
        code, out, err = himmel("make", "--from", "connect.mp4", *wrong, "-o", "x.mp4")
        assert code == 2 and out == "" and words in err and "reading the weights" not in err
        assert not Path("x.mp4").exists()


def test_pictures_at_places(himmel: Run) -> None:
    flags = ["--image", "p.png", "--keyframe", "0.5=q.png", "--last", "r.png"]
    code, out, err = himmel("make", PROMPT, *flags, "--seconds", "1.1", "-o", "ball.mp4", "--seed", "7")
    assert (code, out) == (0, "ball.mp4\n"), err
    assert himmel("make", "--from", "ball.mp4", *flags)[0] == 0
    given = [flag for name in "pqr" for flag in ("--given", f"{name}.png")]
    assert himmel("make", "--from", "ball.mp4", *given, "-o", "third.mp4")[0] == 0
    assert np.array_equal(pixels("ball-again.mp4"), pixels("ball.mp4"))
    assert np.array_equal(pixels("third.mp4"), pixels("ball.mp4"))


def test_backward_has_one_ending_and_many_beginnings(himmel: Run) -> None:
    code, out, _ = himmel("extend", "a.mp4", PROMPT, "--backward", "--seconds", "0.4", "-n", "2", "-o", "x.mp4")
    assert code == 0 and out.split() == ["x-1.mp4", "x-2.mp4"]
    one, other, given = pixels("x-1.mp4"), pixels("x-2.mp4"), pixels("a.mp4")
    assert near(one[-6:], given) and near(other[-6:], given) and not near(one[:-6], other[:-6])


def test_a_loop_of_our_own_needs_no_words(himmel: Run) -> None:
    assert himmel("make", "a blue cube", "-o", "cube.mp4", "--seed", "7")[0] == 0
    code, out, _ = himmel("loop", "cube.mp4", "--dry-run", "--seed", "1")
    plan = json.loads(out)
    assert code == 0 and plan["prompt"] == "a blue cube" and plan["shots"][0]["shown"] == 9 + 12
    code, _, err = himmel("loop", "a.mp4")
    assert code == 2 and "say what it shows" in err


def test_a_loop_of_our_own_shows_what_was_shown(himmel: Run) -> None:
    assert himmel("make", "ein blauer Würfel, 0.4 Sekunden, dann ein roter Ball", "-o", "it.mp4")[0] == 0
    code, out, _ = himmel("loop", "it.mp4", "--dry-run")
    plan = json.loads(out)
    assert code == 0 and plan["prompt"] == plan["shots"][0]["caption"] == "a red ball"
    assert plan["direction"]["options"] == {"seconds": 1.0}  # the length was that of the other video


def test_a_verb_reads_its_prompt_as_make_does(himmel: Run) -> None:
    code, out, err = himmel("extend", "a.mp4", "ein roter Ball, eine Sekunde lang", "--dry-run")
    plan = json.loads(out)
    assert code == 0 and plan["shots"][0]["caption"] == "a red ball" and plan["shots"][0]["shown"] == 18
    assert 'himmel: read as German: "a red ball"' in err
    code, out, err = himmel(
        "remix", "a.mp4", "una zebra rossa", "--language", "it", "--at", "0.3", "un cubo blu", "--dry-run"
    )
    shot = json.loads(out)["shots"][0]
    assert code == 0 and shot["cues"] == [{"frame": 5, "caption": "a blue cube"}]
    assert '"zebra" is not a word the model has, it is left out' in err
    code, out, err = himmel("loop", "a.mp4", "a red ball", "--expand", "llm", "--dry-run")
    assert code == 0 and "what is given shows the scene already" in err


def test_the_policy_reads_what_a_verb_translates(himmel: Run) -> None:
    code, out, err = himmel("extend", "a.mp4", "ein Kind läuft nude durch den Schnee", "--dry-run")
    assert code == 2 and out == "" and "sexual-minors" in err


def test_a_plan_tells_what_was_given(himmel: Run) -> None:
    code, out, _ = himmel("inpaint", "a.mp4", PROMPT, "--box", "0,0,32,32", "--dry-run", "--seed", "1")
    direction = json.loads(out)["direction"]
    assert code == 0 and direction["verb"] == "inpaint" and direction["options"] == {"box": [0, 0, 32, 32]}
    code, out, err = himmel("inpaint", "a.mp4", PROMPT, "--to-size", "128x64", "-o", "wide.mp4")
    assert code == 0, err
    assert near(pixels("wide.mp4")[:, :, 32:96], pixels("a.mp4"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["extend", "a.mp4"], "PROMPT"),
        (["extend", "a.mp4", "a nude child"], "declined"),
        (["extend", "nowhere.mp4", PROMPT], "nowhere.mp4"),
        (["extend", "p.png", PROMPT], "p.png is not a readable MP4"),
        (["extend", "a.mp4", PROMPT, "--seconds", "nan"], "seconds nan"),
        (["extend", "a.mp4", PROMPT, "--from-second", "3"], "not a part of a.mp4"),
        (["extend", "a.mp4", PROMPT, "--size", "100x100"], "nearest"),
        (["remix", "a.mp4", PROMPT, "--strength", "wild"], "subtle, medium, strong"),
        (["remix", "a.mp4", PROMPT, "--strength", "0"], "between 0 and 1"),
        (["inpaint", "a.mp4", PROMPT], "one of --box, --mask and --to-size"),
        (["inpaint", "a.mp4", PROMPT, "--box", "1,2,3"], "LEFT,TOP,WIDTH,HEIGHT"),
        (["inpaint", "a.mp4", PROMPT, "--box", "0,0,0,8"], "not within"),
        (["inpaint", "a.mp4", PROMPT, "--to-size", "128x64", "--invert"], "leave out --invert"),
        (["inpaint", "a.mp4", PROMPT, "--to-size", "128x64", "--size", "64x64"], "leave out --size"),
        (["make", PROMPT, "--keyframe", "p.png"], "SECONDS=PICTURE"),
        (["make", PROMPT, "--keyframe", "0.42=p.png", "--keyframe", "0.5=q.png"], "decide the same frames"),
        (["make", PROMPT, "--given", "p.png"], "--given goes with --from"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(himmel: Run, arguments: list[str], words: str) -> None:
    before = sorted(Path.cwd().iterdir())
    code, out, err = himmel(*arguments)
    assert code == 2 and out == "" and sorted(Path.cwd().iterdir()) == before
    *stages, sentence = err.splitlines()
    assert words in sentence and stages in ([], ["himmel: reading the weights"])
