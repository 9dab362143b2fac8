"""Draw the pictures of real output that the README and the model card show.

    python benchmarks/showcase.py                      # docs/media/first-light.png, fixed prompts, seed 7
    python benchmarks/showcase.py --random 24          # docs/media/random-samples.png, prompts nobody chose
    python benchmarks/showcase.py --world 16           # docs/media/world.png, the world the model learns from

Hardware: any; about a minute on two CPU cores. Every row is one video: five frames from first to last.
The fixed prompts use one seed for all of them; the random ones are the first held-out scenes of the
examiner's numbering, in order, so that nothing is picked by how it looks.
"""

import argparse
from pathlib import Path

import numpy as np

import himmel
from himmel.media import contact_sheet, write_png

PROMPTS = (
    "a big red ball rolls to the left past a blue cube in a snowy field, the camera is static",
    "a yellow car drives to the right across the desert, the camera pans right",
    "a purple robot is spinning on the moon, the camera moves in",
    "a green dog walks towards the camera on a wooden table, cartoon style",
    "a pink cat jumps in a meadow, the camera orbits left",
    "an orange bird flies to the left over the snow",
)
COLUMNS = 5
MEDIA = Path(__file__).parents[1] / "docs" / "media"


def rows(pipe: himmel.Pipeline, prompts: list[str], seeds: list[int]) -> np.ndarray:
    """Frames uint8 [prompts * COLUMNS, H, W, 3]."""
    picked = []
    for prompt, seed in zip(prompts, seeds, strict=True):
        frames = pipe(prompt, seed=seed, expand="off").frames
        picked.append(frames[np.linspace(0, len(frames) - 1, COLUMNS).round().astype(int)])
        print(f"seed {seed}: {prompt}")
    return np.concatenate(picked)


def held_out_prompts(count: int) -> list[str]:
    from himmel import world

    scenes = [world.sample_scene(seed, profile=world.FIRST_LIGHT, split="held_out") for seed in range(count)]
    return [world.canonical(scene) for scene in scenes]


def save(frames: np.ndarray, columns: int, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    write_png(out, contact_sheet(frames, columns))
    print(out)


def world_rows(count: int) -> np.ndarray:
    """Frames uint8 [count * COLUMNS, H, W, 3] of the world's first scenes."""
    from himmel import world

    stage, picked = world.Stage(), []
    for seed in range(count):
        frames = stage.render(world.sample_scene(seed)).frames
        picked.append(frames[np.linspace(0, len(frames) - 1, COLUMNS).round().astype(int)])
    return np.concatenate(picked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", default="bundled")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="draw N held-out prompts")
    parser.add_argument("--world", type=int, default=0, metavar="N", help="draw N scenes of the world, no model")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.world:
        save(world_rows(options.world), 2 * COLUMNS, options.out or MEDIA / "world.png")
        return
    pipe = himmel.load(options.model)
    if options.random:
        prompts, seeds = held_out_prompts(options.random), list(range(options.random))
        out, columns = options.out or MEDIA / "random-samples.png", 2 * COLUMNS
    else:
        prompts, seeds = list(PROMPTS), [7] * len(PROMPTS)
        out, columns = options.out or MEDIA / "first-light.png", COLUMNS
    save(rows(pipe, prompts, seeds), columns, out)


if __name__ == "__main__":
    main()
