"""What is said of the world's clips: captions to learn from, how often each clip is used, what a card lists."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from himmel.train.reading import Lesson
    from himmel.world import Profile

__all__ = ["caption", "knows", "lesson", "styles", "weight"]

_READING_SEEDS = (2**30, 2**31)  # far from those of clips and of the examiner


def caption(record: Mapping[str, Any], mirrored: bool, rng: "np.random.Generator") -> str:
    """Something that is true of a clip with this record, in other words every time."""
    from himmel.world import SceneSpec, describe
    from himmel.world.captions import mirror_caption

    caption = describe(SceneSpec.from_dict(record["spec"]), rng, form="any")
    return mirror_caption(caption) if mirrored else caption


def lesson(profile: "Profile") -> "Lesson":
    """Captions of scenes that are never drawn, mirrored or not, and their facts."""
    from himmel.world import describe, mirrored, sample_scene, scene_facts

    def one(rng: "np.random.Generator") -> "tuple[str, tuple[Mapping[str, str], ...]]":
        spec = sample_scene(int(rng.integers(*_READING_SEEDS)), profile=profile)
        spec = mirrored(spec) if rng.random() < 0.5 else spec
        return describe(spec, rng, form="any"), scene_facts(spec)

    return one


def weight(record: Mapping[str, Any]) -> float:
    """Scenes of two and three subjects are drawn more often: there is more in them to tell apart.

    In the first bundled weights' part of the world, 54, 41 and 4 in 100 scenes have one, two and three subjects;
    with these weights 39, 44 and 16 in 100 that are drawn.
    """
    return (0.75, 1.1, 4.0)[len(record["spec"]["subjects"]) - 1]


def knows(profile: "Profile") -> dict[str, tuple[str, ...]]:
    """The trained words by category, and every word that captions had."""
    from himmel.world import lexicon

    ids = {name: value for name, value in asdict(profile).items() if name not in ("name", "counts")}
    spoken = {name: tuple(dict.fromkeys(word.replace("_", " ") for word in value)) for name, value in ids.items()}
    return spoken | {"words": lexicon(profile)}


def styles(profile: "Profile") -> dict[str, str]:
    """The words that stand for each style in a caption."""
    from himmel.world.caption_words import STYLE_TAGS

    return {style: STYLE_TAGS[style][0] for style in dict.fromkeys(profile.styles)}
