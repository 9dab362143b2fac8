"""From a scene to English, in the plainest words and the order that finished captions have."""

import re
from functools import lru_cache

from himmel.director.completion import completions
from himmel.director.lexicon import load_language
from himmel.director.reading import Actor, Scene, Thing

__all__ = ["tell"]

VOWELS = "aeiou"
TRAVELLING = ("moves", "rolls", "drives")
SPRINGING = ("jumps", "bounces")


def tell(scene: Scene) -> str:
    """The caption of a scene: subjects and what they do, place and light, then camera and style.

    A scene without a subject is told as what goes on: "then jumps".
    """
    named: set[int] = set()
    clauses = [_clause(actor, named) for actor in scene.actors]
    if not clauses and scene.loose is not None:
        clauses = [f"then {_deed(scene.loose, several=False, named=named)}"]
    first = " ".join(filter(None, [" and ".join(clauses), *scene.rest, *scene.settings[:1], *scene.lights[:1]]))
    more = [*scene.settings[1:], *scene.lights[1:]]
    sentences = [", ".join(filter(None, [first, *more])), *scene.cameras, *scene.styles]
    return ". ".join(dict.fromkeys(" ".join(sentence.split()) for sentence in sentences if sentence.strip()))


def _clause(actor: Actor, named: set[int]) -> str:
    actor.verb = _own(actor.verb, actor.thing.noun)
    name = _thing(actor.thing, named)
    if actor.beside is not None:
        name += f" {actor.beside[0]} {_thing(actor.beside[1], named)}"
    return " ".join([name, _deed(actor, several=actor.thing.several, named=named), *actor.rest])


def _deed(actor: Actor, *, several: bool, named: set[int]) -> str:
    """What is done: "rolls slowly to the left, then stops"."""
    target = _thing(actor.target, named) if actor.target else ""
    verb = f"are {_doing(actor.verb)}" if several and actor.verb else actor.verb
    if actor.verb == "circles":
        words = [verb, actor.speed, *actor.ways, "around" if target else "", target]
    else:
        words = [verb, target, actor.speed, *actor.ways]
    deed = " ".join(filter(None, words))
    for then in actor.then:
        deed += f", then {_doing(then) if several else then}"
    return deed


def _thing(thing: Thing, named: set[int]) -> str:
    """A thing by its name and looks: "a small red wooden ball"; "the" when it was named before."""
    known = id(thing) in named
    named.add(id(thing))
    noun = _plurals().get(thing.noun, thing.noun) if thing.several else thing.noun
    clothes = f"in {thing.clothes}" if thing.clothes else ""
    looks = [*thing.before, thing.size, thing.colour, *thing.materials, noun, clothes, *thing.after]
    name = " ".join(filter(None, looks))
    if thing.count and thing.count > 1:
        name = f"{_numbers().get(thing.count, str(thing.count))} {name}"
    elif not thing.several:
        name = f"{'the' if known else 'an' if name[0].casefold() in VOWELS else 'a'} {name}"
    return " ".join([name, *(f"{link} {_thing(other, named)}" for link, other in thing.company)])


def _own(verb: str, noun: str) -> str:
    """The verb that captions have for it: languages differ in whether a car rolls, drives or goes."""
    data = completions()
    able = [str(data["verbs"][name][0]).split()[0] for name in data["movers"].get(noun, "").split()]
    if not able or verb in able:
        return verb
    if verb in TRAVELLING:
        return able[0]
    return next((other for other in SPRINGING if other in able), verb) if verb in SPRINGING else verb


@lru_cache(maxsize=1)
def _plurals() -> dict[str, str]:
    """What English calls more than one."""
    rows = (phrase for row in load_language("en").phrases.values() for phrase in row if phrase.kind == "nouns")
    plurals: dict[str, str] = {}
    for phrase in rows:
        if phrase.several:
            plurals.setdefault(phrase.name, " ".join(phrase.words))
    return plurals


@lru_cache(maxsize=1)
def _numbers() -> dict[int, str]:
    numbers: dict[int, str] = {}
    for word, value in load_language("en").numbers.items():
        numbers.setdefault(int(value), word)
    return numbers


@lru_cache(maxsize=64)
def _doing(verb: str) -> str:
    """The form of a verb that goes on: "rolls" is "rolling"."""
    rows = (phrase for row in load_language("en").phrases.values() for phrase in row if phrase.kind == "verbs")
    forms = (" ".join(phrase.words) for phrase in rows if phrase.name == verb)
    return next((form for form in forms if re.match(r"\w+ing\b", form)), verb)
