"""How a setting and a light look: palettes, sky, haze and ground pattern.

Colours are sRGB in [0, 1] and are made linear once, here. The palettes stay soft and unsaturated so that
subjects, which wear the saturated colours of the grammar, stand out from them.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.world.parts import Vector

__all__ = ["LIGHT_LOOKS", "SETTING_LOOKS", "LightLook", "SettingLook", "linear", "uniforms"]

FloatArray: TypeAlias = npt.NDArray[Any]


def linear(colour: Vector | FloatArray) -> FloatArray:
    """sRGB [..., 3] in [0, 1] -> linear light (gamma 2, the inverse of the shader's `finish`)."""
    return np.asarray(np.square(np.asarray(colour, dtype=np.float64)))


@dataclass(frozen=True, kw_only=True)
class SettingLook:
    """Ground and sky of a setting. ground_kind: see `shaders.part_fragment`."""

    ground_a: Vector
    ground_b: Vector
    ground_kind: int
    haze: float
    sky_tint: Vector = (1.0, 1.0, 1.0)
    stars: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LightLook:
    """Sun and sky of a light. azimuth, height: where the light comes from, in degrees.

    ambient: how much light the ground throws back. fill: light on what faces the viewer, of no source.
    """

    sun: Vector
    azimuth: float
    height: float
    strength: float
    sky_top: Vector
    sky_horizon: Vector
    ambient: float
    fill: Vector = (0.0, 0.0, 0.0)
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
        sun=(0.96, 0.96, 0.96), azimuth=-20, height=66, strength=0.58, sky_top=(0.74, 0.77, 0.81),
        sky_horizon=(0.84, 0.85, 0.86), ambient=0.92, fill=(0.22, 0.22, 0.22),
    ),
    "night": LightLook(
        sun=(0.95, 0.93, 0.98), azimuth=-38, height=50, strength=0.92, sky_top=(0.17, 0.21, 0.44),
        sky_horizon=(0.36, 0.45, 0.68), ambient=0.60, fill=(0.46, 0.44, 0.46), night=1.0, stars=0.8,
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
        "ground_bounce": ground * sun.ambient * linear(sun.sky_horizon) * 0.8 + floor * 0.25 + linear(sun.fill),
        "ground_a": linear(place.ground_a),
        "ground_b": linear(place.ground_b),
        "ground_kind": place.ground_kind,
        "haze": place.haze,
        "night": sun.night,
        "stars": max(place.stars, sun.stars),
        "bands": bands,
    }
