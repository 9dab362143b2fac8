"""What the procedural world can contain, as tables: every factor a clip is made of, and what goes with what.

The tables are the one owner of these facts. `spec` checks scenes against them, `sampling` draws from them,
`captions` speaks them, the renderer draws them and the examiner asks about them. Identifiers are lower-case
words joined by underscores; the words people use for them stand in `caption_words`.

Directions are those the viewer sees: left and right in the picture, toward and away from the camera.
Clockwise and anticlockwise are as seen from above.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = [
    "CAMERAS",
    "COLOURS",
    "DIRECTIONS",
    "HELD_OUT_SHARE",
    "LIGHTS",
    "MATERIALS",
    "MIRROR",
    "OPPOSITE",
    "RELATIONS",
    "SETTINGS",
    "SIZES",
    "SPEEDS",
    "STYLES",
    "SUBJECTS",
    "THENS",
    "VERBS",
    "Camera",
    "Colour",
    "Direction",
    "Family",
    "Light",
    "Material",
    "Prop",
    "RelationKind",
    "Setting",
    "Size",
    "Speed",
    "Style",
    "Subject",
    "Then",
    "Verb",
    "allowed_verbs",
    "held_out",
]

Family: TypeAlias = Literal["solid", "creature", "vehicle", "flyer", "swimmer", "thing"]
Material: TypeAlias = Literal["clay", "wooden", "metal", "glass", "felt"]
Size: TypeAlias = Literal["small", "medium", "big"]
Speed: TypeAlias = Literal["slow", "normal", "fast"]
Direction: TypeAlias = Literal["left", "right", "toward", "away", "clockwise", "anticlockwise"]
Then: TypeAlias = Literal["stop", "turn_back", "jump"]
Light: TypeAlias = Literal["day", "sunset", "overcast", "night"]
Prop: TypeAlias = Literal["tree", "rock", "box", "wall"]
RelationKind: TypeAlias = Literal["left_of", "right_of", "in_front_of", "behind", "on_top_of"]
Camera: TypeAlias = Literal[
    "static", "pan_left", "pan_right", "tilt_up", "tilt_down", "dolly_in", "dolly_out",
    "orbit_left", "orbit_right", "crane_up", "drone",
]  # fmt: skip
Style: TypeAlias = Literal["realistic", "cartoon", "watercolour", "black_and_white", "film_35mm", "pixel_art"]

MATERIALS: tuple[Material, ...] = ("clay", "wooden", "metal", "glass", "felt")
SIZES: tuple[Size, ...] = ("small", "medium", "big")
SPEEDS: tuple[Speed, ...] = ("slow", "normal", "fast")
DIRECTIONS: tuple[Direction, ...] = ("left", "right", "toward", "away", "clockwise", "anticlockwise")
THENS: tuple[Then, ...] = ("stop", "turn_back", "jump")
LIGHTS: tuple[Light, ...] = ("day", "sunset", "overcast", "night")
RELATIONS: tuple[RelationKind, ...] = ("left_of", "right_of", "in_front_of", "behind", "on_top_of")
CAMERAS: tuple[Camera, ...] = (
    "static", "pan_left", "pan_right", "tilt_up", "tilt_down", "dolly_in", "dolly_out",
    "orbit_left", "orbit_right", "crane_up", "drone",
)  # fmt: skip
STYLES: tuple[Style, ...] = ("realistic", "cartoon", "watercolour", "black_and_white", "film_35mm", "pixel_art")

# What a value becomes when the picture is flipped left to right; values not listed stay.
MIRROR: dict[str, str] = {
    "left": "right",
    "right": "left",
    "clockwise": "anticlockwise",
    "anticlockwise": "clockwise",
    "left_of": "right_of",
    "right_of": "left_of",
    "pan_left": "pan_right",
    "pan_right": "pan_left",
    "orbit_left": "orbit_right",
    "orbit_right": "orbit_left",
}

# The same relation told from the other subject; on_top_of has no opposite in the grammar.
OPPOSITE: dict[str, str] = {
    "left_of": "right_of",
    "right_of": "left_of",
    "in_front_of": "behind",
    "behind": "in_front_of",
}


@dataclass(frozen=True, kw_only=True)
class Colour:
    """A colour by its name; `rgb` is sRGB in 0..255, chosen well apart in hue or lightness."""

    id: str
    rgb: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A motion and what may be said of it.

    directions: what it may be given; None stands for "in place" or "straight". timed: whether the three speeds
    apply (gravity alone times the others). thens: second steps it may have. targets: what it may be aimed at:
    "subject" another subject, "prop" the setting's prop, None nothing. kinds: of the subject it is aimed at; empty
    for any. scenario: only a scenario has it (see `scenarios`); `sampling` never draws it by itself.
    """

    id: str
    directions: tuple[Direction | None, ...]
    timed: bool = True
    thens: tuple[Then, ...] = ()
    targets: tuple[Literal["subject", "prop"] | None, ...] = (None,)
    kinds: tuple[str, ...] = ()
    scenario: bool = False


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A place: the lights it may have, the prop it offers and the colours that would vanish against it."""

    id: str
    prop: Prop
    lights: tuple[Light, ...] = LIGHTS
    vanishing: tuple[str, ...] = ()
    water: bool = False


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Something that can act in a scene.

    noun, plural, synonyms: its words. verbs: the motions it can do. materials: what it may be made of (a single
    one goes without saying). settings: places it is kept to. flat_top: others can stand on it. clothed: its
    colour is that of its clothes. first_verb: how it moves about on its own, what "stop" begins with. scenario: it
    came with the scenarios; profiles have it only when they name it.
    """

    id: str
    noun: str
    plural: str
    synonyms: tuple[str, ...] = ()
    family: Family
    verbs: tuple[str, ...]
    materials: tuple[Material, ...] = MATERIALS
    settings: tuple[str, ...]
    flat_top: bool = False
    clothed: bool = False
    first_verb: str | None = None
    scenario: bool = False


COLOURS: dict[str, Colour] = {
    colour.id: colour
    for colour in (
        Colour(id="red", rgb=(214, 32, 38)),
        Colour(id="orange", rgb=(246, 128, 20)),
        Colour(id="yellow", rgb=(250, 214, 36)),
        Colour(id="green", rgb=(44, 160, 58)),
        Colour(id="cyan", rgb=(40, 202, 206)),
        Colour(id="blue", rgb=(34, 82, 210)),
        Colour(id="purple", rgb=(124, 48, 172)),
        Colour(id="pink", rgb=(250, 132, 186)),
        Colour(id="brown", rgb=(116, 70, 36)),
        Colour(id="white", rgb=(244, 244, 240)),
    )
}

_ALONG: tuple[Direction, ...] = ("left", "right", "toward", "away")
_SIDEWAYS: tuple[Direction, ...] = ("left", "right")
_AROUND: tuple[Direction, ...] = ("clockwise", "anticlockwise")


def _act(id: str, *directions: Direction, kinds: tuple[str, ...]) -> Verb:
    """What one subject does to another for good."""
    return Verb(
        id=id, directions=directions or (None,), timed=False, targets=("subject",), kinds=kinds, scenario=True
    )


VERBS: dict[str, Verb] = {
    verb.id: verb
    for verb in (
        Verb(id="walk", directions=_ALONG, thens=("turn_back", "jump")),
        Verb(id="drive", directions=_ALONG, thens=("turn_back",)),
        Verb(id="roll", directions=_ALONG, thens=("turn_back",)),
        Verb(id="bounce", directions=(None, *_SIDEWAYS), timed=False),
        Verb(id="jump", directions=(None, *_SIDEWAYS), timed=False),
        Verb(id="spin", directions=_AROUND, thens=("stop",)),
        Verb(id="fall", directions=(None,), timed=False),
        Verb(id="fly", directions=_ALONG, thens=("turn_back",)),
        Verb(id="circle", directions=_AROUND, targets=(None, "subject", "prop")),
        Verb(id="push", directions=_SIDEWAYS, targets=("subject",)),
        Verb(id="collide", directions=_SIDEWAYS, targets=("subject",)),
        Verb(id="stop", directions=_ALONG),
        Verb(id="pass_behind", directions=_SIDEWAYS, targets=("subject", "prop")),
        Verb(id="still", directions=(None,), timed=False, thens=("jump",)),
        _act("bite", *_SIDEWAYS, kinds=("cookie",)),
        _act("knock_over", *_SIDEWAYS, kinds=("domino", "cube")),
        _act("blow_out", kinds=("candle",)),
        _act("paint", *_SIDEWAYS, kinds=("canvas",)),
        Verb(id="shatter", directions=(None,), timed=False, scenario=True),
        Verb(id="disappear_behind", directions=_SIDEWAYS, timed=False, targets=("prop",), scenario=True),
    )
}

SETTINGS: dict[str, Setting] = {
    setting.id: setting
    for setting in (
        Setting(id="meadow", prop="tree", vanishing=("green",)),
        Setting(id="snow", prop="tree", vanishing=("white",)),
        Setting(id="desert", prop="rock", vanishing=("brown", "yellow")),
        Setting(id="sea", prop="rock", vanishing=("blue", "cyan"), water=True),
        Setting(id="city_street", prop="tree", lights=("night",), vanishing=("brown",)),
        Setting(id="wooden_table", prop="box", vanishing=("brown", "orange")),
        Setting(id="forest", prop="tree", vanishing=("green", "brown")),
        # The sky of the moon is black and has no weather: only the sun.
        Setting(id="moon", prop="rock", lights=("day",), vanishing=("white",)),
    )
}

_LAND = tuple(setting.id for setting in SETTINGS.values() if not setting.water)
_SEA = tuple(setting.id for setting in SETTINGS.values() if setting.water)
_TOY: tuple[Material, ...] = ("clay", "wooden", "felt")
_HARD: tuple[Material, ...] = ("clay", "wooden", "metal")
_ACTOR = ("knock_over", "disappear_behind")
_ROLLER = ("roll", "bounce", "fall", "circle", "collide", "stop", "pass_behind", "still", *_ACTOR)
_WALKER = ("walk", "jump", "spin", "circle", "push", "collide", "stop", "pass_behind", "still", *_ACTOR)
_DRIVER = ("drive", "spin", "circle", "push", "collide", "stop", "pass_behind", "still", *_ACTOR)
_ALSO = {
    "robot": ("fall",), "dog": ("bite",), "cat": ("bite",), "woman": ("bite", "blow_out"),
    "man": ("bite", "blow_out"), "mammoth": ("blow_out",),
}  # fmt: skip


def _solid(id: str, verbs: tuple[str, ...], *synonyms: str, flat_top: bool = False) -> Subject:
    first = "roll" if "roll" in verbs else None
    return Subject(
        id=id, noun=id, plural=f"{id}s", synonyms=synonyms, family="solid", verbs=verbs, settings=_LAND,
        flat_top=flat_top, first_verb=first,
    )  # fmt: skip


def _walker(id: str, plural: str, *synonyms: str, materials: tuple[Material, ...] = _TOY) -> Subject:
    return Subject(
        id=id, noun=id, plural=plural, synonyms=synonyms, family="creature", verbs=(*_WALKER, *_ALSO.get(id, ())),
        materials=materials, settings=_LAND, clothed=id in ("woman", "man"), first_verb="walk",
    )  # fmt: skip


def _driver(id: str, *synonyms: str) -> Subject:
    return Subject(
        id=id, noun=id, plural=f"{id}s", synonyms=synonyms, family="vehicle", verbs=_DRIVER, materials=_HARD,
        settings=_LAND, first_verb="drive",
    )  # fmt: skip


def _staged(
    id: str, plural: str, *synonyms: str, verbs: tuple[str, ...] = ("still",),
    materials: tuple[Material, ...] = ("clay",),
) -> Subject:  # fmt: skip
    """Something that scenarios brought."""
    return Subject(
        id=id, noun=id, plural=plural, synonyms=synonyms, family="thing", verbs=verbs, materials=materials,
        settings=_LAND, scenario=True,
    )  # fmt: skip


SUBJECTS: dict[str, Subject] = {
    subject.id: subject
    for subject in (
        # A turn about the vertical cannot be seen on a ball, a cylinder or a cone: they do not spin.
        _solid("ball", _ROLLER, "sphere"),
        _solid("cube", ("bounce", "jump", "spin", "fall", "still"), "block", flat_top=True),
        _solid("cylinder", _ROLLER, "drum", flat_top=True),
        _solid("cone", ("bounce", "jump", "fall", "still")),
        _solid("ring", (*_ROLLER, "spin"), "hoop"),
        _solid("pyramid", ("bounce", "jump", "spin", "fall", "still")),
        _walker("dog", "dogs", "puppy"),
        _walker("cat", "cats", "kitten"),
        _walker("mammoth", "mammoths"),
        _walker("horse", "horses", "pony"),
        Subject(
            id="bird", noun="bird", plural="birds", family="flyer", materials=_TOY, settings=_LAND + _SEA,
            verbs=("fly", "walk", "jump", "circle", "stop", "pass_behind", "still", "bite"), first_verb="walk",
        ),
        Subject(
            id="fish", noun="fish", plural="fish", family="swimmer", materials=(*_TOY, "metal"), settings=_SEA,
            verbs=("walk", "jump", "spin", "circle", "stop", "pass_behind", "still"), first_verb="walk",
        ),
        _walker("robot", "robots", "android", materials=_HARD),
        _walker("woman", "women", "lady"),
        _walker("man", "men", "guy"),
        _driver("car", "automobile"),
        _driver("truck", "lorry"),
        _driver("train", "locomotive"),
        Subject(
            id="boat", noun="boat", plural="boats", synonyms=("ship",), family="swimmer", materials=_HARD,
            settings=_SEA, verbs=_DRIVER, first_verb="drive",
        ),
        Subject(
            id="airplane", noun="airplane", plural="airplanes", synonyms=("plane", "aeroplane"), family="flyer",
            materials=_HARD, settings=_LAND + _SEA, verbs=("fly", "spin", "circle", "pass_behind", "still"),
        ),
        Subject(
            id="balloon", noun="balloon", plural="balloons", family="flyer", materials=("clay", "metal", "felt"),
            settings=_LAND + _SEA, verbs=("fly", "bounce", "circle", "pass_behind", "still"),
        ),
        Subject(
            id="snowman", noun="snowman", plural="snowmen", family="thing", materials=_TOY, settings=_LAND,
            verbs=("walk", "jump", "spin", "fall", "stop", "still", "disappear_behind"), first_verb="walk",
        ),
        Subject(
            id="cookie", noun="cookie", plural="cookies", synonyms=("biscuit",), family="thing",
            materials=("clay",), settings=_LAND, verbs=(*_ROLLER, "spin"), flat_top=True, first_verb="roll",
        ),
        Subject(
            id="glass", noun="glass", plural="glasses", synonyms=("tumbler",), family="thing",
            materials=("glass",), settings=_LAND, verbs=("jump", "bounce", "fall", "still", "shatter"),
        ),
        _staged("domino", "dominoes", materials=_HARD),
        _staged("candle", "candles"),
        _staged("brush", "brushes", "paintbrush", verbs=("paint", "still")),
        _staged("canvas", "canvases"),
    )
}  # fmt: skip


def allowed_verbs(kind: str, setting: str) -> tuple[str, ...]:
    """The motions subject `kind` can do in `setting`; empty where it has no place. Raises KeyError."""
    subject, place = SUBJECTS[kind], SETTINGS[setting]
    if setting not in subject.settings:
        return ()
    if place.water and subject.family != "swimmer":
        return tuple(verb for verb in subject.verbs if verb in ("fly", "circle", "pass_behind", "still"))
    return subject.verbs


HELD_OUT_SHARE = 0.15


def held_out(colour: str, kind: str, verb: str) -> bool:
    """Whether the combination is kept out of all training clips, for the examiner to ask.

    Decided by the SHA-256 of the three words, so that no file has to carry a list: a share of HELD_OUT_SHARE.
    """
    digest = hashlib.sha256(f"himmel/held-out/1|{colour}|{kind}|{verb}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < HELD_OUT_SHARE * 2**64
