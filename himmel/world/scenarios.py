"""Scenarios: scenes that ask for intuitive physics, as a table.

Physics-benchmark practice (IntPhys, Physion, CLEVRER) names a kind of test scene a scenario. Each of these shows
what video models are known to get wrong: a cause and its effect in that order, a change that lasts, a thing that
is still there while hidden, a number that stays the same.
"""

from dataclasses import dataclass

__all__ = ["HIDDEN_SECONDS", "SCENARIOS", "TOGETHER", "WALL", "Scenario"]

HIDDEN_SECONDS: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0)
WALL = "wall"
TOGETHER = ("still", "walk", "drive", "roll", "jump", "spin", "bounce", "fly")
"""What equal subjects can do side by side without meeting."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Who does what to whom.

    verb: what the first subject does; None where its own motions are shown. actors: kinds of the first subject;
    empty for all of a profile. target: the kind it is done to. counts: how many equal targets, or equal actors
    where there is no target. lights: those it may be shown in; empty for all of a profile. cameras: the moves that
    keep in sight what matters.
    """

    id: str
    verb: str | None = None
    actors: tuple[str, ...] = ()
    target: str | None = None
    counts: tuple[int, ...] = (1,)
    lights: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ("static", "pan_left", "pan_right", "dolly_in", "dolly_out")


_NEAR = ("static", "dolly_in", "dolly_out")  # a camera that turns must stand far off to keep all in sight
_KNOCKERS = ("ball", "cylinder", "dog", "car", "robot")

SCENARIOS: dict[str, Scenario] = {
    scenario.id: scenario
    for scenario in (
        Scenario(id="plain"),
        Scenario(id="bite", verb="bite", actors=("dog", "cat", "bird", "woman", "man"), target="cookie"),
        Scenario(id="shatter", verb="shatter", actors=("glass",)),
        Scenario(id="dominoes", verb="knock_over", actors=_KNOCKERS, target="domino", counts=(3, 4, 5)),
        Scenario(id="tower", verb="knock_over", actors=_KNOCKERS, target="cube", counts=(3, 4)),
        # A flame is seen to light what is around it only in the dark.
        Scenario(
            id="blow_out", verb="blow_out", actors=("woman", "man", "mammoth"), target="candle", lights=("night",)
        ),
        Scenario(id="paint", verb="paint", actors=("brush",), target="canvas", cameras=_NEAR),
        Scenario(
            id="occlusion", verb="disappear_behind",
            actors=("ball", "cylinder", "ring", "cookie", "dog", "cat", "robot", "woman", "man", "car", "snowman"),
            cameras=("static",),  # from another place a wall hides another part of the way
        ),
        Scenario(id="crowd", counts=(1, 2, 3, 4, 5), cameras=_NEAR),
    )
}  # fmt: skip
