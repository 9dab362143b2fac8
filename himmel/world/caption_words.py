"""The words captions are made of: for every value of the grammar the phrases people use for it.

The first phrase of a row is the plain one that the examiner's captions use, the others are synonyms. Rows
that mirror each other (left and right) hold the same phrases in the same order, side for side. Verbs are
pairs: "rolls" and "rolling". In the patterns, a word in braces is filled in and the others stay.
"""

__all__ = [
    "AFTERWARDS",
    "ARE",
    "CAMERA_SENTENCES",
    "CAMERA_SHOTS",
    "CAMERA_TAGS",
    "CLOTHES",
    "DIRECTIONS",
    "FULL_TEMPLATES",
    "GROUPS",
    "HIDDEN",
    "IN_PLACE",
    "JOINERS",
    "KIND_VERBS",
    "LIGHTS",
    "MATERIALS",
    "NUMBERS",
    "PATTERNS",
    "PROPS",
    "RELATIONS",
    "SETTINGS",
    "SHORT_TEMPLATES",
    "SIZES",
    "SPEEDS",
    "STYLE_OF",
    "STYLE_TAGS",
    "STYLE_WAYS",
    "VERBS",
    "VerbWords",
    "Words",
    "plural",
]

Words = tuple[str, ...]
VerbWords = tuple[tuple[str, str], ...]


def plural(noun: str) -> str:
    """More than one of a synonym: "puppies", "guys", "biscuits"."""
    return f"{noun[:-1]}ies" if noun[-1] == "y" and noun[-2] not in "aeiou" else f"{noun}s"


# Medium and normal go without saying.
SIZES: dict[str, Words] = {"small": ("small", "little", "tiny"), "medium": (), "big": ("big", "large", "huge")}
SPEEDS: dict[str, Words] = {"slow": ("slowly", "gently"), "normal": (), "fast": ("quickly", "fast", "rapidly")}
MATERIALS: dict[str, Words] = {
    "clay": ("clay",),
    "wooden": ("wooden", "wood"),
    "metal": ("metal", "shiny metal"),
    "glass": ("glass", "clear glass"),
    "felt": ("felt", "soft felt"),
}
CLOTHES: Words = ("in {colour}", "dressed in {colour}", "wearing {colour}")

DIRECTIONS: dict[str, Words] = {
    "left": ("to the left", "left", "leftwards", "towards the left"),
    "right": ("to the right", "right", "rightwards", "towards the right"),
    "toward": ("towards the camera", "towards us", "towards the viewer"),
    "away": ("away from the camera", "away", "into the distance"),
    "clockwise": ("clockwise",),
    "anticlockwise": ("anticlockwise",),
}
IN_PLACE: dict[str, Words] = {
    "bounce": ("up and down", "in place"),
    "jump": ("up and down", "in place"),
    "fall": ("down", "from the sky", "to the ground"),
    "shatter": ("down", "from the sky", "to the ground"),
}

VERBS: dict[str, VerbWords] = {
    "walk": (("walks", "walking"), ("strolls", "strolling"), ("wanders", "wandering")),
    "drive": (("drives", "driving"), ("cruises", "cruising")),
    "roll": (("rolls", "rolling"),),
    "bounce": (("bounces", "bouncing"),),
    "jump": (("jumps", "jumping"), ("hops", "hopping"), ("leaps", "leaping")),
    "spin": (("spins", "spinning"), ("turns", "turning"), ("rotates", "rotating")),
    "fall": (("falls", "falling"), ("drops", "dropping")),
    "fly": (("flies", "flying"), ("glides", "gliding")),
    "circle": (("circles", "circling"), ("goes", "going"), ("moves", "moving")),
    "loop": (("moves", "moving"), ("goes", "going")),
    "push": (("pushes", "pushing"), ("shoves", "shoving")),
    "hit": (("bumps into", "bumping into"), ("crashes into", "crashing into"), ("hits", "hitting")),
    "pass": (("passes", "passing"), ("disappears", "disappearing")),
    "come_out": (("comes out", "coming out"), ("comes out again", "coming out again")),
    "bite": (
        ("takes a bite out of", "taking a bite out of"),
        ("bites into", "biting into"),
        ("bites a piece out of", "biting a piece out of"),
    ),
    "knock_over": (
        ("knocks over", "knocking over"),
        ("knocks down", "knocking down"),
        ("topples", "toppling"),
    ),
    "shatter": (
        ("shatters", "shattering"),
        ("breaks into pieces", "breaking into pieces"),
        ("smashes on the ground", "smashing on the ground"),
    ),
    "blow_out": (("blows out", "blowing out"), ("puffs out", "puffing out")),
    "paint": (
        ("paints a stroke", "painting a stroke"),
        ("paints a line", "painting a line"),
        ("draws a line", "drawing a line"),
    ),
    "hide": (
        ("disappears", "disappearing"),
        ("vanishes", "vanishing"),
        ("goes out of sight", "going out of sight"),
    ),
    "still": (("stands still", "standing still"), ("stays still", "staying still"), ("rests", "resting")),
}
# What some subjects do has a word of its own.
KIND_VERBS: dict[tuple[str, str], VerbWords] = {
    ("fish", "walk"): (("swims", "swimming"),),
    ("boat", "drive"): (("sails", "sailing"), ("cruises", "cruising")),
    ("balloon", "fly"): (("floats", "floating"), ("drifts", "drifting")),
    ("balloon", "still"): (("hovers", "hovering"), ("hangs still", "hanging still")),
    ("snowman", "walk"): (("slides", "sliding"), ("glides", "gliding")),
    ("horse", "walk"): (("walks", "walking"), ("trots", "trotting")),
    ("dog", "walk"): (("walks", "walking"), ("trots", "trotting")),
}
AFTERWARDS: dict[str, VerbWords] = {
    "stop": (
        (", then stops", ", then stopping"),
        ("and stops", "and stopping"),
        ("and then stops", "and then stopping"),
        ("and comes to a stop", "and coming to a stop"),
    ),
    "turn_back": (
        (", then turns back", ", then turning back"),
        (", then comes back", ", then coming back"),
        ("and then returns", "and then returning"),
    ),
    "jump": ((", then jumps", ", then jumping"), ("and then jumps", "and then jumping")),
}
# How a motion is told; "{travel}" is the subject's own way of moving, verbs without a row are "plain".
PATTERNS: dict[str, str] = {
    "plain": "{verb} {speed} {way} {then}",
    "circle": "{circle} {speed} {way} around {target}",
    "loop": "{loop} {speed} {way} in a circle",
    "push": "{push} {target} {speed} {way}",
    "collide": "{travel} {speed} {way} and {hit} {target}",
    "pass_behind": "{travel} {speed} {way} , {pass} behind {target} and {come_out}",
    "stop": "{travel} {speed} {way} {stop}",
    "bite": "{travel} {way} and {bite} {target}",
    "knock_over": "{travel} {way} and {knock_over} {target}",
    "shatter": "{fall} {way} and {shatter}",
    "blow_out": "{blow_out} {target}",
    "paint": "{paint} {way} on {target}",
    "disappear_behind": "{travel} {way} , {hide} behind {target} {hidden} and {come_out}",
}

RELATIONS: dict[str, Words] = {
    "left_of": ("to the left of", "left of", "on the left of"),
    "right_of": ("to the right of", "right of", "on the right of"),
    "in_front_of": ("in front of",),
    "behind": ("behind",),
    "on_top_of": ("on top of", "standing on"),
}
JOINERS: dict[str, Words] = {
    "sentences": ("and", "while"),
    "pictures": ("and",),
    "near": ("near", "next to"),
}
NUMBERS: dict[int, Words] = {
    1: ("one", "exactly one", "a single"),
    2: ("two", "exactly two", "a pair of"),
    3: ("three", "exactly three", "a group of three"),
    4: ("four", "exactly four", "a group of four"),
    5: ("five", "exactly five", "a group of five"),
}
# How many equal things stand before they are knocked over, by what they are.
GROUPS: dict[str, Words] = {
    "domino": ("a row of {number}", "a line of {number}"),
    "cube": ("a tower of {number}", "a stack of {number}", "a pile of {number}"),
}
HIDDEN: dict[float, Words] = {
    0.5: ("for half a second", "for a moment"),
    1.0: ("for one second", "for a second"),
    1.5: ("for one and a half seconds", "for more than a second"),
    2.0: ("for two seconds", "for a while"),
}
ARE: Words = ("are",)
PROPS: dict[str, Words] = {
    "tree": ("a tree",),
    "rock": ("a rock", "a boulder"),
    "box": ("a box",),
    "wall": ("a wall",),
}

SETTINGS: dict[str, Words] = {
    "meadow": ("in a meadow", "on the grass", "in a green field"),
    "snow": ("in the snow", "on snow", "in a snowy field"),
    "desert": ("in the desert", "on the sand", "among sand dunes"),
    "sea": ("at sea", "in the sea", "on the ocean", "on the water"),
    "city_street": ("on a city street", "in the city", "in a street between houses"),
    "wooden_table": ("on a wooden table", "on a table", "on a desk"),
    "forest": ("in a forest", "in the woods", "among trees"),
    "moon": ("on the moon", "on the surface of the moon"),
}
LIGHTS: dict[str, Words] = {
    "day": ("in daylight", "in bright sunlight", "on a sunny day", "during the day"),
    "sunset": ("at sunset", "in the evening light", "in golden light"),
    "overcast": ("on a cloudy day", "under a grey sky", "in soft light"),
    "night": ("at night", "in the moonlight", "in the dark"),
}

CAMERA_SENTENCES: dict[str, Words] = {
    "static": ("the camera does not move", "the camera stays still", "the camera is fixed"),
    "pan_left": ("the camera pans left", "the camera pans to the left", "the view pans left"),
    "pan_right": ("the camera pans right", "the camera pans to the right", "the view pans right"),
    "tilt_up": ("the camera tilts up", "the camera tilts upwards", "the view tilts up"),
    "tilt_down": ("the camera tilts down", "the camera tilts downwards", "the view tilts down"),
    "dolly_in": ("the camera moves in", "the camera dollies in", "the camera zooms in", "the camera comes closer"),
    "dolly_out": ("the camera moves out", "the camera dollies out", "the camera zooms out", "the view zooms out"),
    "orbit_left": ("the camera orbits left", "the camera orbits to the left", "the camera circles left"),
    "orbit_right": ("the camera orbits right", "the camera orbits to the right", "the camera circles right"),
    "crane_up": ("the camera rises", "the camera cranes up", "the camera goes up"),
    "drone": ("a drone films from above", "a drone flies over the scene", "the camera looks down from a drone"),
}
CAMERA_TAGS: dict[str, Words] = {
    "static": ("static camera", "static shot", "fixed camera"),
    "pan_left": ("camera panning left", "pan left"),
    "pan_right": ("camera panning right", "pan right"),
    "tilt_up": ("camera tilting up", "tilt up"),
    "tilt_down": ("camera tilting down", "tilt down"),
    "dolly_in": ("camera moving in", "dolly in", "zoom in", "close up"),
    "dolly_out": ("camera moving out", "dolly out", "zoom out"),
    "orbit_left": ("camera orbiting left", "orbit left"),
    "orbit_right": ("camera orbiting right", "orbit right"),
    "crane_up": ("camera rising", "crane up", "crane shot"),
    "drone": ("drone view", "aerial view", "seen from above"),
}
CAMERA_SHOTS: dict[str, Words] = {
    "static": ("a static shot of", "a fixed shot of"),
    "pan_left": ("a pan left over", "a pan to the left over"),
    "pan_right": ("a pan right over", "a pan to the right over"),
    "tilt_up": ("a tilt up over", "an upward tilt over"),
    "tilt_down": ("a tilt down over", "a downward tilt over"),
    "dolly_in": ("a dolly in on", "a zoom in on"),
    "dolly_out": ("a dolly out from", "a zoom out from"),
    "orbit_left": ("an orbit left around", "an orbit to the left around"),
    "orbit_right": ("an orbit right around", "an orbit to the right around"),
    "crane_up": ("a crane shot of", "a rising shot of"),
    "drone": ("a drone shot of", "an aerial shot of"),
}

STYLE_TAGS: dict[str, Words] = {
    "realistic": ("realistic style", "realistic", "photorealistic"),
    "cartoon": ("cartoon style", "cartoon", "cartoon with outlines"),
    "watercolour": ("watercolour style", "watercolour", "watercolour painting"),
    "black_and_white": ("black and white", "black and white film", "monochrome"),
    "film_35mm": ("35 mm film", "35 mm film style", "analog film"),
    "pixel_art": ("pixel art", "pixel art style", "retro pixel art"),
}
STYLE_WAYS: dict[str, Words] = {
    "realistic": ("in a realistic style", "in realistic style"),
    "cartoon": ("in cartoon style", "drawn as a cartoon"),
    "watercolour": ("in watercolour", "painted in watercolour"),
    "black_and_white": ("in black and white", "filmed in black and white"),
    "film_35mm": ("on 35 mm film", "shot on 35 mm film"),
    "pixel_art": ("in pixel art", "in pixel art style"),
}
STYLE_OF: dict[str, Words] = {
    "realistic": ("a realistic video of", "a photorealistic video of"),
    "cartoon": ("a cartoon of", "an animated cartoon of"),
    "watercolour": ("a watercolour of", "a watercolour painting of"),
    "black_and_white": ("a black and white film of", "a black and white video of"),
    "film_35mm": ("a 35 mm film of", "a 35 mm film shot of"),
    "pixel_art": ("a pixel art video of", "a pixel art animation of"),
}

# A template is a row of sentences; "{, light}" is the clause `light` after a comma, which falls away with it
# or at the start of a sentence. All but the sentence with the subjects may change places.
FULL_TEMPLATES: tuple[Words, ...] = (
    ("{main}{ place}{ light}", "{relation}", "{camera}", "{style_tag}"),
    ("{main}{ place}", "{relation}", "{camera}{, style_way}{, light}"),
    ("{place}{ light}{, main}", "{relation}", "{camera}{, style_way}"),
    ("{style_of}{ doing}{, relating}{, place}{, light}", "{camera}"),
    ("{style_of}{ doing}{, relating}{, place}{, camera_tag}", "{light}"),
    ("{camera}{ while main}{ place}{ light}", "{relation}", "{style_tag}"),
    ("{camera_shot}{ doing}{, relating}{, place}{, light}{, style_way}",),
    ("{doing}{, relating}{, place}{, light}{, camera_tag}{, style_tag}",),
    ("{style_tag}{, camera_tag}{, place}{, light}{, doing}{, relating}",),
    ("{style_way}{, main}{ place}{ light}", "{relation}", "{camera}"),
)
SHORT_TEMPLATES: tuple[Words, ...] = (
    ("{main}",),
    ("{doing}",),
    ("{main}{ place}",),
    ("{doing}{ place}",),
    ("{doing}{ light}",),
    ("{naming}{ place}",),
    ("{place}{, main}",),
    ("{style_of}{ doing}",),
    ("{doing}{, style_tag}",),
    ("{main}{, camera_tag}",),
    ("{doing}{ place}{, style_tag}",),
)
