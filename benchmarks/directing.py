"""What the verbs over given videos guarantee, measured in finished files: kept frames, seams, loops, masks.

    python benchmarks/directing.py                              # the bundled weights, 8 cases of each verb
    python benchmarks/directing.py --model FOLDER --cases 2 --verbs loop inpaint

Hardware: 2 CPU cores with bf16 matrix units. Minutes: about 1 for each case of all verbs.
Expected: before the file is written not a given pixel differs ("exact" 1), and from the file given frames come
back with 38 dB or more, which is what H.264 takes. No seam and no loop's end changes more than the most that
changes inside ("seam", "closes": 1 or less). The stronger a remix, the less is left of the clip. (The bars of this
project, not a measurement.)

The given clips are the model's own, read back from files. PSNR is over all frames that were given, of the made
file against the given one. A seam is the mean change of pixels where given frames meet made ones, by the greatest
change between two made frames; where a loop closes it is the change from its last frame to its first, by the
greatest between any two.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from machine import machine

if TYPE_CHECKING:
    from himmel.generate import Pipeline, Verb
    from himmel.media import Pixels

PROMPTS = (
    "a red ball rolls left on a wooden table",
    "a blue cube spins in the snow",
    "a yellow cone on the grass. the camera does not move",
    "a green dog walks through the desert",
)
BEST = 99.0  # dB: what equal frames count as
Figures = dict[str, float]


class Case:
    """Two given clips of a model as files, and a way to make a third of them."""

    def __init__(self, pipe: "Pipeline", folder: Path, number: int, steps: int | None) -> None:
        self.pipe, self.folder, self.number = pipe, folder, number
        self.prompt = PROMPTS[number % len(PROMPTS)]
        self.options = {} if steps is None else {"steps": steps}
        self.files = [self._given(0), self._given(1)]
        self.clips = [self.read(file) for file in self.files]

    def _given(self, which: int) -> Path:
        path = self.folder / f"given-{self.number}-{which}.mp4"
        prompt = PROMPTS[(self.number + which) % len(PROMPTS)]
        self.pipe(prompt, seed=100 * self.number + which, **self.options).save(path, force=True)
        return path

    def read(self, path: Path) -> "Pixels":
        """The frames of a file."""
        from himmel.media import read_video

        return read_video(path).pixels

    def made(self, verb: "Verb", **more: object) -> tuple["Pixels", "Pixels"]:
        """The frames that a verb makes, before they are written and as the finished file gives them back."""
        clip = self.pipe.direct(verb, self.prompt, seed=self.number, **self.options, **more)
        path = self.folder / "made.mp4"
        clip.save(path, force=True)
        return clip.frames, self.read(path)

    def picture(self, frame: "Pixels", name: str) -> Path:
        """A frame as a picture."""
        from himmel.media import write_png

        path = self.folder / f"{name}.png"
        write_png(path, frame)
        return path


def psnr(one: "Pixels", other: "Pixels") -> float:
    """Peak signal to noise, dB."""
    import numpy as np

    error = float(((one.astype(np.float64) - other) ** 2).mean())
    return BEST if error == 0 else float(min(BEST, 10 * np.log10(255**2 / error)))


def change(frames: "Pixels", first: int, second: int) -> float:
    """The mean change of pixels from one frame to another, in levels."""
    import numpy as np

    return float(np.abs(frames[first].astype(np.int16) - frames[second]).mean())


def seam(frames: "Pixels", places: Sequence[int], made: range) -> float:
    """The greatest change at `places` (from the frame before each) by the greatest among the frames `made`."""
    inside = max((change(frames, place, place + 1) for place in made[:-1]), default=0.0)
    return max(change(frames, place - 1, place) for place in places) / max(inside, 0.1)


def pictures(case: Case) -> Figures:
    """First, middle and last picture of a video twice as long as the model's own."""
    from himmel.generate import Pictures

    clip, fps = case.clips[0], case.pipe.facts.card.fps
    wanted = [clip[0], clip[len(clip) // 2], clip[-1]]
    files = [case.picture(frame, f"p{number}") for number, frame in enumerate(wanted)]
    verb = Pictures(files, first=True, at=(len(clip) / fps,), last=True)
    raw, made = case.made(verb, seconds=2 * len(clip) / fps)
    places = (0, len(clip), len(made) - 1)
    named = zip(("first", "keyframe", "last"), places, wanted, strict=True)
    figures = {f"{name} dB": psnr(made[place], frame) for name, place, frame in named}
    same = all((raw[place] == frame).all() for place, frame in zip(places, wanted, strict=True))
    return figures | {"exact": float(same)}


def extend(case: Case) -> Figures:
    """Two seconds more."""
    from himmel.generate import Extend

    given = case.clips[0]
    raw, made = case.made(Extend(case.files[0], seconds=2))
    count = len(given)
    return {
        "kept dB": psnr(made[:count], given),
        "exact": float((raw[:count] == given).all()),
        "seam": seam(made, [count], range(count, len(made))),
    }


def backward(case: Case) -> Figures:
    """Two seconds before."""
    from himmel.generate import Extend

    given = case.clips[0]
    raw, made = case.made(Extend(case.files[0], seconds=2, backward=True))
    count = len(made) - len(given)
    return {
        "kept dB": psnr(made[count:], given),
        "exact": float((raw[count:] == given).all()),
        "seam": seam(made, [count], range(count)),
    }


def connect(case: Case) -> Figures:
    """A bridge of two seconds."""
    from himmel.generate import Connect

    first, last = case.clips
    raw, made = case.made(Connect(case.files, seconds=2))
    begin, end = len(first), len(made) - len(last)
    return {
        "kept dB": min(psnr(made[:begin], first), psnr(made[end:], last)),
        "exact": float((raw[:begin] == first).all() and (raw[end:] == last).all()),
        "seam": seam(made, [begin, end], range(begin, end)),
    }


def loop(case: Case) -> Figures:
    """A circle."""
    from himmel.generate import Loop

    given = case.clips[0]
    raw, made = case.made(Loop(case.files[0], seconds=1))
    count = len(given)
    return {
        "kept dB": psnr(made[:count], given),
        "exact": float((raw[:count] == given).all()),
        "seam": seam(made, [count], range(count, len(made))),
        "closes": seam(made, [0], range(len(made))),
    }


def remix(case: Case) -> Figures:
    """What is left of the clip at each strength."""
    from himmel.generate import STRENGTHS, Remix

    made = {name: case.made(Remix(case.files[0], strength=level))[1] for name, level in STRENGTHS.items()}
    return {f"{name} dB": psnr(frames, case.clips[0]) for name, frames in made.items()}


def inpaint(case: Case) -> Figures:
    """A box in the middle that no patch fits."""
    import numpy as np

    from himmel.generate import Inpaint

    given = case.clips[0]
    height, width = given.shape[1:3]
    left, top, wide, high = width // 4 + 3, height // 4 + 3, width // 2, height // 2
    raw, made = case.made(Inpaint(case.files[0], box=(left, top, wide, high)))
    outside = np.ones((height, width), bool)
    outside[top : top + high, left : left + wide] = False
    return {
        "outside dB": psnr(made[:, outside], given[:, outside]),
        "exact": float((raw[:, outside] == given[:, outside]).all()),
        "inside dB": psnr(made[:, ~outside], given[:, ~outside]),
    }


def outpaint(case: Case) -> Figures:
    """Half as wide again on both sides."""
    from himmel.generate import Outpaint

    given = case.clips[0]
    height, width = given.shape[1:3]
    raw, made = case.made(Outpaint(case.files[0]), size=f"{2 * width}x{height}")
    left = (2 * width - width) // 2
    inner = (slice(None), slice(None), slice(left, left + width))
    return {"kept dB": psnr(made[inner], given), "exact": float((raw[inner] == given).all())}


VERBS: Mapping[str, Callable[[Case], Figures]] = {
    verb.__name__: verb for verb in (pictures, extend, backward, connect, loop, remix, inpaint, outpaint)
}


def table(name: str, found: Sequence[Figures]) -> str:
    """A line for each figure: mean, least and greatest."""
    rows = []
    for figure in found[0]:
        values = [figures[figure] for figures in found]
        mean = sum(values) / len(values)
        rows.append(f"{name:<10} {figure:<12} {mean:8.2f} {min(values):8.2f} {max(values):8.2f}")
    return "\n".join(rows)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="bundled", help="a model's name or the folder of its weights")
    parser.add_argument("--cases", type=int, default=8, help="how many of each verb")
    parser.add_argument("--steps", type=int, help="model calls; the model's own number when left out")
    parser.add_argument("--verbs", nargs="+", choices=list(VERBS), default=list(VERBS))
    asked = parser.parse_args(arguments)
    if asked.cases < 1:
        parser.error(f"{asked.cases} cases measure nothing; ask for 1 or more")
    from himmel.generate import load

    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pipe = load(asked.model, keys_folder=folder / "keys")
        cases = [Case(pipe, folder, number, asked.steps) for number in range(asked.cases)]
        print(
            f"{asked.cases} cases of each verb\n{'verb':<10} {'figure':<12} {'mean':>8} {'least':>8} {'most':>8}"
        )
        for verb in asked.verbs:
            print(table(verb, [VERBS[verb](case) for case in cases]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
