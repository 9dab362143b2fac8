"""The bodies of the world's subjects and their stand-ins for physics. See `parts` for units and roles."""

from himmel.world.creatures import CREATURES
from himmel.world.parts import Part, Vector
from himmel.world.things import COOKIE, THING_COLLIDERS, THINGS
from himmel.world.vehicles import VEHICLES

__all__ = ["BODIES", "COLLIDERS", "CYLINDER_RADIUS"]

CYLINDER_RADIUS = 0.36  # what a cylinder lies on when it rolls

_BALL = (
    Part(mesh="sphere", at=(0, 0, 0.45), half=(0.45, 0.45, 0.45)),
    Part(mesh="torus", at=(0, 0, 0.45), half=(0.47, 0.47, 0.07), tint="light", turn=(90, 0, 0)),
    Part(mesh="torus", at=(0, 0, 0.45), half=(0.47, 0.47, 0.07), tint="light", turn=(0, 90, 0)),
)
_CUBE = (Part(mesh="box", at=(0, 0, 0.42), half=(0.42, 0.42, 0.42)),)
_CYLINDER = (
    Part(mesh="cylinder", at=(0, 0, 0.5), half=(CYLINDER_RADIUS, CYLINDER_RADIUS, 0.5)),
    Part(mesh="cylinder", at=(0, 0, 0.5), half=(0.37, 0.37, 0.07), tint="light"),
)
_CONE = (Part(mesh="cone", at=(0, 0, 0.55), half=(0.46, 0.46, 0.55)),)
_RING = (Part(mesh="torus", at=(0, 0, 0.5), half=(0.5, 0.5, 0.15), turn=(90, 0, 0)),)
_PYRAMID = (Part(mesh="pyramid", at=(0, 0, 0.48), half=(0.5, 0.5, 0.48)),)

_BALLOON = (
    Part(mesh="sphere", at=(0, 0, 1.02), half=(0.42, 0.42, 0.48)),
    Part(mesh="cone", at=(0, 0, 0.54), half=(0.08, 0.08, 0.07), tint="shade"),
    Part(mesh="torus", at=(0, 0, 0.47), half=(0.07, 0.07, 0.06), tint="shade"),
    Part(mesh="pill", at=(0.015, 0, 0.36), half=(0.018, 0.018, 0.12), tint="white", turn=(0, 10, 0)),
    Part(mesh="pill", at=(0.0, 0, 0.14), half=(0.018, 0.018, 0.14), tint="white", turn=(0, -12, 0)),
    Part(mesh="sphere", at=(0.16, -0.20, 1.28), half=(0.09, 0.09, 0.10), tint="light"),
    Part(mesh="sphere", at=(0.16, 0.20, 1.28), half=(0.09, 0.09, 0.10), tint="light"),
)

_GLASS = (
    Part(mesh="cylinder", at=(0, 0, 0.05), half=(0.28, 0.28, 0.05)),
    Part(mesh="cylinder", at=(0, 0, 0.22), half=(0.06, 0.06, 0.16)),
    Part(mesh="bell", at=(0, 0, 0.60), half=(0.29, 0.29, 0.20), tint="inner", turn=(180, 0, 0)),
    Part(mesh="bell", at=(0, 0, 0.69), half=(0.36, 0.36, 0.31), turn=(180, 0, 0)),
    Part(mesh="torus", at=(0, 0, 0.99), half=(0.36, 0.36, 0.06), tint="light"),
    Part(mesh="cylinder", at=(0.10, 0.06, 0.92), half=(0.03, 0.03, 0.36), tint="white", turn=(10, 16, 0)),
)

BODIES: dict[str, tuple[Part, ...]] = {
    "ball": _BALL, "cube": _CUBE, "cylinder": _CYLINDER, "cone": _CONE, "ring": _RING, "pyramid": _PYRAMID,
    **CREATURES, **VEHICLES, **THINGS, "balloon": _BALLOON, "cookie": COOKIE, "glass": _GLASS,
}  # fmt: skip

# Half extents of the box (or the sphere, where all three are equal) that stands in for a body in physics.
COLLIDERS: dict[str, Vector] = {
    "ball": (0.45, 0.45, 0.45), "cube": (0.42, 0.42, 0.42), "cylinder": (0.34, 0.34, 0.5),
    "cone": (0.34, 0.34, 0.5), "ring": (0.5, 0.15, 0.5), "pyramid": (0.4, 0.4, 0.45), "dog": (0.6, 0.24, 0.46),
    "cat": (0.55, 0.22, 0.45), "mammoth": (1.02, 0.38, 0.66), "horse": (0.70, 0.22, 0.70),
    "bird": (0.42, 0.3, 0.42), "fish": (0.55, 0.18, 0.38), "robot": (0.24, 0.36, 0.6),
    "woman": (0.28, 0.28, 0.62), "man": (0.22, 0.3, 0.62), "car": (0.66, 0.36, 0.4), "truck": (0.7, 0.36, 0.52),
    "train": (0.76, 0.3, 0.56), "boat": (0.62, 0.28, 0.6), "airplane": (0.65, 0.5, 0.3),
    "balloon": (0.42, 0.42, 0.7), "snowman": (0.38, 0.38, 0.7), "cookie": (0.48, 0.12, 0.48),
    "glass": (0.34, 0.34, 0.5), **THING_COLLIDERS,
}  # fmt: skip
