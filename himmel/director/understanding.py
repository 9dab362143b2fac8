"""What was typed, in any of six languages, as English texts with their times, and what else it decides."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log, sqrt

from himmel.director.lexicon import LANGUAGES, Item, Language, load_language
from himmel.director.reading import read_scene
from himmel.director.telling import tell
from himmel.director.timing import Span, Timed, read_times, settled
from himmel.errors import UsageError
from himmel.plan import LIMITS, Request
from himmel.shapes import Compression, Size
from himmel.weights import Card

__all__ = ["English", "Understanding", "find_language", "understand"]

SURE = 0.8  # of its words known: English for certain, no other language is asked
HALF = 0.5  # of its words another language must have
THIRD = 1 / 3  # of its words English must have
RATIOS = {"vertical": 9 / 16, "widescreen": 16 / 9, "square": 1.0}
LIKE = 1.35  # how far a trained shape may be from the one that was asked for
STARTS_ALONE = re.compile(r"(?:and |then |it |he |she |they )", re.I)


@dataclass(frozen=True, kw_only=True)
class English:
    """A request with its texts in English, each at its time, and notes on what was read.

    said: the user's own words by the English ones that stand for them.
    """

    request: Request
    notes: tuple[str, ...] = ()
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """What is understood of a request before anything is decided: its language, and the pieces of its text.

    language: None where the model reads its prompts itself. timed: the pieces by their times, with the length that
    the text says. size: one of the shape that the text says, None where it says none or the request has a size.
    """

    asked: Request
    language: Language | None = None
    timed: Timed = Timed(spans=())
    size: Size | None = None

    def seconds(self, usual: float) -> float | None:
        """The length that request or text ask for; None leaves it open.

        usual: how long it is then. Times in the text beyond that ask for more. Raises UsageError for a length that
        no video has.
        """
        said = self.timed.length if self.asked.seconds is None else self.asked.seconds
        total, times = self.timed.times(said, usual)
        if not 0 < total <= LIMITS.seconds:
            raise UsageError(
                f"the prompt asks for {total:g} s; a video lasts more than 0 and at most {LIMITS.seconds:g} s"
            )
        return total if said is not None or times else None

    def english(self, seconds: float, *, fixed: bool = False) -> English:
        """The request in English, its texts within so many seconds; one in plain English stays as it is.

        fixed: whether given files decide the length, whatever the text says. Raises UsageError for a text that
        says nothing to be seen and for times beyond the seconds.
        """
        asked, language = self.asked, self.language
        if language is None:
            return English(request=asked)
        said: dict[str, str] = {}
        texts = [
            _english(span.items, asked.prompt, language, said, first=not n)
            for n, span in enumerate(self.timed.spans)
        ]
        if language.code == "en" and len(texts) == 1 and not self.timed.said:
            texts = [asked.prompt]
        if not texts[0]:
            raise UsageError(
                f'the prompt "{asked.prompt[:40]}" does not say what should be seen; name a subject or a place'
            )
        _, times = self.timed.times(seconds, seconds)
        within = seconds if times or self.timed.length is not None else asked.seconds
        at = tuple(zip(times, texts[1:], strict=True)) or asked.at
        if asked.at and language.code != "en":
            at = tuple((when, _translated(text, language, said)) for when, text in asked.at)
        negative = _translated(asked.negative, language, said) if language.code != "en" else asked.negative
        changes = {"prompt": texts[0], "negative": negative, "at": at, "seconds": within}
        read = Request.model_validate(asked.model_dump() | changes)
        return English(request=read, notes=tuple(self._notes(read, seconds if fixed else None)), said=said)

    def _notes(self, read: Request, fixed: float | None) -> list[str]:
        """What to tell the user of what was read; `fixed` seconds are those that given files decide."""
        notes, asked, timed = [], self.asked, self.timed
        if self.language is not None and self.language.code != "en":
            notes.append(f'read as {self.language.name}: "{read.prompt}"')
        if timed.length is not None:
            beside = f", and {asked.seconds:g} s were asked for beside it" if asked.seconds else ""
            beside = beside if fixed is None else f", and what is given decides: {fixed:.4g} s"
            if timed.length != asked.seconds:
                notes.append(f"the prompt asks for {timed.length:g} s{beside}")
        if timed.shape and asked.size is None:
            notes.append(f"the prompt asks for {timed.shape}: {self.size}")
        elif timed.shape:
            notes.append(f"the prompt asks for {timed.shape}, and {asked.size} was asked for beside it")
        if not asked.at:
            notes += [f'from {seconds:g} s on: "{text}"' for seconds, text in read.at]
        return notes


def understand(request: Request, card: Card, compression: Compression, lexicon: Sequence[str]) -> Understanding:
    """Read a request. What it gives beside its text wins over the text.

    A model without a closed lexicon reads its prompts itself: nothing is read for it. Raises UsageError for a
    language that is not read.
    """
    if not lexicon:
        return Understanding(asked=request)
    language = find_language(request.prompt, request.language, lexicon)
    items = settled(language.items(request.prompt))
    picture = request.seconds is not None and request.seconds * (request.fps or card.fps) < 1
    timed = read_times(items)
    if request.at or picture:
        timed = replace(timed, spans=(Span(items=tuple(items)),))
    shaped = timed.shape and request.size is None
    size = _shaped(timed.shape, card, compression) if shaped else None
    return Understanding(asked=request, language=language, timed=timed, size=size)


def find_language(text: str, named: str | None, lexicon: Sequence[str] = ()) -> Language:
    """The language of a text: the one that is named by code or English name, else the one that has its words.

    lexicon: English words that a model has besides. Raises UsageError when it is none of those that are read.
    """
    if named is not None:
        languages = {name: code for code in LANGUAGES for name in (code, load_language(code).name.casefold())}
        if named.strip().casefold() not in languages:
            raise UsageError(f'language "{named[:40]}" is not one that is read; choose one of {_list()}')
        return load_language(languages[named.strip().casefold()])
    english = load_language("en")
    words = re.findall(r"[^\W\d_]+", text)
    own = sum(word.casefold() in lexicon for word in words) / max(1, len(words))
    share = max(english.covers(text), own)
    if share >= SURE or not words:
        return english
    others = [load_language(code) for code in LANGUAGES if code != "en"]
    best = max(others, key=lambda language: language.covers(text))
    if best.covers(text) >= HALF and best.covers(text) > share:
        return best
    foreign = share < THIRD and (len(words) > 2 or not text.isascii())
    if foreign:
        raise UsageError(
            f"the prompt is in no language that is read, or has too few known words; write it in one of {_list()} "
            "or name its language with --language"
        )
    return english


def _list() -> str:
    return ", ".join(f"{code} ({load_language(code).name})" for code in LANGUAGES)


def _english(items: Sequence[Item], text: str, language: Language, said: dict[str, str], *, first: bool) -> str:
    """A span in English: the user's own words where they are English already."""
    if language.code != "en":
        return _told(items, language, said)
    kept = _written(items, text)
    if first or not kept or STARTS_ALONE.match(kept) or any(item.kind in ("nouns", "unknown") for item in items):
        return kept
    return f"then {kept}"


def _translated(text: str, language: Language, said: dict[str, str]) -> str:
    return _told(language.items(text), language, said)


def _told(items: Sequence[Item], language: Language, said: dict[str, str]) -> str:
    for item in items:
        for word in item.name.casefold().split():
            if item.kind not in ("mark", "small"):
                said.setdefault(word, item.said)
    return tell(read_scene(items, language.adjectives))


def _written(items: Sequence[Item], text: str) -> str:
    """What the user wrote of a span, without the words on time and shape."""
    kept, last = "", None
    words = list(items)
    while words and words[0].kind in ("mark", "and", "then", "times", "shapes"):
        words.pop(0)
    while words and (words[-1].kind in ("and", "then", "times", "shapes") or words[-1].name in (",", ";", ":")):
        words.pop()
    start = words[0].begin if words else 0
    for item in words:
        if item.kind in ("times", "shapes"):
            kept += text[start : last.stop] if last is not None and start < last.stop else ""
            start = item.stop
        last = item
    kept += text[start : words[-1].stop] if words else ""
    return re.sub(r"(\s*,)+", ",", " ".join(kept.split())).strip(" ,")


def _shaped(shape: str, card: Card, compression: Compression) -> Size:
    """The trained size of a shape, or one of as many pixels as the model's own."""
    ratio = RATIOS[shape]
    trained = [Size.parse(size) for size in card.sizes]

    def away(size: Size) -> float:
        return abs(log(size.width / size.height / ratio))

    nearest = min(trained, key=away)
    if away(nearest) <= log(LIKE):
        return nearest
    (step_h, step_w), pixels = compression.pixel_step, trained[0].width * trained[0].height
    width = max(step_w, round(sqrt(pixels * ratio) / step_w) * step_w)
    height = max(step_h, round(sqrt(pixels / ratio) / step_h) * step_h)
    return Size(width=width, height=height)
