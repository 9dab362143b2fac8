"""What was typed, in any of six languages, as English texts with their times, and what else it decides."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log, sqrt

from himmel.director.lexicon import LANGUAGES, Item, Language, load_language
from himmel.director.reading import read_scene
from himmel.director.telling import tell
from himmel.director.timing import Span, Timed, read_times, settled
from himmel.errors import UsageError
from himmel.plan import Request
from himmel.shapes import Compression, Size
from himmel.weights import Card

__all__ = ["Understanding", "find_language", "understand"]

SURE = 0.8  # of its words known: English for certain, no other language is asked
HALF = 0.5  # of its words another language must have
THIRD = 1 / 3  # of its words English must have
RATIOS = {"vertical": 9 / 16, "widescreen": 16 / 9, "square": 1.0}
LIKE = 1.35  # how far a trained shape may be from the one that was asked for
STARTS_ALONE = re.compile(r"(?:and |then |it |he |she |they )", re.I)


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """A request in English: `request` with its texts, times, length and size; notes on what was read.

    said: the user's own words by the English ones that stand for them.
    """

    request: Request
    notes: tuple[str, ...] = ()
    said: Mapping[str, str] = field(default_factory=dict)


def understand(request: Request, card: Card, compression: Compression, lexicon: Sequence[str]) -> Understanding:
    """Read a request; one in plain English without times or shapes stays as it is.

    A model without a closed lexicon reads its prompts itself: its requests stay as they are. What the request
    gives beside its text wins over the text. Raises UsageError for a language that is not read.
    """
    if not lexicon:
        return Understanding(request=request)
    language = find_language(request.prompt, request.language, lexicon)
    items = settled(language.items(request.prompt))
    picture = request.seconds is not None and request.seconds * (request.fps or card.fps) < 1
    timed = read_times(items)
    if request.at or picture:
        timed = Timed(spans=(Span(items=tuple(items)),), length=timed.length, shape=timed.shape)
    said: dict[str, str] = {}
    texts = [
        _english(span.items, request.prompt, language, said, first=not n) for n, span in enumerate(timed.spans)
    ]
    if not any(item.kind in ("times", "shapes") for item in items) and len(texts) == 1 and language.code == "en":
        texts = [request.prompt]
    if not texts[0]:
        raise UsageError(
            f'the prompt "{request.prompt[:40]}" does not say what should be seen; name a subject or a place'
        )
    wanted = request.seconds or timed.length
    total, times = timed.times(wanted, card.frames / (request.fps or card.fps))
    at = tuple(zip(times, texts[1:], strict=True))
    if request.at and language.code != "en":
        at = tuple((when, _translated(text, language, said)) for when, text in request.at)
    changes = {
        "prompt": texts[0],
        "negative": _translated(request.negative, language, said) if language.code != "en" else request.negative,
        "at": at or request.at,
        "seconds": total if request.seconds is None and (timed.length or times) else request.seconds,
        "size": request.size or (_shaped(timed.shape, card, compression) if timed.shape else None),
    }
    read = Request.model_validate(request.model_dump() | changes)
    return Understanding(request=read, notes=tuple(_notes(request, read, language, timed)), said=said)


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


def _shaped(shape: str, card: Card, compression: Compression) -> str:
    """The trained size of a shape, or one of as many pixels as the model's own."""
    ratio = RATIOS[shape]
    trained = [Size.parse(size) for size in card.sizes]

    def away(size: Size) -> float:
        return abs(log(size.width / size.height / ratio))

    nearest = min(trained, key=away)
    if away(nearest) <= log(LIKE):
        return str(nearest)
    (step_h, step_w), pixels = compression.pixel_step, trained[0].width * trained[0].height
    width = max(step_w, round(sqrt(pixels * ratio) / step_w) * step_w)
    height = max(step_h, round(sqrt(pixels / ratio) / step_h) * step_h)
    return str(Size(width=width, height=height))


def _notes(asked: Request, read: Request, language: Language, timed: Timed) -> list[str]:
    """What to tell the user of what was read."""
    notes = []
    if language.code != "en":
        notes.append(f'read as {language.name}: "{read.prompt}"')
    if timed.length and asked.seconds is None:
        notes.append(f"the prompt asks for {timed.length:g} s")
    elif timed.length and timed.length != asked.seconds:
        notes.append(f"the prompt asks for {timed.length:g} s, and {asked.seconds:g} s were asked for beside it")
    if timed.shape and asked.size is None:
        notes.append(f"the prompt asks for {timed.shape}: {read.size}")
    elif timed.shape:
        notes.append(f"the prompt asks for {timed.shape}, and {asked.size} was asked for beside it")
    if not asked.at:
        notes += [f'from {seconds:g} s on: "{text}"' for seconds, text in read.at]
    return notes
