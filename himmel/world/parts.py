"""What subjects are made of: toy bodies as lists of parts, with joints for what moves.

A body stands on z = 0, faces +x and is about one unit tall at medium size. Parts are unit meshes
(`mesh.MESHES`) scaled by their half extents. Every part takes its colour from a role: "main" is the colour
the caption names, "shade" and "light" are derived from it, and all three are of the material the caption
names; "inner" is the colour alone. The other roles are fixed (eyes, wheels, skin).
"""

from dataclasses import dataclass

__all__ = ["FIXED_TINTS", "FORWARD", "SIDEWAYS", "UP", "Joint", "Part", "Vector", "mirrored_pair"]

Vector = tuple[float, float, float]

FORWARD: Vector = (1.0, 0.0, 0.0)
SIDEWAYS: Vector = (0.0, 1.0, 0.0)
UP: Vector = (0.0, 0.0, 1.0)

FIXED_TINTS: dict[str, Vector] = {
    "dark": (0.10, 0.10, 0.12),
    "white": (0.94, 0.92, 0.88),
    "skin": (0.90, 0.68, 0.53),
    "hair": (0.30, 0.19, 0.13),
    "beak": (0.96, 0.62, 0.18),
    "window": (0.62, 0.80, 0.92),
    "wood": (0.55, 0.38, 0.23),
    "cloth": (0.27, 0.30, 0.42),
    "steel": (0.62, 0.64, 0.68),
    "lamp": (1.00, 0.90, 0.55),
    "lips": (0.74, 0.34, 0.32),
    "blush": (0.94, 0.60, 0.50),
    "flame": (1.00, 0.70, 0.22),
    "smoke": (0.80, 0.80, 0.82),
}


@dataclass(frozen=True, kw_only=True)
class Joint:
    """Turns a part about `axis` through `pivot` by gain * the body's angle named `channel` (radians)."""

    channel: str
    pivot: Vector
    axis: Vector
    gain: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Part:
    """One mesh of a body. at: centre. half: half extents. turn: Euler degrees about x, then y, then z."""

    mesh: str
    at: Vector
    half: Vector
    tint: str = "main"
    turn: Vector = (0.0, 0.0, 0.0)
    joint: Joint | None = None


def mirrored_pair(part: Part, *, channels: tuple[str, str] | None = None) -> tuple[Part, Part]:
    """A part on the left side (+y) and its twin on the right; `channels` rename their joints."""
    (x, y, z), (rx, ry, rz) = part.at, part.turn
    names = channels or ((part.joint.channel,) * 2 if part.joint else ("", ""))
    joints: list[Joint | None] = [None, None]
    if part.joint:
        (px, py, pz), (ax, ay, az) = part.joint.pivot, part.joint.axis
        gain = part.joint.gain
        joints[0] = Joint(channel=names[0], pivot=(px, py, pz), axis=(ax, ay, az), gain=gain)
        joints[1] = Joint(channel=names[1], pivot=(px, -py, pz), axis=(-ax, ay, -az), gain=gain)
    left = Part(mesh=part.mesh, at=part.at, half=part.half, tint=part.tint, turn=part.turn, joint=joints[0])
    right = Part(
        mesh=part.mesh, at=(x, -y, z), half=part.half, tint=part.tint, turn=(-rx, ry, -rz), joint=joints[1]
    )
    return left, right
