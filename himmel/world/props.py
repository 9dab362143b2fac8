"""The props of a setting: what stands around the stage, and what motions refer to ("behind the tree").

Colours are sRGB in [0, 1]: soft and unsaturated, as those of `look`.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world.parts import Part, Vector

__all__ = ["GLOWING", "Prop", "hiding_prop", "props_for", "target_prop"]

FloatArray: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Prop:
    """A thing of the setting: parts with colours of their own; those of GLOWING give light."""

    parts: tuple[tuple[Part, Vector], ...]
    at: tuple[float, float]
    scale: float | Vector
    yaw: float


def _part(
    mesh: str, at: Vector, half: Vector, colour: Vector, turn: Vector = (0.0, 0.0, 0.0)
) -> tuple[Part, Vector]:
    return Part(mesh=mesh, at=at, half=half, turn=turn), colour


_Parts = tuple[tuple[Part, Vector], ...]
_TRUNK, _LEAF, _PINE = (0.48, 0.36, 0.27), (0.45, 0.60, 0.36), (0.34, 0.48, 0.36)
_ROCK, _SAND_ROCK, _SNOW = (0.62, 0.61, 0.60), (0.76, 0.60, 0.45), (0.92, 0.94, 0.97)
_GREY = (0.60, 0.60, 0.63)
_WINDOW, _LANTERN = (1.0, 0.86, 0.5), (1.0, 0.88, 0.55)
GLOWING = frozenset({_WINDOW, _LANTERN})

_TREE: _Parts = (
    _part("cylinder", (0, 0, 0.5), (0.14, 0.14, 0.5), _TRUNK),
    _part("sphere", (0, 0, 1.45), (0.66, 0.66, 0.62), _LEAF),
    _part("sphere", (0.34, 0.2, 1.15), (0.42, 0.42, 0.38), _LEAF),
)
_FIR: _Parts = (
    _part("cylinder", (0, 0, 0.3), (0.12, 0.12, 0.3), _TRUNK),
    _part("cone", (0, 0, 0.95), (0.62, 0.62, 0.55), _PINE),
    _part("cone", (0, 0, 1.55), (0.46, 0.46, 0.5), _PINE),
)
_SNOW_FIR: _Parts = (
    _part("cylinder", (0, 0, 0.3), (0.12, 0.12, 0.3), _TRUNK),
    _part("cone", (0, 0, 0.95), (0.62, 0.62, 0.55), (0.55, 0.66, 0.64)),
    _part("cone", (0, 0, 1.55), (0.46, 0.46, 0.5), (0.86, 0.91, 0.94)),
)
_CACTUS: _Parts = (
    _part("pill", (0, 0, 0.7), (0.17, 0.17, 0.72), (0.50, 0.60, 0.44)),
    _part("pill", (0.28, 0, 0.75), (0.10, 0.10, 0.30), (0.50, 0.60, 0.44)),
    _part("pill", (-0.26, 0, 0.95), (0.10, 0.10, 0.26), (0.50, 0.60, 0.44)),
)


def _stone(colour: Vector) -> _Parts:
    return (
        _part("pill", (0, 0, 0.16), (0.34, 0.26, 0.22), colour),
        _part("pill", (0.26, 0.1, 0.10), (0.18, 0.16, 0.13), colour),
    )


def _hill(colour: Vector) -> _Parts:
    return (_part("dome", (0, 0, 0.42), (2.6, 1.6, 0.45), colour),)


def _mountain(colour: Vector, cap: Vector) -> _Parts:
    return (
        _part("cone", (0, 0, 1.2), (1.9, 1.6, 1.2), colour),
        _part("cone", (0, 0, 2.05), (0.56, 0.48, 0.36), cap),
    )


def _house(walls: Vector, awning: Vector, height: float) -> _Parts:
    """A town house: a shop with an awning and a door below, rows of windows, most of them lit, above."""
    windows = tuple(
        _part("box", (x, -0.60, z), (0.095, 0.03, 0.13), _WINDOW if (column + row) % 4 else (0.34, 0.38, 0.48))
        for column, x in enumerate((-0.34, 0.0, 0.34))
        for row, z in enumerate(np.arange(0.98, 2 * height - 0.2, 0.48))
    )
    return (
        _part("box", (0, 0, height), (0.6, 0.6, height), walls),
        _part("box", (0, 0, 2 * height), (0.64, 0.64, 0.06), (0.34, 0.33, 0.38)),
        _part("box", (-0.16, -0.60, 0.32), (0.28, 0.03, 0.18), _WINDOW),
        _part("wedge", (-0.16, -0.72, 0.60), (0.16, 0.34, 0.08), awning, (0, 0, -90)),
        _part("box", (0.36, -0.60, 0.26), (0.12, 0.03, 0.26), (0.42, 0.30, 0.24)),
        *windows,
    )


_LAMP_POST: _Parts = (
    _part("cylinder", (0, 0, 0.8), (0.05, 0.05, 0.8), (0.25, 0.25, 0.28)),
    _part("sphere", (0, 0, 1.68), (0.15, 0.15, 0.15), _LANTERN),
    _part("cone", (0, 0, 1.84), (0.17, 0.17, 0.07), (0.25, 0.25, 0.28)),
    _part("cylinder", (0, 0, 0.06), (0.12, 0.12, 0.06), (0.25, 0.25, 0.28)),
)
_FLOWER: _Parts = (
    _part("cylinder", (0, 0, 0.10), (0.02, 0.02, 0.10), _LEAF),
    _part("sphere", (0, 0, 0.22), (0.09, 0.09, 0.07), (0.96, 0.90, 0.78)),
)
_BOOK: _Parts = (
    _part("box", (0, 0, 0.12), (0.55, 0.40, 0.11), (0.58, 0.50, 0.52)),
    _part("box", (0.05, 0, 0.30), (0.45, 0.36, 0.07), (0.74, 0.70, 0.62)),
)
_CUP: _Parts = (
    _part("bell", (0, 0, 0.34), (0.28, 0.28, 0.34), (0.88, 0.86, 0.82), (180, 0, 0)),
    _part("torus", (0.30, 0, 0.36), (0.17, 0.17, 0.05), (0.88, 0.86, 0.82), (90, 0, 0)),
)
_BUOY: _Parts = (
    _part("cone", (0, 0, 0.34), (0.24, 0.24, 0.40), (0.86, 0.84, 0.80)),
    _part("torus", (0, 0, 0.06), (0.34, 0.34, 0.10), (0.74, 0.72, 0.70)),
)
_LIGHTHOUSE: _Parts = (
    _part("dome", (0, 0, 0.10), (0.9, 0.7, 0.16), (0.66, 0.63, 0.60)),
    _part("cylinder", (0, 0, 0.62), (0.25, 0.25, 0.42), (0.90, 0.88, 0.84)),
    _part("cylinder", (0, 0, 1.18), (0.22, 0.22, 0.18), (0.70, 0.46, 0.42)),
    _part("cylinder", (0, 0, 1.58), (0.20, 0.20, 0.26), (0.90, 0.88, 0.84)),
    _part("sphere", (0, 0, 1.94), (0.14, 0.14, 0.14), _LANTERN),
    _part("cone", (0, 0, 2.14), (0.22, 0.22, 0.12), (0.70, 0.46, 0.42)),
)
_BUSH: _Parts = (
    _part("sphere", (0, 0, 0.22), (0.34, 0.30, 0.27), (0.40, 0.52, 0.33)),
    _part("sphere", (0.26, 0.08, 0.16), (0.24, 0.22, 0.20), (0.44, 0.56, 0.36)),
    _part("sphere", (-0.24, 0.06, 0.14), (0.20, 0.20, 0.18), (0.37, 0.49, 0.32)),
)
_MUSHROOM: _Parts = (
    _part("cylinder", (0, 0, 0.09), (0.04, 0.04, 0.09), (0.90, 0.86, 0.78)),
    _part("dome", (0, 0, 0.21), (0.13, 0.13, 0.07), (0.74, 0.50, 0.42)),
)
_LOG: _Parts = (
    _part("cylinder", (0, 0, 0.17), (0.17, 0.17, 0.62), _TRUNK, (0, 90, 0)),
    _part("cylinder", (0, 0, 0.17), (0.13, 0.13, 0.63), (0.74, 0.62, 0.47), (0, 90, 0)),
)
_ISLAND: _Parts = (_part("dome", (0, 0, 0.16), (1.2, 0.8, 0.26), (0.80, 0.74, 0.60)), *_TREE)

# (parts, how many, nearest distance from the middle, farthest, scale) of what surrounds the stage.
_Scatter = tuple[_Parts, int, float, float, float]
_SCATTERS: dict[str, tuple[_Scatter, ...]] = {
    "meadow": ((_TREE, 5, 3.6, 9.0, 1.2), (_FLOWER, 14, 1.3, 5.0, 1.0), (_stone(_ROCK), 3, 2.2, 5.0, 0.9),
               (_hill((0.58, 0.70, 0.48)), 4, 11.0, 16.0, 1.6)),
    "snow": ((_SNOW_FIR, 6, 3.6, 9.0, 1.2), (_stone((0.80, 0.84, 0.90)), 4, 2.0, 5.0, 0.9),
             (_mountain((0.70, 0.76, 0.84), _SNOW), 4, 14.0, 19.0, 1.6)),
    "desert": ((_CACTUS, 4, 3.2, 7.5, 1.0), (_stone(_SAND_ROCK), 6, 2.0, 6.0, 1.0),
               (_mountain((0.80, 0.64, 0.50), (0.86, 0.72, 0.58)), 4, 13.0, 18.0, 1.4)),
    "sea": ((_BUOY, 3, 2.8, 6.0, 1.0), (_ISLAND, 3, 9.0, 14.0, 1.6), (_LIGHTHOUSE, 1, 6.5, 9.5, 1.4)),
    "city_street": ((_LAMP_POST, 4, 2.5, 5.0, 1.1), (_BUSH, 2, 2.6, 4.0, 0.9)),
    "wooden_table": ((_BOOK, 2, 2.4, 4.2, 1.0), (_CUP, 2, 2.4, 4.5, 1.0)),
    "forest": ((_FIR, 12, 3.2, 10.0, 1.35), (_TREE, 4, 3.6, 9.0, 1.3), (_BUSH, 6, 2.2, 6.0, 1.0),
               (_MUSHROOM, 8, 1.5, 4.0, 1.1), (_LOG, 1, 2.3, 3.6, 1.0), (_stone(_ROCK), 3, 1.9, 5.0, 0.8)),
    "moon": ((_stone(_GREY), 8, 1.9, 7.0, 1.0),
             (_mountain((0.52, 0.52, 0.55), (0.58, 0.58, 0.61)), 3, 13.0, 18.0, 1.2)),
}  # fmt: skip
# The props that motions refer to, by the setting they stand in ("circles around the tree").
_BOX: _Parts = (_part("box", (0, 0, 0.62), (0.62, 0.5, 0.62), (0.72, 0.66, 0.58)),)
_TARGETS: dict[str, dict[str, _Parts]] = {
    "tree": {"snow": _SNOW_FIR, "forest": _FIR, "meadow": _FIR, "city_street": _FIR},
    "rock": {"sea": _stone(_ROCK), "moon": _stone(_GREY), "desert": _stone(_SAND_ROCK)},
    "box": {"wooden_table": _BOX},
}
_TARGET_SCALE = {"tree": 1.1, "rock": 1.9, "box": 1.0}


def target_prop(prop: str, setting: str, at: FloatArray) -> Prop:
    """The prop a motion goes around, standing at `at` [2]."""
    return Prop(parts=_TARGETS[prop][setting], at=(float(at[0]), float(at[1])), scale=_TARGET_SCALE[prop], yaw=0.3)


# Props to pass behind fill the box [-1, 1] x [-1, 1] x [0, 2], so that they can be fitted to what they hide.
_TIERS = {
    "meadow": ((0.42, 0.58, 0.34), (0.47, 0.63, 0.38)),
    "forest": ((0.32, 0.46, 0.33), (0.37, 0.52, 0.37)),
    "city_street": ((0.40, 0.54, 0.40), (0.45, 0.60, 0.44)),
    "snow": ((0.58, 0.69, 0.67), (0.86, 0.91, 0.94)),
}
_ROCKS = {"sea": _ROCK, "moon": _GREY, "desert": _SAND_ROCK}


def _full_tree(low: Vector, high: Vector) -> _Parts:
    return (
        _part("cylinder", (0, 0, 0.10), (0.22, 0.30, 0.10), _TRUNK),
        _part("pill", (0, 0, 0.56), (1.0, 1.0, 0.48), low),
        _part("bell", (0, 0, 1.08), (0.96, 0.96, 0.50), high),
        _part("cone", (0, 0, 1.54), (0.74, 0.74, 0.46), low),
    )


def _boulder(colour: Vector) -> _Parts:
    return (
        _part("pill", (0, 0, 0.95), (0.98, 0.95, 1.0), colour),
        _part("pill", (0.62, -0.45, 0.42), (0.36, 0.42, 0.46), colour),
        _part("pill", (-0.66, -0.35, 0.60), (0.33, 0.50, 0.62), colour),
    )


_PARCEL: _Parts = (
    _part("box", (0, 0, 1.0), (1.0, 1.0, 1.0), (0.72, 0.64, 0.54)),
    _part("box", (0, 0, 1.0), (0.16, 1.01, 1.01), (0.84, 0.78, 0.68)),
)


def _wall(colour: Vector) -> _Parts:
    """Four courses of two shades and a coping."""
    dark, cap = (0.92 * colour[0], 0.92 * colour[1], 0.92 * colour[2]), (0.78, 0.77, 0.75)
    courses = (dark, colour, dark, colour)
    return (
        *(_part("slab", (0, 0, 0.24 + 0.46 * row), (1.0, 1.0, 0.24), tint) for row, tint in enumerate(courses)),
        _part("slab", (0, 0, 1.92), (1.0, 1.35, 0.08), cap),
    )


_WALLS = {
    "meadow": (0.72, 0.60, 0.52), "snow": (0.62, 0.58, 0.60), "desert": (0.66, 0.50, 0.40),
    "sea": (0.62, 0.61, 0.60), "city_street": (0.56, 0.46, 0.44), "wooden_table": (0.66, 0.68, 0.72),
    "forest": (0.60, 0.54, 0.48), "moon": (0.44, 0.45, 0.52),
}  # fmt: skip
_SCREENS: dict[str, dict[str, _Parts]] = {
    "tree": {setting: _full_tree(*tiers) for setting, tiers in _TIERS.items()},
    "rock": {setting: _boulder(colour) for setting, colour in _ROCKS.items()},
    "box": {"wooden_table": _PARCEL},
    "wall": {setting: _wall(colour) for setting, colour in _WALLS.items()},
}


def hiding_prop(prop: str, setting: str, at: FloatArray, half: Vector) -> Prop:
    """The prop a motion passes behind, standing at `at` [2] with half extents `half`."""
    return Prop(parts=_SCREENS[prop][setting], at=(float(at[0]), float(at[1])), scale=half, yaw=0.0)


def _clear_of(place: FloatArray, taken: list[FloatArray], gap: float) -> bool:
    return all(np.hypot(*(place - other)) > gap for other in taken)


def props_for(setting: str, rng: np.random.Generator, breadth: float = 1.0) -> list[Prop]:
    """Props of a setting, scattered around a free stage in the middle and not between it and the viewer.

    breadth: of the picture (`SceneSpec.breadth`); the stage of a wide one is wider.
    """
    half = 2.4 * max(1.0, breadth)
    props: list[Prop] = []
    taken: list[FloatArray] = []
    for parts, count, near, far, scale in _SCATTERS[setting]:
        for _ in range(count):
            for _attempt in range(12):
                low = parts in (_FLOWER, _MUSHROOM) or near < 2.4
                angle = rng.uniform(-np.pi, np.pi) if low else rng.uniform(-0.15 * np.pi, 1.15 * np.pi)
                distance = rng.uniform(near, far)
                place = distance * np.array([np.cos(angle), np.sin(angle)])
                if place[1] < -1.2 or (
                    abs(place[0]) < half and -1.4 < place[1] < 1.9 and parts not in (_FLOWER, _MUSHROOM)
                ):
                    continue
                if _clear_of(place, taken, 0.9 if low else 1.5):
                    break
            else:
                continue
            taken.append(place)
            props.append(
                Prop(
                    parts=parts,
                    at=(float(place[0]), float(place[1])),
                    scale=scale * float(rng.uniform(0.8, 1.2)),
                    yaw=float(rng.uniform(0, 2 * np.pi)) if parts is not _LAMP_POST else 0.0,
                )
            )
    return props + (_row_of_houses(rng) if setting == "city_street" else [])


def _row_of_houses(rng: np.random.Generator) -> list[Prop]:
    """A street front behind the stage."""
    walls = ((0.60, 0.52, 0.52), (0.66, 0.58, 0.50), (0.52, 0.55, 0.62), (0.62, 0.60, 0.62))
    awnings = ((0.70, 0.50, 0.46), (0.50, 0.62, 0.56), (0.76, 0.68, 0.50))
    return [
        Prop(
            parts=_house(
                walls[int(rng.integers(len(walls)))],
                awnings[int(rng.integers(len(awnings)))],
                float(rng.uniform(0.95, 1.7)),
            ),
            at=(x, 4.4 + float(rng.uniform(0, 0.5))),
            scale=1.5,
            yaw=0.0,
        )
        for x in np.arange(-9.0, 9.1, 1.9)
    ]
