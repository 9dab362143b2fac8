"""The procedural world: a toy-like 3-D stage that teaches the bundled model and examines it.

A scene is a `SceneSpec`; `sample_scene` draws one from a seed, `Stage` draws its frames with their ground
truth, `captions` says what it shows.
"""

from himmel.world.blocking import blocking_of
from himmel.world.captions import canonical, describe, lexicon
from himmel.world.facts import FACTS, scene_facts
from himmel.world.grammar import held_out
from himmel.world.grammar_profile import PROFILES
from himmel.world.sampling import FIRST_LIGHT, FULL, GENERATOR, INTUITIVE_PHYSICS, Profile, sample_scene
from himmel.world.spec import MotionSpec, RelationSpec, SceneSpec, SubjectSpec, mirrored
from himmel.world.stage import RenderedClip, Stage
from himmel.world.truth import Event, GroundTruth

__all__ = [
    "FACTS",
    "FIRST_LIGHT",
    "FULL",
    "GENERATOR",
    "INTUITIVE_PHYSICS",
    "PROFILES",
    "Event",
    "GroundTruth",
    "MotionSpec",
    "Profile",
    "RelationSpec",
    "RenderedClip",
    "SceneSpec",
    "Stage",
    "SubjectSpec",
    "blocking_of",
    "canonical",
    "describe",
    "held_out",
    "lexicon",
    "mirrored",
    "sample_scene",
    "scene_facts",
]
