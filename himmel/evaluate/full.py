"""The full suite: every row of the table, at least 200 questions each.

Half of every group's scenes show combinations of colour, subject and motion that no training clip shows. Two
kinds of questions cost too much to ask 200 times: sixteen clips of one caption, and streams of a minute. The
intervals say what that costs.
"""

from dataclasses import replace

from himmel.evaluate.followed import SILHOUETTE
from himmel.evaluate.questions import ALONE, ALONG, EXAM, MOVING, STILL, THREE, TWO, Group, Suite
from himmel.evaluate.rows import Need, Row, Unit, chance_of_colour
from himmel.world import FIRST_LIGHT, INTUITIVE_PHYSICS, Profile
from himmel.world.scenarios import HIDDEN_SECONDS

__all__ = ["FULL"]

STREAM_SECONDS = 60.0
SEEDS = 16
SEEN = ", seen"
SIDEWAYS: tuple[object, ...] = ("left", "right")
MEASURED = tuple(kind for kind in FIRST_LIGHT.subjects if kind in SILHOUETTE)


def _only(profile: Profile, *verbs: str) -> Profile:
    """One subject that does one of these; where it does not, it stands still."""
    return replace(profile, counts=ALONE, verbs=tuple(dict.fromkeys(("still", *verbs))))


def _halves(name: str, group: Group) -> dict[str, Group]:
    """A group of held-out combinations and one of those that training clips show."""
    return {name: group, f"{name}{SEEN}": replace(group, split="train")}


TRAVEL = _only(EXAM, "walk", "drive", "roll", "fly")
VERBS: tuple[object, ...] = FIRST_LIGHT.verbs
LOOKS = replace(STILL, counts=ALONE, styles=tuple(dict.fromkeys(FIRST_LIGHT.styles)), lights=("day", "sunset"))
LOOK_NAMES: tuple[object, ...] = tuple(f"{style}, {light}" for style in LOOKS.styles for light in LOOKS.lights)
COLOUR_NAMES: tuple[object, ...] = FIRST_LIGHT.colours

EVENTS: tuple[object, ...] = ("bite cookie", "shatter", "knock_over domino", "knock_over cube", "paint canvas")
FALLS: tuple[object, ...] = ("shatter", "knock_over domino", "knock_over cube", "disappear_behind")


def _scenarios(*names: str, light: str = "day") -> Profile:
    """These scenarios before a camera at rest."""
    return replace(
        INTUITIVE_PHYSICS, name=", ".join(names), scenarios=names, cameras=("static",), styles=("realistic",),
        lights=(light,),
    )  # fmt: skip


GROUPS: dict[str, Group] = {
    **_halves("direction", Group(profile=TRAVEL, fact="direction", answers=ALONG, each=25)),
    **_halves(
        "camera",
        Group(
            profile=replace(STILL, counts=ALONE, cameras=FIRST_LIGHT.cameras), fact="camera",
            answers=FIRST_LIGHT.cameras, each=17,
        ),
    ),
    **_halves(
        "relation",
        Group(profile=replace(STILL, counts=TWO), fact="relation", answers=FIRST_LIGHT.relations, each=25),
    ),
    **_halves("three", Group(profile=replace(STILL, counts=THREE), fact="number", answers=(3,), each=40)),
    **_halves(
        "turned direction", Group(profile=TRAVEL, fact="direction", answers=SIDEWAYS, each=17, task="flip")
    ),
    **_halves(
        "turned relation",
        Group(
            profile=replace(STILL, counts=TWO), fact="relation", answers=("left_of", "right_of"), each=17,
            task="flip",
        ),
    ),
    **_halves(
        "changed colour",
        Group(profile=replace(STILL, counts=TWO), fact="colour", answers=COLOUR_NAMES, each=4, task="flip"),
    ),
    **_halves(
        "pace",
        Group(
            profile=replace(TRAVEL, subjects=MEASURED), fact="pace", answers=("slow", "normal", "fast"), each=34
        ),
    ),
    **_halves(
        "bounce",
        Group(
            profile=replace(_only(EXAM, "bounce"), subjects=MEASURED), fact="verb", answers=("bounce",), each=100,
            step=1,
        ),
    ),
    **_halves("verb", Group(profile=replace(EXAM, counts=ALONE), fact="verb", answers=VERBS, each=10)),
    **_halves("look", Group(profile=LOOKS, fact="look", answers=LOOK_NAMES, each=17)),
    **_halves(
        "image",
        Group(
            profile=replace(EXAM, counts=(0.5, 0.5, 0.0)), fact="number", answers=(1, 2), each=50, task="image"
        ),
    ),
    **_halves(
        "extend",
        Group(
            profile=replace(STILL, counts=ALONE, cameras=MOVING), fact="camera", answers=MOVING, each=17,
            task="extend",
        ),
    ),
    **_halves(
        "connect",
        Group(
            profile=replace(STILL, counts=ALONE, cameras=MOVING), fact="camera", answers=MOVING, each=17,
            task="connect",
        ),
    ),
    **_halves(
        "inpaint",
        Group(
            profile=replace(STILL, counts=(0.5, 0.5, 0.0)), fact="number", answers=(1, 2), each=50, task="inpaint"
        ),
    ),
    **_halves(
        "variety",
        Group(
            profile=replace(EXAM, counts=(0.5, 0.5, 0.0)), fact="number", answers=(1, 2), each=4, task="variety",
            seeds=SEEDS,
        ),
    ),
    **_halves(
        "stream",
        Group(
            profile=replace(_only(EXAM, "spin", "circle"), settings=("meadow", "snow", "desert", "wooden_table")),
            fact="verb", answers=("still", "spin", "circle"), each=4, task="stream", seconds=STREAM_SECONDS,
        ),
    ),
    **_halves(
        "events",
        Group(
            profile=_scenarios("bite", "shatter", "dominoes", "tower", "paint"), fact="event", answers=EVENTS,
            each=17, step=1,
        ),
    ),
    **_halves(
        "candle",
        Group(
            profile=_scenarios("blow_out", light="night"), fact="event", answers=("blow_out candle",), each=17,
            step=1,
        ),
    ),
    **_halves(
        "hidden",
        Group(profile=_scenarios("occlusion"), fact="hidden", answers=HIDDEN_SECONDS, each=25, step=1),
    ),
    **_halves(
        "course",
        Group(
            profile=_only(EXAM, "roll", "walk", "fly", "bounce"), fact="verb",
            answers=("roll", "walk", "fly", "bounce"), each=25, task="course",
        ),
    ),
    **_halves(
        "course of events",
        Group(
            profile=_scenarios("shatter", "dominoes", "tower", "occlusion"), fact="event", answers=FALLS, each=25,
            task="course",
        ),
    ),
}  # fmt: skip


def _both(*names: str) -> tuple[str, ...]:
    return tuple(name + half for name in names for half in ("", SEEN))


def _share(
    number: int,
    name: str,
    probe: str,
    groups: tuple[str, ...],
    floor: float,
    *,
    chance: float | None = None,
    needs: Need = "",
) -> Row:
    """A share of right answers whose interval must reach the floor."""
    known = None if chance is None else (lambda specs: chance)
    return Row(
        number=number, name=name, probe=probe, groups=groups, floor=floor, strict=True, chance=known, needs=needs
    )


def _at_most(
    number: int, name: str, probe: str, groups: tuple[str, ...], floor: float, *, reckoning: str = "median",
    unit: Unit = "x", valid: float | None = None,
) -> Row:  # fmt: skip
    """A measurement that should be small."""
    return Row(
        number=number, name=name, probe=probe, groups=groups, reckoning=reckoning, unit=unit, floor=floor,
        below=True, valid=valid,
    )  # fmt: skip


def _at_least(number: int, name: str, probe: str, groups: tuple[str, ...], floor: float, needs: Need = "") -> Row:
    """A measurement by that of the true clips, which should be large."""
    return Row(
        number=number, name=name, probe=probe, groups=groups, reckoning="by_truth", unit="x", floor=floor,
        valid=None, needs=needs,
    )  # fmt: skip


PLAIN = _both("direction", "camera", "relation", "three")
ROWS: tuple[Row, ...] = (
    _share(1, "object count", "count", _both("direction", "relation", "three"), 0.80, chance=0.25),
    replace(_share(2, "colour of each object", "colour", PLAIN, 0.88), chance=chance_of_colour),
    _share(3, "shape", "shape", _both("direction", "camera", "relation"), 0.70, chance=1 / 12, needs="recogniser"),
    _share(4, "material", "material", _both("camera", "relation"), 0.60, chance=1 / 3, needs="recogniser"),
    _share(5, "binding: each of two with all its attributes", "binding", _both("relation"), 0.60,
           needs="recogniser"),
    _share(6, "relation", "relation", _both("relation"), 0.85, chance=0.5),
    _share(7, "one word changed, one fact changes", "counterfactual",
           _both("turned direction", "turned relation", "changed colour"), 0.75),
    _share(8, "motion direction", "direction", _both("direction"), 0.75, chance=0.25),
    _share(9, "motion kind", "motion", _both("verb"), 0.65, chance=0.1, needs="recogniser"),
    Row(number=10, name="speed word", probe="pace", groups=_both("pace"), reckoning="rank", unit="rho", floor=0.5),
    _share(11, "camera move", "camera", _both("camera"), 0.72, chance=1 / 7),
    Row(number=12, name="camera path error", probe="camera_path", groups=_both("camera"), reckoning="path",
        unit="x", floor=2.0, relative=True, below=True, valid=0.25),
    _share(13, "style", "style", _both("look"), 0.85, chance=1 / 3, needs="recogniser"),
    _share(13, "light", "light", _both("look"), 0.85, chance=1 / 2, needs="recogniser"),
    _share(14, "occlusion persistence", "hidden_again", _both("hidden"), 0.50, chance=0.0),
    _share(15, "cause before effect", "cause_first", _both("events", "candle"), 0.45, chance=0.0),
    _share(16, "gravity", "gravity", _both("bounce"), 0.50),
    _share(17, "identity kept: colour", "same_colour", _both("direction", "camera"), 0.80),
    _share(17, "identity kept: size", "same_size", _both("direction", "camera"), 0.80),
    _at_most(18, "flicker beside the codec's", "flicker", _both("relation", "three"), 1.5, reckoning="by_codec",
             valid=0.25),
    Row(number=19, name="the course of motions from a beginning", probe="course_of_events",
        groups=_both("course"), reckoning="events", floor=0.80, strict=True),
    Row(number=19, name="the course of events from a beginning", probe="course_of_events",
        groups=_both("course of events"), reckoning="events", floor=0.80, strict=True),
    replace(_at_most(20, "distance of features (FVD-toy)", "features", PLAIN, 4.0, reckoning="frechet"),
            needs="recogniser"),
    _at_least(21, "not learned by heart", "nearest_training", PLAIN, 0.85, needs="training clips"),
    _at_least(22, "diversity", "variety", _both("variety"), 0.6),
    Row(number=23, name="seen less held-out: direction and colour", probe="held_out", groups=_both("direction"),
        reckoning="gap", unit="points", floor=0.15, below=True),
    Row(number=23, name="seen less held-out: relation and colours", probe="held_out", groups=_both("relation"),
        reckoning="gap", unit="points", floor=0.15, below=True),
    Row(number=24, name="image to video: first frame", probe="first_frame", groups=_both("image"),
        reckoning="median", unit="dB", floor=-1.0, valid=None),
    replace(_share(24, "image to video: colours kept", "kept", _both("image"), 0.85), chance=chance_of_colour),
    _at_most(25, "extension seam", "seam", _both("extend"), 1.5, valid=1.25),
    _at_most(25, "extension seam, velocity", "seam_velocity", _both("extend"), 1.5, valid=1.25),
    _at_most(25, "connection seams", "seams", _both("connect"), 1.5, valid=1.25),
    _share(26, "inpainting: outside unchanged", "outside", _both("inpaint"), 1.0),
    replace(_share(26, "inpainting: colours inside", "kept", _both("inpaint"), 0.75), chance=chance_of_colour),
    _at_most(26, "inpainting: edge of the box", "box_edge", _both("inpaint"), 1.5, valid=1.25),
    _share(27, "a minute's stream stays", "steady", _both("stream"), 0.70),
    Row(number=28, name="text that says too little", probe="count", groups=("wordings",), floor=1.0, valid=None),
    Row(number=29, name="seconds for a clip", probe="seconds", groups=_both("direction", "relation"),
        reckoning="median", unit="s", floor=3.0, below=True, valid=None),
    _share(30, "a change lasts", "lasting", _both("events", "candle"), 0.45, chance=0.0),
)  # fmt: skip

FULL = Suite(
    name="full",
    groups=GROUPS,
    rows=ROWS,
    wordings=200,
)
