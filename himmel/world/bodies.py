"""The bodies of the world's subjects. See `parts` for units and roles."""

from himmel.world.parts import Joint, Part, mirrored_pair

__all__ = ["BODIES", "COLLIDERS"]

Vector = tuple[float, float, float]
_SIDEWAYS: Vector = (0.0, 1.0, 0.0)
_FORWARD: Vector = (1.0, 0.0, 0.0)
_UP: Vector = (0.0, 0.0, 1.0)


def _eyes(at: Vector, size: float) -> tuple[Part, ...]:
    """Two white eyes with dark pupils looking along +x."""
    x, y, z = at
    white = Part(mesh="sphere", at=at, half=(size, size, size), tint="white")
    pupil = Part(mesh="sphere", at=(x + 0.6 * size, y, z), half=(0.62 * size,) * 3, tint="dark")
    return mirrored_pair(white) + mirrored_pair(pupil)


def _legs(x: float, y: float, top: float, thick: float, *, front: bool, tint: str = "main") -> tuple[Part, ...]:
    """A pair of legs hanging from height `top`; opposite legs swing together, as in a trot."""
    joint = Joint(channel="", pivot=(x, y, top), axis=_SIDEWAYS)
    leg = Part(mesh="pill", at=(x, y, top / 2), half=(thick, thick, top / 2 + 0.03), tint=tint, joint=joint)
    return mirrored_pair(leg, channels=("leg_a", "leg_b") if front else ("leg_b", "leg_a"))


def _wheels(xs: tuple[float, ...], y: float, radius: float, width: float = 0.06) -> tuple[Part, ...]:
    parts: tuple[Part, ...] = ()
    for x in xs:
        joint = Joint(channel="wheel", pivot=(x, y, radius), axis=_SIDEWAYS, gain=1.0 / radius)
        tyre = Part(
            mesh="cylinder",
            at=(x, y, radius),
            half=(radius, radius, width),
            tint="dark",
            turn=(90, 0, 0),
            joint=joint,
        )
        hub = Part(
            mesh="box", at=(x, y + 0.8 * width, radius), half=(0.55 * radius, 0.3 * width, 0.16 * radius),
            tint="white", joint=joint,
        )  # fmt: skip
        for part in (tyre, hub):
            left, right = mirrored_pair(part)
            # Both wheels of an axle turn the same way: undo the mirrored axis.
            parts += (left, Part(mesh=right.mesh, at=right.at, half=right.half, tint=right.tint, turn=right.turn,
                                 joint=Joint(channel="wheel", pivot=(x, -y, radius), axis=_SIDEWAYS,
                                             gain=1.0 / radius)))  # fmt: skip
    return parts


def _wings(at: Vector, half: Vector) -> tuple[Part, ...]:
    x, y, z = at
    joint = Joint(channel="wing", pivot=(x, y - half[1], z), axis=_FORWARD)
    return mirrored_pair(Part(mesh="pill", at=at, half=half, tint="shade", joint=joint))


def _arms(y: float, top: float, length: float, thick: float, tint: str = "main") -> tuple[Part, ...]:
    joint = Joint(channel="", pivot=(0.0, y, top), axis=_SIDEWAYS)
    arm = Part(mesh="pill", at=(0.0, y, top - length / 2), half=(thick, thick, length / 2), tint=tint, joint=joint)
    hand = Part(mesh="sphere", at=(0.0, y, top - length), half=(1.15 * thick,) * 3, tint="skin", joint=joint)
    channels = ("leg_b", "leg_a")
    return mirrored_pair(arm, channels=channels) + mirrored_pair(hand, channels=channels)


_BALL = (
    Part(mesh="sphere", at=(0, 0, 0.45), half=(0.45, 0.45, 0.45)),
    Part(mesh="torus", at=(0, 0, 0.45), half=(0.47, 0.47, 0.07), tint="light", turn=(90, 0, 0)),
    Part(mesh="torus", at=(0, 0, 0.45), half=(0.47, 0.47, 0.07), tint="light", turn=(0, 90, 0)),
)
_CUBE = (Part(mesh="box", at=(0, 0, 0.42), half=(0.42, 0.42, 0.42)),)
_CYLINDER = (
    Part(mesh="cylinder", at=(0, 0, 0.5), half=(0.36, 0.36, 0.5)),
    Part(mesh="cylinder", at=(0, 0, 0.5), half=(0.37, 0.37, 0.07), tint="light"),
)
_CONE = (Part(mesh="cone", at=(0, 0, 0.55), half=(0.46, 0.46, 0.55)),)
_RING = (Part(mesh="torus", at=(0, 0, 0.5), half=(0.5, 0.5, 0.15), turn=(90, 0, 0)),)
_PYRAMID = (Part(mesh="pyramid", at=(0, 0, 0.48), half=(0.5, 0.5, 0.48)),)

_DOG = (
    Part(mesh="pill", at=(-0.05, 0, 0.46), half=(0.40, 0.22, 0.21)),
    Part(mesh="pill", at=(0.40, 0, 0.74), half=(0.24, 0.22, 0.21)),
    Part(mesh="pill", at=(0.62, 0, 0.67), half=(0.14, 0.12, 0.10), tint="light"),
    Part(mesh="sphere", at=(0.75, 0, 0.71), half=(0.05, 0.06, 0.05), tint="dark"),
    *mirrored_pair(
        Part(mesh="pill", at=(0.34, 0.23, 0.74), half=(0.09, 0.05, 0.19), tint="shade", turn=(14, 0, 0))),
    *_eyes((0.58, 0.11, 0.83), 0.065),
    *_legs(0.22, 0.13, 0.36, 0.085, front=True),
    *_legs(-0.30, 0.13, 0.36, 0.085, front=False),
    Part(mesh="pill", at=(-0.52, 0, 0.70), half=(0.06, 0.06, 0.20), tint="shade", turn=(0, -30, 0),
         joint=Joint(channel="tail", pivot=(-0.44, 0, 0.55), axis=_FORWARD)),
)  # fmt: skip
_CAT = (
    Part(mesh="pill", at=(-0.05, 0, 0.40), half=(0.36, 0.19, 0.19)),
    Part(mesh="sphere", at=(0.38, 0, 0.68), half=(0.25, 0.26, 0.23)),
    Part(mesh="pill", at=(0.59, 0, 0.61), half=(0.07, 0.11, 0.07), tint="light"),
    Part(mesh="sphere", at=(0.66, 0, 0.645), half=(0.03, 0.035, 0.03), tint="dark"),
    *mirrored_pair(Part(mesh="cone", at=(0.36, 0.16, 0.95), half=(0.09, 0.11, 0.15))),
    *_eyes((0.57, 0.12, 0.73), 0.07),
    *_legs(0.20, 0.11, 0.30, 0.07, front=True),
    *_legs(-0.28, 0.11, 0.30, 0.07, front=False),
    Part(mesh="pill", at=(-0.46, 0, 0.60), half=(0.055, 0.055, 0.26), turn=(0, -18, 0),
         joint=Joint(channel="tail", pivot=(-0.40, 0, 0.42), axis=_FORWARD)),
    Part(mesh="pill", at=(-0.48, 0, 0.90), half=(0.055, 0.055, 0.17), turn=(0, 28, 0), tint="shade",
         joint=Joint(channel="tail", pivot=(-0.40, 0, 0.42), axis=_FORWARD)),
)  # fmt: skip
_MAMMOTH = (
    Part(mesh="pill", at=(-0.12, 0, 0.66), half=(0.52, 0.36, 0.38)),
    Part(mesh="sphere", at=(-0.02, 0, 0.98), half=(0.34, 0.28, 0.24)),
    Part(mesh="sphere", at=(0.46, 0, 0.92), half=(0.30, 0.29, 0.32)),
    Part(mesh="sphere", at=(0.42, 0, 1.20), half=(0.17, 0.17, 0.14), tint="shade"),
    Part(mesh="pill", at=(0.76, 0, 0.66), half=(0.11, 0.11, 0.30), turn=(0, -10, 0)),
    Part(mesh="pill", at=(0.86, 0, 0.32), half=(0.09, 0.09, 0.18), turn=(0, -32, 0), tint="shade"),
    *mirrored_pair(
        Part(mesh="pill", at=(0.80, 0.20, 0.56), half=(0.26, 0.05, 0.055), tint="white", turn=(0, 24, -8))),
    *mirrored_pair(
        Part(mesh="pill", at=(0.36, 0.31, 0.90), half=(0.13, 0.04, 0.18), tint="shade", turn=(0, 0, 24))),
    *_eyes((0.70, 0.15, 1.03), 0.06),
    *_legs(0.22, 0.21, 0.40, 0.14, front=True, tint="shade"),
    *_legs(-0.44, 0.21, 0.40, 0.14, front=False, tint="shade"),
)  # fmt: skip
_HORSE = (
    Part(mesh="pill", at=(-0.10, 0, 0.66), half=(0.42, 0.20, 0.20)),
    Part(mesh="pill", at=(0.32, 0, 0.92), half=(0.14, 0.12, 0.30), turn=(0, 28, 0)),
    Part(mesh="pill", at=(0.54, 0, 1.12), half=(0.25, 0.13, 0.12), turn=(0, 22, 0)),
    Part(mesh="pill", at=(0.72, 0, 1.04), half=(0.09, 0.11, 0.09), tint="light"),
    Part(mesh="pill", at=(0.22, 0, 1.02), half=(0.08, 0.06, 0.30), turn=(0, 28, 0), tint="dark"),
    *mirrored_pair(Part(mesh="cone", at=(0.40, 0.08, 1.30), half=(0.05, 0.05, 0.10))),
    *_eyes((0.62, 0.10, 1.18), 0.05),
    *_legs(0.20, 0.12, 0.56, 0.075, front=True),
    *_legs(-0.40, 0.12, 0.56, 0.075, front=False),
    Part(mesh="pill", at=(-0.58, 0, 0.58), half=(0.07, 0.07, 0.26), turn=(0, 14, 0), tint="dark",
         joint=Joint(channel="tail", pivot=(-0.50, 0, 0.80), axis=_FORWARD)),
)  # fmt: skip
_BIRD = (
    Part(mesh="sphere", at=(0, 0, 0.42), half=(0.34, 0.26, 0.28)),
    Part(mesh="sphere", at=(0.08, 0, 0.36), half=(0.28, 0.22, 0.22), tint="light"),
    Part(mesh="sphere", at=(0.28, 0, 0.70), half=(0.21, 0.21, 0.20)),
    Part(mesh="cone", at=(0.54, 0, 0.68), half=(0.07, 0.07, 0.12), tint="beak", turn=(0, 90, 0)),
    Part(mesh="pill", at=(-0.42, 0, 0.48), half=(0.18, 0.13, 0.04), tint="shade", turn=(0, 16, 0)),
    *_eyes((0.43, 0.11, 0.76), 0.06),
    *_wings((-0.02, 0.46, 0.50), (0.18, 0.28, 0.045)),
    *mirrored_pair(Part(mesh="cylinder", at=(0.02, 0.09, 0.09), half=(0.03, 0.03, 0.09), tint="beak")),
)  # fmt: skip
_FISH = (
    Part(mesh="sphere", at=(0.05, 0, 0.45), half=(0.46, 0.17, 0.28)),
    Part(mesh="sphere", at=(0.10, 0, 0.38), half=(0.36, 0.15, 0.20), tint="light"),
    Part(mesh="wedge", at=(-0.52, 0, 0.45), half=(0.17, 0.05, 0.24), tint="shade",
         joint=Joint(channel="tail", pivot=(-0.36, 0, 0.45), axis=_UP)),
    Part(mesh="wedge", at=(-0.02, 0, 0.76), half=(0.18, 0.035, 0.10), tint="shade"),
    *mirrored_pair(
        Part(mesh="pill", at=(0.08, 0.19, 0.36), half=(0.12, 0.03, 0.08), tint="shade", turn=(20, 0, -20))),
    *_eyes((0.36, 0.11, 0.54), 0.07),
)  # fmt: skip
_ROBOT = (
    Part(mesh="box", at=(0, 0, 0.52), half=(0.22, 0.27, 0.24)),
    Part(mesh="box", at=(0, 0, 0.94), half=(0.22, 0.25, 0.18), tint="light"),
    Part(mesh="box", at=(0.20, 0, 0.95), half=(0.04, 0.20, 0.10), tint="dark"),
    *mirrored_pair(Part(mesh="sphere", at=(0.235, 0.09, 0.96), half=(0.03, 0.06, 0.06), tint="lamp")),
    Part(mesh="cylinder", at=(0, 0, 1.18), half=(0.02, 0.02, 0.08), tint="steel"),
    Part(mesh="sphere", at=(0, 0, 1.28), half=(0.06, 0.06, 0.06)),
    Part(mesh="cylinder", at=(0.22, 0, 0.55), half=(0.09, 0.09, 0.03), tint="white", turn=(0, 90, 0)),
    *mirrored_pair(
        Part(mesh="pill", at=(0, 0.35, 0.50), half=(0.07, 0.07, 0.22), tint="steel",
             joint=Joint(channel="", pivot=(0, 0.35, 0.68), axis=_SIDEWAYS)), channels=("leg_b", "leg_a")),
    *_legs(0.0, 0.14, 0.28, 0.10, front=True, tint="steel"),
)  # fmt: skip
_WOMAN = (
    Part(mesh="bell", at=(0, 0, 0.50), half=(0.28, 0.28, 0.30)),
    Part(mesh="pill", at=(0, 0, 0.80), half=(0.13, 0.17, 0.14)),
    Part(mesh="sphere", at=(0, 0, 1.10), half=(0.20, 0.20, 0.21), tint="skin"),
    Part(mesh="sphere", at=(-0.05, 0, 1.15), half=(0.21, 0.23, 0.21), tint="hair"),
    Part(mesh="pill", at=(-0.15, 0, 0.96), half=(0.08, 0.19, 0.20), tint="hair"),
    *_eyes((0.17, 0.08, 1.09), 0.045),
    *_arms(0.22, 0.90, 0.36, 0.06),
    *_legs(0.0, 0.10, 0.24, 0.065, front=True, tint="skin"),
)  # fmt: skip
_MAN = (
    Part(mesh="pill", at=(0, 0, 0.68), half=(0.17, 0.23, 0.25)),
    Part(mesh="sphere", at=(0, 0, 1.10), half=(0.20, 0.20, 0.21), tint="skin"),
    Part(mesh="dome", at=(-0.02, 0, 1.24), half=(0.21, 0.22, 0.11), tint="shade"),
    Part(mesh="pill", at=(0.20, 0, 1.16), half=(0.10, 0.15, 0.025), tint="shade"),
    *_eyes((0.17, 0.08, 1.09), 0.045),
    *_arms(0.28, 0.88, 0.40, 0.065),
    *_legs(0.0, 0.11, 0.46, 0.085, front=True, tint="cloth"),
)  # fmt: skip
_CAR = (
    Part(mesh="pill", at=(0, 0, 0.34), half=(0.66, 0.34, 0.19)),
    Part(mesh="pill", at=(-0.06, 0, 0.60), half=(0.36, 0.28, 0.19), tint="window"),
    Part(mesh="pill", at=(-0.06, 0, 0.74), half=(0.30, 0.26, 0.07)),
    *mirrored_pair(Part(mesh="sphere", at=(0.60, 0.20, 0.36), half=(0.07, 0.08, 0.07), tint="lamp")),
    *_wheels((0.38, -0.38), 0.33, 0.17),
)  # fmt: skip
_TRUCK = (
    Part(mesh="box", at=(-0.22, 0, 0.66), half=(0.48, 0.34, 0.38)),
    Part(mesh="pill", at=(0.46, 0, 0.52), half=(0.24, 0.31, 0.30), tint="light"),
    Part(mesh="pill", at=(0.60, 0, 0.62), half=(0.12, 0.27, 0.14), tint="window"),
    Part(mesh="box", at=(0, 0, 0.24), half=(0.66, 0.28, 0.06), tint="dark"),
    *mirrored_pair(Part(mesh="sphere", at=(0.69, 0.20, 0.36), half=(0.05, 0.07, 0.06), tint="lamp")),
    *_wheels((0.44, -0.12, -0.46), 0.31, 0.17),
)  # fmt: skip
_TRAIN = (
    Part(mesh="cylinder", at=(0.24, 0, 0.56), half=(0.25, 0.25, 0.40), turn=(0, 90, 0)),
    Part(mesh="box", at=(-0.38, 0, 0.66), half=(0.24, 0.29, 0.36)),
    Part(mesh="box", at=(-0.38, 0, 1.04), half=(0.29, 0.33, 0.05), tint="shade"),
    Part(mesh="box", at=(-0.38, 0, 0.80), half=(0.15, 0.30, 0.12), tint="window"),
    Part(mesh="cylinder", at=(0.44, 0, 0.92), half=(0.09, 0.09, 0.17), tint="dark"),
    Part(mesh="cylinder", at=(0.66, 0, 0.56), half=(0.20, 0.20, 0.03), tint="light", turn=(0, 90, 0)),
    Part(mesh="box", at=(0, 0, 0.24), half=(0.66, 0.24, 0.07), tint="dark"),
    Part(mesh="sphere", at=(0.68, 0, 0.66), half=(0.05, 0.07, 0.07), tint="lamp"),
    *_wheels((0.44, 0.08, -0.36), 0.27, 0.16),
)  # fmt: skip
_BOAT = (
    Part(mesh="wedge", at=(0.44, 0, 0.20), half=(0.24, 0.26, 0.20), turn=(180, 0, 0)),
    Part(mesh="pill", at=(-0.12, 0, 0.20), half=(0.44, 0.28, 0.20)),
    Part(mesh="box", at=(-0.04, 0, 0.38), half=(0.50, 0.22, 0.03), tint="wood"),
    Part(mesh="cylinder", at=(-0.02, 0, 0.82), half=(0.035, 0.035, 0.48), tint="wood"),
    Part(mesh="wedge", at=(0.22, 0, 0.84), half=(0.24, 0.025, 0.36), tint="white"),
    Part(mesh="wedge", at=(-0.24, 0, 0.80), half=(0.18, 0.025, 0.30), tint="light", turn=(0, 0, 180)),
)  # fmt: skip
_AIRPLANE = (
    Part(mesh="sphere", at=(0, 0, 0.42), half=(0.62, 0.17, 0.18)),
    Part(mesh="pill", at=(0.06, 0, 0.42), half=(0.17, 0.68, 0.04), tint="light"),
    Part(mesh="pill", at=(-0.52, 0, 0.46), half=(0.10, 0.28, 0.03), tint="light"),
    Part(mesh="pill", at=(-0.54, 0, 0.62), half=(0.12, 0.03, 0.17), tint="shade", turn=(0, -24, 0)),
    Part(mesh="sphere", at=(0.24, 0, 0.55), half=(0.17, 0.11, 0.10), tint="window"),
    Part(mesh="sphere", at=(0.62, 0, 0.42), half=(0.07, 0.07, 0.07), tint="dark"),
    Part(mesh="pill", at=(0.68, 0, 0.42), half=(0.02, 0.04, 0.26), tint="dark",
         joint=Joint(channel="propeller", pivot=(0.68, 0, 0.42), axis=_FORWARD)),
)  # fmt: skip
_BALLOON = (
    Part(mesh="sphere", at=(0, 0, 1.02), half=(0.42, 0.42, 0.48)),
    Part(mesh="cone", at=(0, 0, 0.54), half=(0.08, 0.08, 0.07), tint="shade"),
    Part(mesh="cylinder", at=(0, 0, 0.25), half=(0.015, 0.015, 0.25), tint="white"),
    Part(mesh="sphere", at=(0.16, -0.20, 1.28), half=(0.09, 0.09, 0.10), tint="light"),
)  # fmt: skip
_SNOWMAN = (
    Part(mesh="sphere", at=(0, 0, 0.32), half=(0.38, 0.38, 0.34)),
    Part(mesh="sphere", at=(0, 0, 0.76), half=(0.28, 0.28, 0.26)),
    Part(mesh="sphere", at=(0, 0, 1.12), half=(0.21, 0.21, 0.20)),
    Part(mesh="torus", at=(0, 0, 0.96), half=(0.22, 0.22, 0.06), tint="shade"),
    Part(mesh="cylinder", at=(0, 0, 1.40), half=(0.15, 0.15, 0.12), tint="dark"),
    Part(mesh="cylinder", at=(0, 0, 1.29), half=(0.24, 0.24, 0.025), tint="dark"),
    Part(mesh="cone", at=(0.29, 0, 1.11), half=(0.045, 0.045, 0.12), tint="beak", turn=(0, 90, 0)),
    *mirrored_pair(Part(mesh="sphere", at=(0.18, 0.08, 1.19), half=(0.04, 0.04, 0.04), tint="dark")),
    Part(mesh="sphere", at=(0.27, 0, 0.84), half=(0.035, 0.035, 0.035), tint="dark"),
    Part(mesh="sphere", at=(0.285, 0, 0.70), half=(0.035, 0.035, 0.035), tint="dark"),
    *mirrored_pair(Part(mesh="pill", at=(0, 0.40, 0.86), half=(0.025, 0.18, 0.025), tint="wood", turn=(28, 0, 0))),
)  # fmt: skip


def _cookie() -> tuple[Part, ...]:
    """A thick biscuit standing on its edge, chips on both faces."""
    disc = Part(mesh="cylinder", at=(0, 0, 0.48), half=(0.48, 0.48, 0.12), turn=(90, 0, 0))
    places = ((0.0, 0.52), (0.24, 0.66), (-0.22, 0.70), (0.20, 0.30), (-0.18, 0.34), (0.02, 0.80), (-0.34, 0.50))
    chips: tuple[Part, ...] = ()
    for x, z in places:
        chip = Part(mesh="sphere", at=(x, 0.12, z), half=(0.065, 0.035, 0.065), tint="hair")
        chips += mirrored_pair(chip)
    return (disc, *chips)


_GLASS = (
    Part(mesh="cylinder", at=(0, 0, 0.05), half=(0.26, 0.26, 0.05)),
    Part(mesh="cylinder", at=(0, 0, 0.24), half=(0.06, 0.06, 0.18)),
    Part(mesh="bell", at=(0, 0, 0.70), half=(0.34, 0.34, 0.30), turn=(180, 0, 0)),
)

BODIES: dict[str, tuple[Part, ...]] = {
    "ball": _BALL, "cube": _CUBE, "cylinder": _CYLINDER, "cone": _CONE, "ring": _RING, "pyramid": _PYRAMID,
    "dog": _DOG, "cat": _CAT, "mammoth": _MAMMOTH, "horse": _HORSE, "bird": _BIRD, "fish": _FISH,
    "robot": _ROBOT, "woman": _WOMAN, "man": _MAN, "car": _CAR, "truck": _TRUCK, "train": _TRAIN,
    "boat": _BOAT, "airplane": _AIRPLANE, "balloon": _BALLOON, "snowman": _SNOWMAN, "cookie": _cookie(),
    "glass": _GLASS,
}  # fmt: skip

# Half extents of the box (or the sphere, where all three are equal) that stands in for a body in physics.
COLLIDERS: dict[str, Vector] = {
    "ball": (0.45, 0.45, 0.45), "cube": (0.42, 0.42, 0.42), "cylinder": (0.34, 0.34, 0.5),
    "cone": (0.34, 0.34, 0.5), "ring": (0.5, 0.15, 0.5), "pyramid": (0.4, 0.4, 0.45), "dog": (0.6, 0.24, 0.46),
    "cat": (0.55, 0.22, 0.45), "mammoth": (0.75, 0.36, 0.62), "horse": (0.62, 0.22, 0.66),
    "bird": (0.42, 0.3, 0.42), "fish": (0.55, 0.18, 0.38), "robot": (0.24, 0.36, 0.6),
    "woman": (0.28, 0.28, 0.62), "man": (0.22, 0.3, 0.62), "car": (0.66, 0.36, 0.4), "truck": (0.7, 0.36, 0.52),
    "train": (0.68, 0.3, 0.54), "boat": (0.62, 0.28, 0.6), "airplane": (0.65, 0.5, 0.3),
    "balloon": (0.42, 0.42, 0.7), "snowman": (0.38, 0.38, 0.7), "cookie": (0.48, 0.12, 0.48),
    "glass": (0.34, 0.34, 0.5),
}  # fmt: skip
