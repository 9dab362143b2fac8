"""What a scene's caption can say, as facts: what a reader of captions is taught to tell.

Facts come in groups, and each group is what one slot of a text encoder answers for: a group for each of the first
subjects, in the order of the scene, then the place and its light, the style, the camera, the number of subjects.
"""

from collections.abc import Mapping

from himmel.world.grammar import (
    CAMERAS,
    COLOURS,
    DIRECTIONS,
    LIGHTS,
    MATERIALS,
    OPPOSITE,
    RELATIONS,
    SETTINGS,
    SIZES,
    SPEEDS,
    STYLES,
    SUBJECTS,
    THENS,
    VERBS,
)
from himmel.world.spec import SceneSpec

__all__ = ["FACTS", "scene_facts"]

NONE = "none"
_SUBJECTS = 3  # that facts are told of
_MOST = 12  # subjects in a scene
_OF_A_SUBJECT: Mapping[str, tuple[str, ...]] = {
    "kind": (NONE, *SUBJECTS),
    "colour": tuple(COLOURS),
    "size": SIZES,
    "material": MATERIALS,
    "verb": tuple(VERBS),
    "direction": (NONE, *DIRECTIONS),
    "speed": SPEEDS,
    "then": (NONE, *THENS),
    "place": (NONE, *RELATIONS, "below"),
}

FACTS: tuple[Mapping[str, tuple[str, ...]], ...] = (
    *(_OF_A_SUBJECT,) * _SUBJECTS,
    {"setting": tuple(SETTINGS), "light": LIGHTS},
    {"style": STYLES},
    {"camera": CAMERAS},
    {"number": tuple(str(count + 1) for count in range(_MOST))},
)
"""By group, the facts that are told and the values each may have."""


def scene_facts(spec: SceneSpec) -> tuple[Mapping[str, str], ...]:
    """The facts of a scene by the groups of `FACTS`; of a subject that is not there only that its kind is "none".

    A subject's place is seen from the other of the two that stand in a relation.
    """
    places: dict[int, str] = {}
    if spec.relation is not None:
        kind = spec.relation.kind
        places = {spec.relation.a: kind, spec.relation.b: OPPOSITE.get(kind, "below")}
    subjects: list[Mapping[str, str]] = [
        {
            "kind": subject.kind,
            "colour": subject.colour,
            "size": subject.size,
            "material": subject.material,
            "verb": subject.motion.verb,
            "direction": subject.motion.direction or NONE,
            "speed": subject.motion.speed,
            "then": subject.motion.then or NONE,
            "place": places.get(index, NONE),
        }
        for index, subject in enumerate(spec.subjects[:_SUBJECTS])
    ]
    missing: list[Mapping[str, str]] = [{"kind": NONE}] * (_SUBJECTS - len(subjects))
    return (
        *subjects,
        *missing,
        {"setting": spec.setting, "light": spec.light},
        {"style": spec.style},
        {"camera": spec.camera},
        {"number": str(len(spec.subjects))},
    )
