"""How many subjects of the world are wholly in the picture, for each size of clips.

    python benchmarks/framing.py
    python benchmarks/framing.py --size 192x96,64x128 --scenes 50

Hardware: one CPU core; nothing is drawn. Minutes: 1.
Expected, 200 scenes of `full`: of 128x128, 76 in 100 subjects are whole in every frame and 96 in 100 in a frame (a
few corners leave the picture, and clips of that size stay what they are); of every other size, all are.
"""

import argparse
from collections.abc import Sequence

import numpy as np

from himmel.shapes import Size, parse_sizes
from himmel.world import PROFILES, Profile, sample_scene
from himmel.world.framing import framed


def shares(profile: Profile, size: Size, scenes: int) -> tuple[int, float, float]:
    """Subjects in so many scenes, the share of them that is whole in every frame, and the same in a frame."""
    found = [
        framed(sample_scene(seed, profile=profile, width=size.width, height=size.height)) for seed in range(scenes)
    ]
    always = np.concatenate([frames.all(0) for frames in found])
    return len(always), float(always.mean()), float(np.concatenate([frames.ravel() for frames in found]).mean())


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="buckets", help="sizes with commas between, or buckets")
    parser.add_argument("--scenes", type=int, default=200, help="seeds from 0 on")
    parser.add_argument("--profile", default="full", choices=sorted(PROFILES))
    asked = parser.parse_args(arguments)
    if asked.scenes < 1:
        parser.error("--scenes must be 1 or more")
    print("size      subjects  whole in every frame  whole in a frame")
    for size in dict.fromkeys(parse_sizes(asked.size)):
        count, always, frames = shares(PROFILES[asked.profile], size, asked.scenes)
        print(f"{size!s:9} {count:8d}  {always:20.1%}  {frames:16.1%}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
