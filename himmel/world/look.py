"""How a setting and a light look: palettes, sky, haze, ground pattern and the props that stand around.

Colours are sRGB in [0, 1] and are made linear once, here. The palettes stay soft and unsaturated so that
subjects, which wear the saturated colours of the grammar, stand out from them.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world.parts import Part

__all__ = [
    "LIGHT_LOOKS",
    "SETTING_LOOKS",
    "LightLook",
    "Prop",
    "SettingLook",
    "linear",
    "props_for",
    "target_prop",
    "uniforms",
]

Vector = tuple[float, float, float]
FloatArray: TypeAlias = npt.NDArray[Any]


def linear(colour: Vector | FloatArray) -> FloatArray:
    """sRGB [..., 3] in [0, 1] -> linear light (gamma 2, the inverse of the shader's `finish`)."""
    return np.asarray(np.square(np.asarray(colour, dtype=np.float64)))


@dataclass(frozen=True, kw_only=True)
class SettingLook:
    """Ground and props of a setting. ground_kind: see `shaders.PART_FRAGMENT`."""

    ground_a: Vector
    ground_b: Vector
    ground_kind: int
    haze: float
    sky_tint: Vector = (1.0, 1.0, 1.0)
    stars: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LightLook:
    """Sun and sky of a light. azimuth, height: where the light comes from, in degrees."""

    sun: Vector
    azimuth: float
    height: float
    strength: float
    sky_top: Vector
    sky_horizon: Vector
    ambient: float
    night: float = 0.0
    stars: float = 0.0


SETTING_LOOKS: dict[str, SettingLook] = {
    "meadow": SettingLook(ground_a=(0.52, 0.68, 0.38), ground_b=(0.64, 0.77, 0.47), ground_kind=0, haze=0.030),
    "snow": SettingLook(ground_a=(0.84, 0.88, 0.95), ground_b=(0.93, 0.95, 0.98), ground_kind=0, haze=0.036),
    "desert": SettingLook(ground_a=(0.87, 0.74, 0.55), ground_b=(0.93, 0.82, 0.64), ground_kind=1, haze=0.034),
    "sea": SettingLook(ground_a=(0.30, 0.52, 0.64), ground_b=(0.46, 0.70, 0.76), ground_kind=2, haze=0.030),
    "city_street": SettingLook(
        ground_a=(0.36, 0.36, 0.40), ground_b=(0.54, 0.53, 0.54), ground_kind=3, haze=0.020,
    ),
    "wooden_table": SettingLook(
        ground_a=(0.70, 0.53, 0.38), ground_b=(0.78, 0.62, 0.46), ground_kind=4, haze=0.075,
        sky_tint=(1.06, 0.98, 0.90),
    ),
    "forest": SettingLook(ground_a=(0.38, 0.46, 0.30), ground_b=(0.48, 0.50, 0.36), ground_kind=0, haze=0.050),
    "moon": SettingLook(
        ground_a=(0.58, 0.58, 0.61), ground_b=(0.70, 0.70, 0.72), ground_kind=5, haze=0.004,
        sky_tint=(0.16, 0.16, 0.24), stars=0.9,
    ),
}  # fmt: skip

LIGHT_LOOKS: dict[str, LightLook] = {
    "day": LightLook(
        sun=(1.0, 0.95, 0.86), azimuth=-52, height=48, strength=1.25, sky_top=(0.50, 0.70, 0.92),
        sky_horizon=(0.86, 0.91, 0.94), ambient=0.62,
    ),
    "sunset": LightLook(
        sun=(1.0, 0.70, 0.42), azimuth=62, height=20, strength=1.45, sky_top=(0.52, 0.50, 0.72),
        sky_horizon=(0.98, 0.74, 0.56), ambient=0.56,
    ),
    "overcast": LightLook(
        sun=(0.92, 0.95, 1.0), azimuth=-20, height=66, strength=0.45, sky_top=(0.74, 0.77, 0.81),
        sky_horizon=(0.84, 0.85, 0.86), ambient=0.92,
    ),
    "night": LightLook(
        sun=(0.62, 0.74, 1.0), azimuth=-38, height=52, strength=0.80, sky_top=(0.14, 0.19, 0.40),
        sky_horizon=(0.32, 0.42, 0.64), ambient=0.60, night=1.0, stars=0.8,
    ),
}  # fmt: skip


def uniforms(setting: str, light: str, *, bands: int = 0) -> dict[str, Any]:
    """Everything the shaders need of a setting under a light; `bands` > 0 makes light stepped (cartoon)."""
    place, sun = SETTING_LOOKS[setting], LIGHT_LOOKS[light]
    azimuth, height = np.radians(sun.azimuth), np.radians(sun.height)
    direction = np.array([np.sin(azimuth) * np.cos(height), -np.cos(azimuth) * np.cos(height), np.sin(height)])
    tint = np.array(place.sky_tint)
    ground = linear((np.array(place.ground_a) + np.array(place.ground_b)) / 2)
    sky_top, sky_horizon = linear(sun.sky_top) * tint, linear(sun.sky_horizon) * tint
    floor = 0.30 * linear(sun.sky_horizon)  # an airless sky is black, but its ground still lights faces
    return {
        "sun_direction": direction,
        "sun_colour": linear(sun.sun) * sun.strength,
        "sky_top": sky_top,
        "sky_horizon": sky_horizon,
        "ground_bounce": ground * sun.ambient * linear(sun.sky_horizon) * 0.8 + floor * 0.25,
        "ground_a": linear(place.ground_a),
        "ground_b": linear(place.ground_b),
        "ground_kind": place.ground_kind,
        "haze": place.haze,
        "night": sun.night,
        "stars": max(place.stars, sun.stars),
        "bands": bands,
    }


@dataclass(frozen=True, kw_only=True)
class Prop:
    """A thing of the setting: parts with their own colours (role names are sRGB triples here)."""

    parts: tuple[tuple[Part, Vector], ...]
    at: tuple[float, float]
    scale: float
    yaw: float
    lamp: bool = False


def _part(
    mesh: str, at: Vector, half: Vector, colour: Vector, turn: Vector = (0.0, 0.0, 0.0)
) -> tuple[Part, Vector]:
    return Part(mesh=mesh, at=at, half=half, turn=turn), colour


_Parts = tuple[tuple[Part, Vector], ...]
_TRUNK, _LEAF, _PINE = (0.48, 0.36, 0.27), (0.45, 0.60, 0.36), (0.34, 0.48, 0.36)
_ROCK, _SAND_ROCK, _SNOW = (0.62, 0.61, 0.60), (0.76, 0.60, 0.45), (0.92, 0.94, 0.97)
_GREY = (0.60, 0.60, 0.63)

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


def _house(walls: Vector, height: float) -> _Parts:
    lit = tuple(
        _part("box", (x, -0.62, z), (0.10, 0.03, 0.13), (1.0, 0.86, 0.5))
        for x in (-0.3, 0.05, 0.36)
        for z in np.arange(0.5, 2 * height - 0.3, 0.55)
    )
    return (_part("box", (0, 0, height), (0.6, 0.6, height), walls), *lit)


_LAMP_POST: _Parts = (
    _part("cylinder", (0, 0, 0.8), (0.05, 0.05, 0.8), (0.25, 0.25, 0.28)),
    _part("sphere", (0, 0, 1.68), (0.15, 0.15, 0.15), (1.0, 0.88, 0.55)),
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
    "sea": ((_BUOY, 3, 2.8, 6.0, 1.0), (_ISLAND, 3, 9.0, 14.0, 1.6)),
    "city_street": ((_LAMP_POST, 4, 2.5, 5.0, 1.1), (_stone((0.42, 0.42, 0.46)), 2, 2.2, 4.0, 0.7)),
    "wooden_table": ((_BOOK, 2, 2.4, 4.2, 1.0), (_CUP, 2, 2.4, 4.5, 1.0)),
    "forest": ((_FIR, 12, 3.0, 10.0, 1.35), (_TREE, 4, 3.6, 9.0, 1.3), (_stone(_ROCK), 4, 1.9, 5.0, 0.8)),
    "moon": ((_stone(_GREY), 8, 1.9, 7.0, 1.0),
             (_mountain((0.52, 0.52, 0.55), (0.58, 0.58, 0.61)), 3, 13.0, 18.0, 1.2)),
}  # fmt: skip
# The props that motions refer to, by the setting they stand in ("passes behind the tree").
_BOX: _Parts = (_part("box", (0, 0, 0.62), (0.62, 0.5, 0.62), (0.72, 0.66, 0.58)),)
_TARGETS: dict[str, dict[str, _Parts]] = {
    "tree": {"snow": _SNOW_FIR, "forest": _FIR, "meadow": _FIR, "city_street": _FIR},
    "rock": {"sea": _stone(_ROCK), "moon": _stone(_GREY), "desert": _stone(_SAND_ROCK)},
    "box": {"wooden_table": _BOX},
}
_TARGET_SCALE = {"tree": 1.1, "rock": 1.9, "box": 1.0}


def target_prop(prop: str, setting: str, at: FloatArray) -> Prop:
    """The prop a motion refers to, standing at `at` [2]."""
    return Prop(parts=_TARGETS[prop][setting], at=(float(at[0]), float(at[1])), scale=_TARGET_SCALE[prop], yaw=0.3)


def _clear_of(place: FloatArray, taken: list[FloatArray], gap: float) -> bool:
    return all(np.hypot(*(place - other)) > gap for other in taken)


def props_for(setting: str, rng: np.random.Generator) -> list[Prop]:
    """Props of a setting, scattered around a free stage in the middle and not between it and the viewer."""
    props: list[Prop] = []
    taken: list[FloatArray] = []
    for parts, count, near, far, scale in _SCATTERS[setting]:
        for _ in range(count):
            for _attempt in range(12):
                low = parts is _FLOWER or near < 2.4
                angle = rng.uniform(-np.pi, np.pi) if low else rng.uniform(-0.15 * np.pi, 1.15 * np.pi)
                distance = rng.uniform(near, far)
                place = distance * np.array([np.cos(angle), np.sin(angle)])
                if place[1] < -1.2 or (abs(place[0]) < 2.4 and -1.4 < place[1] < 1.9 and parts is not _FLOWER):
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
                    lamp=parts is _LAMP_POST,
                )
            )
    return props + (_row_of_houses(rng) if setting == "city_street" else [])


def _row_of_houses(rng: np.random.Generator) -> list[Prop]:
    """A street front behind the stage."""
    walls = ((0.46, 0.42, 0.44), (0.52, 0.46, 0.42), (0.40, 0.43, 0.50), (0.50, 0.48, 0.50))
    return [
        Prop(
            parts=_house(walls[int(rng.integers(len(walls)))], float(rng.uniform(0.9, 1.7))),
            at=(x, 4.4 + float(rng.uniform(0, 0.5))),
            scale=1.5,
            yaw=0.0,
        )
        for x in np.arange(-9.0, 9.1, 1.9)
    ]
