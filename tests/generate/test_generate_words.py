"""What is typed to a verb: languages, lengths, shapes and times, beside what the given files decide."""

from pathlib import Path

import numpy as np
import pytest

from himmel.errors import UsageError
from himmel.generate import Connect, Extend, Inpaint, Loop, Pictures, Pipeline, Remix, direct, directed_again, load
from himmel.media import part_path, write_image, write_video
from himmel.plan import Plan, Request

PROMPT = "a red ball rolls left"


@pytest.fixture(scope="module")
def pipe(tiny_weights: Path, keys_folder: Path) -> Pipeline:
    return load(tiny_weights, keys_folder=keys_folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """a.mp4 and b.mp4, 64x64 and 24 frames at 12 fps, and a picture."""
    folder, noise = tmp_path_factory.mktemp("given"), np.random.default_rng(0)
    for name in ("a", "b"):
        part = part_path(folder / f"{name}.mp4")
        write_video(part, [noise.integers(90, 160, (24, 64, 64, 3), dtype=np.uint8)], 12)
        part.replace(folder / f"{name}.mp4")
    part = part_path(folder / "p.png")
    write_image(part, noise.integers(90, 160, (64, 64, 3), dtype=np.uint8))
    part.replace(folder / "p.png")
    return folder


def planned(pipe: Pipeline, verb: object, prompt: str, **fields: object) -> Plan:
    request = Request.model_validate({"prompt": prompt, "seed": 7} | fields)
    return direct(request, verb, pipe.facts).plan  # type: ignore[arg-type]


def cues(plan: Plan) -> list[tuple[int, str]]:
    return [(cue.frame, cue.caption) for cue in plan.shots[0].cues]


def test_other_languages_are_read_and_nothing_is_added(pipe: Pipeline, folder: Path) -> None:
    plan = planned(pipe, Extend(folder / "a.mp4"), "ein roter Ball")
    assert plan.prompt == "ein roter Ball" and plan.shots[0].captions == ("a red ball",)
    assert 'read as German: "a red ball"' in plan.notes and not any("completed" in note for note in plan.notes)
    plan = planned(pipe, Extend(folder / "a.mp4"), "a red ball", expand="llm")
    assert plan.shots[0].captions == ("a red ball",)
    assert "what is given shows the scene already, so the prompt is not completed" in plan.notes
    plan = planned(pipe, Extend(folder / "a.mp4"), "a red zebra")
    assert '"zebra" is not a word the model has, it is left out' in plan.notes
    with pytest.raises(UsageError, match="in no language that is read"):
        planned(pipe, Extend(folder / "a.mp4"), "красный мяч катится")


@pytest.mark.parametrize(
    ("verb", "text", "new"),
    [
        (Extend, "", 24),
        (Extend, ", three seconds", 36),
        (Extend, ", drei Sekunden lang", 36),
        (Loop, "", 12),
        (Loop, ", three seconds", 36),
        (Extend, ", after three seconds a blue cube", 60),  # the last text has two seconds
    ],
)
def test_the_text_says_how_long_what_is_new_lasts(
    pipe: Pipeline, folder: Path, verb: type[Extend], text: str, new: int
) -> None:
    prompt = "ein roter Ball" if "drei" in text else PROMPT
    first = direct(Request(prompt=prompt + text, seed=7), verb(folder / "a.mp4"), pipe.facts)
    assert first.plan.frames == 24 + new
    assert first.plan.direction is not None and first.plan.direction.options == {"seconds": new / 12}
    again = directed_again(first.plan, [folder / "a.mp4"], pipe.facts.compression)
    assert [one.digest for one in again.conditions] == [one.digest for one in first.conditions]


def test_what_is_said_beside_the_text_wins(pipe: Pipeline, folder: Path) -> None:
    a = folder / "a.mp4"
    plan = planned(pipe, Extend(a, seconds=1), f"{PROMPT}, ten seconds")
    assert plan.frames == 36
    assert "the prompt asks for 10 s, and 1 s were asked for beside it" in plan.notes
    assert planned(pipe, Extend(a), f"{PROMPT}, ten seconds", seconds=1).frames == 36
    assert planned(pipe, Extend(a, seconds=1), PROMPT, seconds=1).frames == 36
    with pytest.raises(UsageError, match="extend is to last 1 s and the request 2 s; say it once"):
        planned(pipe, Extend(a, seconds=1), PROMPT, seconds=2)
    with pytest.raises(UsageError, match="remix makes a video as long as the given one, not 2 s"):
        planned(pipe, Remix(a), PROMPT, seconds=2)
    plan = planned(pipe, Remix(a), f"{PROMPT}, ten seconds")
    assert plan.frames == 24 and "the prompt asks for 10 s, and what is given decides: 2 s" in plan.notes
    with pytest.raises(UsageError, match="the prompt asks for 100 s; a video lasts"):
        planned(pipe, Extend(a), f"{PROMPT}, 100 seconds")


@pytest.mark.parametrize(
    ("seconds", "notes"), [(1.0, ()), (1.1, ("1.1 s became 1 s: 12 new frames",))], ids=["whole", "rounded"]
)
def test_notes_are_of_what_is_new(pipe: Pipeline, folder: Path, seconds: float, notes: tuple[str, ...]) -> None:
    plan = planned(pipe, Extend(folder / "a.mp4", seconds=seconds), "a red ball")
    window = f"{plan.shots[0].frames} frames is more than the 9 the model sees at once; a window moves along them"
    assert plan.notes == (*notes, window)


def test_times_count_from_where_what_is_new_begins(pipe: Pipeline, folder: Path) -> None:
    a, b = folder / "a.mp4", folder / "b.mp4"
    text = f"{PROMPT}, after one second a blue cube rolls right"
    for verb in (
        Extend(a, seconds=2),
        Extend(a, seconds=3, backward=True),
        Connect((a, b)),
        Connect((a, b), alone=True),
        Remix(a),
        Inpaint(a, span=(0.75, 2.0)),
    ):
        plan = planned(pipe, verb, text)
        [(frame, caption)] = cues(plan)
        first = next(frame for frame in range(plan.shots[0].frames) if made(pipe, verb, frame))
        assert caption == "a blue cube rolls right" and abs(frame - first - 12) <= 2, verb.name
        assert ("times count from where what is new begins" in plan.notes) == bool(first)
    assert cues(planned(pipe, Extend(a, seconds=2), PROMPT, at=((1, "a blue cube"),)))[0][1] == "a blue cube"
    half = cues(planned(pipe, Extend(a, seconds=2), f"{PROMPT}, then a blue cube rolls right"))
    assert half == cues(planned(pipe, Extend(a, seconds=2), text))
    with pytest.raises(UsageError, match="before 2 s; put texts in order and within the video"):
        planned(pipe, Remix(a), f"{PROMPT}, after five seconds a blue cube", at=())
    with pytest.raises(UsageError, match="at 5 s begins beyond the 2 s that are made"):
        planned(pipe, Remix(a), PROMPT, at=((5, "a blue cube"),))


def made(pipe: Pipeline, verb: object, frame: int) -> bool:
    """Whether a frame of the shot is new: given ones are known from the start."""
    import torch

    from himmel.conditions import Canvas, respect
    from himmel.shapes import PixelShape

    directed = direct(Request(prompt=PROMPT, seed=7), verb, pipe.facts)  # type: ignore[arg-type]
    shot, compression = directed.plan.shots[0], pipe.facts.compression
    shape = PixelShape(frames=shot.frames, height=shot.height, width=shot.width)

    def encode(video: torch.Tensor) -> torch.Tensor:
        sides = (side // compression.space for side in video.shape[3:])
        return torch.zeros(1, 1, compression.latent_frames(video.shape[2]), *sides)

    where = respect(directed.conditions, Canvas(shape=shape, compression=compression, encode=encode)).where
    return not bool(where[:, :, -(-frame // compression.time)].all())


def test_a_shape_in_the_text_wins_over_that_of_the_file(pipe: Pipeline, folder: Path) -> None:
    plan = planned(pipe, Extend(folder / "a.mp4", seconds=1), f"{PROMPT}, widescreen")
    assert plan.size.width > plan.size.height and f"the prompt asks for widescreen: {plan.size}" in plan.notes
    plan = planned(pipe, Extend(folder / "a.mp4", seconds=1), f"{PROMPT}, widescreen", size="64x64")
    assert str(plan.size) == "64x64"


def test_pictures_leave_the_length_to_the_text(pipe: Pipeline, folder: Path) -> None:
    verb = Pictures([folder / "p.png", folder / "p.png"], first=True, last=True)
    plan = planned(pipe, verb, f"{PROMPT}, two seconds, then a blue cube")
    assert plan.frames == 25 and "the prompt asks for 2 s" in plan.notes and cues(plan) == [(13, "a blue cube")]


def test_a_timed_text_is_made(pipe: Pipeline, folder: Path) -> None:
    clip = pipe.direct(Extend(folder / "a.mp4"), f"{PROMPT}, then a blue cube, one second", seed=7)
    assert clip.frames.shape == (36, 64, 64, 3) and len(clip.plan.shots[0].captions) == 2
