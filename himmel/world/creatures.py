"""The bodies of what lives, walks or has a face. See `parts` for units and roles."""

import numpy as np

from himmel.world.parts import FORWARD, SIDEWAYS, UP, Joint, Part, Vector, mirrored_pair

__all__ = ["CREATURES"]

_TRUNK = Joint(channel="trunk", pivot=(0.52, 0.0, 0.92), axis=SIDEWAYS)
_HORSE_TAIL = Joint(channel="tail", pivot=(-0.50, 0.0, 0.82), axis=FORWARD)
_FISH_TAIL = Joint(channel="tail", pivot=(-0.36, 0.0, 0.45), axis=UP)


def _eyes(at: Vector, size: float) -> tuple[Part, ...]:
    """Two white eyes with dark pupils looking along +x."""
    x, y, z = at
    white = Part(mesh="sphere", at=at, half=(size, size, size), tint="white")
    pupil = Part(mesh="sphere", at=(x + 0.6 * size, y, z), half=(0.62 * size,) * 3, tint="dark")
    return mirrored_pair(white) + mirrored_pair(pupil)


def _legs(x: float, y: float, top: float, thick: float, *, front: bool, tint: str = "main") -> tuple[Part, ...]:
    """A pair of legs hanging from height `top`; opposite legs swing together, as in a trot."""
    joint = Joint(channel="", pivot=(x, y, top), axis=SIDEWAYS)
    leg = Part(mesh="pill", at=(x, y, top / 2), half=(thick, thick, top / 2 + 0.03), tint=tint, joint=joint)
    return mirrored_pair(leg, channels=("leg_a", "leg_b") if front else ("leg_b", "leg_a"))


def _hooves(x: float, y: float, top: float, thick: float, *, front: bool, tint: str = "dark") -> tuple[Part, ...]:
    """What stands at the ends of `_legs` given the same places, and swings with them."""
    joint = Joint(channel="", pivot=(x, y, top), axis=SIDEWAYS)
    hoof = Part(
        mesh="pill", at=(x + 0.02, y, 0.05), half=(1.25 * thick, 1.1 * thick, 0.06), tint=tint, joint=joint
    )
    return mirrored_pair(hoof, channels=("leg_a", "leg_b") if front else ("leg_b", "leg_a"))


def _wings(at: Vector, half: Vector) -> tuple[Part, ...]:
    x, y, z = at
    joint = Joint(channel="wing", pivot=(x, y - half[1], z), axis=FORWARD)
    return mirrored_pair(Part(mesh="pill", at=at, half=half, tint="shade", joint=joint))


def _arms(y: float, top: float, length: float, thick: float, tint: str = "main") -> tuple[Part, ...]:
    joint = Joint(channel="", pivot=(0.0, y, top), axis=SIDEWAYS)
    arm = Part(mesh="pill", at=(0.0, y, top - length / 2), half=(thick, thick, length / 2), tint=tint, joint=joint)
    hand = Part(mesh="sphere", at=(0.0, y, top - length), half=(1.15 * thick,) * 3, tint="skin", joint=joint)
    channels = ("arm_a", "arm_b")
    return mirrored_pair(arm, channels=channels) + mirrored_pair(hand, channels=channels)


def _face(x: float, z: float) -> tuple[Part, ...]:
    """Nose and smile of a person whose face is at `x`, between eyes at height `z` and the chin."""
    return (
        Part(mesh="sphere", at=(x + 0.035, 0, z - 0.055), half=(0.035, 0.03, 0.03), tint="skin"),
        Part(mesh="pill", at=(x - 0.018, 0, z - 0.128), half=(0.018, 0.055, 0.012), tint="lips"),
        *mirrored_pair(
            Part(mesh="sphere", at=(x - 0.015, 0.125, z - 0.085), half=(0.02, 0.035, 0.025), tint="blush")
        ),
    )


def _tusks() -> tuple[Part, ...]:
    """Two white arcs that leave the cheeks downwards and end pointing up."""
    parts: tuple[Part, ...] = ()
    for step, angle in enumerate(np.radians(np.linspace(-128, 8, 6))):
        x, z = 0.60 + 0.26 * float(np.cos(angle)), 0.76 + 0.26 * float(np.sin(angle))
        thick = 0.062 - 0.006 * step
        bead = Part(
            mesh="pill", at=(x, 0.20 + 0.012 * step, z), half=(0.085, thick, thick), tint="white",
            turn=(0, -90 - float(np.degrees(angle)), 0),
        )  # fmt: skip
        parts += mirrored_pair(bead)
    return parts


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
         joint=Joint(channel="tail", pivot=(-0.44, 0, 0.55), axis=FORWARD)),
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
         joint=Joint(channel="tail", pivot=(-0.40, 0, 0.42), axis=FORWARD)),
    Part(mesh="pill", at=(-0.48, 0, 0.90), half=(0.055, 0.055, 0.17), turn=(0, 28, 0), tint="shade",
         joint=Joint(channel="tail", pivot=(-0.40, 0, 0.42), axis=FORWARD)),
)  # fmt: skip
_MAMMOTH = (
    Part(mesh="pill", at=(-0.32, 0, 0.66), half=(0.52, 0.36, 0.38)),
    Part(mesh="sphere", at=(-0.22, 0, 0.98), half=(0.34, 0.28, 0.24)),
    Part(mesh="pill", at=(-0.32, 0, 0.46), half=(0.50, 0.385, 0.17), tint="shade"),
    Part(mesh="sphere", at=(0.26, 0, 0.92), half=(0.30, 0.29, 0.32)),
    Part(mesh="sphere", at=(0.22, 0, 1.20), half=(0.18, 0.19, 0.14), tint="shade"),
    Part(mesh="sphere", at=(0.34, 0, 1.24), half=(0.10, 0.12, 0.09), tint="shade"),
    Part(mesh="pill", at=(0.56, 0, 0.72), half=(0.12, 0.12, 0.22), turn=(0, -10, 0), joint=_TRUNK),
    Part(mesh="pill", at=(0.63, 0, 0.44), half=(0.10, 0.10, 0.18), turn=(0, -16, 0), joint=_TRUNK),
    Part(mesh="pill", at=(0.73, 0, 0.25), half=(0.085, 0.085, 0.14), turn=(0, -52, 0), tint="shade", joint=_TRUNK),
    *_tusks(),
    *mirrored_pair(
        Part(mesh="sphere", at=(0.16, 0.33, 0.92), half=(0.17, 0.05, 0.22), tint="shade", turn=(0, 0, 24))),
    *_eyes((0.50, 0.15, 1.03), 0.06),
    *_legs(0.02, 0.21, 0.40, 0.14, front=True, tint="shade"),
    *_legs(-0.64, 0.21, 0.40, 0.14, front=False, tint="shade"),
    *_hooves(0.02, 0.21, 0.40, 0.13, front=True, tint="light"),
    *_hooves(-0.64, 0.21, 0.40, 0.13, front=False, tint="light"),
    Part(mesh="pill", at=(-0.86, 0, 0.66), half=(0.045, 0.045, 0.20), tint="shade", turn=(0, 16, 0),
         joint=Joint(channel="tail", pivot=(-0.80, 0, 0.84), axis=FORWARD)),
)  # fmt: skip
_HORSE = (
    Part(mesh="pill", at=(-0.10, 0, 0.68), half=(0.44, 0.21, 0.21)),
    Part(mesh="sphere", at=(0.20, 0, 0.74), half=(0.20, 0.19, 0.22)),
    Part(mesh="pill", at=(0.33, 0, 0.95), half=(0.15, 0.12, 0.30), turn=(0, 28, 0)),
    Part(mesh="pill", at=(0.54, 0, 1.16), half=(0.25, 0.13, 0.13), turn=(0, 24, 0)),
    Part(mesh="pill", at=(0.73, 0, 1.06), half=(0.10, 0.115, 0.10), tint="light", turn=(0, 24, 0)),
    *mirrored_pair(Part(mesh="sphere", at=(0.81, 0.05, 1.07), half=(0.02, 0.02, 0.025), tint="dark")),
    Part(mesh="pill", at=(0.06, 0, 0.92), half=(0.09, 0.05, 0.14), turn=(0, 40, 0), tint="dark"),
    Part(mesh="pill", at=(0.20, 0, 1.08), half=(0.09, 0.055, 0.18), turn=(0, 28, 0), tint="dark"),
    Part(mesh="pill", at=(0.33, 0, 1.27), half=(0.12, 0.06, 0.11), turn=(0, 20, 0), tint="dark"),
    Part(mesh="pill", at=(0.51, 0, 1.29), half=(0.10, 0.05, 0.045), turn=(0, 24, 0), tint="dark"),
    *mirrored_pair(Part(mesh="cone", at=(0.40, 0.09, 1.34), half=(0.05, 0.05, 0.10))),
    *_eyes((0.62, 0.105, 1.22), 0.055),
    *_legs(0.20, 0.12, 0.56, 0.075, front=True),
    *_legs(-0.40, 0.12, 0.56, 0.075, front=False),
    *_hooves(0.20, 0.12, 0.56, 0.075, front=True),
    *_hooves(-0.40, 0.12, 0.56, 0.075, front=False),
    Part(mesh="pill", at=(-0.57, 0, 0.72), half=(0.07, 0.07, 0.16), turn=(0, 40, 0), tint="dark",
         joint=_HORSE_TAIL),
    Part(mesh="pill", at=(-0.66, 0, 0.46), half=(0.08, 0.075, 0.22), turn=(0, 6, 0), tint="dark",
         joint=_HORSE_TAIL),
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
    Part(mesh="sphere", at=(0.05, 0, 0.45), half=(0.46, 0.19, 0.29)),
    Part(mesh="sphere", at=(0.10, 0, 0.38), half=(0.36, 0.165, 0.21), tint="light"),
    Part(mesh="torus", at=(0.16, 0, 0.45), half=(0.295, 0.195, 0.06), tint="white", turn=(0, 90, 0)),
    Part(mesh="torus", at=(-0.18, 0, 0.45), half=(0.26, 0.17, 0.05), tint="white", turn=(0, 90, 0)),
    Part(mesh="pill", at=(-0.55, 0, 0.58), half=(0.19, 0.04, 0.085), tint="shade", turn=(0, 38, 0),
         joint=_FISH_TAIL),
    Part(mesh="pill", at=(-0.55, 0, 0.34), half=(0.19, 0.04, 0.085), tint="shade", turn=(0, -38, 0),
         joint=_FISH_TAIL),
    Part(mesh="pill", at=(0.02, 0, 0.75), half=(0.21, 0.035, 0.10), tint="shade", turn=(0, -14, 0)),
    *mirrored_pair(
        Part(mesh="sphere", at=(0.06, 0.22, 0.38), half=(0.13, 0.03, 0.085), tint="shade", turn=(25, 0, -24),
                        joint=Joint(channel="tail", pivot=(0.16, 0.17, 0.40), axis=FORWARD, gain=0.8))),
    Part(mesh="torus", at=(0.49, 0, 0.41), half=(0.05, 0.06, 0.03), tint="shade", turn=(0, 90, 0)),
    *_eyes((0.36, 0.125, 0.55), 0.08),
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
             joint=Joint(channel="", pivot=(0, 0.35, 0.68), axis=SIDEWAYS)), channels=("leg_b", "leg_a")),
    *_legs(0.0, 0.14, 0.28, 0.10, front=True, tint="steel"),
)  # fmt: skip
_WOMAN = (
    Part(mesh="bell", at=(0, 0, 0.47), half=(0.29, 0.29, 0.29)),
    Part(mesh="cylinder", at=(0, 0, 0.205), half=(0.30, 0.30, 0.025), tint="light"),
    Part(mesh="pill", at=(0, 0, 0.79), half=(0.14, 0.17, 0.14)),
    Part(mesh="cylinder", at=(0, 0, 0.72), half=(0.155, 0.185, 0.03), tint="light"),
    Part(mesh="sphere", at=(0, 0, 1.12), half=(0.22, 0.22, 0.22), tint="skin"),
    Part(mesh="sphere", at=(-0.06, 0, 1.18), half=(0.225, 0.25, 0.21), tint="hair"),
    Part(mesh="pill", at=(-0.16, 0, 0.98), half=(0.09, 0.22, 0.22), tint="hair"),
    *mirrored_pair(
        Part(mesh="sphere", at=(0.09, 0.13, 1.27), half=(0.12, 0.10, 0.07), tint="hair", turn=(-24, 0, 0))),
    *_eyes((0.18, 0.085, 1.11), 0.045),
    *_face(0.20, 1.11),
    *_arms(0.22, 0.90, 0.36, 0.06),
    *_legs(0.0, 0.10, 0.24, 0.065, front=True, tint="skin"),
    *_hooves(0.0, 0.10, 0.24, 0.065, front=True),
)  # fmt: skip
_MAN = (
    Part(mesh="pill", at=(0, 0, 0.68), half=(0.18, 0.24, 0.25)),
    Part(mesh="sphere", at=(0, 0, 1.12), half=(0.22, 0.22, 0.22), tint="skin"),
    Part(mesh="sphere", at=(-0.05, 0, 1.14), half=(0.21, 0.225, 0.19), tint="hair"),
    Part(mesh="dome", at=(-0.02, 0, 1.27), half=(0.23, 0.24, 0.12), tint="shade"),
    Part(mesh="pill", at=(0.20, 0, 1.20), half=(0.12, 0.17, 0.028), tint="shade", turn=(0, 8, 0)),
    *mirrored_pair(Part(mesh="sphere", at=(0.0, 0.22, 1.10), half=(0.045, 0.03, 0.06), tint="skin")),
    *_eyes((0.19, 0.085, 1.10), 0.045),
    *_face(0.20, 1.10),
    *_arms(0.28, 0.88, 0.40, 0.065),
    *_legs(0.0, 0.11, 0.46, 0.09, front=True, tint="cloth"),
    *_hooves(0.0, 0.11, 0.46, 0.085, front=True),
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

CREATURES: dict[str, tuple[Part, ...]] = {
    "dog": _DOG, "cat": _CAT, "mammoth": _MAMMOTH, "horse": _HORSE, "bird": _BIRD, "fish": _FISH,
    "robot": _ROBOT, "woman": _WOMAN, "man": _MAN, "snowman": _SNOWMAN,
}  # fmt: skip
