"""From the pieces of a text to a scene: who does what where, in whatever order the language tells it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from himmel.director.lexicon import Item

__all__ = ["Actor", "Scene", "Thing", "read_scene"]

MODIFIERS = ("sizes", "colours", "materials", "numbers")
AIMED = ("pushes", "bumps into", "circles")
JOINERS = ("and", "then", "while")


@dataclass(kw_only=True)
class Thing:
    """Something with what is said of its looks; `before` and `after` are the user's own unknown words."""

    noun: str
    several: bool = False
    count: int | None = None
    size: str = ""
    colour: str = ""
    materials: list[str] = field(default_factory=list)
    clothes: str = ""
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    company: list[tuple[str, "Thing"]] = field(default_factory=list)


@dataclass(kw_only=True)
class Actor:
    """A thing and what it does; `beside` is where it stands seen from another thing; `rest` are unknown words."""

    thing: Thing
    verb: str = ""
    speed: str = ""
    ways: list[str] = field(default_factory=list)
    target: Thing | None = None
    beside: tuple[str, Thing] | None = None
    then: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Scene:
    """All of a text. `loose` is what is done where no subject is named; `rest` are unknown words."""

    actors: list[Actor] = field(default_factory=list)
    loose: Actor | None = None
    settings: list[str] = field(default_factory=list)
    lights: list[str] = field(default_factory=list)
    cameras: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)


def read_scene(items: Sequence[Item], adjectives: str) -> Scene:
    """The scene of pieces of a text in a language whose adjectives stand "before" or "after" their noun."""
    return _Reader(tuple(items), adjectives == "after").scene


class _Reader:
    """Walks along the pieces once and remembers what waits for its other half."""

    def __init__(self, items: tuple[Item, ...], after: bool) -> None:
        self.items, self.after = items, after
        self.scene = Scene()
        self.pending: list[Item] = []  # modifiers whose noun is to come
        self.open: Thing | None = None  # the noun that was just named: modifiers may follow it
        self.actor: Actor | None = None
        self.floating = Actor(thing=Thing(noun=""))  # what is done by a subject still to come
        self.waits: tuple[str, str] | None = (
            None  # ("relations", "behind"), ("links", "with") or ("verbs", "pushes")
        )
        self.front: tuple[str, Thing] | None = None  # a place told before the subject that stands there
        self.joined = False
        for index, item in enumerate(items):
            self.take(index, item)
        self.end()

    def take(self, index: int, item: Item) -> None:
        """One piece."""
        match item.kind:
            case "nouns":
                self.name(Thing(noun=item.name, several=item.several))
            case "clothes":
                self.dress(item)
            case kind if kind in MODIFIERS:
                self.describe(index, item)
            case "verbs":
                self.act(index, item.name)
            case "speeds" | "directions" | "ways":
                self.manner(item)
            case "relations" | "links":
                self.waits, self.open = (item.kind, item.name), None
            case "settings" | "lights" | "cameras" | "styles":
                getattr(self.scene, item.kind).append(item.name)
                self.waits = self.open = None
            case "mark" | "and" | "then" | "while":
                self.joined = self.joined or item.kind in JOINERS
                self.open = None
                if item.name in ".;":
                    self.waits = self.actor = None
            case "unknown":
                self.keep(index, item)

    def describe(self, index: int, item: Item) -> None:
        """A modifier belongs to the noun before it where the language says so, else to the next."""
        phrase = " " in item.said  # "of wood" follows its noun everywhere
        ahead = next((other for other in self.items[index + 1 :] if other.kind not in MODIFIERS), None)
        back = self.open is not None and not item.article and not self.pending
        if back and (self.after or phrase or ahead is None or ahead.kind not in ("nouns", "unknown")):
            assert self.open is not None
            _modify(self.open, item)
        else:
            self.pending.append(item)
            self.open = None

    def name(self, thing: Thing) -> None:
        """A noun with what was said before it."""
        for item in self.pending:
            _modify(thing, item)
        self.pending = []
        waits, self.waits = self.waits, None
        if waits is None:
            self.enter(thing)
        elif waits[0] == "verbs" and self.actor is not None:
            self.actor.target = thing
        elif waits[0] == "links" and self.actor is not None:
            self.actor.thing.company.append((waits[1], thing))
        elif waits == ("relations", "around") and (self.actor is not None or self.floating.verb):
            (self.actor or self.floating).target = thing
            (self.actor or self.floating).verb = "circles"
        elif waits[0] == "relations" and self.actor is not None and self.actor.beside is None:
            self.actor.beside = (waits[1], thing)
        elif waits[0] == "relations" and self.actor is None:
            self.front = (waits[1], thing)
        else:
            self.enter(thing)
        self.open = thing

    def enter(self, thing: Thing) -> None:
        """A subject, to whom belongs what was told ahead of it."""
        actor = self.floating
        actor.thing, actor.beside = thing, self.front
        self.floating, self.front = Actor(thing=Thing(noun="")), None
        self.scene.actors.append(actor)
        self.actor = actor
        if actor.verb in AIMED and actor.target is None:
            self.waits = ("verbs", actor.verb)
        if actor.verb:
            self.joined = False

    def act(self, index: int, verb: str) -> None:
        """A verb: of the last subject, of one to come, or what the last one does then."""
        self.open = self.waits = None
        actor = self.actor
        if actor is None or (actor.verb and self.joined and verb not in AIMED and self.inverted(index)):
            self.floating.verb, self.actor = verb, None
        elif actor.verb and (self.joined or actor.verb != "moves"):  # "comes walking" is one motion
            actor.then.append(verb)
        else:
            actor.verb = verb
            if self.joined:
                self.share(actor)
        self.joined = False
        if verb in AIMED:
            self.waits = ("verbs", verb)

    def share(self, last: Actor) -> None:
        """What several joined subjects do together, each of them does."""
        for other in reversed(self.scene.actors[:-1]):
            if other.verb or other.beside is not None:
                return
            other.verb, other.speed, other.ways = last.verb, last.speed, last.ways

    def inverted(self, index: int) -> bool:
        """Whether a subject comes after the verb."""
        for item in self.items[index + 1 :]:
            if item.kind in ("nouns", "unknown") or item.article:
                return item.kind == "nouns" or item.kind in MODIFIERS
            if item.kind not in (*MODIFIERS, "speeds", "directions", "ways"):
                return False
        return False

    def manner(self, item: Item) -> None:
        """How fast or which way."""
        actor = self.actor or self.floating
        if item.kind == "speeds":
            actor.speed = actor.speed or item.name
        elif item.name not in actor.ways:
            actor.ways = [*actor.ways, item.name]
            if item.name == "away from the camera" and not actor.verb:
                actor.verb = "moves"
        self.open = None

    def dress(self, item: Item) -> None:
        if self.open is not None:
            self.open.clothes = item.name
        else:
            self.pending.append(item)

    def keep(self, index: int, item: Item) -> None:
        """An unknown word stays where it can be read: as a noun, beside one, or with what is done."""
        ahead = next((other for other in self.items[index + 1 :] if other.kind not in MODIFIERS), None)
        adjective = not self.after and ahead is not None and ahead.kind == "nouns" and not ahead.article
        if adjective and (item.article or self.pending):
            self.pending.append(item)
        elif item.article or self.pending or self.waits:
            self.name(Thing(noun=item.name))
        elif self.open is not None:
            self.open.after.append(item.name)
        else:
            (self.actor.rest if self.actor else self.scene.rest).append(item.name)

    def end(self) -> None:
        """What still waits is kept."""
        if self.front is not None:
            where, thing = self.front
            self.scene.actors.append(Actor(thing=thing))
            self.scene.rest.insert(0, where)
        if self.floating.verb or self.floating.ways or self.floating.speed:
            self.scene.loose = self.floating
        self.scene.rest += [item.name for item in self.pending if item.kind not in ("numbers",)]


def _modify(thing: Thing, item: Item) -> None:
    match item.kind:
        case "numbers":
            thing.count = int(item.number or 1)
            thing.several = thing.several or thing.count > 1
        case "sizes":
            thing.size = item.name
        case "colours":
            thing.colour = item.name
        case "clothes":
            thing.clothes = item.name
        case "materials":
            thing.materials.append(item.name)
        case _:
            thing.before.append(item.name)
