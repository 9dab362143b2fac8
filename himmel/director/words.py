"""Which words of a caption the weights know: those they cannot follow are named, never replaced."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

__all__ = ["Reading", "read_words"]

WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")

# Words without a picture of their own: weights need not have been taught them, and nothing is lost without them.
FUNCTION_WORDS = frozenset(
    "a an and are as at be behind by for from goes has he her his in into is it its my of on one onto or our "
    "out over past she so some than that the their then there these they this to up very was we "
    "which while with".split()
)

# Words that look unlike any trained word but mean nearly the same; used to suggest, not to substitute.
SUGGESTIONS = {
    "alien": "robot", "aircraft": "airplane", "bus": "truck", "box": "cube", "bike": "car", "boy": "man",
    "child": "woman", "crimson": "red", "scarlet": "red", "maroon": "red", "gold": "yellow", "golden": "yellow",
    "grey": "white", "gray": "white", "black": "brown", "turquoise": "cyan", "teal": "cyan", "navy": "blue",
    "violet": "purple", "magenta": "pink", "beige": "brown", "lime": "green", "huge": "big", "large": "big",
    "giant": "big", "tiny": "small", "little": "small", "quick": "fast", "quickly": "fast", "slowly": "slow",
    "beach": "sea", "ocean": "sea", "lake": "sea", "river": "sea", "grass": "meadow", "field": "meadow",
    "woods": "forest", "jungle": "forest", "dunes": "desert", "sand": "desert", "town": "city", "road": "street",
    "elephant": "mammoth", "wolf": "dog", "lion": "cat", "tiger": "cat", "deer": "horse", "cow": "horse",
    "eagle": "bird", "duck": "bird", "shark": "fish", "whale": "fish", "person": "man", "girl": "woman",
    "runs": "walks", "swims": "moves", "hovers": "flies", "tumbles": "falls", "hops": "jumps", "zoom": "dolly",
    "zooms": "moves", "anime": "cartoon", "noir": "black-and-white", "painting": "watercolour",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The words of a caption the weights cannot be expected to follow.

    unknown: (word, nearest trained words) of words outside the lexicon, which the model does not read. skipped:
    those of them without a picture of their own. untrained: words the lexicon has and the training captions had
    not.
    """

    unknown: tuple[tuple[str, tuple[str, ...]], ...] = ()
    skipped: tuple[str, ...] = ()
    untrained: tuple[str, ...] = ()

    def notes(self, said: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """One sentence for each word, and one for all that are skipped, for the user and the plan.

        said: the user's own words by those of the caption, where it was translated.
        """
        own = {
            word: f'"{theirs}"' + ("" if theirs.casefold() == word else f" ({word})")
            for word, theirs in (said or {}).items()
        }
        notes = [
            f"{own.get(word, _quoted(word))} is not a word the model has, it is left out"
            + (f"; nearest it knows: {', '.join(near)}" if near else "")
            for word, near in self.unknown
        ]
        if self.skipped:
            words = ", ".join(f'"{word}"' for word in self.skipped)
            notes.append(f"left out, as the model has no such small words: {words}")
        notes += [
            f"{own.get(word, _quoted(word))} is a word the model has but was not trained on; expect little"
            for word in self.untrained
        ]
        return tuple(notes)


def read_words(caption: str, trained: Iterable[str], lexicon: Iterable[str]) -> Reading:
    """Compare the words of `caption` with the phrases trained on and the words the text encoder has.

    Where either list is empty nothing is claimed about it.

    >>> read_words("a redd violin", trained=("red", "blue"), lexicon=("a", "red", "violin")).notes()[0]
    '"redd" is not a word the model has, it is left out; nearest it knows: red'
    """
    taught = {word for phrase in trained for word in _words(phrase)}
    known = {word for entry in lexicon for word in _words(entry)}
    unknown, skipped, untrained = [], [], []
    for word in dict.fromkeys(_apart(_words(caption), known)):
        if known and word not in known and word in FUNCTION_WORDS:
            skipped.append(word)
        elif known and word not in known:
            unknown.append((word, _nearest(word, taught & known or known)))
        elif taught and word not in taught and word not in FUNCTION_WORDS:
            untrained.append(word)
    return Reading(unknown=tuple(unknown), skipped=tuple(skipped), untrained=tuple(untrained))


def _quoted(word: str) -> str:
    return f'"{word}"'


def _words(text: str) -> list[str]:
    return WORD.findall(unicodedata.normalize("NFKC", text).lower().replace("’", "'"))  # as the text encoder does


def _apart(words: Iterable[str], known: set[str]) -> Iterator[str]:
    """Hyphenated words that are not known as one fall apart, as they do for the text encoder."""
    for word in words:
        yield from [word] if word in known else word.split("-")


def _nearest(word: str, trained: set[str]) -> tuple[str, ...]:
    meant = SUGGESTIONS.get(word)
    near = get_close_matches(word, sorted(trained - FUNCTION_WORDS), n=3, cutoff=0.72)
    return tuple(dict.fromkeys(([meant] if meant is not None and meant in trained else []) + near))
