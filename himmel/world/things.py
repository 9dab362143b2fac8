"""The bodies of what scenarios need, and of the cookie, which can be bitten. See `parts` for units and roles."""

from himmel.world.mesh import in_bite
from himmel.world.parts import Part, Vector, mirrored_pair

__all__ = ["BITTEN_COOKIE", "BRUSH_LENGTH", "CANVAS_FACE", "COOKIE", "FLAME", "THINGS", "THING_COLLIDERS"]

_CHIPS = ((0.0, 0.52), (0.22, 0.64), (-0.22, 0.68), (0.20, 0.32), (-0.18, 0.34), (0.02, 0.76), (-0.30, 0.50))


def _cookie(mesh: str) -> tuple[Part, ...]:
    """A thick biscuit standing on its edge."""
    disc = Part(mesh=mesh, at=(0, 0, 0.48), half=(0.45, 0.45, 0.12), turn=(90, 0, 0))
    rim = Part(mesh=mesh, at=(0, 0, 0.48), half=(0.48, 0.48, 0.08), tint="shade", turn=(90, 0, 0))
    return disc, rim


def _chips(bitten: bool | None = None) -> tuple[Part, ...]:
    """Chips on both faces: all, those that go with the bite, or those that stay."""
    chips: tuple[Part, ...] = ()
    for x, z in _CHIPS:
        if bitten in (None, in_bite(x / 0.45, (z - 0.48) / 0.45)):
            chips += mirrored_pair(Part(mesh="sphere", at=(x, 0.12, z), half=(0.07, 0.04, 0.07), tint="hair"))
    return chips


COOKIE: tuple[Part, ...] = (*_cookie("cylinder"), *_chips())
BITTEN_COOKIE: tuple[tuple[Part, ...], tuple[Part, ...]] = (
    (*_cookie("bitten"), *_chips(bitten=False)),
    (*_cookie("bite"), *_chips(bitten=True)),
)
"""What a bite at the cookie's front leaves, and what it takes."""

_DOMINO = (
    Part(mesh="box", at=(0, 0, 0.5), half=(0.10, 0.27, 0.5)),
    Part(mesh="box", at=(0, 0, 0.5), half=(0.105, 0.22, 0.02), tint="dark"),
    *(
        Part(mesh="sphere", at=(x, y, z), half=(0.02, 0.06, 0.06), tint="dark")
        for x in (-0.10, 0.10)
        for y, z in ((-0.11, 0.86), (0.11, 0.66), (0.0, 0.25))
    ),
)

_CANDLE = (
    Part(mesh="cylinder", at=(0, 0, 0.03), half=(0.34, 0.34, 0.03), tint="steel"),
    Part(mesh="cylinder", at=(0, 0, 0.40), half=(0.19, 0.19, 0.36)),
    Part(mesh="cylinder", at=(0, 0, 0.75), half=(0.17, 0.17, 0.03), tint="light"),
    Part(mesh="cylinder", at=(0, 0, 0.80), half=(0.02, 0.02, 0.05), tint="dark"),
)
FLAME: tuple[Part, ...] = (
    Part(mesh="sphere", at=(0, 0, 0.97), half=(0.085, 0.085, 0.13), tint="flame"),
    Part(mesh="cone", at=(0, 0, 1.10), half=(0.062, 0.062, 0.13), tint="flame"),
    Part(mesh="sphere", at=(0, 0, 0.94), half=(0.088, 0.088, 0.07), tint="lamp"),
)

BRUSH_LENGTH = 1.1
_BRUSH = (
    Part(mesh="cone", at=(0, 0, 0.13), half=(0.16, 0.12, 0.14), turn=(180, 0, 0)),
    Part(mesh="cylinder", at=(0, 0, 0.32), half=(0.15, 0.12, 0.08), tint="steel"),
    Part(mesh="pill", at=(0, 0, 0.74), half=(0.11, 0.10, 0.37)),
)

CANVAS_FACE = 0.06
_CANVAS = (
    Part(mesh="box", at=(0, 0, 0.78), half=(CANVAS_FACE, 0.82, 0.52)),
    Part(mesh="box", at=(-0.03, 0, 0.78), half=(0.06, 0.88, 0.58), tint="wood"),
    *mirrored_pair(
        Part(mesh="pill", at=(-0.10, 0.56, 0.20), half=(0.04, 0.05, 0.30), tint="wood", turn=(8, 0, 0))
    ),
    Part(mesh="pill", at=(-0.34, 0, 0.36), half=(0.04, 0.05, 0.46), tint="wood", turn=(0, 24, 0)),
)

THINGS: dict[str, tuple[Part, ...]] = {
    "domino": _DOMINO, "candle": _CANDLE, "brush": _BRUSH, "canvas": _CANVAS,
}  # fmt: skip
THING_COLLIDERS: dict[str, Vector] = {
    "domino": (0.10, 0.27, 0.5), "candle": (0.34, 0.34, 0.58), "brush": (0.15, 0.12, BRUSH_LENGTH / 2),
    "canvas": (0.10, 0.88, 0.70),
}  # fmt: skip
