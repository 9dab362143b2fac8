"""The bodies of what drives, sails and flies by engine. See `parts` for units and roles."""

from himmel.world.parts import FORWARD, SIDEWAYS, Joint, Part, mirrored_pair

__all__ = ["VEHICLES"]


def _wheels(xs: tuple[float, ...], y: float, radius: float, width: float = 0.06) -> tuple[Part, ...]:
    parts: tuple[Part, ...] = ()
    for x in xs:
        joint = Joint(channel="wheel", pivot=(x, y, radius), axis=SIDEWAYS, gain=1.0 / radius)
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
                                 joint=Joint(channel="wheel", pivot=(x, -y, radius), axis=SIDEWAYS,
                                             gain=1.0 / radius)))  # fmt: skip
    return parts


_CAR = (
    Part(mesh="pill", at=(0, 0, 0.34), half=(0.66, 0.34, 0.19)),
    Part(mesh="pill", at=(-0.06, 0, 0.60), half=(0.36, 0.28, 0.19), tint="window"),
    Part(mesh="pill", at=(-0.06, 0, 0.74), half=(0.30, 0.26, 0.07)),
    *mirrored_pair(Part(mesh="sphere", at=(0.60, 0.20, 0.36), half=(0.07, 0.08, 0.07), tint="lamp")),
    *_wheels((0.38, -0.38), 0.33, 0.17),
)  # fmt: skip
_TRUCK = (
    Part(mesh="box", at=(-0.22, 0, 0.66), half=(0.48, 0.34, 0.38)),
    *mirrored_pair(Part(mesh="box", at=(-0.22, 0.335, 0.70), half=(0.40, 0.02, 0.10), tint="light")),
    Part(mesh="pill", at=(0.46, 0, 0.52), half=(0.24, 0.31, 0.30), tint="light"),
    Part(mesh="pill", at=(0.60, 0, 0.64), half=(0.12, 0.27, 0.13), tint="window"),
    *mirrored_pair(Part(mesh="pill", at=(0.48, 0.29, 0.64), half=(0.12, 0.04, 0.11), tint="window")),
    Part(mesh="box", at=(0, 0, 0.24), half=(0.66, 0.28, 0.06), tint="dark"),
    Part(mesh="pill", at=(0.70, 0, 0.27), half=(0.05, 0.32, 0.07), tint="steel"),
    *mirrored_pair(Part(mesh="sphere", at=(0.69, 0.20, 0.40), half=(0.05, 0.07, 0.06), tint="lamp")),
    *_wheels((0.44, -0.12, -0.46), 0.31, 0.17),
)  # fmt: skip
_TRAIN = (
    Part(mesh="cylinder", at=(0.24, 0, 0.56), half=(0.25, 0.25, 0.40), turn=(0, 90, 0)),
    Part(mesh="cylinder", at=(0.12, 0, 0.56), half=(0.26, 0.26, 0.035), tint="beak", turn=(0, 90, 0)),
    Part(mesh="cylinder", at=(0.46, 0, 0.56), half=(0.26, 0.26, 0.035), tint="beak", turn=(0, 90, 0)),
    Part(mesh="box", at=(-0.38, 0, 0.66), half=(0.24, 0.29, 0.36)),
    Part(mesh="box", at=(-0.38, 0, 1.04), half=(0.30, 0.34, 0.05), tint="shade"),
    Part(mesh="box", at=(-0.38, 0, 0.80), half=(0.15, 0.30, 0.12), tint="window"),
    Part(mesh="cylinder", at=(0.44, 0, 0.90), half=(0.08, 0.08, 0.15), tint="dark"),
    Part(mesh="bell", at=(0.44, 0, 1.06), half=(0.13, 0.13, 0.08), tint="dark", turn=(180, 0, 0)),
    Part(mesh="sphere", at=(0.12, 0, 0.80), half=(0.10, 0.10, 0.12), tint="beak"),
    Part(mesh="cylinder", at=(0.65, 0, 0.56), half=(0.20, 0.20, 0.03), tint="light", turn=(0, 90, 0)),
    Part(mesh="box", at=(0, 0, 0.24), half=(0.66, 0.24, 0.07), tint="dark"),
    Part(mesh="wedge", at=(0.74, 0, 0.15), half=(0.12, 0.26, 0.11), tint="steel"),
    Part(mesh="sphere", at=(0.67, 0, 0.78), half=(0.06, 0.08, 0.08), tint="lamp"),
    *_wheels((0.44, 0.08, -0.36), 0.27, 0.16),
)  # fmt: skip
_BOAT = (
    Part(mesh="dome", at=(0, 0, 0.18), half=(0.66, 0.30, 0.22), turn=(180, 0, 0)),
    Part(mesh="cylinder", at=(0.68, 0, 0.47), half=(0.025, 0.025, 0.20), tint="wood", turn=(0, 68, 0)),
    Part(mesh="cylinder", at=(0.02, 0, 0.40), half=(0.68, 0.315, 0.035), tint="shade"),
    Part(mesh="cylinder", at=(0, 0, 0.42), half=(0.58, 0.25, 0.03), tint="wood"),
    Part(mesh="pill", at=(-0.34, 0, 0.48), half=(0.15, 0.15, 0.11), tint="light"),
    Part(mesh="cylinder", at=(0.06, 0, 0.86), half=(0.035, 0.035, 0.50), tint="wood"),
    Part(mesh="cylinder", at=(-0.19, 0, 0.58), half=(0.025, 0.025, 0.26), tint="wood", turn=(0, 90, 0)),
    Part(mesh="wedge", at=(-0.19, 0, 0.94), half=(0.21, 0.03, 0.34), tint="white", turn=(0, 0, 180)),
    Part(mesh="wedge", at=(0.30, 0, 0.86), half=(0.19, 0.025, 0.30), tint="white"),
    Part(mesh="pill", at=(-0.05, 0, 1.36), half=(0.12, 0.02, 0.06)),
)  # fmt: skip
_AIRPLANE = (
    Part(mesh="sphere", at=(0, 0, 0.42), half=(0.62, 0.18, 0.19)),
    Part(mesh="pill", at=(0.06, 0, 0.40), half=(0.18, 0.70, 0.045), tint="light"),
    *mirrored_pair(Part(mesh="pill", at=(0.06, 0.62, 0.41), half=(0.19, 0.10, 0.05))),
    Part(mesh="pill", at=(-0.52, 0, 0.46), half=(0.11, 0.29, 0.03), tint="light"),
    Part(mesh="pill", at=(-0.55, 0, 0.62), half=(0.12, 0.035, 0.18), tint="shade", turn=(0, -24, 0)),
    Part(mesh="sphere", at=(0.22, 0, 0.55), half=(0.19, 0.12, 0.11), tint="window"),
    *mirrored_pair(Part(mesh="sphere", at=(-0.10, 0.16, 0.46), half=(0.045, 0.03, 0.045), tint="window")),
    *mirrored_pair(Part(mesh="sphere", at=(-0.24, 0.145, 0.46), half=(0.04, 0.03, 0.04), tint="window")),
    Part(mesh="cylinder", at=(0.56, 0, 0.42), half=(0.11, 0.11, 0.06), tint="steel", turn=(0, 90, 0)),
    Part(mesh="sphere", at=(0.66, 0, 0.42), half=(0.07, 0.06, 0.06), tint="beak"),
    Part(mesh="pill", at=(0.67, 0, 0.42), half=(0.02, 0.04, 0.27), tint="dark",
         joint=Joint(channel="propeller", pivot=(0.67, 0, 0.42), axis=FORWARD)),
    *mirrored_pair(
        Part(mesh="cylinder", at=(0.16, 0.18, 0.17), half=(0.085, 0.085, 0.03), tint="dark", turn=(90, 0, 0))),
)  # fmt: skip

VEHICLES: dict[str, tuple[Part, ...]] = {
    "car": _CAR, "truck": _TRUCK, "train": _TRAIN, "boat": _BOAT, "airplane": _AIRPLANE,
}  # fmt: skip
