"""The closed list of words that captions are made of."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from himmel.world import caption_words as words
from himmel.world.caption_words import plural
from himmel.world.grammar import OPPOSITE, SETTINGS, SUBJECTS, VERBS, Subject
from himmel.world.grammar_profile import FULL, Profile
from himmel.world.scenarios import SCENARIOS, TOGETHER, WALL

__all__ = ["lexicon"]

_ALWAYS = "a an the is and , ."
_NAME = re.compile(r"\{(\w+)\}")


@lru_cache(maxsize=8)
def lexicon(profile: Profile = FULL) -> tuple[str, ...]:
    """Every word and mark that captions of a profile's scenes can contain, sorted; all lower case.

    A model trained on the profile knows these words and no others.
    """
    kinds = [SUBJECTS[kind] for kind in profile.subjects]
    acts = _acts(profile)
    motions = {name for verb in (*profile.verbs, *acts) for name in _motions(profile, verb)}
    told = {kind for relation in profile.relations for kind in (relation, OPPOSITE.get(relation, relation))}
    aimed = {"circle", "pass_behind"} & {*profile.verbs}
    props: set[str] = {SETTINGS[setting].prop for setting in profile.settings if aimed}
    props |= {WALL for act in acts if act == "disappear_behind"}
    lights = {light for setting in profile.settings for light in profile.lights_of(setting)}
    ways = {way for verb in profile.verbs for way in VERBS[verb].directions}
    thens = {*profile.thens, "stop"} if "stop" in profile.verbs else {*profile.thens}
    spoken = (
        [(kind.noun, *kind.synonyms) for kind in kinds],
        [words.CLOTHES for kind in kinds if kind.clothed],
        [words.MATERIALS[material] for kind in kinds if len(kind.materials) > 1 for material in kind.materials
         if material in profile.materials],
        [words.VERBS[motion] for motion in motions if motion in words.VERBS],
        [row for (kind, motion), row in words.KIND_VERBS.items()
         if kind in profile.subjects and motion in motions],
        [words.PATTERNS[motion] for motion in motions if motion in words.PATTERNS],
        [words.SIZES[size] for size in profile.sizes],
        [words.SPEEDS[speed] for speed in profile.speeds],
        [words.DIRECTIONS[way] for way in ways if way],
        [words.IN_PLACE[verb] for verb in (*profile.verbs, *acts) if verb in words.IN_PLACE],
        [words.AFTERWARDS[then] for then in thens],
        [words.RELATIONS[kind] for kind in told],
        [words.PROPS[prop] for prop in props],
        [words.SETTINGS[setting] for setting in profile.settings],
        [words.LIGHTS[light] for light in lights],
        [table[camera] for table in (words.CAMERA_SENTENCES, words.CAMERA_TAGS, words.CAMERA_SHOTS)
         for camera in profile.cameras],
        [table[style] for table in (words.STYLE_TAGS, words.STYLE_WAYS, words.STYLE_OF)
         for style in profile.styles],
        list(_counted(profile, kinds)),
        [words.HIDDEN[seconds] for seconds in words.HIDDEN if "disappear_behind" in acts],
        profile.colours,
        tuple(words.JOINERS.values()) if profile.counts[0] < 1 else (),
        words.FULL_TEMPLATES,
        _ALWAYS,
    )  # fmt: skip
    text = re.sub(r"\{([^}]*?)\w+\}", r" \1 ", " ".join(_strings(spoken)))
    return tuple(sorted(set(re.findall(r"[a-z0-9']+|[,.]", text))))


def _acts(profile: Profile) -> list[str]:
    """The motions that only the profile's scenarios have."""
    return [act for name in profile.scenarios if (act := SCENARIOS[name].verb)]


def _counted(profile: Profile, kinds: Sequence[Subject]) -> Iterator[object]:
    """What telling of several equal subjects needs."""
    for scenario in (SCENARIOS[name] for name in profile.scenarios):
        if scenario.id == "crowd":
            yield words.ARE
            yield [words.NUMBERS[count] for count in scenario.counts]
            together = [kind for kind in kinds if set(TOGETHER) & {*kind.verbs} & {*profile.verbs}]
            yield [(kind.plural, *map(plural, kind.synonyms)) for kind in together]
        elif scenario.target and len(scenario.counts) > 1:
            target = SUBJECTS[scenario.target]
            yield [words.NUMBERS[count][0] for count in scenario.counts]
            yield [row.replace("{number}", "") for row in words.GROUPS[target.id]]
            yield target.plural, *map(plural, target.synonyms)


def _motions(profile: Profile, verb: str) -> Iterator[str]:
    """The rows of VERBS and PATTERNS that telling of `verb` needs."""
    for name in (verb, "loop") if verb == "circle" else (verb,):
        yield name
        for part in _NAME.findall(words.PATTERNS.get(name, "")):
            if part == "travel":
                yield from (SUBJECTS[kind].first_verb or "fly" for kind in profile.subjects)
            else:
                yield part


def _strings(value: object) -> Iterator[str]:
    """All strings in nested rows."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)
