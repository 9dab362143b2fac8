"""The words of a language, read from its file, and what of a text they cover.

A file of `languages/` maps the words of finished captions to those people use for them. `Language.items` cuts a
text into such known pieces, the longest first, and leaves the rest as unknown words: nothing is lost.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

__all__ = ["LANGUAGES", "Item", "Language", "load_language"]

LANGUAGES = ("en", "es", "fr", "de", "sv", "it")
FOLDER = Path(__file__).with_name("languages")
PIECE = re.compile(r"[^\W\d_]+['’](?=\w|$)|[^\W\d_]+|\d+(?:[.,:]\d+)?|[^\w\s-]")
WITHIN = 6  # words that "*" may stand for
TABLES = (
    "nouns", "numbers", "colours", "sizes", "materials", "clothes", "verbs", "speeds", "directions", "ways",
    "relations", "settings", "lights", "cameras", "styles", "times", "shapes", "links",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Token:
    """A word or mark as compared, where it stands in the text, and where the article before it begins, if any."""

    word: str
    start: int
    stop: int
    begin: int

    @property
    def article(self) -> bool:
        return self.begin < self.start


@dataclass(frozen=True, kw_only=True)
class Item:
    """A piece of a text: its kind is a table of the file, "unknown" or "mark"; `name` is the caption's word.

    start, stop: where its first word begins and its last ends in the text; begin: where its article does.
    said: the user's own words. number: what stands for "#", or the number it is. several: whether the form is that
    of more than one. article: whether one precedes it.
    """

    kind: str
    name: str
    start: int
    stop: int
    begin: int
    said: str
    number: float | None = None
    several: bool = False
    article: bool = False


@dataclass(frozen=True, kw_only=True)
class _Phrase:
    words: tuple[str, ...]
    kind: str
    name: str
    several: bool = False

    @property
    def number(self) -> float | None:
        """What it stands for where it has no "#"; "after a second" is one."""
        if self.kind == "times":
            return None if self.name == "end" else 1.0
        return float(self.name) if self.kind == "numbers" else None

    @property
    def weight(self) -> int:
        return sum(word != "*" for word in self.words)


@dataclass(frozen=True, kw_only=True)
class Language:
    """One language: its English name, whether adjectives stand "before" or "after" the noun, and its phrases."""

    code: str
    name: str
    adjectives: str
    articles: frozenset[str]
    contractions: Mapping[str, tuple[str, ...]]
    stems: Mapping[str, str]
    numbers: Mapping[str, float]
    phrases: Mapping[str, tuple[_Phrase, ...]]

    def items(self, text: str) -> tuple[Item, ...]:
        """The text in known pieces and unknown words, in order."""
        tokens = self._tokens(text)
        taken: set[int] = set()
        found: list[Item] = []
        for index, token in enumerate(tokens):
            if index in taken:
                continue
            match = self._longest(tokens, index, taken)
            if match is None:
                found += self._alone(token, text)
                continue
            phrase, places, number = match
            taken.update(places)
            start, stop = token.start, tokens[places[-1]].stop
            said = " ".join(text[tokens[place].start : tokens[place].stop] for place in places)
            found.append(
                Item(
                    kind=phrase.kind, name=phrase.name, start=start, stop=stop, said=said, number=number,
                    several=phrase.several, article=token.article, begin=token.begin,
                )
            )  # fmt: skip
        return tuple(found)

    def covers(self, text: str) -> float:
        """The share of the words of a text that the language has; 0 where there are none."""
        tokens = [token for token in self._tokens(text, keep=True) if token.word[0].isalpha()]
        missed = {item.start for item in self.items(text) if item.kind == "unknown"}
        return sum(token.start not in missed for token in tokens) / len(tokens) if tokens else 0.0

    def _tokens(self, text: str, *, keep: bool = False) -> list[Token]:
        """Words and marks without the articles, contractions taken apart; `keep` leaves all as written."""
        tokens: list[Token] = []
        begin: int | None = None
        for match in PIECE.finditer(text):
            word = _plain(match[0])
            for part in (word,) if keep else self.contractions.get(word, (word,)):
                if part in self.articles and not keep:
                    begin = match.start() if begin is None else begin
                    continue
                start = match.start()
                tokens.append(
                    Token(word=part, start=start, stop=match.end(), begin=start if begin is None else begin)
                )
                begin = None
        return tokens

    def _longest(
        self, tokens: list[Token], index: int, taken: set[int]
    ) -> tuple[_Phrase, tuple[int, ...], float | None] | None:
        """The phrase of most words that begins here; of equals the one spelled as written, then the first."""
        best, rank = None, (0, 0)
        starts = {_bare(tokens[index].word), *("#" for _ in [0] if self._number(tokens[index].word) is not None)}
        for start in starts:
            for phrase in self.phrases.get(start, ()):
                places = self._places(phrase, tokens, index, taken)
                if places is None:
                    continue
                literal = [word for word in phrase.words if word != "*"]
                exact = sum(word == tokens[place].word for word, place in zip(literal, places, strict=True))
                if (phrase.weight, exact) > rank:
                    rank = (phrase.weight, exact)
                    numbers = (
                        self._number(tokens[p].word) for w, p in zip(literal, places, strict=True) if w == "#"
                    )
                    best = phrase, places, next(numbers, phrase.number)
        if best is None and (value := self._number(tokens[index].word)) is not None:
            name = f"{value:g}"
            return _Phrase(words=(name,), kind="numbers", name=name), (index,), value
        return best

    def _places(self, phrase: _Phrase, tokens: list[Token], index: int, taken: set[int]) -> tuple[int, ...] | None:
        """Where the words of a phrase stand, if they stand here."""
        places: list[int] = []
        at, gap = index, 0
        for word in phrase.words:
            if word == "*":
                gap = WITHIN
                continue
            while not (at < len(tokens) and at not in taken and self._same(word, tokens[at].word)):
                if gap == 0 or at >= len(tokens) or tokens[at].word in ".;":
                    return None
                at, gap = at + 1, gap - 1
            places.append(at)
            at, gap = at + 1, 0
        return tuple(places)

    def _same(self, word: str, token: str) -> bool:
        if word == "#":
            return self._number(token) is not None
        return word == token or (token.isascii() and _bare(word) == token)

    def _number(self, word: str) -> float | None:
        if word[0].isdigit():
            return None if ":" in word else float(word.replace(",", "."))
        return self.numbers.get(word)

    def _alone(self, token: Token, text: str) -> Iterator[Item]:
        """A token that begins no phrase: a mark, a compound of known words, or an unknown word."""
        said = text[token.start : token.stop]
        if not token.word[0].isalnum():
            yield Item(
                kind="mark", name=token.word, start=token.start, stop=token.stop, begin=token.begin, said=said
            )
            return
        for stem, name in self.stems.items():
            rest = token.word.removeprefix(stem)
            heads = [
                phrase
                for phrase in self.phrases.get(_bare(rest), ()) if rest != token.word
                if phrase.kind == "nouns" and phrase.words == (rest,)
            ]  # fmt: skip
            if heads:
                kind = "sizes" if name in ("small", "big") else "materials"
                where = {"start": token.start, "stop": token.stop, "begin": token.begin, "said": said}
                yield Item(kind=kind, name=name, article=token.article, **where)  # type: ignore[arg-type]
                yield Item(kind="nouns", name=heads[0].name, several=heads[0].several, **where)  # type: ignore[arg-type]
                return
        yield Item(
            kind="unknown",
            name=said,
            start=token.start,
            stop=token.stop,
            begin=token.begin,
            said=said,
            article=token.article,
        )


@lru_cache(maxsize=len(LANGUAGES))
def load_language(code: str) -> Language:
    """The language of a code of LANGUAGES."""
    data = tomllib.loads((FOLDER / f"{code}.toml").read_text(encoding="utf-8"))
    language = Language(
        code=code,
        name=data["name"],
        adjectives=data["adjectives"],
        articles=frozenset(_plain(word) for word in _alternatives(data["articles"])),
        contractions={_plain(word): tuple(_words(parts)) for word, parts in data["contractions"].items()},
        stems=data.get("stems", {}),
        numbers={
            words[0]: float(value)
            for value, forms in data["numbers"].items()
            for words in map(_words, _alternatives(forms)) if len(words) == 1
        },
        phrases={},
    )  # fmt: skip
    phrases: dict[str, dict[_Phrase, None]] = {}
    for phrase in _phrases(data, language):
        phrases.setdefault(_bare(phrase.words[0]), {})[phrase] = None
    object.__setattr__(language, "phrases", {start: tuple(rows) for start, rows in phrases.items()})
    return language


def _phrases(data: Mapping[str, Mapping[str, str]], language: Language) -> Iterator[_Phrase]:
    """Every phrase of a file, in the order in which equals are preferred."""
    for kind in TABLES:
        for name, forms in data[kind].items():
            for half, several in _halves(forms) if kind == "nouns" else ((forms, False),):
                for form in _alternatives(half):
                    words = [
                        part
                        for word in _words(form)
                        for part in language.contractions.get(word, (word,)) if part not in language.articles
                    ]  # fmt: skip
                    if words:
                        yield _Phrase(words=tuple(words), kind=kind, name=name, several=several)
    for kind in ("then", "and", "while", "small"):
        for form in _alternatives(str(data[kind])):
            words = [word for word in _words(form) if word not in language.articles]
            if words:
                yield _Phrase(words=tuple(words), kind=kind, name=kind)


def _halves(forms: str) -> Iterator[tuple[str, bool]]:
    """The forms for one, and those for several: what is both is read as one."""
    for row in forms.split(" | "):
        one, _, more = row.partition(" / ")
        yield one, False
        if more:
            yield more, True


def _alternatives(text: str) -> Iterator[str]:
    """All that a row stands for: "rot{,e} | hell" is rot, rote, hell."""
    for row in text.split(" | "):
        yield from _spelled(row)


def _spelled(text: str) -> Iterator[str]:
    begin = text.rfind("{")  # the innermost of the last
    if begin < 0:
        yield text
        return
    end = text.index("}", begin)
    for option in text[begin + 1 : end].split(","):
        yield from _spelled(text[:begin] + option + text[end + 1 :])


def _words(text: str) -> list[str]:
    return [_plain(word) for word in re.findall(rf"{PIECE.pattern}", text)]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("’", "'")


@lru_cache(maxsize=1 << 14)
def _bare(word: str) -> str:
    """The word without accents, as it may be typed."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", word) if not unicodedata.combining(sign))
