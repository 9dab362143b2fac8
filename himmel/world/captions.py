"""From a scene to words: complete descriptions, and short ones as people type them.

Every caption is lower-case English in the words of `lexicon()`. A full caption names everything the grammar
knows about the scene, except for clauses that fall away by chance so that a model also learns to do without
them. All choices are drawn in an order that depends on the scene's structure and not on its sides, so that
the caption of a mirrored clip is the mirrored caption.
"""

import re
from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeVar

from himmel.errors import UsageError
from himmel.world import caption_words as words
from himmel.world.caption_lexicon import lexicon
from himmel.world.grammar import OPPOSITE, SUBJECTS
from himmel.world.spec import SceneSpec, SubjectSpec

__all__ = ["CLAUSE_DROPOUT", "SYNONYM_SHARE", "Chance", "canonical", "describe", "lexicon", "mirror_caption"]

T = TypeVar("T")

CLAUSE_DROPOUT = 0.15
SYNONYM_SHARE = 0.3
_PLAIN_SHARE = 0.4  # of captions of any form: plain words bind first, and the others lean on them
_FULL_SHARE = 0.7  # of the rest

_MIRROR = {
    "left": "right", "right": "left", "leftwards": "rightwards", "rightwards": "leftwards",
    "clockwise": "anticlockwise", "anticlockwise": "clockwise",
}  # fmt: skip


class Chance(Protocol):
    """A source of random numbers: `random.Random` and `numpy.random.Generator` both are."""

    def random(self) -> float:
        """A number in [0, 1)."""
        ...


def describe(spec: SceneSpec, rng: Chance, *, form: Literal["full", "short", "any"] = "full") -> str:
    """A caption of the scene, drawn with `rng`; "any" is canonical, full or, less often, short.

    The same numbers from `rng` give the same caption. Raises UsageError on an unknown form.
    """
    if form not in ("full", "short", "any"):
        raise UsageError(f'caption form "{form}" is not one of: full, short, any')
    voice = _Voice(rng)
    if form == "any" and voice.chance(_PLAIN_SHARE):
        return canonical(spec)
    brief = form == "short" or (form == "any" and not voice.chance(_FULL_SHARE))
    return _Caption(spec, voice, brief=brief).text()


def canonical(spec: SceneSpec) -> str:
    """The complete caption in the plainest words: the same for the same scene, as the examiner asks it."""
    return _Caption(spec, _Voice(None), brief=False).text()


def mirror_caption(caption: str) -> str:
    """The caption of the clip flipped left to right."""
    return re.sub(r"[a-z]+", lambda match: _MIRROR.get(match[0], match[0]), caption)


class _Voice:
    """Draws the choices a caption is made of; without a source it always makes the plainest one."""

    def __init__(self, source: Chance | None) -> None:
        self.source = source

    def chance(self, share: float) -> bool:
        return self.source is not None and self.source.random() < share

    def keeps(self) -> bool:
        """Whether an optional clause is said."""
        return not self.chance(CLAUSE_DROPOUT)

    def one(self, options: Sequence[T]) -> T:
        """Any of the options, each as likely."""
        return options[int(self.source.random() * len(options))] if self.source else options[0]

    def word(self, options: Sequence[T]) -> T:
        """The first of the options, or with probability SYNONYM_SHARE one of the others."""
        return self.one(options[1:]) if self.chance(SYNONYM_SHARE) and len(options) > 1 else options[0]

    def phrase(self, options: Sequence[str]) -> str:
        """As `word`; nothing when there is nothing to say."""
        return self.word(options) if options else ""

    def shuffled(self, items: Sequence[str]) -> list[str]:
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = int(self.source.random() * (last + 1)) if self.source else last
            order[last], order[other] = order[other], order[last]
        return order


class _Caption:
    """One caption in the making: remembers which subjects have been introduced and in which words."""

    def __init__(self, spec: SceneSpec, voice: _Voice, *, brief: bool) -> None:
        self.spec, self.voice, self.brief = spec, voice, brief
        self.groups = {group[0]: group for group in spec.groups}
        self.nouns = {first: voice.word(self.names(first)) for first in self.groups}
        self.bare = brief and voice.chance(0.4)
        self.introduced: set[int] = set()
        # A push or a pass behind says by itself where the two stand.
        apart = spec.relation is not None and spec.subjects[0].motion.target_kind != "subject"
        self.relation = spec.relation if apart and self.says(0.5) else None
        self.slots: dict[str, Callable[[], str]] = {
            "main": lambda: self.main(form=0),
            "doing": lambda: self.main(form=1),
            "naming": self.naming,
            "relation": lambda: self.related("is"),
            "relating": lambda: self.related(""),
            "place": lambda: self.clause(words.SETTINGS[spec.setting]),
            "light": lambda: self.clause(words.LIGHTS[spec.light]),
            "camera": lambda: self.clause(words.CAMERA_SENTENCES[spec.camera]),
            "camera_tag": lambda: self.clause(words.CAMERA_TAGS[spec.camera]),
            "camera_shot": lambda: self.clause(words.CAMERA_SHOTS[spec.camera]),
            "style_tag": lambda: self.clause(words.STYLE_TAGS[spec.style]),
            "style_way": lambda: self.clause(words.STYLE_WAYS[spec.style]),
            "style_of": lambda: self.clause(words.STYLE_OF[spec.style]),
        }

    def text(self) -> str:
        """The caption."""
        first, *others = self.voice.one(words.SHORT_TEMPLATES if self.brief else words.FULL_TEMPLATES)
        sentences = [self.sentence(sentence) for sentence in (first, *self.voice.shuffled(others))]
        text = ". ".join(sentence for sentence in sentences if sentence) + ("" if self.brief else ".")
        return re.sub(r" +([,.])", r"\1", re.sub(r" +", " ", text)).strip()

    def sentence(self, template: str) -> str:
        """Fill one sentence of a template; a clause's joining words fall away at the start and with the clause."""
        text = ""
        for joiner, slot in re.findall(r"\{([^}]*?)(\w+)\}", template):
            phrase = self.slots[slot]()
            text += (joiner if text and phrase else "") + phrase
        return text

    def names(self, index: int) -> tuple[str, ...]:
        """What a subject, or the group that starts with it, may be called."""
        kind = SUBJECTS[self.spec.subjects[index].kind]
        if len(self.groups[index]) == 1:
            return kind.noun, *kind.synonyms
        return kind.plural, *map(words.plural, kind.synonyms)

    def says(self, share: float) -> bool:
        """Whether an optional word is said: nearly always in full, with probability `share` in short."""
        return self.voice.chance(share) if self.brief else self.voice.keeps()

    def clause(self, options: Sequence[str]) -> str:
        """An optional clause; a short caption has only those its template asks for."""
        phrase = self.voice.phrase(options)
        return phrase if self.brief or self.voice.keeps() else ""

    def main(self, form: Literal[0, 1]) -> str:
        """Who does what, as a sentence (form 0: "rolls") or as a picture (form 1: "rolling")."""
        pieces = [self.opening(form)]
        for index in self.groups:
            if index in (0, self.spec.subjects[0].motion.target):
                continue
            if self.says(0.2):
                pieces.append(f"{self.subject(index)} {self.predicate(index, form)}")
            elif index not in self.introduced and not self.told_later(index):
                pieces[-1] += f" {self.voice.word(words.JOINERS['near'])} {self.subject(index)}"
        *others, last = pieces
        joiner = self.voice.word(words.JOINERS["sentences" if form == 0 else "pictures"])
        return f"{' , '.join(others)} {joiner} {last}" if others else last

    def opening(self, form: Literal[0, 1]) -> str:
        """The first subject and its motion; at times its place beside the second comes along."""
        # "a cartoon of behind a cube" is no English: only sentences start with the place.
        orders = ("apart",) * (not self.brief) + ("beside",) + ("before",) * (form == 0)
        order = self.voice.one(orders)
        place = None if order == "apart" else self.beside()
        if place is None:
            return f"{self.subject(0)} {self.predicate(0, form)}"
        self.relation = None
        if order == "before":
            return f"{place} {self.subject(1)} , {self.subject(0)} {self.predicate(0, form)}"
        return f"{self.subject(0)} {place} {self.subject(1)} {',' * form} {self.predicate(0, form)}"

    def naming(self) -> str:
        """The subjects alone."""
        place = self.beside()
        names = [self.subject(0)]
        if place is not None:
            names = [f"{names[0]} {place} {self.subject(1)}"]
        names += [self.subject(i) for i in self.groups if i not in self.introduced]
        *others, last = names
        return f"{' , '.join(others)} and {last}" if others else last

    def beside(self) -> str | None:
        """Where the first subject stands seen from the second, if the relation can be told so."""
        relation = self.relation
        if relation is None or {relation.a, relation.b} != {0, 1}:
            return None
        kind = relation.kind if relation.a == 0 else OPPOSITE.get(relation.kind)
        return None if kind is None else self.voice.word(words.RELATIONS[kind])

    def related(self, verb: str) -> str:
        """The relation as a clause of its own: plainly where the one named first is, at times the other."""
        if self.relation is None:
            return ""
        a, kind, b = self.relation.a, str(self.relation.kind), self.relation.b
        if kind in OPPOSITE and (a > b) != self.voice.chance(SYNONYM_SHARE):
            a, kind, b = b, OPPOSITE[kind], a
        where = self.voice.word(words.RELATIONS[kind])
        return f"{self.subject(a)} {verb} {where} {self.subject(b)}"

    def told_later(self, index: int) -> bool:
        """Whether a clause of its own will place the subject: only full captions have one."""
        return not self.brief and self.relation is not None and index in (self.relation.a, self.relation.b)

    def subject(self, index: int) -> str:
        """A subject's name: with everything about it at first, later only as much as tells it from the others."""
        subject, noun = self.spec.subjects[index], self.nouns[index]
        facts = SUBJECTS[subject.kind]
        again = index in self.introduced
        self.introduced.add(index)
        size = "" if again or not self.says(0.2) else self.voice.phrase(words.SIZES[subject.size])
        said = not again and len(facts.materials) > 1 and self.says(0.15)
        material = self.voice.word(words.MATERIALS[subject.material]) if said else ""
        alone = len(self.groups) == 1
        colour = "" if self.brief and alone and self.voice.chance(0.2) else subject.colour
        clothes = self.voice.word(words.CLOTHES).format(colour=colour) if facts.clothed and colour else ""
        name = " ".join(f"{size} {'' if facts.clothed else colour} {material} {noun} {clothes}".split())
        if (number := self.number(index)) and not again:
            return f"{number} {name}"
        if self.bare:
            return name
        return f"the {name}" if again else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"

    def number(self, index: int) -> str:
        """How many a counted group has, and how it stands."""
        group, kind = self.groups[index], self.spec.subjects[index].kind
        if self.spec.count is not None:
            return self.voice.word(words.NUMBERS[len(group)])
        if len(group) == 1:
            return ""
        return self.voice.word(words.GROUPS[kind]).format(number=words.NUMBERS[len(group)][0])

    def predicate(self, index: int, form: Literal[0, 1]) -> str:
        """What a subject does; of several together it is said that they "are doing" it."""
        several = len(self.groups[index]) > 1
        return f"{words.ARE[0]} {self.action(index, 1)}" if several and not form else self.action(index, form)

    def action(self, index: int, form: Literal[0, 1]) -> str:
        """The verb of a subject with all that belongs to it."""
        subject = self.spec.subjects[index]
        motion = subject.motion
        name = "loop" if motion.verb == "circle" and motion.target is None else motion.verb
        pattern = words.PATTERNS.get(name, words.PATTERNS["plain"])
        return re.sub(r"\{(\w+)\}", lambda match: self.part(match[1], subject, form), pattern)

    def part(self, name: str, subject: SubjectSpec, form: Literal[0, 1]) -> str:
        """One part of a predicate, by its name in the pattern."""
        motion = subject.motion
        match name:
            case "speed":
                return self.voice.phrase(words.SPEEDS[motion.speed]) if self.says(0.3) else ""
            case "way" if motion.direction is None:
                return self.voice.phrase(words.IN_PLACE.get(motion.verb, ())) if self.says(0.2) else ""
            case "way":
                first, *others = words.DIRECTIONS[str(motion.direction)]
                # People type "left" more than "to the left".
                return self.voice.word((*others, first) if self.brief else (first, *others))
            case "target" if isinstance(motion.target, int):
                return self.subject(motion.target)
            case "target":
                return self.voice.phrase(words.PROPS[str(motion.target)])
            case "hidden":
                return self.voice.word(words.HIDDEN[motion.hidden]) if motion.hidden and self.says(0.3) else ""
            case "then":
                return self.voice.word(words.AFTERWARDS[motion.then])[form] if motion.then else ""
            case "stop":
                return self.voice.word(words.AFTERWARDS["stop"])[form]
        travel = motion.first or SUBJECTS[subject.kind].first_verb or "fly"
        verb = {"verb": motion.verb, "travel": travel}.get(name, name)
        return self.voice.word(words.KIND_VERBS.get((subject.kind, verb)) or words.VERBS[verb])[form]
