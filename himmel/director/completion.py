"""Short captions grow into full ones, of the kind a model was taught; what the user wrote stays word for word."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from himmel.director.lexicon import Item, load_language
from himmel.weights import Card

__all__ = ["Completer", "completions"]

LOOKS = ("colours", "materials", "clothes", "sizes")
DOING = ("verbs", "directions", "ways", "speeds")
CONTENT = ("nouns", "numbers", *LOOKS, *DOING, "relations", "links", "settings", "unknown")


@lru_cache(maxsize=1)
def completions() -> Mapping[str, Any]:
    """The tables of completions.toml."""
    return tomllib.loads(Path(__file__).with_name("completions.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, kw_only=True)
class Completer:
    """Adds to a caption what it leaves open: a subject, its motion, the place, the light, the camera, the style.

    card: of the model, whose words alone are added. seed: the same one adds the same. moving: whether there is
    time for a motion. styled: whether the style is given elsewhere. place, light, camera, style: what to add, ""
    to choose.
    """

    card: Card
    seed: int
    moving: bool = True
    styled: bool = False
    place: str = ""
    light: str = ""
    camera: str = ""
    style: str = ""

    def after(self, caption: str) -> "Completer":
        """One for the captions that follow `caption`: what it says of place, light and camera, they say too."""
        items = load_language("en").items(caption)
        said = {
            kind: item.name for kind in ("settings", "lights", "cameras", "styles") for item in _of(items, kind)
        }
        return replace(
            self,
            place=said.get("settings", self.place),
            light=said.get("lights", self.light),
            camera=said.get("cameras", self.camera),
            style=said.get("styles", self.style),
        )

    def complete(self, caption: str) -> str:
        """The caption with what it lacks; one that lacks nothing is given back as it is.

        >>> Completer(card=Card(name="blind", knows={}), seed=7).complete("a red ball")
        'a red ball'
        """
        text, items = self._with_subject(self._beside(caption))
        chance = self._chance(items)
        deed = self._deed(items, chance)
        place = self._place(items, chance)
        light = self._light(items, place)
        tail = [self._camera(items), self._style(items)]
        for at, words in ((_scene_end(text, items), f"{place} {light}"), (_noun_end(items), deed)):
            if words.strip():  # from the end, so that places stay where they were found
                text = f"{text[:at]} {words.strip()}{text[at:]}"
        tail = [sentence for sentence in tail if sentence]
        return ". ".join([text.rstrip(" ."), *tail]) + "." if tail else text

    def _beside(self, caption: str) -> str:
        """The caption with small words of place that the model never met said in those that it did."""
        known, beside = set(self._knows("words")), completions()["beside"]
        for item in reversed(load_language("en").items(caption)):
            if item.kind not in ("relations", "links") or known.issuperset(item.said.casefold().split()):
                continue
            readable = (words for words in (item.name, beside.get(item.name, "")) if words)
            said = next((words for words in readable if known.issuperset(words.split())), item.said)
            caption = f"{caption[: item.start]}{said}{caption[item.stop :]}"
        return caption

    def _with_subject(self, caption: str) -> tuple[str, Sequence[Item]]:
        """The caption with someone in it."""
        english = load_language("en")
        items = english.items(caption)
        if _of(items, "nouns", "unknown", "verbs") or not _of(items, *CONTENT, "lights", "styles", "cameras"):
            return caption, items
        chance = self._chance(items)
        known = [noun for noun in completions()["movers"] if noun in self._knows("subjects")]
        if not known:
            return caption, items
        here = {item.name for item in _of(items, "settings")}
        homes = completions()["homes"]
        rows = completions()["settings"]
        at_home = {noun for place, nouns in homes.items() for noun in nouns if rows[place]["phrase"] not in here}
        hidden = {colour for row in rows.values() if row["phrase"] in here for colour in row["hides"]}
        looks = [colour for colour in self._knows("colours") if colour not in hidden]
        noun = chance.choice([noun for noun in known if noun not in at_home] or known)
        # A subject of the user's kind of place: the colour is told unless the user told one.
        colour = "" if _of(items, "colours") or not looks else f"{chance.choice(looks)} "
        name = f"{'an' if (colour or noun)[0] in 'aeiou' else 'a'} {colour}{noun}"
        first = _of(items, "settings", "lights")
        text = f"{name} {caption}" if first and first[0].start == items[0].start else f"{name}, {caption}"
        return text, english.items(text)

    def _deed(self, items: Sequence[Item], chance: Random) -> str:
        """What the only subject does, if nothing is said of it."""
        nouns = _of(items, "nouns")
        if (
            not self.moving
            or len(nouns) != 1
            or nouns[0].several
            or _of(items, *DOING, "unknown", "relations", "links")
        ):
            return ""
        data, verbs = completions(), self._knows("verbs")
        able = [
            verb
            for verb in data["movers"].get(nouns[0].name, "").split() if data["listed"].get(verb, verb) in verbs
        ]  # fmt: skip
        counted = any((item.number or 1) > 1 for item in _of(items, "numbers"))
        return "" if counted or not able else str(chance.choice(data["verbs"][chance.choice(able)]))

    def _place(self, items: Sequence[Item], chance: Random) -> str:
        placed = _of(items, "settings") or [item for item in _of(items, "links") if item.name != "with"]
        if placed or not _of(items, "nouns", "unknown"):
            return ""
        if self.place:
            return self.place
        rows, homes = completions()["settings"], completions()["homes"]
        nouns = {item.name for item in _of(items, "nouns")}
        lights = {item.name for item in _of(items, "lights")}
        looks = {item.name for item in _of(items, "colours", "clothes")}
        known = [name for name in rows if name in self._knows("settings")]
        home = [place for place in homes if nouns & set(homes[place])]
        fit = [
            name
            for name in known
            if name not in homes and not looks & set(rows[name]["hides"]) and not (name == "moon" and lights)
        ]
        choice = [place for place in home if place in known] if home else fit or known
        return str(rows[chance.choice(choice)]["phrase"]) if choice else ""

    def _light(self, items: Sequence[Item], place: str) -> str:
        """Daylight, or the light of the text before; streets are shown at night alone."""
        if _of(items, "lights"):
            return ""
        if self.light:
            return self.light
        dark = any(item.name in ("on a city street", "in the city") for item in _of(items, "settings"))
        name = "night" if dark else "day"
        return str(completions()["lights"][name]) if name in self._knows("lights") else ""

    def _camera(self, items: Sequence[Item]) -> str:
        if any(item.kind == "cameras" or item.said.casefold() == "camera" for item in items):
            return ""
        return self.camera or (
            str(completions()["cameras"]["static"]) if "static" in self._knows("cameras") else ""
        )

    def _style(self, items: Sequence[Item]) -> str:
        if self.styled or any(item.kind == "styles" or item.said.casefold() == "style" for item in items):
            return ""
        return self.style or self.card.styles.get("realistic", "")

    def _chance(self, items: Sequence[Item]) -> Random:
        """Choices for what a caption means, in whatever words or language."""
        names = " ".join(sorted({item.name for item in _of(items, *CONTENT)}))
        return Random(f"himmel/completion/1|{self.seed}|{names}")

    def _knows(self, category: str) -> tuple[str, ...]:
        return tuple(self.card.knows.get(category, ()))


def _of(items: Sequence[Item], *kinds: str) -> list[Item]:
    return [item for item in items if item.kind in kinds]


def _noun_end(items: Sequence[Item]) -> int:
    """Behind the first noun and the looks that follow it at once."""
    end = 0
    for index, item in enumerate(items):
        if item.kind == "nouns" and not end:
            end = item.stop
            for follower in items[index + 1 :]:
                if follower.kind not in LOOKS:
                    break
                end = follower.stop
    return end


def _scene_end(text: str, items: Sequence[Item]) -> int:
    """Behind all that the sentence of the first subject says of subject, motion and place."""
    end = 0
    for item in items:
        if item.kind == "mark" and item.name in ".;" and end:
            break
        if item.kind in CONTENT:
            end = item.stop
    return end or len(text.rstrip(" ."))
