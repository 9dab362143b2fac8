"""Toy physics in a vertical plane, by MuJoCo: what rolls, bounces, falls, pushes and collides.

Every motion of the grammar that needs forces runs along one heading, so a body has three freedoms: along
the heading, up, and turning in that plane. Fewer freedoms keep toys upright and clips readable.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.errors import MissingExtra

__all__ = ["Body", "Contact", "Trace", "simulate"]

FloatArray: TypeAlias = npt.NDArray[Any]
STEP = 1.0 / 480.0
_STIFFNESS = 2500.0


@dataclass(frozen=True, kw_only=True)
class Body:
    """One body in the plane. Lengths in world units, velocities per second.

    half: half length and half height; `round` bodies are discs of radius half[0]. turns: may it tumble.
    bounce: speed after a contact for speed before, above 0 and below 1.
    driven: keeps its starting velocity until the end ("push") or until it touches another ("until contact").
    """

    half: tuple[float, float]
    x: float
    z: float
    velocity: float = 0.0
    tilt: float = 0.0
    round: bool = False
    turns: bool = False
    bounce: float = 0.1
    mass: float = 1.0
    friction: float = 0.6
    driven: str = ""


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Bodies `a` and `b` touch first in frame `frame`; b = -1 is the ground."""

    frame: int
    a: int
    b: int


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Places [T, K], heights of the centres [T, K], angles [T, K] (radians, forward), contacts."""

    x: FloatArray
    z: FloatArray
    angle: FloatArray
    contacts: tuple[Contact, ...]


def _xml(bodies: list[Body]) -> str:
    rows = []
    for index, body in enumerate(bodies):
        shape = (
            f'type="cylinder" size="{body.half[0]} 0.2" euler="90 0 0"'
            if body.round
            else f'type="box" size="{body.half[0]} 0.2 {body.half[1]}"'
        )
        # A negative solref is (-stiffness, -damping) for a unit of mass: a damped spring, of which
        # the share of speed that survives half a swing is exp(-pi * ratio / sqrt(1 - ratio^2)).
        loss = -np.log(body.bounce)
        damping = 2.0 * np.sqrt(_STIFFNESS) * loss / np.hypot(np.pi, loss)
        hinge = '<joint type="hinge" axis="0 1 0" damping="0.0005"/>' if body.turns else ""
        rows.append(
            f'<body name="b{index}" pos="{body.x} 0 {body.z}" euler="0 {np.degrees(body.tilt)} 0">'
            f'<joint type="slide" axis="1 0 0" name="x{index}"/><joint type="slide" axis="0 0 1"/>{hinge}'
            f'<geom name="g{index}" {shape} mass="{body.mass}" friction="{body.friction} 0.005 0.0001" '
            f'solref="-{_STIFFNESS:.0f} -{damping:.2f}" solimp="0.98 0.99 0.001"/></body>'
        )
    return (
        f'<mujoco><option timestep="{STEP}" gravity="0 0 -9.81" integrator="implicitfast"/>'
        '<default><geom condim="3" priority="1"/></default>'
        '<worldbody><geom name="ground" type="plane" size="40 4 0.1" priority="0"/>' + "".join(rows)
        + "</worldbody></mujoco>"
    )  # fmt: skip


def simulate(bodies: list[Body], frames: int, fps: int) -> Trace:
    """Run `bodies` for `frames` frames; deterministic."""
    try:
        import mujoco
    except ImportError as error:
        raise MissingExtra("world", "physics of the world") from error
    model = mujoco.MjModel.from_xml_string(_xml(bodies))
    data = mujoco.MjData(model)
    addresses = [int(model.joint(f"x{index}").qposadr[0]) for index in range(len(bodies))]
    turning = [address + 2 for address in addresses]
    for body, address in zip(bodies, addresses, strict=True):
        data.qvel[address] = body.velocity
        if body.round and body.turns:
            data.qvel[address + 2] = body.velocity / body.half[0]
    mujoco.mj_forward(model, data)
    x, z, angle = (np.zeros((frames, len(bodies))) for _ in range(3))
    contacts: dict[tuple[int, int], int] = {}
    steps = round(1.0 / (fps * STEP))
    for frame in range(frames):
        for index, body in enumerate(bodies):
            x[frame, index] = body.x + data.qpos[addresses[index]]
            z[frame, index] = body.z + data.qpos[addresses[index] + 1]
            angle[frame, index] = body.tilt + (data.qpos[turning[index]] if body.turns else 0.0)
        for _ in range(steps):
            _drive(bodies, addresses, data, contacts)
            mujoco.mj_step(model, data)
            if data.ncon:
                _note_contacts(data, frame, contacts)
    found = tuple(Contact(frame=at, a=a, b=b) for (a, b), at in sorted(contacts.items(), key=lambda row: row[1]))
    return Trace(x=x, z=z, angle=angle, contacts=found)


def _drive(bodies: list[Body], addresses: list[int], data: Any, contacts: dict[tuple[int, int], int]) -> None:
    """Hold the speed of driven bodies."""
    for index, body in enumerate(bodies):
        if not body.driven:
            continue
        touched = any(index in pair and -1 not in pair for pair in contacts)
        if body.driven == "push" or not touched:
            data.qvel[addresses[index]] = body.velocity


def _note_contacts(data: Any, frame: int, contacts: dict[tuple[int, int], int]) -> None:
    """Note who touches for the first time; geometry 0 is the ground, the others follow in the order of bodies."""
    for pair in data.contact.geom.tolist():
        contacts.setdefault((max(pair) - 1, min(pair) - 1), frame)
